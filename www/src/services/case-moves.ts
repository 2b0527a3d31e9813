/** What can be done with a case besides deciding it, as the host takes it. */
import type { MoveForm, MoveName } from "../lib/case-moves";
import { api } from "./api";
import { randomKey } from "./random-key";
import type { Case } from "./wire";

export function sendMove(subject: Case, holding: boolean, name: MoveName, form: MoveForm): Promise<{ case: Case }> {
  const { case_id, epoch } = subject;
  const text = form.text.trim();
  const note = text === "" ? undefined : text;
  const to = form.to.trim();
  const held = holding ? { epoch } : {};
  const once = { idempotencyKey: randomKey() };
  switch (name) {
    case "ask_customer":
      return api.askCustomer(case_id, { epoch, question: text });
    case "defer":
      return api.defer(case_id, { epoch, until: instant(form.until), reason: note });
    case "delegate":
      return api.delegate(case_id, { epoch, to, note });
    case "handover":
      return api.handOver(case_id, { epoch, note: text });
    case "escalate":
      return api.escalate(case_id, { ...held, note: text });
    case "transfer":
      return api.transfer(case_id, { ...held, queue: form.queue, note });
    case "assign":
      return api.assign(case_id, { to, note });
    case "set_priority":
      return api.setPriority(case_id, { priority: Number(form.priority), reason: note });
    case "set_due":
      return api.setDue(case_id, { due_at: instant(form.until), reason: note });
    case "merge":
      return api.merge(case_id, { into: form.into.trim() });
    case "reopen":
      return api.reopen(case_id, { reason: text }, once);
    case "correct_released":
      return api.correctReleased(case_id, { reason: text }, once);
    case "quality_review":
      return api.reviewQuality(case_id, { reason: text }, once);
  }
}

/** The time of the reviewer's own clock, as the host reads it. */
function instant(local: string): string {
  return new Date(local).toISOString();
}
