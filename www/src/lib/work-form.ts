/** Converts between the form on screen and the work that the host keeps for the next holder. */
import type { Case, Work } from "../services/wire";
import { type DecisionForm, emptyForm, linesOf } from "./decision-form";

export type WorkBody = Omit<Work, "by" | "saved_at">;

/** What is saved with the host; the text is the one that the reviewer is writing. */
export function workOf(form: DecisionForm, modelDraft: string | null): WorkBody {
  return {
    text: writtenText(form, modelDraft),
    notes: nullable(form.notes),
    missing_evidence: linesOf(form.missing_evidence),
    incorrect_evidence: form.incorrect_evidence,
    better_retrieval_query: nullable(form.better_retrieval_query),
  };
}

export function isEmptyWork(work: WorkBody): boolean {
  return (
    (work.text ?? "") === "" &&
    (work.notes ?? "") === "" &&
    (work.better_retrieval_query ?? "") === "" &&
    (work.missing_evidence ?? []).length === 0 &&
    (work.incorrect_evidence ?? []).length === 0
  );
}

/** A form that goes on where saved work ended. */
export function formFromWork(work: WorkBody, subject: Case): DecisionForm {
  const form = emptyForm(subject.model_draft);
  const text = work.text ?? "";
  const continued = text === "" || text === subject.model_draft ? {} : textFields(text, subject.model_draft);
  return {
    ...form,
    ...continued,
    notes: work.notes ?? "",
    missing_evidence: (work.missing_evidence ?? []).join("\n"),
    incorrect_evidence: work.incorrect_evidence ?? [],
    better_retrieval_query: work.better_retrieval_query ?? "",
  };
}

/** The text that the reviewer is writing, where it is not simply the draft. */
export function writtenText(form: DecisionForm, modelDraft: string | null): string | null {
  switch (form.mode) {
    case "approve":
    case "edit":
      return form.edited_text === (modelDraft ?? "") ? null : form.edited_text;
    case "replace":
      return nullable(form.own_text);
    case "reject":
      return nullable(form.rejection_text);
  }
}

function textFields(text: string, modelDraft: string | null): Partial<DecisionForm> {
  return modelDraft === null ? { mode: "replace", own_text: text } : { mode: "edit", edited_text: text };
}

function nullable(text: string): string | null {
  return text === "" ? null : text;
}
