/** Decisions whose undo window is still open, on whatever screen the reviewer is by now. */
import { computed, signal } from "@preact/signals";
import { decisionWords } from "../lib/words";
import { announce } from "./announce";
import { api } from "./api";
import { hostNow, now } from "./clock";
import { type Fault, faultOf } from "./fault";
import { dropWork } from "./kept-work";
import { noteReachability } from "./session";
import type { Case } from "./wire";

export interface Undoable {
  case_id: string;
  /** What was decided and what the user gets: "Approved: the answer is sent". */
  words: string;
  effective_at_ms: number;
}

/** After the window the reviewer's own copy of the text has done its work. */
const DROP_AFTER_MS = 1_000;

const pending = signal<Undoable[]>([]);
export const undoFault = signal<Fault | null>(null);
/** The case whose decision was taken back last; back in its queue and nobody's. */
export const undone = signal<string | null>(null);

/** The open windows, the newest first; `now` closes them. */
export const undoables = computed(() => pending.value.filter(({ effective_at_ms }) => effective_at_ms > now.value));

export function rememberUndoable(decided: Case): void {
  if (decided.state !== "held" || decided.effective_at === null || decided.decision === null) return;
  const effective_at_ms = Date.parse(decided.effective_at);
  const others = pending.value.filter(({ case_id, effective_at_ms: at }) => case_id !== decided.case_id && at > hostNow());
  pending.value = [{ case_id: decided.case_id, words: decisionWords(decided.decision), effective_at_ms }, ...others];
  undone.value = null;
  setTimeout(() => dropIfEffective(decided.case_id), effective_at_ms - hostNow() + DROP_AFTER_MS);
}

/** Takes a decision back; resolves to the case as it is then, or null where the host refused. */
export async function undo(case_id: string): Promise<Case | null> {
  undoFault.value = null;
  try {
    const reply = await api.undo(case_id);
    pending.value = pending.value.filter((undoable) => undoable.case_id !== case_id);
    undone.value = case_id;
    announce("Decision undone. Nothing was sent.");
    return reply.case;
  } catch (error) {
    const fault = faultOf(error);
    noteReachability(fault);
    undoFault.value = fault;
    announce(`Not undone. ${fault.title}.`);
    return null;
  }
}

function dropIfEffective(case_id: string): void {
  const decided = pending.value.find((undoable) => undoable.case_id === case_id);
  if (decided !== undefined && decided.effective_at_ms <= hostNow()) dropWork(case_id);
}
