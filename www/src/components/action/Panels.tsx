import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { ACTION_REASONS } from "../../lib/action-words";
import { visibleText } from "../../lib/visible-text";
import { KeyHint } from "../common/Button";
import { TextWarnings } from "../common/Frame";
import { useActionDesk } from "./desk-context";

/** The host takes no longer remark. */
const NOTE_LENGTH_MAX = 8_000;

/** What is written for the decision that was chosen. */
export function DecisionPanel(): JSX.Element | null {
  const desk = useActionDesk();
  switch (desk.form.value.mode) {
    case "reject":
      return <RejectPanel />;
    case "respond":
      return (
        <Panel title="Say no, and tell the agent what to do instead">
          <TextField
            id="respond-message"
            label="Message to the agent"
            help="The agent reads it as it stands. Nothing is done."
            value={desk.form.value.message}
            onChange={(message) => desk.update({ message })}
          />
        </Panel>
      );
    case "revoke":
    case "withdraw":
      return (
        <Panel title={desk.form.value.mode === "revoke" ? "Take the approval back" : "Withdraw what you proposed"}>
          <TextField
            id="back-reason"
            label={desk.form.value.mode === "revoke" ? "Why" : "Why (optional)"}
            help={
              desk.subject.value?.state === "consumed"
                ? "What was already sent cannot be taken back; nothing more is sent."
                : "Nothing is done, and the approval does not count any more."
            }
            value={desk.form.value.back_reason}
            onChange={(back_reason) => desk.update({ back_reason })}
          />
        </Panel>
      );
    default:
      return null;
  }
}

function RejectPanel(): JSX.Element {
  const desk = useActionDesk();
  const { reason_code, reason_text } = desk.form.value;
  const invalid = desk.asked.value && reason_code === null;
  return (
    <Panel title="Reject">
      <fieldset class="choices" aria-invalid={invalid}>
        <legend>Why it is turned down</legend>
        <div class="choices__chips">
          {ACTION_REASONS.map(({ code, words }, index) => (
            <label key={code} class="chip-choice">
              <input
                type="radio"
                name="reason"
                id={index === 0 ? "reject-reason" : undefined}
                checked={reason_code === code}
                onChange={() => desk.update({ reason_code: code })}
              />
              <span>
                <KeyHint name={String(index + 1)} />
                {words}
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <TextField
        id="reject-text"
        label={reason_code === "other" ? "Reason" : "More about it (optional)"}
        help="Who proposed it reads the reason."
        value={reason_text}
        onChange={(text) => desk.update({ reason_text: text })}
      />
    </Panel>
  );
}

/** A note with an approval, for colleagues and the log. */
export function ApprovalNote(): JSX.Element | null {
  const desk = useActionDesk();
  const { mode, note } = desk.form.value;
  if (mode !== "approve" || desk.whyNot("approve") !== null) return null;
  return (
    <details class="part note-part" open={note !== ""}>
      <summary>Add a note to your approval</summary>
      <TextField
        id="approval-note"
        label="Note"
        help="Kept with your approval, in the log."
        value={note}
        onChange={(text) => desk.update({ note: text })}
      />
    </details>
  );
}

function Panel({ title, children }: { title: string; children: JSX.Element | JSX.Element[] }): JSX.Element {
  const titleId = useId();
  return (
    <section class="panel panel--decide" aria-labelledby={titleId} data-decision-panel>
      <h2 id={titleId} class="panel__title">
        {title}
      </h2>
      {children}
    </section>
  );
}

interface TextFieldProps {
  id: string;
  label: string;
  help: string;
  value: string;
  onChange: (text: string) => void;
}

function TextField({ id, label, help, value, onChange }: TextFieldProps): JSX.Element {
  const helpId = useId();
  return (
    <div class="answer-field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="field"
        dir="auto"
        rows={3}
        maxLength={NOTE_LENGTH_MAX}
        value={value}
        aria-describedby={helpId}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <p class="field-help" id={helpId}>
        {help}
      </p>
      <TextWarnings visible={visibleText(value)} />
    </div>
  );
}
