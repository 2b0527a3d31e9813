import type { JSX } from "preact";
import { AnswerField } from "./AnswerField";
import { useDesk } from "./desk-context";

/** An answer that owes nothing to the draft. */
export function OwnAnswerPanel(): JSX.Element {
  const desk = useDesk();
  return (
    <div class="panel panel--decide" data-decision-panel>
      <h3>Your answer</h3>
      <AnswerField
        id="own-answer"
        label="Answer that is sent instead of the draft"
        value={desk.text.form.value.own_text}
        onChange={(own_text) => desk.update({ own_text })}
      />
    </div>
  );
}
