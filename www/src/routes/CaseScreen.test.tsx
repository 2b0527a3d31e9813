import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { now } from "../services/clock";
import { startKeys } from "../services/keys";
import { reachable, session } from "../services/session";
import type { Case, CaseReply, ProposalSummary } from "../services/wire";
import { actionSummary } from "../test/action-samples";
import { problem, TestHost } from "../test/host";
import { heldCase, sampleCase, sampleMe, sampleReply } from "../test/samples";
import { seriousFaults } from "../test/axe";
import { CaseScreen } from "./CaseScreen";

let stop: () => void = () => undefined;
let host: TestHost;
let proposals: ProposalSummary[] = [];

beforeEach(() => {
  sessionStorage.clear();
  reachable.value = true;
  session.value = { status: "signed_in", me: sampleMe() };
  host = new TestHost().on("GET /v1/proposals", () => ({ body: { proposals, next_cursor: null, now: new Date().toISOString() } }));
  proposals = [];
  stop = startKeys();
});

afterEach(() => {
  cleanup();
  stop();
});

const soon = (): string => new Date(Date.now() + 600_000).toISOString();

/** Draws the screen of a case as the host tells it. */
async function show(subject: Case, may: Partial<CaseReply["may"]> = {}, more: Partial<CaseReply> = {}): Promise<void> {
  const reply = { ...sampleReply(subject, may), now: new Date().toISOString(), ...more };
  now.value = Date.now();
  host.on("GET /v1/cases/case_1", () => ({ body: reply }));
  render(<CaseScreen case_id="case_1" />);
  await screen.findByRole("region", { name: "Decide" });
}

const held = (change: Partial<Case> = {}): Case => heldCase({ lease_until: soon(), ...change });
const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });

describe("everything that a decision needs is on one screen", () => {
  test("question, draft, evidence, tools, actions, reason, confidence, policy, history", async () => {
    await show(
      held({
        messages: [{ role: "user", content: "An earlier turn.", at: null }],
        tool_results: [{ tool: "ledger", status: "unavailable", summary: "no answer" }],
        proposed_actions: [{ tool: "issue_refund", arguments: { amount: "42.00" } }],
      }),
    );
    for (const text of [
      "Was I charged twice?",
      "An earlier turn.",
      "The second charge is a hold.",
      "Holds are released within 7 days.",
      "ledger",
      "no answer",
      "issue_refund",
      "42.00",
      "Tool risk",
      "cannot verify · unavailable",
      "request.judge_score",
      "abcdef012345…",
      "Level 2 in billing",
    ]) {
      expect(screen.getAllByText((_, element) => element?.textContent?.trim() === text).length, text).toBeGreaterThan(0);
    }
    expect(screen.getByRole("region", { name: "Written by the model" })).toBeTruthy();
    expect(screen.getByRole("region", { name: "Written by the user" })).toBeTruthy();
    expect(screen.getByRole("region", { name: "From document Holds" })).toBeTruthy();
  });

  test("whether its risk level may be answered without a person, and what that takes", async () => {
    const demand = { tolerated_error: 0.02, failure_probability: 0.1 };
    const absent = { risk_level: "high" as const, disposition: "answer" as const, demand, state: "absent" as const, threshold: null, answers: null, errors: null, expires_at: null, answers_min: 114 };
    const limited = { ...absent, disposition: "limited_answer" as const, demand: { ...demand, tolerated_error: 0.1 }, state: "in_force" as const, threshold: 0.4, answers: 300, errors: 12, expires_at: "2026-12-24T00:00:00.000Z" };
    await show(held(), {}, { certificates: [absent, limited] });
    const told = screen.getByRole("region", { name: "Answering without a person" }).textContent ?? "";
    for (const words of ["High risk: No certificate: a person decides.", "At least 114 reviewed answers", "Limited answers, high risk: In force until 2026-12-24.", "12 of 300 reviewed answers were wrong, at most 10 % may be"]) {
      expect(told).toContain(words);
    }
  });

  test("and it has no serious fault for assistive technology", async () => {
    await show(held());
    expect(await seriousFaults(document.body)).toEqual([]);
  });
});

test("the actions of the case stand there with their state, and lead to their screens", async () => {
  proposals = [actionSummary({ state: "consumed", execution_states: ["succeeded"] })];
  await show(held());
  const link = await screen.findByRole("link", { name: /Refund.*cust_981.*4,200.00 USD/ });
  expect(link.getAttribute("href")).toBe("#/actions/prop_1");
  expect(link.closest("li")?.textContent).toContain("Done");
});

