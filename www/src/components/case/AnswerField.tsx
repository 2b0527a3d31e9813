import type { JSX } from "preact";
import { useId, useMemo } from "preact/hooks";
import { visibleText, withoutHidden } from "../../lib/visible-text";
import { Button } from "../common/Button";
import { sizeWords, TextWarnings } from "../common/Frame";
import { useDesk } from "./desk-context";

/** The host takes no longer text. */
const LENGTH_MAX = 64_000;

interface AnswerFieldProps {
  id: string;
  label: string;
  value: string;
  help?: string;
  placeholder?: string;
  onChange: (text: string) => void;
}

/** A field for a text that the user gets; what a field cannot show, such as hidden characters, is said below it. */
export function AnswerField({ id, label, value, help, placeholder, onChange }: AnswerFieldProps): JSX.Element {
  const desk = useDesk();
  const helpId = useId();
  const visible = useMemo(() => visibleText(value), [value]);
  return (
    <div class="answer-field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="field field--answer"
        dir="auto"
        rows={Math.min(24, Math.max(5, visible.line_count + 2))}
        maxLength={LENGTH_MAX}
        value={value}
        placeholder={placeholder}
        aria-describedby={helpId}
        lang={desk.subject.value?.language ?? undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <p class="field-help" id={helpId}>
        {help !== undefined && <span>{help} </span>}
        <span>{sizeWords(visible)}</span>
      </p>
      <TextWarnings visible={visible} />
      {visible.hidden_count > 0 && (
        <Button onPress={() => onChange(withoutHidden(value))}>Remove the hidden characters</Button>
      )}
    </div>
  );
}
