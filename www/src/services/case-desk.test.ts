import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { heldCase, NOW, sampleCase, sampleMe, sampleReply } from "../test/samples";
import { problem, TestHost } from "../test/host";
import { EMPTY_MOVE } from "../lib/case-moves";
import { CaseDesk } from "./case-desk";
import { now } from "./clock";
import { reachable, session } from "./session";
import { undoables } from "./undoables";
import type { Case } from "./wire";

const CASE = "/v1/cases/case_1";
const GET = `GET ${CASE}`;

let host: TestHost;
let desk: CaseDesk;
/** What the host holds; tests change it. */
let stored: Case;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(NOW) });
  sessionStorage.clear();
  now.value = Date.parse(NOW);
  reachable.value = true;
  session.value = { status: "signed_in", me: sampleMe() };
  stored = sampleCase();
  host = new TestHost()
    .on(GET, () => ({ body: { ...sampleReply(stored), now: new Date().toISOString() } }))
    .on(`POST ${CASE}/claim`, () => {
      stored = heldCase({ ...stored, state: "leased", epoch: stored.epoch + 1, leased_by: "prin_mara", revision: stored.revision + 1, lease_until: inTenMinutes() });
      return { body: { case: stored } };
    })
    .on(`POST ${CASE}/heartbeat`, () => {
      stored = { ...stored, revision: stored.revision + 1, lease_until: inTenMinutes() };
      return { body: { case: stored } };
    })
    .on(`POST ${CASE}/save`, () => {
      stored = { ...stored, revision: stored.revision + 1 };
      return { body: { case: stored } };
    })
    .on(`POST ${CASE}/decide`, () => {
      stored = decided(stored);
      return { body: { case: stored } };
    })
    .on(`POST ${CASE}/undo`, () => {
      stored = { ...stored, state: "ready", revision: stored.revision + 1, decision: null, effective_at: null };
      return { body: { case: stored } };
    });
});

afterEach(() => {
  desk.close();
  vi.useRealTimers();
});

function inTenMinutes(): string {
  return new Date(Date.now() + 600_000).toISOString();
}

function decided(before: Case): Case {
  return {
    ...before,
    state: "held",
    revision: before.revision + 1,
    leased_by: null,
    lease_until: null,
    effective_at: new Date(Date.now() + 10_000).toISOString(),
    decision: {
      verdict: "accepted",
      outcome: "send",
      answer: before.model_draft,
      reason_code: null,
      policy_reason: null,
      notes: null,
      missing_evidence: [],
      incorrect_evidence: [],
      better_retrieval_query: null,
      active_ms: 0,
      decided_by: "prin_mara",
      decided_at: new Date().toISOString(),
    },
  };
}

/** Opens the case, and lets everything settle that is due within `wait_ms`. */
async function open(): Promise<void> {
  desk = new CaseDesk("case_1");
  await pass(0);
}

async function pass(wait_ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(wait_ms);
  now.value = Date.now();
}

