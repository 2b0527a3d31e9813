/** Decisions and approvals whose undo window is still open, on whatever screen the reviewer is by now. */
import { computed, signal } from "@preact/signals";
import { decisionWords } from "../lib/words";
import { announce } from "./announce";
import { api } from "./api";
import { hostNow, now } from "./clock";
import { type Fault, faultOf } from "./fault";
import { dropWork } from "./kept-work";
import { noteReachability } from "./session";
import type { Case, Proposal, ProposalCommandReply } from "./wire";

export interface Decided {
  kind: "case" | "action";
  /** The case's id, or the proposal's. */
  id: string;
}

export interface Undoable extends Decided {
  /** What was decided and what comes of it: "Approved: the answer is sent". */
  words: string;
  effective_at_ms: number;
}

/** After the window the reviewer's own copy of the text has done its work. */
const DROP_AFTER_MS = 1_000;

const pending = signal<Undoable[]>([]);
export const undoFault = signal<Fault | null>(null);
/** What was taken back last; back in its queue and nobody's. */
export const undone = signal<Decided | null>(null);

/** The open windows, the newest first; `now` closes them. */
export const undoables = computed(() => pending.value.filter(({ effective_at_ms }) => effective_at_ms > now.value));

export function rememberUndoable(decided: Case): void {
  if (decided.state !== "held" || decided.effective_at === null || decided.decision === null) return;
  const effective_at_ms = Date.parse(decided.effective_at);
  remember({ kind: "case", id: decided.case_id, words: decisionWords(decided.decision), effective_at_ms });
  setTimeout(() => dropIfEffective(decided.case_id), effective_at_ms - hostNow() + DROP_AFTER_MS);
}

/** An approval that was the last one needed, and does not take effect yet. */
export function rememberApproval({ proposal_id, state, effective_at }: Proposal, words: string): void {
  if (state !== "approved" || effective_at === null) return;
  remember({ kind: "action", id: proposal_id, words, effective_at_ms: Date.parse(effective_at) });
}

function remember(undoable: Undoable): void {
  const others = pending.value.filter(({ id, effective_at_ms: at }) => id !== undoable.id && at > hostNow());
  pending.value = [undoable, ...others];
  undone.value = null;
}

/** Takes back whatever it is. */
export async function takeBack({ kind, id }: Decided): Promise<void> {
  await (kind === "case" ? undo(id) : undoApproval(id));
}

/** Takes an approval back; resolves to the proposal as it is then, or null where the host refused. */
export function undoApproval(proposal_id: string): Promise<ProposalCommandReply | null> {
  return attempt({ kind: "action", id: proposal_id }, "Approval undone. Nothing was done.", () => api.undoApproval(proposal_id));
}

/** Takes a decision back; resolves to the case as it is then, or null where the host refused. */
export async function undo(case_id: string): Promise<Case | null> {
  const reply = await attempt({ kind: "case", id: case_id }, "Decision undone. Nothing was sent.", () => api.undo(case_id));
  return reply?.case ?? null;
}

async function attempt<Reply>(decided: Decided, sentence: string, send: () => Promise<Reply>): Promise<Reply | null> {
  undoFault.value = null;
  try {
    const reply = await send();
    pending.value = pending.value.filter(({ id }) => id !== decided.id);
    undone.value = decided;
    announce(sentence);
    return reply;
  } catch (error) {
    const fault = faultOf(error, decided.kind);
    noteReachability(fault);
    undoFault.value = fault;
    announce(`Not undone. ${fault.title}.`);
    return null;
  }
}

function dropIfEffective(case_id: string): void {
  const decided = pending.value.find(({ id }) => id === case_id);
  if (decided !== undefined && decided.effective_at_ms <= hostNow()) dropWork(case_id);
}
