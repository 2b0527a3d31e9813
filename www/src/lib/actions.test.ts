import { describe, expect, test } from "vitest";
import { actionReply, sampleExecution, sampleGate, sampleProposal } from "../test/action-samples";
import { type ActionFilter, formatActionFilter, NO_ACTION_FILTER, parseActionFilter } from "./action-filter";
import { actionDecision, type ActionForm, EMPTY_ACTION_FORM, writtenAction } from "./action-form";
import { whyNot } from "./action-rules";
import { actionName, progressWords, proposalStateWords, titlesWords } from "./action-words";
import { editorCounts, missingCount, missingWords, needs } from "./approvals";
import { actionOf, type ArgumentField, differences, fieldsOf, parseField, typeWord, valueText } from "./argument-rows";
import { reconcilableFrom, unknownWords } from "./execution-words";
import { amountFigures, amountWords, numberWords } from "./money-words";

const vote = (name: string, ...authorities: [string, number][]) => ({
  by: { principal_id: name, kind: "person" as const, name, person_id: name, credential_id: null, on_behalf_of: null, door: "ui" as const, assurance: "link" },
  authorities: authorities.map(([domain, level]) => ({ domain, level })),
  note: null,
  binding_digest: "sha256:0123456789abcdef0123",
  voted_at: "2026-11-22T09:30:00.000Z",
});

describe("an amount cannot be misread", () => {
  test.each([
    [0, "zero"],
    [17, "seventeen"],
    [42, "forty-two"],
    [100, "one hundred"],
    [4_200, "four thousand two hundred"],
    [1_000_019, "one million nineteen"],
    [9_007_199_254_740_991, "nine quadrillion seven trillion one hundred ninety-nine billion two hundred fifty-four million seven hundred forty thousand nine hundred ninety-one"],
  ])("%i", (value, words) => expect(numberWords(value)).toBe(words));

  test.each([
    ["4200.00", "USD", "4,200.00 USD", "Four thousand two hundred US dollars"],
    ["0.50", "EUR", "0.50 EUR", "Zero euros and 50/100"],
    ["1.00", "USD", "1.00 USD", "One US dollar"],
    ["1234567", "JPY", "1,234,567 JPY", "One million two hundred thirty-four thousand five hundred sixty-seven Japanese yen"],
  ])("%s %s", (amount, currency, figures, words) => {
    const money = { amount, amount_minor: 1, currency };
    expect([amountFigures(money), amountWords(money)]).toEqual([figures, words]);
  });
});

describe("the filter in the address", () => {
  test.each<[string, Partial<ActionFilter>]>([
    ["", {}],
    ["view=closed&risk=high&tenant=northwind&q=two+words&order=age", { view: "closed", risk_level: "high", tenant_id: "northwind", search: "two words", order: "age" }],
  ])("%s is read and written alike", (address, change) => {
    const filter = { ...NO_ACTION_FILTER, ...change };
    expect(parseActionFilter(address)).toEqual(filter);
    expect(formatActionFilter(filter)).toBe(address);
  });

  test("what is unknown is left out", () => expect(parseActionFilter("view=x&risk=x&order=x")).toEqual(NO_ACTION_FILTER));
});

describe("who must approve yet", () => {
  const twoOfTwo = sampleProposal({
    required: { ...sampleProposal().required, authorities: [{ domain: "billing", level: 3 }, { domain: "security", level: 2 }], quorum: 2 },
  });
  test.each([
    ["nobody yet", [], 2, "Still needed: 2 people with level 3 in billing, and 2 people with level 2 in security."],
    ["one who stands for both", [vote("a", ["billing", 3], ["security", 2])], 1, "Still needed: one person with level 3 in billing, and one person with level 2 in security."],
    ["two of one kind", [vote("a", ["billing", 3]), vote("b", ["billing", 3])], 2, "Still needed: 2 people with level 2 in security."],
    ["all", [vote("a", ["billing", 3], ["security", 2]), vote("b", ["billing", 3], ["security", 2])], 0, "Nobody else has to approve."],
  ])("%s", (_name, votes, missing, words) => {
    const proposal = { ...twoOfTwo, votes };
    expect([missingCount(proposal), missingWords(proposal)]).toEqual([missing, words]);
  });

  test("is counted for each authority", () => {
    expect(needs({ ...twoOfTwo, votes: [vote("a", ["billing", 3])] }).map(({ approved }) => approved)).toEqual([1, 0]);
  });
});

