import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { correctionCount, type DecisionForm } from "../../lib/decision-form";
import { isOpen } from "../../lib/desk-rules";
import { plural } from "../../lib/words";
import { Icon } from "../common/Icon";
import { useCase, useDesk } from "./desk-context";

/** The host takes no longer remark. */
const NOTE_LENGTH_MAX = 8_000;

type TextField = "missing_evidence" | "better_retrieval_query" | "policy_reason" | "notes";

const FIELDS: readonly { field: TextField; label: string; help: string; rows: number }[] = [
  { field: "missing_evidence", label: "Missing evidence", help: "What should have been found; one document or fact a line.", rows: 3 },
  { field: "better_retrieval_query", label: "Better retrieval query", help: "A query that would have found it.", rows: 1 },
  { field: "policy_reason", label: "Policy reason", help: "The rule that your decision rests on.", rows: 2 },
  { field: "notes", label: "Notes", help: "For colleagues; the user never sees them.", rows: 3 },
];

/** What the reviewer teaches the system besides the answer. */
export function Corrections(): JSX.Element | null {
  const desk = useDesk();
  const subject = useCase();
  const count = correctionCount(desk.text.form.value);
  const [open, setOpen] = useState(count > 0);
  if (!isOpen(subject)) return null;
  return (
    <details class="part corrections" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="part__head">
        <Icon name="chevron" />
        <h2>Corrections</h2>
        <span class="soft">{count === 0 ? "optional: what the system should learn" : plural(count, "correction")}</span>
      </summary>
      <div class="corrections__fields">
        {FIELDS.map((field) => (
          <CorrectionField key={field.field} {...field} />
        ))}
      </div>
    </details>
  );
}

function CorrectionField({ field, label, help, rows }: (typeof FIELDS)[number]): JSX.Element {
  const desk = useDesk();
  const id = useId();
  const helpId = useId();
  const editable = desk.holding.value || desk.claimLost.value;
  const change = (text: string): void => desk.update({ [field]: text } as Pick<DecisionForm, TextField>);
  return (
    <div class="correction">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="field"
        dir="auto"
        rows={rows}
        maxLength={NOTE_LENGTH_MAX}
        readOnly={!editable}
        value={desk.text.form.value[field]}
        aria-describedby={helpId}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <p id={helpId} class="field-help">
        {editable ? help : "Claim the case to write here."}
      </p>
    </div>
  );
}
