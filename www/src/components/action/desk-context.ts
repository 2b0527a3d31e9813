import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ActionDesk } from "../../services/action-desk";
import type { Proposal, ProposalReply } from "../../services/wire";

export const ActionDeskContext = createContext<ActionDesk | null>(null);

export function useActionDesk(): ActionDesk {
  const desk = useContext(ActionDeskContext);
  if (desk === null) throw new Error("a component of the approval screen was drawn outside of it");
  return desk;
}

/** What the host says; only for components that are drawn once it is there. */
export function useActionReply(): ProposalReply {
  const reply = useActionDesk().reply.value;
  if (reply === null) throw new Error("a component of the approval screen was drawn before its action was loaded");
  return reply;
}

export function useProposal(): Proposal {
  return useActionReply().proposal;
}
