import { expect, test } from "vitest";
import { sampleCase } from "../test/samples";
import { type DecisionForm, emptyForm } from "./decision-form";
import { formFromWork, isEmptyWork, workOf, writtenText } from "./work-form";

const DRAFT = "The second charge is a hold.";

test.each<[string, Partial<DecisionForm>, string | null, string | null]>([
  ["the draft as it is", {}, DRAFT, null],
  ["an edit", { mode: "edit", edited_text: "New." }, DRAFT, "New."],
  ["an edit that was put aside", { mode: "approve", edited_text: "New." }, DRAFT, "New."],
  ["own words", { mode: "replace", own_text: "Mine." }, DRAFT, "Mine."],
  ["a question", { mode: "reject", rejection_text: "Which?" }, DRAFT, "Which?"],
  ["no draft, nothing written", {}, null, null],
])("what counts as written: %s", (_name, change, draft, expected) => {
  expect(writtenText({ ...emptyForm(draft), ...change }, draft)).toBe(expected);
});

test("saved work becomes a form again", () => {
  const form: DecisionForm = {
    ...emptyForm(DRAFT),
    mode: "edit",
    edited_text: "It is settled.",
    notes: "call",
    missing_evidence: "ledger\nterms",
    incorrect_evidence: [{ document_id: "doc", reason: "outdated" }],
    better_retrieval_query: "settled charge",
  };
  expect(formFromWork(workOf(form, DRAFT), sampleCase({ model_draft: DRAFT }))).toEqual(form);
});

test("without a draft, saved text is an answer in own words", () => {
  const work = { ...workOf(emptyForm(null), null), text: "Hello." };
  expect(formFromWork(work, sampleCase({ model_draft: null }))).toMatchObject({ mode: "replace", own_text: "Hello." });
});

test("work with nothing in it is not offered", () => {
  expect(isEmptyWork(workOf(emptyForm(DRAFT), DRAFT))).toBe(true);
  expect(isEmptyWork({ ...workOf(emptyForm(DRAFT), DRAFT), notes: "x" })).toBe(false);
});
