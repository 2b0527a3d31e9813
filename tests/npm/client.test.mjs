/** The client against a real server: what it sends, what it repeats, and what it makes of answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, CountersignError } from "../../pkg/dist/client.js";
import { problem, serve } from "./server.mjs";

const CASE = { case_id: "case_1", state: "ready", answer: null };
const ME = { principal: { principal_id: "prin_1" }, csrf_token: "csrf_1" };

/** Runs `use` with a client of a server that answers so; gives the outcome and the calls. */
async function run(answer, use, options = {}) {
  const server = await serve(answer);
  try {
    const client = new Client({ baseUrl: server.url, token: "secret", ...options });
    const outcome = await use(client, server).then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    return { ...outcome, calls: server.calls };
  } finally {
    await server.close();
  }
}

test("each method calls its endpoint with its body", async () => {
  const work = { text: "Better." };
  const batch = { version: 1, edge: "e", boot: "b", sequence: 0, records: [] };
  const rating = { version: 1, kind: "rating", rating: 4 };
  const rows = [
    [(client) => client.me(), "GET /v1/me"],
    [(client) => client.signIn("one-time"), "POST /v1/session", { token: "one-time" }],
    [(client) => client.signOut(), "DELETE /v1/session"],
    [(client) => client.queues(), "GET /v1/queues"],
    [(client) => client.cases(), "GET /v1/cases"],
    [(client) => client.cases({ view: "open", q: "a b&c", queue: undefined, limit: 5 }), "GET /v1/cases?view=open&q=a+b%26c&limit=5"],
    [(client) => client.case("case/1?"), "GET /v1/cases/case%2F1%3F"],
    [(client) => client.createCase({ user_question: "?" }), "POST /v1/cases", { user_question: "?" }],
    [(client) => client.claim("c"), "POST /v1/cases/c/claim", {}],
    [(client) => client.claimNext("q"), "POST /v1/queues/q/claim", {}],
    [(client) => client.heartbeat("c", { epoch: 2 }), "POST /v1/cases/c/heartbeat", { epoch: 2 }],
    [(client) => client.save("c", { epoch: 2, work }), "POST /v1/cases/c/save", { epoch: 2, work }],
    [(client) => client.release("c", { epoch: 2 }), "POST /v1/cases/c/release", { epoch: 2 }],
    [(client) => client.skip("c", { epoch: 2, reason: "no" }), "POST /v1/cases/c/skip", { epoch: 2, reason: "no" }],
    [(client) => client.decide("c", { epoch: 2, verdict: "accepted", outcome: "send" }), "POST /v1/cases/c/decide", { epoch: 2, verdict: "accepted", outcome: "send" }],
    [(client) => client.undo("c"), "POST /v1/cases/c/undo", {}],
    [(client) => client.withdraw("c"), "POST /v1/cases/c/withdraw", {}],
    [(client) => client.reportDecisions(batch), "POST /v1/decisions", batch],
    [(client) => client.observe("req/1", rating), "POST /v1/requests/req%2F1/observations", rating],
    [(client) => client.metrics(), "GET /v1/metrics"],
    [(client) => client.metrics({ by: "day", "release.model": "m 1" }), "GET /v1/metrics?by=day&release.model=m+1"],
    [(client) => client.metric("satisfaction", { queue: "q" }), "GET /v1/metrics/satisfaction?queue=q"],
    [(client) => client.corrections({ verdict: "edited", cursor: "a b" }), "GET /v1/corrections?verdict=edited&cursor=a+b"],
    [(client) => client.currentPolicy(), "GET /v1/policies/current"],
    [(client) => client.policy("sha256:ab"), "GET /v1/policies/sha256%3Aab"],
    [(client) => client.checkPolicy("[policy]"), "POST /v1/policies/check", { source: "[policy]" }],
    [(client) => client.auditEntries({ entity_id: "case_1" }), "GET /v1/audit/entries?entity_id=case_1"],
  ];
  for (const [use, line, body] of rows) {
    const { error, calls } = await run(() => ({ body: {} }), use);
    assert.equal(error, undefined, line);
    assert.equal(`${calls[0].method} ${calls[0].path}`, line);
    assert.deepEqual(calls[0].body, body, line);
    assert.equal(calls[0].headers.authorization, "Bearer secret", line);
  }
});

