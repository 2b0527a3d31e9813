import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { plural } from "../../lib/words";
import { wordDiff } from "../../lib/word-diff";
import { Button } from "../common/Button";
import { AnswerField } from "./AnswerField";
import { useCase, useDesk } from "./desk-context";
import { DiffView } from "../common/DiffView";

/** The draft in the reviewer's hands, and exactly what they change in it. */
export function EditPanel(): JSX.Element {
  const desk = useDesk();
  const draft = useCase().model_draft ?? "";
  const { edited_text } = desk.text.form.value;
  const diff = useMemo(() => wordDiff(draft, edited_text), [draft, edited_text]);
  const changed = edited_text !== draft;
  return (
    <div class="panel" data-decision-panel>
      <AnswerField
        id="edited-answer"
        label="Answer that is sent"
        value={edited_text}
        onChange={(text) => desk.update({ edited_text: text })}
      />
      <div class="panel__row">
        <h3>{changed ? "What you change" : "Nothing is changed yet"}</h3>
        {changed && (
          <span class="soft">
            {plural(diff.words_added, "word")} added, {plural(diff.words_removed, "word")} removed
          </span>
        )}
        {changed && (
          <Button look="quiet" icon="undo" onPress={() => desk.update({ edited_text: draft })}>
            Start over
          </Button>
        )}
      </div>
      {changed && <DiffView diff={diff} />}
    </div>
  );
}
