import type { ActionMode } from "../../lib/action-form";
import { ACTION_REASONS } from "../../lib/action-words";
import { announce } from "../../services/announce";
import type { ActionDesk } from "../../services/action-desk";
import { nextActionId } from "../../services/actions";
import { DECIDE, useKeys } from "../../services/keys";
import { actionAddress, go } from "../../services/router";
import { scrollToUnseen } from "../case/SeenText";

/** Where the cursor goes for each way of deciding. */
const MODE_FIELDS: Readonly<Partial<Record<ActionMode, string>>> = {
  reject: "reject-reason",
  respond: "respond-message",
  revoke: "back-reason",
  withdraw: "back-reason",
  edit: "edit-form",
};

/** The button that has the focus when the screen opens: what it begins is harmless. */
export const REJECT_BUTTON_ID = "reject-action";

/** The keys of the approval screen. Escape is none of them: nothing that was written can be left by mistake. */
export function useActionKeys(desk: ActionDesk): void {
  useKeys({
    a: () => void decideAction(desk, "approve"),
    e: () => enter(desk, "edit"),
    r: () => enter(desk, "reject"),
    w: () => enter(desk, "respond"),
    n: () => void goNextAction(desk),
    ...(desk.reply.value?.may.undo === true ? { u: () => void desk.undo() } : {}),
    [DECIDE]: () => void decideAndNext(desk),
    ...Object.fromEntries(
      ACTION_REASONS.map(({ code }, index) => [
        String(index + 1),
        () => {
          if (desk.form.value.mode === "reject") desk.update({ reason_code: code });
        },
      ]),
    ),
  });
}

/** Turns to one way of deciding; what was written for another is kept. */
export function enter(desk: ActionDesk, mode: Exclude<ActionMode, "approve">): void {
  const whyNot = desk.whyNot(mode === "respond" ? "reject" : mode);
  if (whyNot !== null) {
    announce(whyNot);
    return;
  }
  if (mode === "edit") void desk.startEdit();
  else desk.update({ mode });
  // The fields are drawn after this change, so the focus has to wait for them.
  setTimeout(() => {
    const field = document.getElementById(MODE_FIELDS[mode] ?? "");
    field?.focus({ preventScroll: true });
    (field?.closest("[data-decision-panel]") ?? field)?.scrollIntoView({ block: "nearest" });
  });
}

export function leaveMode(desk: ActionDesk): void {
  desk.update({ mode: "approve" });
}

/** Does what the form stands for, or says what is missing and goes there; resolves to whether it was done. */
export async function decideAction(desk: ActionDesk, only?: "approve"): Promise<boolean> {
  const { mode } = desk.form.value;
  if (only === "approve" && mode !== "approve") return false;
  const whyNot = desk.whyNot(mode === "respond" ? "reject" : mode);
  if (whyNot !== null) {
    announce(whyNot);
    return false;
  }
  if (mode === "approve" && !factsWereSeen(desk)) return false;
  const decision = desk.decision.value;
  if (decision === null) return false;
  if (!decision.complete) {
    announce(decision.missing);
    desk.asked.value = true;
    document.querySelector("[data-decision-panel]")?.scrollIntoView({ block: "nearest" });
    return false;
  }
  const result = await desk.decide();
  if (result === null) return false;
  if (result.proposal_id !== desk.proposal_id) go(actionAddress(result.proposal_id));
  // What was decided, and what comes of it, stands at the top.
  window.scrollTo({ top: 0 });
  return true;
}

/** An edit has its successor as what comes next. */
export async function decideAndNext(desk: ActionDesk): Promise<void> {
  const isEdit = desk.form.value.mode === "edit";
  if ((await decideAction(desk)) && !isEdit) await goNextAction(desk);
}

export async function goNextAction(desk: ActionDesk): Promise<void> {
  const next = await nextActionId(desk.proposal_id);
  if (next === null) {
    announce("No other action waits in this list.");
    go("#/actions");
    return;
  }
  go(actionAddress(next));
}

/** Nothing is approved that was not on screen: the press shows the next part of it instead. */
function factsWereSeen(desk: ActionDesk): boolean {
  if (desk.seen.value >= 1) return true;
  desk.askedToRead.value = true;
  scrollToUnseen(desk.seen.value);
  announce("Part of what you would approve had not been on screen. More of it is shown now; approve again once you have read it.");
  return false;
}