test("cases, decisions and records carry a key, the caller's where one is given", async () => {
  const rows = [
    [(client) => client.createCase({ user_question: "?" }), /^idem_[0-9a-z]{26}$/],
    [(client) => client.createCase({ user_question: "?" }, { idempotencyKey: "mine" }), /^mine$/],
    [(client) => client.decide("c", {}), /^idem_/],
    [(client) => client.reportDecisions({}), /^idem_/],
    [(client) => client.observe("r", {}), /^idem_/],
    [(client) => client.claim("c"), undefined],
  ];
  for (const [use, expected] of rows) {
    const { calls } = await run(() => ({ body: {} }), use);
    const key = calls[0].headers["idempotency-key"];
    if (expected === undefined) assert.equal(key, undefined);
    else assert.match(key, expected);
  }
});

test("a call is repeated only where that cannot do anything twice", async () => {
  const busy = problem(503, "store_busy");
  const rows = [
    ["a read, connection cut", "drop", (client) => client.me(), 3],
    ["a keyed write, connection cut", "drop", (client) => client.createCase({}), 3],
    ["a write without a key, connection cut", "drop", (client) => client.claim("c"), 1],
    ["a write without a key, known not to have happened", busy, (client) => client.claim("c"), 3],
    ["a keyed write that is still being worked on", problem(409, "in_flight"), (client) => client.decide("c", {}), 3],
    ["a store that is lost, without a key", problem(503, "store_lost"), (client) => client.undo("c"), 1],
    ["a host that is asked too much", problem(429, "too_many", { retry_after_ms: 1 }), (client) => client.me(), 1],
    ["a refusal", problem(409, "lease_lost"), (client) => client.createCase({}), 1],
    ["a fault of the host", problem(500, "internal"), (client) => client.me(), 1],
    ["a pause longer than anybody waits", problem(503, "store_busy", { retry_after_ms: 60_000 }), (client) => client.me(), 1],
    ["a one-time token", "drop", (client) => client.signIn("t"), 1],
  ];
  for (const [name, answer, use, attempts] of rows) {
    const { error, calls } = await run(() => answer, use);
    assert.ok(error instanceof CountersignError, name);
    assert.equal(calls.length, attempts, name);
    assert.equal(new Set(calls.map((call) => call.headers["idempotency-key"])).size, 1, `${name}: one key for all`);
    assert.equal(new Set(calls.map((call) => call.text)).size, 1, `${name}: one body for all`);
  }
});

test("a repeated call gives the answer of the attempt that got one", async () => {
  const answer = (_, count) => (count < 3 ? "drop" : { status: 201, body: { case: CASE } });
  const { value, calls } = await run(answer, (client) => client.createCase({ user_question: "?" }));
  assert.deepEqual(value, { case: CASE });
  assert.equal(calls.length, 3);
});

test("problems and other answers become errors with a code", async () => {
  const found = problem(409, "stale_version", { path: "/revision", help: "read it again", retry_after_ms: 7 });
  const rows = [
    [found, { code: "stale_version", message: "detail of stale_version", path: "/revision", help: "read it again", status: 409, retryAfterMs: 7 }],
    [problem(404, "not_found", { detail: undefined }), { code: "not_found", message: "not_found", status: 404, path: undefined }],
    [{ status: 502, body: "<html>", headers: { "content-type": "text/html" } }, { code: "unreachable", status: 502 }],
    [{ status: 200, body: "<html>" }, { code: "unreachable", status: 200 }],
    [{ status: 404, body: { message: "no route" } }, { code: "unreachable", status: 404 }],
    ["drop", { code: "unreachable", status: undefined }],
    ["hang", { code: "unreachable", message: /no answer within 50 ms/ }],
  ];
  for (const [answer, expected] of rows) {
    const { error } = await run(() => answer, (client) => client.me(), { retries: 0, timeoutMs: 50 });
    assert.ok(error instanceof CountersignError && error instanceof Error);
    assert.equal(error.name, "CountersignError");
    for (const [field, value] of Object.entries(expected)) {
      if (value instanceof RegExp) assert.match(error[field], value);
      else assert.equal(error[field], value, `${field} of ${JSON.stringify(answer)}`);
    }
  }
});

