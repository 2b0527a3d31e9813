import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import policy from "../../../pkg/default-policy.json";
import { now } from "../services/clock";
import { startKeys } from "../services/keys";
import { reachable, session } from "../services/session";
import type { Execution, Proposal, ProposalReply } from "../services/wire";
import { actionReply, sampleExecution, sampleGate, sampleProposal } from "../test/action-samples";
import { seriousFaults } from "../test/axe";
import { problem, TestHost } from "../test/host";
import { sampleMe } from "../test/samples";
import { ActionScreen } from "./ActionScreen";

let stop: () => void = () => undefined;
let host: TestHost;

beforeEach(() => {
  sessionStorage.clear();
  location.hash = "#/actions/prop_1";
  reachable.value = true;
  session.value = { status: "signed_in", me: sampleMe() };
  host = new TestHost();
  stop = startKeys();
});

afterEach(() => {
  cleanup();
  stop();
});

const later = (ms = 3_600_000): string => new Date(Date.now() + ms).toISOString();
const pending = (change: Partial<Proposal> = {}): Proposal => sampleProposal({ created_at: later(-60_000), expires_at: later(), ...change });
const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });
const key = (name: string): boolean => fireEvent.keyDown(document.body, { key: name });
const posts = () => host.sent.filter(({ method }) => method === "POST");

async function show(proposal: Proposal, may: Partial<ProposalReply["may"]> = {}, executions: Execution[] = []): Promise<void> {
  now.value = Date.now();
  host.on("GET /v1/proposals/prop_1", () => ({ body: { ...actionReply(proposal, may, executions), now: new Date().toISOString() } }));
  render(<ActionScreen proposal_id="prop_1" />);
  await screen.findByRole("region", { name: "Decide" });
}

/** All of the facts count as seen; there is no layout here that could tell. */
async function readFacts(): Promise<void> {
  // What looks for it is in place one frame after the drawing.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const facts = document.querySelector("[data-draft]");
  if (facts !== null) facts.getBoundingClientRect = () => ({ top: 0, bottom: 100 }) as DOMRect;
  const bar = document.querySelector(".bar");
  if (bar !== null) bar.getBoundingClientRect = () => ({ top: 600, bottom: 700 }) as DOMRect;
  fireEvent.scroll(window);
}

