import { type MoveName, movesOf } from "../../lib/case-moves";
import { REASON_CODES } from "../../lib/words";
import { announce } from "../../services/announce";
import type { CaseDesk } from "../../services/case-desk";
import { nextCaseId } from "../../services/inbox";
import { DECIDE, useKeys } from "../../services/keys";
import { caseAddress, go } from "../../services/router";
import { scrollToUnseen } from "./SeenText";

/** Where the cursor goes for each way of deciding. */
const MODE_FIELDS = { edit: "edited-answer", replace: "own-answer", reject: "rejection-outcome" } as const;

/** The keys of the case screen. */
export function useCaseKeys(desk: CaseDesk): void {
  const inRejection = (): boolean => desk.text.form.value.mode === "reject";
  useKeys({
    c: () => void claim(desk),
    a: () => void decideNow(desk, "approve"),
    e: () => enterMode(desk, "edit"),
    r: () => enterMode(desk, "reject"),
    w: () => enterMode(desk, "replace"),
    n: () => void goNext(desk),
    m: () => openMoves(desk, "any"),
    d: () => openMoves(desk, "defer"),
    ...(desk.reply.value?.may.undo === true ? { u: () => void desk.undo() } : {}),
    [DECIDE]: () => void decideAndNext(desk),
    Escape: () => leave(desk),
    ...Object.fromEntries(
      REASON_CODES.map(({ code }, index) => [
        String(index + 1),
        () => {
          if (inRejection() && desk.whyNotDecide.value === null) desk.update({ reason_code: code });
        },
      ]),
    ),
  });
}

/** Opens what can be done besides deciding, or says that there is nothing. */
function openMoves(desk: CaseDesk, wanted: MoveName | "any"): void {
  const reply = desk.reply.value;
  const moves = reply === null ? [] : movesOf(reply, desk.holding.value);
  const found = wanted === "any" ? moves.length > 0 : moves.some(({ name }) => name === wanted);
  if (found) desk.moving.value = wanted;
  else announce(wanted === "defer" ? "Claim the case to put it off." : "Nothing else can be done with this case now.");
}

export async function claim(desk: CaseDesk): Promise<void> {
  const whyNot = desk.whyNotClaim.value;
  if (whyNot === null) await desk.claim();
  else announce(whyNot);
}

/** Turns to one way of deciding; what was written for another is kept. */
export function enterMode(desk: CaseDesk, mode: "edit" | "replace" | "reject"): void {
  const whyNot = desk.whyNotDecide.value;
  if (whyNot !== null) {
    announce(whyNot);
    return;
  }
  if (mode === "edit" && (desk.subject.value?.model_draft ?? null) === null) {
    announce("There is no draft to edit.");
    return;
  }
  desk.update({ mode });
  // The fields are drawn after this change, so the focus has to wait for them.
  setTimeout(() => {
    const field = document.getElementById(MODE_FIELDS[mode]);
    field?.focus({ preventScroll: true });
    const panel = field?.closest("[data-decision-panel]");
    (mode === "edit" ? panel?.closest("section") : panel)?.scrollIntoView({ block: "nearest" });
  });
}

export function leaveMode(desk: CaseDesk): void {
  desk.update({ mode: "approve" });
}

/** Decides as the form stands, or says what is missing and goes there; resolves to whether it was decided. */
export async function decideNow(desk: CaseDesk, only?: "approve"): Promise<boolean> {
  const whyNot = desk.whyNotDecide.value;
  if (whyNot !== null) {
    announce(whyNot);
    return false;
  }
  if (only === "approve" && desk.text.form.value.mode !== "approve") return false;
  if (!draftWasRead(desk)) return false;
  const decision = desk.decision.value;
  if (!decision.complete) {
    announce(decision.missing);
    desk.text.asked.value = true;
    document.querySelector("[data-decision-panel]")?.scrollIntoView({ block: "nearest" });
    return false;
  }
  const decided = await desk.decide();
  // What was decided stands at the top of the case.
  if (decided) window.scrollTo({ top: 0 });
  return decided;
}

export async function decideAndNext(desk: CaseDesk): Promise<void> {
  if (await decideNow(desk)) await goNext(desk);
}

export async function goNext(desk: CaseDesk): Promise<void> {
  const next = await nextCaseId(desk.case_id);
  if (next === null) {
    announce("No other case waits in this list.");
    go("#/inbox");
    return;
  }
  go(caseAddress(next));
}

/** Nothing is sent that was not on screen: the press shows the next part of the draft instead. */
function draftWasRead(desk: CaseDesk): boolean {
  const decision = desk.decision.value;
  const sendsDraft = decision.complete && decision.body.verdict === "accepted";
  if (!sendsDraft || desk.text.draftSeen.value >= 1) return true;
  desk.text.askedToRead.value = true;
  scrollToUnseen(desk.text.draftSeen.value);
  announce("Part of the draft had not been on screen. More of it is shown now; approve again once you have read it.");
  return false;
}

function leave(desk: CaseDesk): void {
  const active = document.activeElement;
  if (active instanceof HTMLTextAreaElement || active instanceof HTMLInputElement) {
    active.blur();
    return;
  }
  if (desk.text.form.value.mode !== "approve" && desk.holding.value) leaveMode(desk);
}