test("an abort ends a call, a pause and a wait with the caller's own reason", async () => {
  const reason = new Error("enough");
  const abortSoon = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 30);
    return controller.signal;
  };
  const rows = [
    ["hang", (client) => client.me({ signal: abortSoon() })],
    [problem(503, "store_busy", { retry_after_ms: 4_000 }), (client) => client.me({ signal: abortSoon() })],
    [{ body: { case: CASE } }, (client) => client.waitForAnswer("case_1", { signal: abortSoon(), pollMs: 60_000 })],
    [{ body: {} }, (client) => client.me({ signal: AbortSignal.abort(reason) })],
  ];
  for (const [answer, use] of rows) {
    const started = performance.now();
    const { error } = await run(() => answer, use);
    assert.equal(error, reason);
    assert.ok(performance.now() - started < 2_000);
  }
});

test("with a session, writes carry the token that signing in answered, until signing out", async () => {
  const answer = ({ path, method }) => (method === "DELETE" ? { status: 204 } : { body: path === "/v1/session" || path === "/v1/me" ? ME : {} });
  const use = async (client) => {
    await client.claim("before");
    await client.signIn("one-time");
    await client.queues();
    await client.claim("during");
    await client.signOut();
    await client.claim("after");
    await client.me();
    await client.claim("again");
  };
  const { error, calls } = await run(answer, use, { token: undefined });
  assert.equal(error, undefined);
  const tokens = calls.map((call) => `${call.path} ${call.headers["x-csrf-token"] ?? "-"}`);
  assert.deepEqual(tokens, [
    "/v1/cases/before/claim -",
    "/v1/session -",
    "/v1/queues -",
    "/v1/cases/during/claim csrf_1",
    "/v1/session csrf_1",
    "/v1/cases/after/claim -",
    "/v1/me -",
    "/v1/cases/again/claim csrf_1",
  ]);
  assert.ok(calls.every((call) => call.headers.authorization === undefined));
});

test("waiting ends with the answer, with nothing, or with why there will be none", async () => {
  const answered = { ...CASE, state: "resolved", answer: { text: "Yes.", outcome: "send" } };
  const wait = (options) => (client) => client.waitForAnswer("case_1", { pollMs: 5, ...options });
  const late = (_, count) => (count < 3 ? { body: { case: CASE } } : count < 4 ? problem(503, "store_lost") : { body: { case: answered } });
  const rows = [
    ["the answer, over an outage", late, wait({ timeoutMs: 5_000 }), { value: answered.answer }],
    ["nothing in time", () => ({ body: { case: CASE } }), wait({ timeoutMs: 40 }), { value: null }],
    ["withdrawn", () => ({ body: { case: { ...CASE, state: "withdrawn" } } }), wait({}), { code: "withdrawn" }],
    ["expired", () => ({ body: { case: { ...CASE, state: "expired" } } }), wait({}), { code: "expired" }],
    ["not ours", () => problem(404, "not_found"), wait({}), { code: "not_found" }],
    ["away to the end", () => "drop", wait({ timeoutMs: 40 }), { code: "unreachable" }],
  ];
  for (const [name, answer, use, expected] of rows) {
    const { value, error } = await run(answer, use, { retries: 0 });
    assert.equal(error?.code, expected.code, name);
    assert.deepEqual(value, expected.value, name);
  }
});

test("an id that a URL would swallow is refused before anything is sent", async () => {
  for (const id of ["", ".", ".."]) {
    const { error, calls } = await run(() => ({ body: {} }), (client) => client.case(id));
    assert.equal(error.code, "invalid_field");
    assert.equal(calls.length, 0);
  }
});

test("a base address may end in slashes and have a path", async () => {
  const { calls } = await run(() => ({ body: {} }), (_, server) => new Client({ baseUrl: `${server.url}/review//` }).me());
  assert.equal(calls[0].path, "/review/v1/me");
});
