/**
 * What a reviewer is about to decide: from the form on screen to the command that is sent, or to what is still missing.
 *
 * A button, a key and the summary all read the same name from here, so what is announced is what is sent.
 */
import type { DecisionOutcome, DecisionVerdict, IncorrectEvidence } from "../services/wire";

export type DecisionMode = "approve" | "edit" | "reject" | "replace";
export type RejectionOutcome = Exclude<DecisionOutcome, "send">;

export interface DecisionForm {
  mode: DecisionMode;
  /** The draft as edited. */
  edited_text: string;
  /** An answer that does not start from the draft. */
  own_text: string;
  rejection_outcome: RejectionOutcome | null;
  /** What the user is told with a rejection: the limited answer, the refusal, or the question. */
  rejection_text: string;
  reason_code: string | null;
  policy_reason: string;
  notes: string;
  /** One missing document or fact per line. */
  missing_evidence: string;
  incorrect_evidence: IncorrectEvidence[];
  better_retrieval_query: string;
}

export interface DecisionBody {
  verdict: DecisionVerdict;
  outcome: DecisionOutcome;
  answer: string | null;
  reason_code: string | null;
  policy_reason: string | null;
  notes: string | null;
  missing_evidence: string[];
  incorrect_evidence: IncorrectEvidence[];
  better_retrieval_query: string | null;
}

export type DecisionDraft =
  | { complete: true; name: string; body: DecisionBody }
  | { complete: false; name: string; missing: string };

export const REJECTION_OUTCOMES: readonly { outcome: RejectionOutcome; words: string; explanation: string }[] = [
  { outcome: "refuse", words: "Refuse", explanation: "The user is told that this cannot be answered." },
  { outcome: "limited", words: "Limited answer", explanation: "The user gets a short, safe text instead." },
  { outcome: "ask", words: "Ask the user", explanation: "The user is asked for what is missing." },
  { outcome: "regenerate", words: "New draft", explanation: "The model writes again with your corrections." },
  { outcome: "nothing", words: "Send nothing", explanation: "The case closes and the user hears nothing." },
];

export function emptyForm(modelDraft: string | null): DecisionForm {
  return {
    mode: "approve",
    edited_text: modelDraft ?? "",
    own_text: "",
    rejection_outcome: null,
    rejection_text: "",
    reason_code: null,
    policy_reason: "",
    notes: "",
    missing_evidence: "",
    incorrect_evidence: [],
    better_retrieval_query: "",
  };
}

/** The decision that the form stands for. */
export function decisionOf(form: DecisionForm, modelDraft: string | null): DecisionDraft {
  switch (form.mode) {
    case "approve":
      return approval(form, modelDraft);
    case "edit":
      return edit(form, modelDraft);
    case "replace":
      return replacement(form);
    case "reject":
      return rejection(form);
  }
}

/** Whether a text for the user goes with this outcome, and whether it must. */
export function rejectionTextNeed(outcome: RejectionOutcome | null): "required" | "optional" | "none" {
  switch (outcome) {
    case "ask":
    case "limited":
      return "required";
    case "refuse":
      return "optional";
    case "regenerate":
    case "nothing":
    case null:
      return "none";
  }
}

/** How many of the correction fields have something in them. */
export function correctionCount(form: DecisionForm): number {
  const texts = [form.missing_evidence, form.better_retrieval_query, form.policy_reason, form.notes];
  return texts.filter((text) => text.trim() !== "").length + form.incorrect_evidence.length;
}

/** The non-empty lines of a field that takes one item per line. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

function approval(form: DecisionForm, modelDraft: string | null): DecisionDraft {
  const name = "Approve and send the draft";
  if (modelDraft === null || modelDraft.trim() === "") {
    return { complete: false, name, missing: "There is no draft to approve. Answer in your own words instead." };
  }
  return complete(form, name, "accepted", "send", modelDraft);
}

function edit(form: DecisionForm, modelDraft: string | null): DecisionDraft {
  // An edit that changes nothing is an approval, and the measures must count it as one.
  if (form.edited_text === (modelDraft ?? "")) return approval(form, modelDraft);
  const name = "Send the edited answer";
  if (form.edited_text.trim() === "") {
    return { complete: false, name, missing: "The answer is empty. To send nothing, reject the draft." };
  }
  return complete(form, name, "edited", "send", form.edited_text);
}

function replacement(form: DecisionForm): DecisionDraft {
  const name = "Send your own answer";
  if (form.own_text.trim() === "") return { complete: false, name, missing: "Write the answer first." };
  return complete(form, name, "replaced", "send", form.own_text);
}

function rejection(form: DecisionForm): DecisionDraft {
  const outcome = form.rejection_outcome;
  if (outcome === null) return { complete: false, name: "Reject the draft", missing: "Choose what the user gets." };
  const name = REJECTION_NAMES[outcome];
  const text = form.rejection_text.trim() === "" ? null : form.rejection_text;
  const need = rejectionTextNeed(outcome);
  if (need === "required" && text === null) {
    return { complete: false, name, missing: outcome === "ask" ? "Write the question for the user." : "Write the limited answer." };
  }
  if (form.reason_code === null) return { complete: false, name, missing: "Choose a reason." };
  return complete(form, name, "rejected", outcome, need === "none" ? null : text);
}

const REJECTION_NAMES: Readonly<Record<RejectionOutcome, string>> = {
  refuse: "Reject and refuse the request",
  limited: "Reject and send the limited answer",
  ask: "Reject and ask the user",
  regenerate: "Reject and have a new draft written",
  nothing: "Reject and send nothing",
};

function complete(
  form: DecisionForm,
  name: string,
  verdict: DecisionVerdict,
  outcome: DecisionOutcome,
  answer: string | null,
): DecisionDraft {
  return {
    complete: true,
    name,
    body: {
      verdict,
      outcome,
      answer,
      reason_code: verdict === "rejected" || verdict === "edited" || verdict === "replaced" ? form.reason_code : null,
      policy_reason: filled(form.policy_reason),
      notes: filled(form.notes),
      missing_evidence: linesOf(form.missing_evidence),
      incorrect_evidence: form.incorrect_evidence,
      better_retrieval_query: filled(form.better_retrieval_query),
    },
  };
}

function filled(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}