describe("foreign text is text", () => {
  const HOSTILE = '<img src=x onerror="alert(1)"><a href="https://evil.example">x</a>\u202E [link](javascript:alert(1)) p\u0430ypal';

  test("no element, link or image comes out of it, wherever it stands", async () => {
    await show(
      held({
        user_question: HOSTILE,
        model_draft: HOSTILE,
        reason_for_escalation: HOSTILE,
        messages: [{ role: "assistant", content: HOSTILE, at: null }],
        evidence: [{ document_id: HOSTILE, title: HOSTILE, url: HOSTILE, quote: HOSTILE, score: null }],
        tool_results: [{ tool: HOSTILE, status: "failed", summary: HOSTILE }],
        proposed_actions: [{ tool: HOSTILE, arguments: { [HOSTILE]: HOSTILE, deep: { x: HOSTILE } } }],
        triggers: [{ id: "t", kind: "tool_risk", disposition: "escalate", risk_level: null, reason: HOSTILE, unjudged: [] }],
        trace_url: HOSTILE,
        conversation_id: HOSTILE,
      }),
    );
    expect(document.querySelectorAll("img, script, iframe, [onerror]")).toHaveLength(0);
    const links = [...document.querySelectorAll("a")].map((link) => link.getAttribute("href"));
    expect(links.filter((href) => href === null || !href.startsWith("#"))).toEqual([]);
    expect(document.body.textContent).not.toContain("\u202E");
    expect(document.querySelectorAll(".escape").length).toBeGreaterThanOrEqual(12);
    expect(document.querySelectorAll(".lookalike").length).toBeGreaterThanOrEqual(12);
  });

  test("what is unusual is said in words", async () => {
    await show(held({ user_question: HOSTILE }));
    const frame = screen.getByRole("region", { name: "Written by the user" });
    expect(within(frame).getByText(/1 hidden character/)).toBeTruthy();
    expect(within(frame).getByText(/1 word with look-alike letters/)).toBeTruthy();
    expect(within(frame).getByText(/1 line · \d+ characters/)).toBeTruthy();
  });

  test("hidden characters in an edit are found, and can be removed", async () => {
    await show(held({ model_draft: "Pay\u200Bpal" }));
    fireEvent.keyDown(document.body, { key: "e" });
    fireEvent.click(await screen.findByRole("button", { name: "Remove the hidden characters" }));
    await waitFor(() => expect((screen.getByLabelText("Answer that is sent") as HTMLTextAreaElement).value).toBe("Paypal"));
  });
});

describe("buttons that cannot be pressed say why", () => {
  test.each<[string, Case, Partial<CaseReply["may"]>, string]>([
    ["not claimed", sampleCase(), {}, "Claim the case to decide."],
    ["no right", sampleCase(), { claim: false, why_not: "this case needs authority level 3 in `legal`" }, "This case needs authority level 3 in `legal`."],
  ])("%s", async (_name, subject, may, why) => {
    await show(subject, may);
    const approve = button(/Approve and send the draft/);
    expect(approve.getAttribute("aria-disabled")).toBe("true");
    const described = document.getElementById(approve.getAttribute("aria-describedby") ?? "");
    expect(described?.textContent).toBe(why);
    fireEvent.click(approve);
    expect(host.sent.filter(({ method }) => method === "POST")).toEqual([]);
  });
});

describe("rejecting", () => {
  test("asks for an outcome and a reason, by keys too, and the button names the result", async () => {
    await show(held());
    host.on("POST /v1/cases/case_1/save", () => ({ body: { case: held() } }));
    fireEvent.keyDown(document.body, { key: "r" });
    fireEvent.click(await screen.findByLabelText(/Send nothing/));
    expect(screen.getByText("Choose a reason.")).toBeTruthy();
    fireEvent.keyDown(document.body, { key: "2" });
    await waitFor(() => expect((screen.getByLabelText(/Not supported by the evidence/) as HTMLInputElement).checked).toBe(true));
    expect(button("Reject and send nothing")).toBeTruthy();
  });
});

describe("evidence", () => {
  test("is marked and unmarked where it stands", async () => {
    await show(held());
    host.on("POST /v1/cases/case_1/save", () => ({ body: { case: held() } }));
    const outdated = (): HTMLElement => button("Outdated");
    fireEvent.click(outdated());
    await waitFor(() => expect(outdated().getAttribute("aria-pressed")).toBe("true"));
    fireEvent.click(outdated());
    await waitFor(() => expect(outdated().getAttribute("aria-pressed")).toBe("false"));
  });
});

describe("faces", () => {
  test.each<[string, Partial<Case>, string]>([
    ["held", { state: "held", effective_at: soon(), decision: decision("prin_mara") }, "Approved"],
    ["resolved", { state: "resolved", decision: decision("prin_theo") }, "Resolved"],
    ["withdrawn", { state: "withdrawn" }, "Withdrawn"],
    ["expired", { state: "expired" }, "Expired"],
  ])("%s", async (_name, change, words) => {
    await show(sampleCase(change));
    expect(within(screen.getByRole("region", { name: "Decide" })).getByText(words)).toBeTruthy();
    expect(screen.queryByRole("button", { name: /^Approve/ })).toBeNull();
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test.each([
    [404, "not_found", "There is no such case, or it is not yours to see"],
    [403, "not_permitted", "You may not do this"],
    [500, "internal", "Something went wrong"],
  ])("%i %s", async (status, code, title) => {
    host.on("GET /v1/cases/case_1", () => problem(status, code));
    render(<CaseScreen case_id="case_1" />);
    expect(await screen.findByRole("heading", { level: 1, name: title })).toBeTruthy();
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("no draft", async () => {
    await show(held({ model_draft: null }));
    expect(screen.getByText("The model wrote no draft")).toBeTruthy();
    expect(button(/Approve and send the draft/).getAttribute("aria-disabled")).toBe("true");
    expect(button(/Answer in own words/).getAttribute("aria-disabled")).toBeNull();
  });

  test("undo is offered to who may take it", async () => {
    await show(sampleCase({ state: "held", effective_at: soon(), decision: decision("prin_mara") }), { undo: true });
    expect(button(/^Undo/)).toBeTruthy();
  });
});

function decision(decided_by: string): NonNullable<Case["decision"]> {
  return {
    verdict: "accepted",
    outcome: "send",
    answer: "The second charge is a hold.",
    reason_code: null,
    policy_reason: null,
    notes: null,
    missing_evidence: [],
    incorrect_evidence: [],
    better_retrieval_query: null,
    active_ms: 1_000,
    decided_by,
    decided_at: "2026-11-22T09:59:00.000Z",
  };
}