test("who edits may approve only where little is at stake and nothing moves otherwise", () => {
  const low = sampleGate({ impact: { ...sampleGate().impact, tier: "medium" } });
  const moved = { ...low, actions: low.actions.map((action) => ({ ...action, amount: { amount: "1.00", amount_minor: 100, currency: "USD" } })) };
  const other = { ...low, actions: low.actions.map((action) => ({ ...action, impact: { ...action.impact, target: "cust_1" } })) };
  expect([editorCounts(low, low), editorCounts(low, moved), editorCounts(low, other), editorCounts(sampleGate(), low)]).toEqual([true, false, false, false]);
});

describe("arguments", () => {
  test("are told apart by type and compared without regard to the order of keys", () => {
    expect([typeWord("1"), typeWord(1), typeWord(null), typeWord([]), typeWord({}), valueText("x"), valueText({ a: 1 })]).toEqual([
      "text", "number", "empty", "list", "object", "x", '{\n  "a": 1\n}',
    ]);
    const before = [{ tool: "t", arguments: { a: { x: 1, y: 2 }, b: 1, c: "1" } }];
    const after = [{ tool: "t", arguments: { a: { y: 2, x: 1 }, c: 1, d: null } }];
    expect(differences(before, after)).toEqual([
      { position: 0, name: "b", before: 1, after: undefined },
      { position: 0, name: "c", before: "1", after: 1 },
      { position: 0, name: "d", before: undefined, after: null },
    ]);
  });

  const rules = { customer_id: { type: "string" as const, required: true }, amount: { type: "any" as const, required: true }, order_id: { type: "string" as const, required: false } };
  const tool = { arguments: rules } as unknown as Parameters<typeof fieldsOf>[1];

  test("become fields by the policy, and by what is there", () => {
    const fields = fieldsOf({ tool: "t", arguments: { amount: 4200, customer_id: "c", memo: ["x"] } }, tool);
    expect(fields.map(({ name, type, given, unknown, required }) => [name, type, given, unknown, required])).toEqual([
      ["customer_id", "string", true, false, true],
      ["amount", "number", true, false, true],
      ["order_id", "string", false, false, false],
      ["memo", "list", true, true, false],
    ]);
    const tool_info = { description: "Gives money back", arguments: [], hints: { read_only: null, destructive: null, idempotent: null, open_world: null } };
    expect(actionOf({ tool: "t", arguments: {}, tool_info }, fields)).toEqual({ tool: "t", tool_info, arguments: { amount: 4200, customer_id: "c", memo: ["x"] } });
  });

  test("of another type than the policy's stay what they are", () => {
    const [field] = fieldsOf({ tool: "t", arguments: { customer_id: 7, amount: 1 } }, tool);
    expect(field).toMatchObject({ type: "any", text: "7" });
  });

  test.each<[ArgumentField["type"], string, unknown]>([
    ["string", " as it is ", " as it is "],
    ["number", "19.90", 19.9],
    ["integer", "-3", -3],
    ["bool", "false", false],
    ["list", "[1]", [1]],
    ["object", '{"a":1}', { a: 1 }],
    ["any", '"x"', "x"],
  ])("%s %s is read", (type, text, value) => expect(parseField({ type, text })).toEqual({ ok: true, value }));

  test.each<[ArgumentField["type"], string]>([
    ["number", "4,200"],
    ["number", "1e3"],
    ["number", ""],
    ["number", "0x10"],
    ["integer", "1.5"],
    ["number", "99999999999999999"],
    ["bool", ""],
    ["list", "{}"],
    ["object", "[]"],
    ["object", "null"],
    ["any", "null"],
    ["any", "x"],
  ])("%s %s is refused", (type, text) => expect(parseField({ type, text }).ok).toBe(false));
});

