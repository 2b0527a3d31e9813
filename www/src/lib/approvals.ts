/** Who has approved, who still must, and what an edit does to that; from values only. */
import type { Authority, Gate, Proposal } from "../services/wire";
import { authorityWords, peopleWords } from "./action-words";

export interface Need {
  authority: Authority;
  quorum: number;
  approved: number;
}

/** Of each needed authority, how many people have approved; one person may stand for several. */
export function needs({ required, votes }: Pick<Proposal, "required" | "votes">): Need[] {
  const quorum = Math.max(1, required.quorum);
  return required.authorities.map((authority) => {
    const approved = votes.filter((vote) => vote.authorities.some((has) => sameAuthority(has, authority))).length;
    return { authority, quorum, approved: Math.min(approved, quorum) };
  });
}

/** How many people must approve yet, at least. */
export function missingCount(proposal: Pick<Proposal, "required" | "votes">): number {
  const byQuorum = Math.max(1, proposal.required.quorum) - proposal.votes.length;
  return Math.max(0, byQuorum, ...needs(proposal).map(({ quorum, approved }) => quorum - approved));
}

/** "Still needed: 2 people with level 4 in billing." */
export function missingWords(proposal: Pick<Proposal, "required" | "votes">): string {
  if (missingCount(proposal) === 0) return "Nobody else has to approve.";
  const open = needs(proposal).filter(({ quorum, approved }) => approved < quorum);
  if (open.length === 0) return `Still needed: ${peopleWords(missingCount(proposal))}.`;
  const words = open.map(({ authority, quorum, approved }) => `${peopleWords(quorum - approved)} with ${authorityWords(authority)}`);
  return `Still needed: ${words.join(", and ")}.`;
}

/** What a gate asks for, in one phrase. */
export function requirementWords(gate: Pick<Gate, "authority" | "further_authorities" | "quorum">): string {
  const authorities = [gate.authority, ...gate.further_authorities].filter((authority) => authority !== null);
  if (authorities.length === 0) return "nobody";
  const people = peopleWords(Math.max(1, gate.quorum));
  return authorities.map((authority) => `${people} with ${authorityWords(authority)}`).join(", and ");
}

/** Whether who edits may approve the result: not where much is at stake, nor where tool, amount or target changed. The host decides the same way. */
export function editorCounts(before: Gate, after: Gate): boolean {
  const high = [before.impact.tier, after.impact.tier].some((tier) => tier === "high" || tier === "critical");
  return !high && JSON.stringify(moves(before)) === JSON.stringify(moves(after));
}

function moves(gate: Gate): unknown {
  return gate.actions.map(({ tool, amount, impact }) => [tool, amount?.amount_minor ?? null, amount?.currency ?? null, impact.target]);
}

function sameAuthority(left: Authority, right: Authority): boolean {
  return left.domain === right.domain && left.level === right.level;
}
