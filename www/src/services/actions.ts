/** The list of proposed actions, and how many wait to be decided. */
import { signal } from "@preact/signals";
import { type ActionFilter, NO_ACTION_FILTER } from "../lib/action-filter";
import { api } from "./api";
import { learnHostTime } from "./clock";
import { faultOf } from "./fault";
import { isOfProposal, pollLive } from "./live";
import { LiveList } from "./live-list";
import { noteReachability } from "./session";
import type { ProposalsQuery, ProposalSummary } from "./wire";

const PAGE_LENGTH = 500;
const COUNT_POLL_MS = 15_000;
/** More than so many are not counted one by one. */
const COUNTED_MAX = 100;

export const actions = new LiveList<ProposalSummary, ActionFilter>({
  noun: "action",
  filter: NO_ACTION_FILTER,
  idOf: ({ proposal_id }) => proposal_id,
  fetch: async (filter, cursor) => {
    const { proposals, next_cursor, now } = await api.proposals(queryOf(filter, cursor));
    return { summaries: proposals, next_cursor, now };
  },
  concerns: isOfProposal,
});

/** How many actions wait for approval; `more` where there are more than were counted. */
export const openActions = signal<{ count: number; more: boolean } | null>(null);

export function watchOpenActions(): () => void {
  return pollLive(countOpen, () => COUNT_POLL_MS, isOfProposal).stop;
}

/** The action to decide after `proposal_id`, in the order of the list; wraps around once. */
export function nextActionId(proposal_id: string): Promise<string | null> {
  return actions.nextAfter(proposal_id, ({ state }) => state === "pending");
}

async function countOpen(): Promise<boolean> {
  try {
    const { proposals, next_cursor, now } = await api.proposals({ view: "open", limit: COUNTED_MAX });
    learnHostTime(now);
    openActions.value = { count: proposals.length, more: next_cursor !== null };
    noteReachability(null);
    return true;
  } catch (error) {
    noteReachability(faultOf(error, "action"));
    return false;
  }
}

function queryOf(wanted: ActionFilter, cursor: string | null): ProposalsQuery {
  return {
    view: wanted.view,
    order: wanted.order,
    limit: PAGE_LENGTH,
    ...(wanted.risk_level === null ? {} : { risk_level: wanted.risk_level }),
    ...(wanted.tenant_id === null ? {} : { tenant_id: wanted.tenant_id }),
    ...(wanted.search === "" ? {} : { q: wanted.search }),
    ...(cursor === null ? {} : { cursor }),
  };
}