describe("what a form stands for", () => {
  const proposal = sampleProposal();
  const decide = (change: Partial<ActionForm>) => actionDecision({ ...EMPTY_ACTION_FORM, ...change }, proposal);
  const fields = fieldsOf(proposal.actions[0] ?? { tool: "", arguments: {} }, null);
  const edited = fields.map((field) => (field.name === "amount" ? { ...field, text: "42" } : field));

  test("an approval names what it approves, and its digest", () => {
    expect(decide({ note: " ok " })).toEqual({
      name: "Approve: Refund, 4,200.00 USD, cust_981",
      complete: true,
      send: { command: "approve", body: { binding_digest: proposal.binding_digest, note: "ok" } },
    });
  });

  test.each<[string, Partial<ActionForm>, object]>([
    ["a reason", { mode: "reject", reason_code: "wrong_amount" }, { send: { body: { reason: "Wrong amount" } } }],
    ["and more about it", { mode: "reject", reason_code: "wrong_amount", reason_text: "42 at most" }, { send: { body: { reason: "Wrong amount: 42 at most" } } }],
    ["another reason", { mode: "reject", reason_code: "other", reason_text: "tired" }, { send: { body: { reason: "tired" } } }],
    ["another reason, unsaid", { mode: "reject", reason_code: "other" }, { missing: "Write the reason." }],
    ["no reason", { mode: "reject" }, { missing: "Choose a reason." }],
    ["a message", { mode: "respond", message: "ask first" }, { send: { body: { message: "ask first" } } }],
    ["no message", { mode: "respond", message: " " }, { complete: false }],
    ["an edit", { mode: "edit", fields: [edited] }, { send: { body: { revision: 2, actions: [{ arguments: { amount: 42 } }] } } }],
    ["an edit that changes nothing", { mode: "edit", fields: [fields] }, { missing: "Nothing is changed yet." }],
    ["an edit with a mistake", { mode: "edit", fields: [edited.map((field) => ({ ...field, text: "{" })).map((field) => ({ ...field, type: "object" as const }))] }, { complete: false }],
    ["a revocation", { mode: "revoke", back_reason: "no" }, { send: { body: { reason: "no" } } }],
    ["a withdrawal", { mode: "withdraw" }, { send: { body: {} } }],
  ])("%s", (_name, change, expected) => expect(decide(change)).toMatchObject(expected));

  test("what was written is found, also an edit with a mistake", () => {
    expect(writtenAction(EMPTY_ACTION_FORM, proposal)).toBeNull();
    expect(writtenAction({ ...EMPTY_ACTION_FORM, fields: [fields] }, proposal)).toBeNull();
    expect(writtenAction({ ...EMPTY_ACTION_FORM, message: "x", fields: [edited] }, proposal)).toContain('"amount": 42');
  });
});

describe("why not", () => {
  const facts = (change: Parameters<typeof sampleProposal>[0], may = {}, more = {}) => ({
    reply: actionReply(sampleProposal(change), may),
    now_ms: Date.parse("2026-11-22T10:00:00.000Z"),
    reachable: true,
    busy: false,
    ...more,
  });
  test.each<[string, Parameters<typeof whyNot>[1], string | null]>([
    ["it can be", facts({}), null],
    ["no right", facts({}, { approve: false, why_not: "this action needs authority level 3 in `billing`" }), "This action needs authority level 3 in `billing`."],
    ["no connection", facts({}, {}, { reachable: false }), "No connection. What you wrote is kept; you can decide as soon as the host answers."],
    ["over", facts({ expires_at: "2026-11-22T09:59:00.000Z" }), "The time to decide is over."],
    ["dry run", facts({ state: "previewing" }), "A dry run is under way. It can be decided once that has answered."],
    ["enough", facts({ state: "approved" }), "Enough people have approved it."],
    ["edited", facts({ state: "superseded" }), "It was edited: decide on the proposal in its place."],
    ["withdrawn", facts({ state: "withdrawn" }), "Withdrawn."],
  ])("%s", (_name, given, expected) => expect(whyNot("approve", given)).toBe(expected));
});

test("names are short, and show what is hidden in them", () => {
  expect(titlesWords(["A", "B\u202E", "C", "D", "E"])).toBe("A, then B⟨U+202E⟩, then C, and 2 more");
  const gate = sampleGate({ impact: { ...sampleGate().impact, target: `${"x".repeat(40)}\u200B` } });
  expect(actionName({ actions: sampleProposal().actions, gate })).toBe(`Refund, 4,200.00 USD, ${"x".repeat(27)}…`);
});

test("what the policy alone let through was approved by nobody", () => {
  const allowed = { ...sampleProposal().required, verdict: "allow" as const };
  expect(proposalStateWords(sampleProposal({ state: "consumed" }))).toBe("Approved and used");
  expect(proposalStateWords(sampleProposal({ state: "consumed", required: allowed }))).toBe("Allowed by the policy");
  expect(proposalStateWords(sampleProposal({ state: "withdrawn", required: allowed }))).toBe("Withdrawn");
});

test("the worst news comes first", () => {
  expect([["succeeded", "unknown"], ["succeeded", "started"], ["succeeded"], ["failed", "cancelled"], ["succeeded", "failed"], []].map((states) => progressWords(states as never))).toEqual([
    "outcome unknown", "under way", "done", "not done", "done in part", null,
  ]);
});

test("an unknown outcome says what happens next, and from when on a person can find out", () => {
  const execution = sampleExecution({ state: "unknown", guarantee: "none" });
  expect(unknownWords(execution, 0)).toMatch(/never sent again.*somebody has to find out/);
  expect(unknownWords({ ...execution, guarantee: "idempotent", next_attempt_at: "2026-11-22T09:40:00.000Z" }, 0)).toMatch(/same key.*next look/);
  expect(reconcilableFrom(execution)).toBe(Date.parse("2026-11-22T09:32:00.000Z"));
});
