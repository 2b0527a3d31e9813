/** What the product calls things: one table per closed set, so that every screen says the same. */

export const RISK_WORDS: Readonly<Record<string, string>> = {
  low: "Low risk",
  medium: "Medium risk",
  high: "High risk",
  critical: "Critical risk",
};

export const STATE_WORDS: Readonly<Record<string, string>> = {
  ready: "Waiting for a reviewer",
  leased: "In review",
  waiting: "Waiting for the user",
  deferred: "Put off",
  held: "Decided, can be undone",
  resolved: "Resolved",
  expired: "Expired",
  withdrawn: "Withdrawn",
};

export const TRIGGER_WORDS: Readonly<Record<string, string>> = {
  low_confidence: "Low confidence",
  high_stakes: "High stakes",
  policy_boundary: "Policy boundary",
  tool_risk: "Tool risk",
  user_escalation: "Asked for a person",
  quality_failure: "Quality failure",
};

export const DISPOSITION_WORDS: Readonly<Record<string, string>> = {
  answer: "asks for nothing",
  limited_answer: "asks for a limited answer",
  escalate: "asks for a person",
  refuse: "asks for a refusal",
};

export const VERDICT_WORDS: Readonly<Record<string, string>> = {
  accepted: "Approved",
  edited: "Edited",
  rejected: "Rejected",
  replaced: "Answered in own words",
};

/** What the user gets, as the end of a sentence. */
export const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  send: "the answer is sent",
  limited: "a limited answer is sent",
  refuse: "the request is refused",
  ask: "the user is asked a question",
  regenerate: "a new draft is written",
  nothing: "nothing is sent",
};

export const INCORRECT_WORDS: Readonly<Record<string, string>> = {
  irrelevant: "Irrelevant",
  outdated: "Outdated",
  misquoted: "Misquoted",
  wrong_scope: "Wrong scope",
};

/** Why a draft is turned down; the order gives the number keys. */
export const REASON_CODES = [
  { code: "factually_wrong", words: "Factually wrong" },
  { code: "unsupported", words: "Not supported by the evidence" },
  { code: "incomplete", words: "Incomplete" },
  { code: "outdated", words: "Outdated" },
  { code: "against_policy", words: "Against policy" },
  { code: "unsafe", words: "Unsafe" },
  { code: "off_question", words: "Misses the question" },
  { code: "tone", words: "Tone or language" },
  { code: "other", words: "Something else" },
] as const;

export const SIGNAL_STATE_WORDS: Readonly<Record<string, string>> = {
  present: "measured",
  missing: "not measured",
  unavailable: "unavailable",
};

export const TOOL_STATUS_WORDS: Readonly<Record<string, string>> = {
  succeeded: "Succeeded",
  failed: "Failed",
  unavailable: "Unavailable",
};

export const ORDER_WORDS: Readonly<Record<string, string>> = {
  due: "Due first",
  priority: "Priority",
  age: "Oldest first",
};

export const ROLE_WORDS: Readonly<Record<string, string>> = {
  user: "User",
  assistant: "Model",
  system: "Application",
  tool: "Tool",
};

export const DOOR_WORDS: Readonly<Record<string, string>> = {
  api: "API",
  ui: "review UI",
  command_line: "command line",
  scheduler: "host's clock",
};

/** The word of a table, or the code made readable: something new from a newer host is shown, never hidden. */
export function wordOf(table: Readonly<Record<string, string>>, code: string): string {
  return table[code] ?? sentenceCase(code);
}

/** "billing_dispute" as "Billing dispute". */
export function sentenceCase(code: string): string {
  const words = code.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A decision in one phrase: "Approved: the answer is sent". */
export function decisionWords(decision: { verdict: string; outcome: string }, joint = ": "): string {
  return `${wordOf(VERDICT_WORDS, decision.verdict)}${joint}${wordOf(OUTCOME_WORDS, decision.outcome).toLowerCase()}`;
}

/** A language tag as its English name; a tag that nobody knows stays as it is. */
export function languageName(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** A message of the host starts low and has no period; on screen it is a sentence. */
export function asSentence(message: string): string {
  const trimmed = message.trim();
  if (trimmed === "") return "";
  // A place in a file stays as it is written.
  const placed = /^\S+:\d+:\d+:/.test(trimmed);
  const started = placed ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…。]$/.test(started) ? started : `${started}.`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

const languageNames = new Intl.DisplayNames("en", { type: "language" });