describe("deciding", () => {
  test("a free case is claimed, edited and decided, with the epoch and revision on screen", async () => {
    await open();
    expect(desk.whyNotDecide.value).toBe("Claim the case to decide.");
    await desk.claim();
    expect(desk.whyNotDecide.value).toBeNull();
    desk.update({ mode: "edit", edited_text: "It is settled.", notes: "called" });
    await pass(1_100);
    expect(host.sentTo(`POST ${CASE}/save`).at(-1)?.body).toMatchObject({ epoch: 1, work: { text: "It is settled.", notes: "called" } });
    expect(await desk.decide()).toBe(true);
    const sent = host.sentTo(`POST ${CASE}/decide`);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).toMatchObject({ epoch: 1, revision: 3, verdict: "edited", outcome: "send", answer: "It is settled.", notes: "called" });
    expect(sent[0]?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(undoables.value).toMatchObject([{ kind: "case", id: "case_1", words: "Approved: the answer is sent" }]);
  });

  test("nothing is sent while the form is incomplete", async () => {
    await open();
    await desk.claim();
    desk.update({ mode: "reject" });
    expect(await desk.decide()).toBe(false);
    expect(host.sentTo(`POST ${CASE}/decide`)).toHaveLength(0);
  });

  test("trying again after silence sends the same bytes under the same key", async () => {
    await open();
    await desk.claim();
    let silent = true;
    host.on(`POST ${CASE}/decide`, () => (silent ? "no_connection" : { body: { case: (stored = decided(stored)) } }));
    const first = desk.decide();
    await pass(5_000);
    expect(await first).toBe(false);
    expect(desk.problem.value?.kind).toBe("offline");
    silent = false;
    await pass(120_000);
    const second = desk.decide();
    await pass(1_000);
    expect(await second).toBe(true);
    const sent = host.sentTo(`POST ${CASE}/decide`);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(new Set(sent.map(({ body }) => JSON.stringify({ ...(body as object), revision: 0 }))).size).toBe(1);
  });

  test("another decision after silence has its own key", async () => {
    await open();
    await desk.claim();
    let silent = true;
    host.on(`POST ${CASE}/decide`, () => (silent ? "no_connection" : { body: { case: (stored = decided(stored)) } }));
    const first = desk.decide();
    await pass(5_000);
    await first;
    silent = false;
    await pass(60_000);
    desk.update({ mode: "replace", own_text: "Hello." });
    const second = desk.decide();
    await pass(1_000);
    await second;
    expect(new Set(host.sentTo(`POST ${CASE}/decide`).map(({ key }) => key)).size).toBe(2);
  });

  test("undo brings the case and the text back", async () => {
    await open();
    await desk.claim();
    desk.update({ mode: "replace", own_text: "Hello." });
    await desk.decide();
    await desk.undo();
    expect(desk.holding.value).toBe(true);
    expect(desk.text.form.value.own_text).toBe("Hello.");
    expect(undoables.value).toEqual([]);
  });
});

describe("the claim", () => {
  test("is renewed at each third of the lease", async () => {
    await open();
    await desk.claim();
    await pass(199_000);
    expect(host.sentTo(`POST ${CASE}/heartbeat`)).toHaveLength(0);
    await pass(2_000);
    expect(host.sentTo(`POST ${CASE}/heartbeat`)).toHaveLength(1);
    await pass(200_000);
    expect(host.sentTo(`POST ${CASE}/heartbeat`)).toHaveLength(2);
  });

  test("is not renewed while nobody looks", async () => {
    await open();
    await desk.claim();
    const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    await pass(590_000);
    expect(host.sentTo(`POST ${CASE}/heartbeat`)).toHaveLength(0);
    expect(desk.claimLost.value).toBe(false);
    await pass(20_000);
    expect(desk.claimLost.value).toBe(true);
    visibility.mockRestore();
  });

  test.each([
    ["the host says so", () => host.on(`POST ${CASE}/save`, () => problem(409, "lease_lost"))],
    ["another claim is seen", () => (stored = { ...stored, revision: 9, epoch: 3, leased_by: "prin_theo", lease_until: inTenMinutes() })],
    ["the case is back in its queue", () => (stored = { ...stored, revision: 9, epoch: 3, state: "ready", leased_by: null, lease_until: null })],
  ])("when it is lost because %s, the text stays and nothing can be sent", async (_name, lose) => {
    await open();
    await desk.claim();
    lose();
    desk.update({ mode: "edit", edited_text: "Long thought about." });
    await pass(10_000);
    expect(desk.claimLost.value).toBe(true);
    expect(desk.text.form.value.edited_text).toBe("Long thought about.");
    expect(await desk.decide()).toBe(false);
    expect(host.sentTo(`POST ${CASE}/decide`)).toHaveLength(0);
  });

  test("given away by its holder it is not lost", async () => {
    const given = (): { body: { case: Case } } => {
      stored = { ...stored, state: "ready", revision: stored.revision + 1, leased_by: null, lease_until: null };
      return { body: { case: stored } };
    };
    host.on(`POST ${CASE}/release`, given).on(`POST ${CASE}/handover`, given);
    await open();
    await desk.claim();
    await desk.release();
    expect(desk.claimLost.value).toBe(false);
    await desk.claim();
    await desk.move("handover", { ...EMPTY_MOVE, text: "The bank calls back." });
    expect([desk.claimLost.value, desk.holding.value]).toEqual([false, false]);
  });
  test("claimed again, the text is there and can be sent", async () => {
    await open();
    await desk.claim();
    desk.update({ mode: "edit", edited_text: "Long thought about." });
    stored = { ...stored, revision: 9, epoch: 3, state: "ready", leased_by: null, lease_until: null };
    await pass(10_000);
    await desk.claim();
    expect(desk.claimLost.value).toBe(false);
    expect(await desk.decide()).toBe(true);
    expect(host.sentTo(`POST ${CASE}/decide`)[0]?.body).toMatchObject({ epoch: 4, answer: "Long thought about." });
  });

  test("somebody else's decision ends it without a word about a lost claim", async () => {
    await open();
    await desk.claim();
    stored = { ...decided(stored), revision: 9 };
    await pass(10_000);
    expect(desk.claimLost.value).toBe(false);
    expect(desk.whyNotDecide.value).toBe("Already decided.");
  });
});

