import { describe, expect, test } from "vitest";
import { correctionCount, type DecisionForm, decisionOf, emptyForm, linesOf } from "./decision-form";

const DRAFT = "The second charge is a hold.";

function decision(change: Partial<DecisionForm>, draft: string | null = DRAFT): ReturnType<typeof decisionOf> {
  return decisionOf({ ...emptyForm(draft), ...change }, draft);
}

describe("what the form decides", () => {
  test.each<[string, Partial<DecisionForm>, string, string, string, string | null]>([
    ["approve", {}, "Approve and send the draft", "accepted", "send", DRAFT],
    ["an edit", { mode: "edit", edited_text: "It is settled." }, "Send the edited answer", "edited", "send", "It is settled."],
    ["an edit that changes nothing is an approval", { mode: "edit" }, "Approve and send the draft", "accepted", "send", DRAFT],
    ["own words", { mode: "replace", own_text: "Hello." }, "Send your own answer", "replaced", "send", "Hello."],
    ["refuse without words", { mode: "reject", rejection_outcome: "refuse", reason_code: "unsafe" }, "Reject and refuse the request", "rejected", "refuse", null],
    ["limited", { mode: "reject", rejection_outcome: "limited", rejection_text: "See the terms.", reason_code: "other" }, "Reject and send the limited answer", "rejected", "limited", "See the terms."],
    ["ask", { mode: "reject", rejection_outcome: "ask", rejection_text: "Which order?", reason_code: "incomplete" }, "Reject and ask the user", "rejected", "ask", "Which order?"],
    ["a new draft takes no text along", { mode: "reject", rejection_outcome: "regenerate", rejection_text: "left over", reason_code: "tone" }, "Reject and have a new draft written", "rejected", "regenerate", null],
    ["nothing", { mode: "reject", rejection_outcome: "nothing", reason_code: "other" }, "Reject and send nothing", "rejected", "nothing", null],
  ])("%s", (_name, change, name, verdict, outcome, answer) => {
    expect(decision(change)).toMatchObject({ complete: true, name, body: { verdict, outcome, answer } });
  });

  test.each<[string, Partial<DecisionForm>, string | null, string]>([
    ["no draft to approve", {}, null, "There is no draft to approve. Answer in your own words instead."],
    ["an empty edit", { mode: "edit", edited_text: "  " }, DRAFT, "The answer is empty. To send nothing, reject the draft."],
    ["no own words yet", { mode: "replace" }, DRAFT, "Write the answer first."],
    ["no outcome", { mode: "reject" }, DRAFT, "Choose what the user gets."],
    ["no question", { mode: "reject", rejection_outcome: "ask", reason_code: "other" }, DRAFT, "Write the question for the user."],
    ["no reason", { mode: "reject", rejection_outcome: "nothing" }, DRAFT, "Choose a reason."],
  ])("incomplete: %s", (_name, change, draft, missing) => {
    expect(decision(change, draft)).toMatchObject({ complete: false, missing });
  });
});

test("corrections go along, trimmed, and empty ones as null", () => {
  const filled = decision({
    notes: " call back ",
    missing_evidence: "ledger\n\n  terms 4.2 \n",
    incorrect_evidence: [{ document_id: "doc", reason: "outdated" }],
    better_retrieval_query: "  ",
  });
  expect(filled).toMatchObject({
    body: {
      notes: "call back",
      missing_evidence: ["ledger", "terms 4.2"],
      incorrect_evidence: [{ document_id: "doc", reason: "outdated" }],
      better_retrieval_query: null,
      policy_reason: null,
    },
  });
});

test("the answer is sent as written, not trimmed", () => {
  expect(decision({ mode: "replace", own_text: " Hello,\n\nbye \n" })).toMatchObject({ body: { answer: " Hello,\n\nbye \n" } });
});

test("corrections are counted", () => {
  const form = { ...emptyForm(DRAFT), notes: "x", missing_evidence: " ", incorrect_evidence: [{ document_id: "d", reason: "irrelevant" as const }] };
  expect(correctionCount(form)).toBe(2);
  expect(linesOf(" \n")).toEqual([]);
});
