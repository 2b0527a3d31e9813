/** The actions that were proposed for one case, kept fresh while the case is on screen. */
import { signal } from "@preact/signals";
import { api } from "./api";
import { faultOf } from "./fault";
import { isOfProposal, pollLive } from "./live";
import { noteReachability } from "./session";
import type { ProposalSummary } from "./wire";

const POLL_MS = 15_000;

export const caseActions = signal<ProposalSummary[]>([]);

/** Follows the actions of a case until the returned function is called. */
export function watchCaseActions(case_id: string): () => void {
  let stopped = false;
  const read = async (): Promise<boolean> => {
    try {
      const { proposals } = await api.proposals({ view: "all", case_id, order: "age" });
      if (!stopped) caseActions.value = proposals;
      return true;
    } catch (error) {
      noteReachability(faultOf(error, "action"));
      return false;
    }
  };
  const watching = pollLive(read, () => POLL_MS, (event) => isOfProposal(event) && event.data.case_id === case_id);
  return () => {
    stopped = true;
    watching.stop();
    caseActions.value = [];
  };
}
