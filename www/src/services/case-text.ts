/**
 * What a reviewer is writing on one case, and the draft that they started from.
 *
 * Kept in this tab at every change; nothing that happens to the case takes it away.
 */
import { signal } from "@preact/signals";
import { type DecisionForm, emptyForm } from "../lib/decision-form";
import { isOpen } from "../lib/desk-rules";
import { formFromWork, isEmptyWork } from "../lib/work-form";
import { keepWork, keptWork } from "./kept-work";
import type { Case, Work } from "./wire";

export class CaseText {
  readonly form = signal<DecisionForm>(emptyForm(null));
  /** Work of an earlier holder, offered and not yet taken or declined. */
  readonly offered = signal<Work | null>(null);
  /** The draft is not the one that the text started from. */
  readonly draftReplaced = signal(false);
  /** The share of the draft that has been on screen, in [0, 1]. */
  readonly draftSeen = signal(0);
  /** The reviewer tried to approve before the whole draft had been on screen. */
  readonly askedToRead = signal(false);
  /** The reviewer tried to decide before the form was complete: what is missing is now marked. */
  readonly asked = signal(false);

  constructor(private readonly case_id: string) {}

  /** Active time counted before a reload, in milliseconds. */
  carriedActiveMs(): number {
    return keptWork(this.case_id)?.active_ms ?? 0;
  }

  /** Starts where the reviewer left off: in this tab, then with the host; another holder's work is only offered. */
  open(subject: Case, principal_id: string): void {
    const kept = keptWork(this.case_id);
    if (kept !== null) {
      this.form.value = { ...emptyForm(subject.model_draft), ...kept.form };
      this.draftReplaced.value = kept.model_draft !== subject.model_draft;
      return;
    }
    const { work } = subject;
    const own = work !== null && work.by === principal_id;
    this.form.value = own ? formFromWork(work, subject) : emptyForm(subject.model_draft);
    if (work !== null && !own && isOpen(subject) && !isEmptyWork(work)) this.offered.value = work;
  }

  /** A new draft has to be seen again; an edit of the old one stays as it is. */
  follow(before: Case, after: Case): void {
    if (before.model_draft === after.model_draft) return;
    this.draftSeen.value = 0;
    this.draftReplaced.value = true;
    if (this.form.value.edited_text === (before.model_draft ?? "")) this.change({ edited_text: after.model_draft ?? "" });
  }

  change(part: Partial<DecisionForm>): void {
    this.form.value = { ...this.form.value, ...part };
  }

  /** Goes on from the offered work; whether there was any. */
  takeOffered(subject: Case): boolean {
    const work = this.offered.value;
    if (work === null) return false;
    this.offered.value = null;
    this.form.value = formFromWork(work, subject);
    return true;
  }

  keep(active_ms: number, model_draft: string | null): void {
    keepWork(this.case_id, { form: this.form.value, active_ms, model_draft });
  }
}
