import type { JSX } from "preact";
import { durationWords } from "../lib/duration";
import { now } from "../services/clock";
import { actionAddress, caseAddress, type Route, route } from "../services/router";
import { type Decided, takeBack, undoables, undoFault, undone } from "../services/undoables";
import { Button } from "./common/Button";

/** A countdown ends at one second, not at none. */
const ROUND_UP_MS = 999;

/** The decisions that can still be taken back, wherever the reviewer went after deciding. */
export function UndoBar(): JSX.Element | null {
  const current = route.value;
  const elsewhere = undoables.value.filter((undoable) => !isOn(current, undoable));
  const back = undone.value;
  const showBack = back !== null && !isOn(current, back);
  if (elsewhere.length === 0 && !showBack && undoFault.value === null) return null;
  return (
    <div class="undo-bar" role="region" aria-label="Decisions that can be undone">
      {undoFault.value !== null && (
        <p class="undo-bar__item undo-bar__item--bad" role="alert">
          <span>Not undone. {undoFault.value.title}.</span>
          <Button look="quiet" onPress={() => (undoFault.value = null)}>
            Dismiss
          </Button>
        </p>
      )}
      {showBack && (
        <p class="undo-bar__item">
          <span>{back.kind === "case" ? "Decision undone. The case is back in its queue." : "Approval undone. The action waits for approval again."}</span>
          <a class="button button--quiet" href={back.kind === "case" ? caseAddress(back.id) : actionAddress(back.id)} onClick={() => (undone.value = null)}>
            Open it
          </a>
          <Button look="quiet" onPress={() => (undone.value = null)}>
            Dismiss
          </Button>
        </p>
      )}
      {elsewhere.map((undoable, index) => (
        <p class="undo-bar__item" key={undoable.id}>
          <span>
            {undoable.words} in <b>{durationWords(undoable.effective_at_ms - now.value + ROUND_UP_MS)}</b>
          </span>
          <Button look="quiet" icon="undo" {...(index === 0 ? { keyName: "u" } : {})} onPress={() => void takeBack(undoable)}>
            Undo
          </Button>
        </p>
      ))}
    </div>
  );
}

/** Whether it is what is on screen, where it can be undone in its own place. */
function isOn(current: Route, { kind, id }: Decided): boolean {
  if (current.name === "case") return kind === "case" && current.case_id === id;
  return current.name === "action" && kind === "action" && current.proposal_id === id;
}