describe("the text", () => {
  test("outlives a reload", async () => {
    stored = heldCase();
    await open();
    desk.update({ mode: "replace", own_text: "Half a sentence" });
    desk.close();
    await open();
    expect(desk.text.form.value).toMatchObject({ mode: "replace", own_text: "Half a sentence" });
  });

  test("that one saved elsewhere is taken up", async () => {
    stored = heldCase({ work: work("prin_mara", "From my other desk.") });
    await open();
    expect(desk.text.form.value).toMatchObject({ mode: "edit", edited_text: "From my other desk." });
  });

  test("of an earlier holder is offered, not imposed", async () => {
    stored = sampleCase({ work: work("prin_theo", "Theo's words.") });
    await open();
    expect(desk.text.form.value.edited_text).toBe(stored.model_draft);
    expect(desk.text.offered.value?.by).toBe("prin_theo");
    await desk.claim();
    desk.takeOffered();
    expect(desk.text.form.value.edited_text).toBe("Theo's words.");
  });

  test("stays when the draft changes, and the new draft has to be seen", async () => {
    await open();
    await desk.claim();
    desk.text.draftSeen.value = 1;
    desk.update({ mode: "edit", edited_text: "Mine." });
    stored = { ...stored, revision: 9, model_draft: "A new draft." };
    await pass(10_000);
    expect(desk.text.draftReplaced.value).toBe(true);
    expect(desk.text.draftSeen.value).toBe(0);
    expect(desk.text.form.value.edited_text).toBe("Mine.");
  });

  test("is gone once the case is resolved", async () => {
    await open();
    await desk.claim();
    desk.update({ mode: "replace", own_text: "Hello." });
    expect(sessionStorage.length).toBe(1);
    await desk.decide();
    expect(sessionStorage.length).toBe(1);
    stored = { ...stored, state: "resolved", revision: 20, closed_at: NOW };
    await pass(10_000);
    expect(sessionStorage.length).toBe(0);
  });

  function work(by: string, text: string): NonNullable<Case["work"]> {
    return { by, text, notes: null, missing_evidence: [], incorrect_evidence: [], better_retrieval_query: null, saved_at: NOW };
  }
});

describe("faces", () => {
  test.each([
    [404, "not_found", "not_found"],
    [403, "not_permitted", "not_permitted"],
    [500, "internal", "failed"],
  ])("status %i while opening", async (status, code, kind) => {
    host.on(GET, () => problem(status, code));
    await open();
    expect(desk.status.value).toMatchObject({ name: "fault", fault: { kind } });
  });

  test("a lost connection leaves the case on screen and says why nothing can be decided", async () => {
    await open();
    await desk.claim();
    host.on(GET, () => "no_connection");
    await pass(30_000);
    expect(desk.status.value.name).toBe("ready");
    expect(reachable.value).toBe(false);
    expect(desk.whyNotDecide.value).toContain("No connection");
  });

  test("an ended session is told once, over the screen", async () => {
    await open();
    host.on(GET, () => problem(401, "unauthenticated"));
    await pass(10_000);
    expect(session.value.status).toBe("ended");
    expect(desk.status.value.name).toBe("ready");
  });
});
