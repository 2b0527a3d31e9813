/** A reviewer's text on a case, kept in this tab until it is decided. */
import type { DecisionForm } from "../lib/decision-form";
import { drop, keep, kept } from "./tab-storage";

export interface KeptWork {
  form: DecisionForm;
  active_ms: number;
  /** The draft that the text started from; another draft makes the text worth a second look. */
  model_draft: string | null;
}

const PREFIX = "countersign.work.";

export function keepWork(case_id: string, work: KeptWork): void {
  keep(PREFIX + case_id, work);
}

export function keptWork(case_id: string): KeptWork | null {
  return kept(PREFIX + case_id);
}

export function dropWork(case_id: string): void {
  drop(PREFIX + case_id);
}
