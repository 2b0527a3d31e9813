/**
 * A reviewer's text, kept in this tab until it is decided: it outlives a reload, a lost claim and a lost connection.
 *
 * It is kept for the tab only, because cases hold other people's words and must not stay on a shared machine.
 */
import type { DecisionForm } from "../lib/decision-form";

export interface KeptWork {
  form: DecisionForm;
  active_ms: number;
  /** The draft that the text started from; another draft makes the text worth a second look. */
  model_draft: string | null;
}

const PREFIX = "countersign.work.";

export function keepWork(case_id: string, work: KeptWork): void {
  try {
    sessionStorage.setItem(PREFIX + case_id, JSON.stringify(work));
  } catch {
    // Storage is full or refused: the text is still on screen and saved with the host.
    return;
  }
}

export function keptWork(case_id: string): KeptWork | null {
  try {
    const stored = sessionStorage.getItem(PREFIX + case_id);
    return stored === null ? null : (JSON.parse(stored) as KeptWork);
  } catch {
    return null;
  }
}

export function dropWork(case_id: string): void {
  try {
    sessionStorage.removeItem(PREFIX + case_id);
  } catch {
    return;
  }
}
