/** Whether somebody may do something with a proposed action right now and, if not, why; from values only. */
import type { Proposal, ProposalReply } from "../services/wire";
import { PROPOSAL_STATE_WORDS } from "./action-words";
import { asSentence, wordOf } from "./words";

export type ActionCommand = "approve" | "reject" | "edit" | "undo" | "revoke" | "withdraw" | "reconcile";

export interface ActionFacts {
  reply: ProposalReply;
  now_ms: number;
  reachable: boolean;
  /** A command is under way and its reply is not here yet. */
  busy: boolean;
}

const DECIDING: readonly ActionCommand[] = ["approve", "reject", "edit"];

export function isLive({ state }: Pick<Proposal, "state">): boolean {
  return state === "previewing" || state === "pending" || state === "approved";
}

/** Why a command cannot be given; null where it can. The first reason is the one that can be acted on. */
export function whyNot(command: ActionCommand, { reply, now_ms, reachable, busy }: ActionFacts): string | null {
  const { proposal, may } = reply;
  if (!reachable) return "No connection. What you wrote is kept; you can decide as soon as the host answers.";
  if (busy) return "One moment.";
  if (DECIDING.includes(command)) {
    const closed = closedReason(proposal, now_ms);
    if (closed !== null && !(command === "edit" && may.edit)) return closed;
  }
  // `respond` is a rejection with a message, so one right stands for both.
  if (may[command]) return null;
  return may.why_not === null ? "You may not do this." : asSentence(may.why_not);
}

function closedReason(proposal: Proposal, now_ms: number): string | null {
  switch (proposal.state) {
    case "pending":
      return Date.parse(proposal.expires_at) <= now_ms ? "The time to decide is over." : null;
    case "previewing":
      return "A dry run is under way. It can be decided once that has answered.";
    case "approved":
    case "consumed":
      return "Enough people have approved it.";
    case "superseded":
      return "It was edited: decide on the proposal in its place.";
    case "void":
      return "What was to be approved does not hold any more.";
    default:
      return `${wordOf(PROPOSAL_STATE_WORDS, proposal.state)}.`;
  }
}
