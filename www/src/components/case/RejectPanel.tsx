import type { JSX } from "preact";
import { REJECTION_OUTCOMES, rejectionTextNeed, type RejectionOutcome } from "../../lib/decision-form";
import { REASON_CODES } from "../../lib/words";
import { KeyHint } from "../common/Button";
import { AnswerField } from "./AnswerField";
import { useDesk } from "./desk-context";

const TEXT_LABELS: Readonly<Record<RejectionOutcome, string>> = {
  refuse: "What the user is told (optional)",
  limited: "Limited answer that is sent",
  ask: "Question for the user",
  regenerate: "",
  nothing: "",
};

/** Turning a draft down: what the user gets instead, and why. */
export function RejectPanel(): JSX.Element {
  const desk = useDesk();
  const { rejection_outcome, rejection_text, reason_code } = desk.text.form.value;
  const asked = desk.text.asked.value;
  return (
    <div class="panel panel--decide" data-decision-panel>
      <fieldset class="choices" aria-invalid={asked && rejection_outcome === null}>
        <legend>What the user gets</legend>
        <div class="choices__cards">
          {REJECTION_OUTCOMES.map(({ outcome, words, explanation }, index) => (
            <label key={outcome} class="card-choice">
              <input
                type="radio"
                name="outcome"
                id={index === 0 ? "rejection-outcome" : undefined}
                checked={rejection_outcome === outcome}
                onChange={() => desk.update({ rejection_outcome: outcome })}
              />
              <span>
                <b>{words}</b>
                <small>{explanation}</small>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {rejection_outcome !== null && rejectionTextNeed(rejection_outcome) !== "none" && (
        <AnswerField
          id="rejection-text"
          label={TEXT_LABELS[rejection_outcome]}
          value={rejection_text}
          onChange={(text) => desk.update({ rejection_text: text })}
        />
      )}
      <fieldset class="choices" aria-invalid={asked && reason_code === null}>
        <legend>Why the draft is turned down</legend>
        <div class="choices__chips">
          {REASON_CODES.map(({ code, words }, index) => (
            <label key={code} class="chip-choice">
              <input type="radio" name="reason" checked={reason_code === code} onChange={() => desk.update({ reason_code: code })} />
              <span>
                <KeyHint name={String(index + 1)} />
                {words}
              </span>
            </label>
          ))}
        </div>
      </fieldset>
    </div>
  );
}
