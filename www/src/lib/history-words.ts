/** Turns audit entries into sentences: who did what, when, and through which door. */
import type { HistoryEntry } from "../services/wire";
import { withClocks } from "./duration";
import { DOOR_WORDS, OUTCOME_WORDS, sentenceCase, VERDICT_WORDS, wordOf } from "./words";

export interface HistoryLine {
  entry_id: string;
  /** What happened, as the end of a sentence that starts with the actor. */
  what: string;
  who: string;
  door: string;
  at: string;
  /** How many equal entries in a row this line stands for. */
  count: number;
}

const EVENT_WORDS: Readonly<Record<string, string>> = {
  case_created: "sent the case",
  case_claimed: "claimed it",
  lease_extended: "kept the claim alive",
  work_saved: "saved their work",
  case_released: "ended the claim",
  case_rerouted: "moved it",
  case_deferred: "put it off",
  case_woken: "brought it back",
  case_decided: "decided",
  decision_undone: "undid the decision",
  answer_released: "released the answer",
  case_expired: "closed it unanswered: its time ran out",
  case_withdrawn: "withdrew it",
  case_merged: "merged it with another case",
  case_reopened: "reopened it",
  case_retimed: "changed the deadline",
  case_rejudged: "raised it under a newer policy",
  sla_warned: "warned that the deadline is near",
  sla_breached: "noted that the deadline was missed",
  question_sent: "asked the customer",
  question_delivered: "said that the question arrived",
  turn_appended: "added what the user wrote",
  wait_ended: "stopped waiting for an answer",
  vote_recorded: "voted",
  proposal_linked: "noted an action that the answer depends on",
  user_notice: "told the user",
  approval_requested: "proposed it",
  preview_recorded: "noted what the dry run says",
  approval_recorded: "approved it",
  approval_resolved: "settled it",
  proposal_superseded: "edited it: another proposal stands in its place",
  proposal_withdrawn: "withdrew it",
  approval_expired: "closed it: its time ran out",
  proposal_voided: "made it void",
  approval_undone: "took the approval back",
  approval_revoked: "revoked the approval",
  approval_consumed: "used the approval",
  stop_requested: "asked to stop it",
  execution_prepared: "prepared the execution",
  attempt_started: "sent it to the executor",
  execution_cancelled: "cancelled the execution",
  execution_succeeded: "noted that it was done",
  execution_failed: "noted that it failed, without effect",
  execution_unknown: "noted that the outcome is unknown",
  execution_reconciled: "found out what happened",
  conflict: "noted a contradiction about the outcome",
};

const REROUTE_WORDS: Readonly<Record<string, string>> = {
  assigned: "assigned",
  transferred: "transferred",
  delegated: "given to a colleague",
  escalated: "to a higher authority",
  handed_over: "handed over",
  overflowed: "its queue was full",
  reassigned: "time was running out",
};

const RELEASE_WORDS: Readonly<Record<string, string>> = {
  released: "given back",
  skipped: "skipped",
  timeout: "its time ran out",
};

/** The newest first; equal entries of one actor in a row are folded, because heartbeats would bury the rest. */
export function historyLines(entries: readonly HistoryEntry[]): HistoryLine[] {
  const lines: HistoryLine[] = [];
  // What happened at one moment came in this order, so the last of it is the newest.
  for (const entry of [...entries].reverse().sort((left, right) => Date.parse(right.at) - Date.parse(left.at))) {
    const line = lineOf(entry);
    const previous = lines.at(-1);
    if (previous !== undefined && previous.what === line.what && previous.who === line.who && previous.door === line.door) {
      previous.count += 1;
    } else {
      lines.push(line);
    }
  }
  return lines;
}

function lineOf(entry: HistoryEntry): HistoryLine {
  return {
    entry_id: entry.entry_id,
    what: `${EVENT_WORDS[entry.event] ?? sentenceCase(entry.event).toLowerCase()}${detail(entry)}`,
    who: entry.actor.name === "" ? entry.actor.principal_id : entry.actor.name,
    door: wordOf(DOOR_WORDS, entry.actor.door),
    at: entry.at,
    count: 1,
  };
}

function detail(entry: HistoryEntry): string {
  switch (entry.event) {
    case "case_decided":
      return decisionDetail(field(entry.data, "decision") ?? entry.data);
    case "case_released":
      return join(wordOf(RELEASE_WORDS, textField(entry.data, "reason") ?? "released"), textField(entry.data, "note"));
    case "case_rejudged":
      return join("", changesOf(field(entry.data, "rejudged")));
    case "case_rerouted":
      return join(
        `${wordOf(REROUTE_WORDS, textField(entry.data, "kind") ?? "transferred")}, ${textField(field(entry.data, "place"), "queue") ?? ""}`,
        textField(entry.data, "note"),
      );
    case "question_sent":
      return join("", textField(field(entry.data, "waiting"), "question"));
    case "user_notice":
      return join("", textField(field(entry.data, "notice"), "text"));
    case "approval_requested":
      return textField(field(entry.data, "proposal"), "supersedes") === null ? "" : ": in the place of an earlier one";
    case "approval_recorded":
      return join("", textField(field(entry.data, "vote"), "note"));
    case "approval_resolved":
      return join(textField(entry.data, "state") ?? "", textField(field(entry.data, "closing"), "reason"));
    case "execution_reconciled":
      return join(field(entry.data, "happened") === true ? "it happened" : "it did not happen", textField(entry.data, "note"));
    default:
      return join("", textField(entry.data, "reason") ?? textField(field(entry.data, "closing"), "reason") ?? textField(entry.data, "detail"));
  }
}

function changesOf(rejudged: unknown): string | null {
  const changes = field(rejudged, "changes");
  return Array.isArray(changes) ? withClocks(changes.filter((change) => typeof change === "string").join("; "), Date.now()).replaceAll("`", "") : null;
}

function decisionDetail(decision: unknown): string {
  const verdict = textField(decision, "verdict");
  const outcome = textField(decision, "outcome");
  if (verdict === null) return "";
  const words = wordOf(VERDICT_WORDS, verdict).toLowerCase();
  return outcome === null ? `: ${words}` : `: ${words}, ${wordOf(OUTCOME_WORDS, outcome).toLowerCase()}`;
}

function join(words: string, note: string | null): string {
  const parts = [words, note].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

/** The data of an entry is open-ended; only what is really there is read from it. */
function field(data: unknown, name: string): unknown {
  return typeof data === "object" && data !== null ? (data as Record<string, unknown>)[name] : undefined;
}

function textField(data: unknown, name: string): string | null {
  const value = field(data, name);
  return typeof value === "string" && value !== "" ? value : null;
}
