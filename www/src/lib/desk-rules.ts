/** Whether a reviewer may decide right now and, if not, why; from values only. */
import type { Case, CaseReply } from "../services/wire";
import { asSentence } from "./words";

export interface DeskFacts {
  reply: CaseReply;
  principal_id: string;
  now_ms: number;
  reachable: boolean;
  claim_lost: boolean;
  /** Up to which revision the reviewer has read what the user wrote. */
  seen_revision: number;
  /** A command is under way and its reply is not here yet. */
  busy: boolean;
}

const OPEN_STATES: readonly string[] = ["ready", "leased", "waiting", "deferred"];

export function isOpen(subject: Case): boolean {
  return OPEN_STATES.includes(subject.state);
}

/** Whether this reviewer holds the case at this moment. */
export function isHolding(subject: Case, principal_id: string, now_ms: number): boolean {
  return (
    subject.state === "leased" &&
    subject.leased_by === principal_id &&
    subject.lease_until !== null &&
    Date.parse(subject.lease_until) > now_ms
  );
}

/** Whether what a reviewer says counts as one of several votes. */
export function takesVotes(subject: Case): boolean {
  return subject.reviewers_needed > 1 && !subject.adjudicating;
}

/** Whether the user wrote something that neither the draft nor the reviewer knows of. */
export function hasUnseenTurns(subject: Case, seen_revision: number): boolean {
  return subject.stale_since !== null && seen_revision < subject.stale_since;
}

/** What is said once a decision, or a vote, arrived. */
export function decidedWords(name: string, decided: Case): string {
  if (decided.state === "held") return `${name}: done. It can still be undone.`;
  if (decided.state !== "ready") return `${name}: done.`;
  return decided.adjudicating ? "Your vote is recorded. You did not agree, so another reviewer decides." : "Your vote is recorded.";
}

/** Why no decision can be made; null where one can. The first reason is the one that the reviewer can act on. */
export function whyNotDecide(facts: DeskFacts): string | null {
  const { reply, principal_id, now_ms } = facts;
  if (!facts.reachable) return "No connection. Your text is kept; you can decide as soon as the host answers.";
  if (facts.busy) return "One moment.";
  if (!isOpen(reply.case)) return closedReason(reply.case);
  if (facts.claim_lost) return "Your claim has ended. Claim the case again to decide.";
  if (!isHolding(reply.case, principal_id, now_ms)) {
    return whyNotClaim(facts) ?? "Claim the case to decide.";
  }
  if (hasUnseenTurns(reply.case, facts.seen_revision)) return "The user wrote again. Read it first, and say that you have.";
  return reply.may.decide || reply.may.vote ? null : hostReason(reply, "You may not decide this case.");
}

/** Why the case cannot be claimed; null where it can. */
export function whyNotClaim(facts: DeskFacts): string | null {
  const { reply, principal_id, now_ms } = facts;
  if (!facts.reachable) return "No connection.";
  if (facts.busy) return "One moment.";
  if (!isOpen(reply.case)) return closedReason(reply.case);
  if (isHolding(reply.case, principal_id, now_ms)) return "You already hold it.";
  if (reply.may.claim || facts.claim_lost) return null;
  return hostReason(reply, "You may not claim this case.");
}

function hostReason({ may }: CaseReply, otherwise: string): string {
  return may.why_not === null ? otherwise : asSentence(may.why_not);
}

function closedReason(subject: Case): string {
  switch (subject.state) {
    case "held":
      return "Already decided.";
    case "resolved":
      return "The case is resolved.";
    case "expired":
      return "The time for this case has run out.";
    case "withdrawn":
      return "The case was withdrawn.";
    default:
      return "The case is not open.";
  }
}
