/** What the product says of proposed actions and their executions: one table per closed set. */
import type { Authority, Execution, Impact, Proposal, ProposalSummary } from "../services/wire";
import { amountFigures } from "./money-words";
import { visibleString } from "./visible-text";
import { plural, sentenceCase, wordOf } from "./words";

export const PROPOSAL_STATE_WORDS: Readonly<Record<string, string>> = {
  previewing: "Dry run under way",
  pending: "Waiting for approval",
  approved: "Approved",
  consumed: "Approved and used",
  rejected: "Rejected",
  expired: "Expired",
  withdrawn: "Withdrawn",
  superseded: "Replaced by an edit",
  void: "Void",
  revoked: "Approval revoked",
};

export const EXECUTION_STATE_WORDS: Readonly<Record<string, string>> = {
  prepared: "Not sent yet",
  started: "Under way",
  unknown: "Outcome unknown",
  succeeded: "Done",
  failed: "Failed, without effect",
  cancelled: "Never sent",
};

export const ATTEMPT_WORDS: Readonly<Record<string, string>> = {
  succeeded: "it happened",
  refused: "refused, without effect",
  drifted: "what the preview saw had changed; without effect",
  unknown: "no clear answer",
};

export const EFFECT_WORDS: Readonly<Record<string, string>> = {
  money: "Moves money",
  permissions: "Changes what somebody may do",
  data: "Changes stored data",
  external_state: "Changes something outside",
  communication: "Tells somebody something",
};

export const REVERSIBILITY_WORDS: Readonly<Record<string, string>> = {
  read_only: "Changes nothing",
  reversible: "Can be undone",
  externally_reversible: "Can be undone only with somebody else’s help",
  irreversible: "Cannot be undone",
};

export const ENFORCEMENT_WORDS: Readonly<Record<string, string>> = {
  advisory: "The caller is trusted to ask first",
  host: "Only the host can call the tool",
  executor: "The executor takes nothing unsigned",
};

export const GATE_WORDS: Readonly<Record<string, string>> = {
  allow: "Allowed",
  require_approval: "Needs approval",
  deny: "Denied by the policy",
};

export const ACTION_ORDER_WORDS: Readonly<Record<string, string>> = { expires: "Expires first", age: "Oldest first" };
export const ACTION_VIEW_TITLES = { open: "To decide", mine: "Mine", approved: "Under way", closed: "Closed" } as const;

/** Where a proposal stands; what the policy alone let through was approved by nobody. */
export function proposalStateWords({ state, required }: Pick<Proposal, "state" | "required">): string {
  const allowed = required.verdict === "allow" && (state === "approved" || state === "consumed");
  return allowed ? "Allowed by the policy" : wordOf(PROPOSAL_STATE_WORDS, state);
}

/** Why an action is turned down; the order gives the number keys. */
export const ACTION_REASONS = [
  { code: "wrong_amount", words: "Wrong amount" },
  { code: "wrong_target", words: "Wrong target" },
  { code: "not_justified", words: "Not justified by the facts" },
  { code: "against_policy", words: "Against policy" },
  { code: "not_asked_for", words: "Nobody asked for it" },
  { code: "duplicate", words: "Done already" },
  { code: "wrong_tool", words: "Wrong tool or order" },
  { code: "suspicious", words: "Suspected fraud or manipulation" },
  { code: "other", words: "Something else" },
] as const;

export type ActionReason = (typeof ACTION_REASONS)[number]["code"];

/** "level 4 in billing". */
export function authorityWords({ domain, level }: Authority): string {
  return domain === "any" ? `level ${level}, any subject` : `level ${level} in ${sentenceCase(domain).toLowerCase()}`;
}

/** "one person" or "2 people". */
export function peopleWords(count: number): string {
  return count === 1 ? "one person" : `${count} people`;
}

/** "Refund" or "Refund, then Send mail": the tools in order; what policies call them, their titles. */
export function titlesWords(titles: readonly string[]): string {
  const shown = titles.slice(0, TITLES_SHOWN_MAX).map(visibleString).join(", then ");
  const rest = titles.length - TITLES_SHOWN_MAX;
  return rest > 0 ? `${shown}, and ${rest} more` : shown;
}

const TITLES_SHOWN_MAX = 3;
const TARGET_SHOWN_LENGTH = 28;

/** What is about to happen in a few words, for a button and an announcement: "Refund of 4,200.00 USD to cust_981". */
export function actionName({ actions, gate }: Pick<Proposal, "actions" | "gate">): string {
  const { magnitude, target } = gate.impact;
  const [first] = gate.actions;
  const what = actions.length === 1 ? visibleString(first?.title ?? actions[0]?.tool ?? "") : plural(actions.length, "action");
  const money = (actions.length === 1 ? first?.amount : null) ?? magnitude;
  const amount = money === null ? "" : `, ${amountFigures(money)}`;
  return `${what}${amount}${target === null ? "" : `, ${shortened(visibleString(target))}`}`;
}

/** Where an approved proposal's executions stand, in one phrase; the worst news first. */
export function progressWords(states: readonly Execution["state"][]): string | null {
  const count = (state: Execution["state"]): number => states.filter((other) => other === state).length;
  if (states.length === 0) return null;
  if (count("unknown") > 0) return "outcome unknown";
  if (count("started") > 0 || count("prepared") > 0) return "under way";
  if (count("succeeded") === states.length) return "done";
  return count("succeeded") === 0 ? "not done" : "done in part";
}

/** The state of a row in one phrase. */
export function summaryStateWords(summary: ProposalSummary, now_ms: number): string {
  const { state, execution_states, effective_at } = summary;
  if (state === "consumed") return sentenceCase(progressWords(execution_states) ?? "approved");
  if (state === "approved" && effective_at !== null && Date.parse(effective_at) > now_ms) return "Approved, can be undone";
  return PROPOSAL_STATE_WORDS[state] ?? sentenceCase(state);
}

export function impactWords({ effects, reversibility }: Impact): string[] {
  return [...effects.map((effect) => EFFECT_WORDS[effect] ?? sentenceCase(effect)), REVERSIBILITY_WORDS[reversibility] ?? sentenceCase(reversibility)];
}

/** "5d9e96e662". */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, DIGEST_SHOWN_LENGTH);
}

const DIGEST_SHOWN_LENGTH = 12;

function shortened(text: string): string {
  return text.length <= TARGET_SHOWN_LENGTH ? text : `${text.slice(0, TARGET_SHOWN_LENGTH - 1)}…`;
}
