import type { JSX } from "preact";
import { durationWords } from "../lib/duration";
import { now } from "../services/clock";
import { caseAddress, route } from "../services/router";
import { undo, undoables, undoFault, undone } from "../services/undoables";
import { Button } from "./common/Button";

/** A countdown ends at one second, not at none. */
const ROUND_UP_MS = 999;

/** The decisions that can still be taken back, wherever the reviewer went after deciding. */
export function UndoBar(): JSX.Element | null {
  const current = route.value;
  const elsewhere = undoables.value.filter(({ case_id }) => current.name !== "case" || current.case_id !== case_id);
  const back = undone.value;
  const showBack = back !== null && (current.name !== "case" || current.case_id !== back);
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
          <span>Decision undone. The case is back in its queue.</span>
          <a class="button button--quiet" href={caseAddress(back)} onClick={() => (undone.value = null)}>
            Open it
          </a>
          <Button look="quiet" onPress={() => (undone.value = null)}>
            Dismiss
          </Button>
        </p>
      )}
      {elsewhere.map(({ case_id, words, effective_at_ms }, index) => (
        <p class="undo-bar__item" key={case_id}>
          <span>
            {words} in <b>{durationWords(effective_at_ms - now.value + ROUND_UP_MS)}</b>
          </span>
          <Button look="quiet" icon="undo" {...(index === 0 ? { keyName: "u" } : {})} onPress={() => void undo(case_id)}>
            Undo
          </Button>
        </p>
      ))}
    </div>
  );
}
