import { expect, test } from "vitest";
import { faultOf } from "./fault";
import { CountersignError } from "./wire";

test.each<[string, unknown, string]>([
  ["no host answered", new CountersignError("unreachable", "no connection"), "offline"],
  ["a proxy's error page", new CountersignError("unreachable", "status 502", { status: 502 }), "offline"],
  ["signed out", new CountersignError("unauthenticated", "no credential", { status: 401 }), "session_ended"],
  ["one's own request", new CountersignError("self_approval", "no", { status: 403 }), "not_permitted"],
  ["lost lease", new CountersignError("lease_lost", "gone", { status: 409 }), "lease_lost"],
  ["decided by another", new CountersignError("already_decided", "done", { status: 409 }), "decided"],
  ["changed", new CountersignError("stale_version", "old", { status: 409 }), "changed"],
  ["withdrawn", new CountersignError("withdrawn", "gone", { status: 410 }), "withdrawn"],
  ["busy", new CountersignError("store_busy", "wait", { status: 503 }), "busy"],
  ["bad input", new CountersignError("limit_exceeded", "too long", { status: 413 }), "invalid"],
  ["a fault of the host", new CountersignError("internal", "id 7", { status: 500 }), "failed"],
  ["a code from a newer host", new CountersignError("from_the_future" as "internal", "new", { status: 409 }), "invalid"],
  ["anything else", new Error("surprise"), "failed"],
])("%s", (_name, error, kind) => {
  expect(faultOf(error).kind).toBe(kind);
});

test("the host's words become sentences, with what to do", () => {
  const error = new CountersignError("not_permitted", "this case needs level 3", { status: 403, help: "ask for a grant" });
  expect(faultOf(error)).toMatchObject({ detail: "This case needs level 3. Ask for a grant.", code: "not_permitted" });
});
