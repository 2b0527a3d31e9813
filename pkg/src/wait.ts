/** Waiting for people and executors: looks again and again, and goes on while the host is away. */
import { CountersignError } from "./error.js";
import { type CallOptions, isPassing, pause } from "./http.js";
import type { ProposalReply } from "./records.js";
import type { ExecutionState, Proposal } from "./wire.js";

export interface WaitOptions extends CallOptions {
  /** How long to wait, in milliseconds; for ever where none is given. */
  timeoutMs?: number | undefined;
  /** How long between two looks, in milliseconds; 2,000 where none is given. */
  pollMs?: number | undefined;
}

const POLL_MS = 2_000;

/** Repeats a look until it finds something; `null` where it has not in time. Throws what a look throws, once the host has answered. */
export async function waitFor<Found>(look: () => Promise<Found | null>, options: WaitOptions): Promise<Found | null> {
  const { signal, pollMs = POLL_MS, timeoutMs = Infinity } = options;
  const until = Date.now() + timeoutMs;
  for (;;) {
    let away: CountersignError | undefined;
    try {
      const found = await look();
      if (found !== null) return found;
    } catch (error) {
      if (!isPassing(error)) throw error;
      away = error;
    }
    const leftMs = until - Date.now();
    if (leftMs <= 0) {
      if (away !== undefined) throw away;
      return null;
    }
    await pause(Math.min(Math.max(pollMs, away?.retryAfterMs ?? 0), leftMs), signal);
  }
}

/** The proposal that stands in the place of this one, which will do nothing more itself. */
export function successorOf(proposal: Proposal): string | null {
  return proposal.state === "superseded" || proposal.state === "void" ? proposal.superseded_by : null;
}

/** Whether nothing more comes of a proposal by itself. What is unknown is not finished: a person may still find out. */
export function isFinished({ proposal, executions, now }: Pick<ProposalReply, "proposal" | "executions" | "now">): boolean {
  switch (proposal.state) {
    case "previewing":
    case "pending":
      return false;
    case "approved":
      // Without an executor, the caller acts itself as soon as nobody can take the approval back.
      return actsItself(proposal) && proposal.effective_at !== null && Date.parse(proposal.effective_at) <= Date.parse(now);
    case "consumed":
      return executions.every(({ state }) => ENDED.includes(state));
    default:
      return true;
  }
}

const ENDED: readonly ExecutionState[] = ["succeeded", "failed", "cancelled"];

function actsItself({ executors }: Proposal): boolean {
  return executors.every((executor) => executor === null);
}
