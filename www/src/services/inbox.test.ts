import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NO_FILTER } from "../lib/inbox-filter";
import { problem, TestHost } from "../test/host";
import { NOW, sampleSummary } from "../test/samples";
import { inbox, nextCaseId } from "./inbox";
import { queues } from "./queues";
import type { CaseSummary } from "./wire";

const { rows, selectedId, stale, waiting } = inbox;

let host: TestHost;
let stop: () => void = () => undefined;
let stored: CaseSummary[] = [];

const list = (...ids: string[]): CaseSummary[] => ids.map((case_id) => sampleSummary({ case_id }));
const shown = (): string => rows.value.map(({ summary, gone }) => (gone ? `(${summary.case_id})` : summary.case_id)).join(" ");

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(NOW) });
  selectedId.value = null;
  queues.value = null;
  stored = list("a", "b", "c");
  host = new TestHost().on("GET /v1/cases", () => ({ body: { cases: stored, next_cursor: null, now: new Date().toISOString() } }));
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

let nonce = 0;

/** Opens a list that no test has opened before. */
async function watch(change = {}): Promise<void> {
  nonce += 1;
  stop = inbox.watch({ ...NO_FILTER, tenant_id: `t${nonce}`, ...change });
  await vi.advanceTimersByTimeAsync(0);
}

describe("the list while somebody reads it", () => {
  test("new cases wait until they are asked for", async () => {
    await watch();
    stored = [...list("z"), ...stored.slice(1)];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(shown()).toBe("(a) b c");
    expect(waiting.value.map(({ case_id }) => case_id)).toEqual(["z"]);
    await inbox.showWaiting();
    expect(shown()).toBe("z b c");
    expect(waiting.value).toEqual([]);
  });

  test("what happens to a case shows in its row", async () => {
    await watch();
    stored = stored.map((summary) => (summary.case_id === "b" ? { ...summary, state: "leased" as const, leased_by: "prin_theo" } : summary));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(rows.value[1]?.summary.leased_by).toBe("prin_theo");
  });

  test("another filter replaces it, and a late reply to the old one is dropped", async () => {
    await watch();
    stop();
    let release: (cases: CaseSummary[]) => void = () => undefined;
    const late = new Promise<CaseSummary[]>((resolve) => (release = resolve));
    vi.stubGlobal("fetch", async () => Response.json({ cases: await late, next_cursor: null, now: NOW }));
    stop = inbox.watch({ ...NO_FILTER, search: "old" });
    await vi.advanceTimersByTimeAsync(0);
    stop();
    vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ cases: list("new"), next_cursor: null, now: NOW })));
    stop = inbox.watch({ ...NO_FILTER, search: "new" });
    await vi.advanceTimersByTimeAsync(0);
    release(list("late"));
    await vi.advanceTimersByTimeAsync(0);
    expect(shown()).toBe("new");
    expect(stale.value).toBe(false);
  });

  test("a lost connection leaves it there", async () => {
    await watch();
    host.on("GET /v1/cases", () => "no_connection");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(shown()).toBe("a b c");
    expect(inbox.status.value.name).toBe("ready");
  });
});

test("a list that cannot be had shows why", async () => {
  host.on("GET /v1/cases", () => problem(403, "not_permitted"));
  await watch();
  expect(inbox.status.value).toMatchObject({ name: "fault", fault: { kind: "not_permitted" } });
});

test("the filter is what the host is asked for", async () => {
  await watch({ view: "mine", queue: "triage", risk_level: "high", language: "de", tenant_id: "northwind", search: "x y", order: "age" });
  const query = new URLSearchParams(host.sent.at(-1)?.path.split("?")[1]);
  expect(Object.fromEntries(query)).toEqual({
    view: "mine",
    queue: "triage",
    risk_level: "high",
    language: "de",
    tenant_id: "northwind",
    q: "x y",
    order: "age",
    limit: "500",
  });
});

test("overdue is what is open and past due", async () => {
  stored = [sampleSummary({ case_id: "late", due_at: "2026-11-22T09:59:00.000Z" }), sampleSummary({ case_id: "in_time" })];
  await watch({ view: "overdue" });
  expect(shown()).toBe("late");
  expect(host.sent.at(-1)?.path).toContain("view=open&order=due");
});

describe("moving on", () => {
  test("j and k walk through the rows", async () => {
    await watch();
    expect([inbox.moveSelection(1), inbox.moveSelection(1), inbox.moveSelection(-1), inbox.moveSelection(-1)]).toEqual(["a", "b", "a", null]);
    expect(selectedId.value).toBe("a");
  });

  test.each([
    ["the one after it", "a", "b"],
    ["from the last one, the first again", "c", "a"],
    ["from one that is not in the list, the first", "x", "a"],
  ])("next is %s", async (_name, from, expected) => {
    await watch();
    expect(await nextCaseId(from)).toBe(expected);
  });

  test("cases that somebody holds are passed over", async () => {
    stored = [...list("a"), sampleSummary({ case_id: "b", state: "leased", leased_by: "prin_theo" }), ...list("c")];
    await watch();
    expect(await nextCaseId("a")).toBe("c");
  });

  test("queues that the reviewer does not serve are passed over", async () => {
    stored = [...list("a"), sampleSummary({ case_id: "b", queue: "legal" }), ...list("c")];
    await watch();
    queues.value = [
      { queue: "legal", title: "Legal", sla_ms: 1, authority: { domain: "legal", level: 3 }, counts: { ready: 1, leased: 0, held: 0, overdue: 0 }, next_due_at: null, mine: false },
    ];
    expect(await nextCaseId("a")).toBe("c");
  });

  test("there is no next one where nothing waits", async () => {
    stored = list("a");
    await watch();
    expect(await nextCaseId("a")).toBeNull();
  });
});
