/** Whether a reviewer may decide right now and, if not, why; from values only. */
import type { Case, CaseReply } from "../services/wire";
import { asSentence } from "./words";

export interface DeskFacts {
  reply: CaseReply;
  principal_id: string;
  now_ms: number;
  reachable: boolean;
  claim_lost: boolean;
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
  return reply.may.decide ? null : hostReason(reply, "You may not decide this case.");
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