describe("facts first", () => {
  test("what, how much in figures and words, to what, effects, every argument, why, who, until when, which digest", async () => {
    await show(pending());
    for (const text of [
      "issue_refund",
      "4,200.00 USD",
      "Four thousand two hundred US dollars · 420,000 in the smallest unit",
      "cust_981",
      "Moves money",
      "Can be undone only with somebody else’s help",
      "goodwill",
      "The argument `memo` is not known.",
      "4200.00 USD is more than 50 USD.",
      "context.facts.customer_tier",
      "One person with level 3 in billing",
      "0 of 1",
      "Edge",
      "default, version 1",
      "0123456789ab…",
      "No preview: nobody tried out what would change. Decide from the arguments above.",
    ]) {
      expect(screen.getAllByText((_, element) => element?.textContent?.trim() === text).length, text).toBeGreaterThan(0);
    }
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Refund");
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("the agent's words come last, in a frame that says whose they are", async () => {
    await show(pending());
    const frame = screen.getByRole("region", { name: "Written by the agent" });
    const facts = screen.getByRole("region", { name: "What will be done" });
    expect(facts.compareDocumentPosition(frame) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  test("nothing foreign becomes markup, and what is hidden is shown", async () => {
    const hostile = '<img src=x onerror="alert(1)">\u202E p\u0430ypal';
    const gate = sampleGate({ impact: { ...sampleGate().impact, target: hostile }, reasons: [{ rule: hostile, reason: hostile, path: hostile }], unjudged: [hostile] });
    gate.actions = gate.actions.map((action) => ({ ...action, title: hostile, impact: { ...action.impact, target: hostile } }));
    await show(
      pending({
        gate,
        summary: hostile,
        actions: [{ tool: hostile, arguments: { [hostile]: hostile, deep: { x: hostile } } }],
        preview: { changes: [{ subject: hostile, before: hostile, after: { x: hostile } }], note: hostile, preconditions: [hostile], previewed_at: later() },
        context: { ...sampleProposal().context, facts: { [hostile]: hostile } },
      }),
    );
    expect(document.querySelectorAll("img, script, [onerror]")).toHaveLength(0);
    expect(document.body.textContent).not.toContain("\u202E");
    expect(document.querySelectorAll(".escape").length).toBeGreaterThan(12);
  });

  test("a preview is before and after", async () => {
    await show(pending({ preview: { changes: [{ subject: "Balance", before: "100.00", after: "58.00" }], note: "as of today", preconditions: ["etag 7"], previewed_at: later() } }));
    const preview = screen.getByRole("region", { name: "Preview" });
    expect(preview.querySelector("del")?.textContent).toBe("100.00");
    expect(preview.querySelector("ins")?.textContent).toBe("58.00");
    expect(preview.textContent).toContain("etag 7");
  });
});

describe("deciding", () => {
  test("the focus starts on Reject, and Escape does nothing", async () => {
    await show(pending());
    expect(document.activeElement?.textContent).toContain("Reject");
    key("r");
    const reason = await screen.findByLabelText(/Wrong amount/);
    key("Escape");
    expect(reason.isConnected).toBe(true);
    expect(posts()).toEqual([]);
  });

  test("an approval names the digest, only once all of it was on screen", async () => {
    await show(pending());
    key("a");
    expect(posts()).toEqual([]);
    expect(await screen.findByText(/Read what will be done first/)).toBeTruthy();
    await readFacts();
    const approved = pending({ state: "approved", revision: 3, effective_at: later(10_000), authorization_id: "auth_1" });
    host.on("POST /v1/proposals/prop_1/approve", () => ({ body: { proposal: approved, executions: [] } }));
    host.on("GET /v1/proposals/prop_1", () => ({ body: { ...actionReply(approved, { undo: true }), now: new Date().toISOString() } }));
    fireEvent.click(button("Approve: Refund, 4,200.00 USD, cust_981"));
    expect(await screen.findByRole("button", { name: /^Undo/ })).toBeTruthy();
    expect(posts()).toMatchObject([{ path: "/v1/proposals/prop_1/approve", body: { binding_digest: "sha256:0123456789abcdef0123" } }]);
    expect(posts()[0]?.key).not.toBeNull();
    host.on("POST /v1/proposals/prop_1/undo", () => ({ body: { proposal: pending({ revision: 4 }), executions: [] } }));
    host.on("GET /v1/proposals/prop_1", () => ({ body: { ...actionReply(pending({ revision: 4 })), now: new Date().toISOString() } }));
    key("u");
    expect(await screen.findByRole("button", { name: /^Approve: Refund/ })).toBeTruthy();
  });

  test("an approval whose reply never came is sent again under the same key", async () => {
    await show(pending());
    await readFacts();
    host.on("POST /v1/proposals/prop_1/approve", () => "no_connection");
    fireEvent.click(button(/^Approve/));
    await screen.findByText("No answer from the host", {}, { timeout: 5_000 });
    await waitFor(() => expect(button(/^Approve/).getAttribute("aria-disabled")).toBeNull());
    host.on("POST /v1/proposals/prop_1/approve", () => problem(409, "quorum_closed"));
    fireEvent.click(button(/^Approve/));
    await screen.findByText("Somebody else has decided this action");
    expect(new Set(posts().map((sent) => sent.key)).size).toBe(1);
  });

  test("a rejection needs a reason, by keys too", async () => {
    await show(pending());
    key("r");
    fireEvent.click(await screen.findByRole("button", { name: "Reject: nothing is done" }));
    expect((await screen.findAllByText("Choose a reason.")).length).toBeGreaterThan(0);
    expect(posts()).toEqual([]);
    key("2");
    host.on("POST /v1/proposals/prop_1/reject", () => ({ body: { proposal: pending({ state: "rejected", revision: 3 }), executions: [] } }));
    await waitFor(() => expect((screen.getByLabelText(/Wrong target/) as HTMLInputElement).checked).toBe(true));
    fireEvent.click(button("Reject: nothing is done"));
    await screen.findByText("Rejected: nothing was done");
    expect(posts()).toMatchObject([{ body: { reason: "Wrong target" } }]);
  });

  test("what is written outlives a reload, and the end of the proposal", async () => {
    await show(pending());
    key("w");
    fireEvent.input(await screen.findByLabelText("Message to the agent"), { target: { value: "ask the customer first" } });
    cleanup();
    await show(pending({ state: "expired", closing: { reason: "nobody decided in time", message: null, by: null, closed_at: later(0) } }));
    expect(screen.getByText("It ended while you were writing")).toBeTruthy();
    expect(screen.getByText("Expired: nothing was done")).toBeTruthy();
  });

  test("buttons that cannot be pressed say why", async () => {
    await show(pending(), { approve: false, reject: false, edit: false, why_not: "who proposed an action does not decide it" });
    for (const name of [/^Approve/, /^Reject/, /^Edit/, /^Respond/]) {
      const found = button(name);
      expect(found.getAttribute("aria-disabled")).toBe("true");
      expect(document.getElementById(found.getAttribute("aria-describedby") ?? "")?.textContent).toBe("Who proposed an action does not decide it.");
    }
    key("a");
    expect(posts()).toEqual([]);
  });
});

describe("editing", () => {
  beforeEach(() => host.on("GET /v1/policies/current", () => ({ body: policy })));

  test("amount, authority and digest follow each key, and saving goes to the successor", async () => {
    const { actions } = sampleProposal();
    const plain = actions.map(({ tool, arguments: { customer_id, amount, currency } }) => ({ tool, arguments: { customer_id, amount, currency } }));
    await show(pending({ actions: plain }));
    key("e");
    const amount = (await screen.findByLabelText("amount")) as HTMLInputElement;
    expect(amount.value).toBe("4200");
    const outcome = screen.getByRole("group", { name: "What the edit means" });
    await within(outcome).findByText("Nothing is changed yet.");
    fireEvent.input(amount, { target: { value: "9000" } });
    await waitFor(() => expect(outcome.textContent).toContain("9,000.00 USD"));
    expect(outcome.textContent).toContain("one person with level 4 in billing");
    expect(outcome.textContent).toContain("another person has to approve it");
    const digest = (): string => within(outcome).getByRole("row", { name: /Action digest/ }).textContent ?? "";
    const before = digest();
    fireEvent.input(amount, { target: { value: "90,00" } });
    await within(outcome).findByText(/A field has a mistake/);
    expect(screen.getByText(/Write a number such as/)).toBeTruthy();
    fireEvent.input(amount, { target: { value: "42" } });
    await waitFor(() => expect(digest()).not.toBe(before));
    expect(outcome.textContent).toContain("one person still approves the edit");
    expect(await seriousFaults(document.body)).toEqual([]);
    host.on("POST /v1/proposals/prop_1/edit", () => ({ body: { proposal: pending({ proposal_id: "prop_2", supersedes: "prop_1" }), executions: [] } }));
    fireEvent.click(button("Save the edit as a new proposal"));
    await waitFor(() => expect(location.hash).toBe("#/actions/prop_2"));
    expect(posts()).toMatchObject([{ body: { revision: 2, actions: [{ tool: "issue_refund", arguments: { amount: 42, customer_id: "cust_981", currency: "USD" } }] } }]);
  });

  test("a successor shows what was changed, and whether its author may approve", async () => {
    const earlier = sampleProposal({ proposal_id: "prop_0", state: "superseded", superseded_by: "prop_1" });
    host.on("GET /v1/proposals/prop_0", () => ({ body: actionReply(earlier) }));
    const edited = sampleProposal().actions.map((action) => ({ ...action, arguments: { ...action.arguments, amount: 42 } }));
    await show(pending({ supersedes: "prop_0", actions: edited, authors: [{ principal_id: "prin_mara", person_id: null, may_approve: false }] }));
    const section = await screen.findByRole("region", { name: "Edited from an earlier proposal" });
    await waitFor(() => expect(section.querySelector("del")?.textContent).toBe("4200"));
    expect(section.querySelector("ins")?.textContent).toBe("42");
    expect(section.textContent).toContain("another person has to approve it");
  });
});

describe("what came of it", () => {
  test("state, approver, answer and attempts of each execution", async () => {
    await show(pending({ state: "consumed" }), {}, [sampleExecution()]);
    const section = screen.getByRole("region", { name: "What came of it" });
    for (const words of ["Done", "Theo Okafor", "Executed by ledger", "re_7", "1 attempt"]) expect(section.textContent).toContain(words);
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test("an unknown outcome is explained, and can be reconciled by who may", async () => {
    await show(pending({ state: "consumed" }), { reconcile: true }, [sampleExecution({ state: "unknown", guarantee: "none", result: null, closed_at: null })]);
    expect(screen.getByText(/somebody has to find out, and say so here/)).toBeTruthy();
    fireEvent.click(screen.getByLabelText("It did not happen"));
    host.on("POST /v1/executions/exec_1/reconcile", () => ({ body: { proposal: pending({ state: "consumed", revision: 3 }), executions: [sampleExecution({ state: "failed" })] } }));
    fireEvent.click(await screen.findByRole("button", { name: "Record that it did not happen" }));
    expect(await screen.findByText("Write how you know.")).toBeTruthy();
    fireEvent.input(screen.getByLabelText("How you know"), { target: { value: "not in the ledger" } });
    fireEvent.click(button("Record that it did not happen"));
    await waitFor(() => expect(posts()).toMatchObject([{ body: { happened: false, note: "not in the ledger" } }]));
  });
});

describe("faces", () => {
  test.each<[Proposal["state"], string]>([
    ["superseded", "Edited: another proposal stands in the place of this one"],
    ["void", "Void: what was proposed does not hold any more"],
    ["expired", "Expired: nothing was done"],
    ["withdrawn", "Withdrawn: nothing was done"],
    ["rejected", "Rejected: nothing was done"],
    ["revoked", "The approval was revoked: nothing was done"],
  ])("%s", async (state, title) => {
    const closing = { reason: "edited", message: "ask first", by: null, closed_at: later(0) };
    await show(pending({ state, closing, superseded_by: state === "superseded" ? "prop_2" : null }));
    expect(screen.getByText(title)).toBeTruthy();
    expect(screen.getByText("ask first")).toBeTruthy();
    expect(screen.queryByRole("button", { name: /^Approve/ })).toBeNull();
    expect(await seriousFaults(document.body)).toEqual([]);
  });

  test.each([
    [404, "not_found", "There is no such action, or it is not yours to see"],
    [403, "not_permitted", "You may not do this"],
  ])("%i %s", async (status, code, title) => {
    host.on("GET /v1/proposals/prop_1", () => problem(status, code));
    render(<ActionScreen proposal_id="prop_1" />);
    expect(await screen.findByRole("heading", { level: 1, name: title })).toBeTruthy();
  });
});
