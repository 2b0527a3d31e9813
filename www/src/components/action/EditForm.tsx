import type { JSX } from "preact";
import { useId, useMemo } from "preact/hooks";
import { type ArgumentField, parseField } from "../../lib/argument-rows";
import { visibleString, visibleText, withoutHidden } from "../../lib/visible-text";
import { policyEngine } from "../../services/policy-engine";
import { Button } from "../common/Button";
import { Loading } from "../common/Face";
import { TextWarnings } from "../common/Frame";
import { Notice } from "../common/Notice";
import { VisibleLine } from "../common/VisibleText";
import { leaveMode } from "./action-keys";
import { useActionDesk, useProposal } from "./desk-context";
import { EditOutcome } from "./EditOutcome";

/** The arguments in the reviewer's hands, and with each key what that would mean. */
export function EditForm(): JSX.Element {
  const desk = useActionDesk();
  const { actions, gate } = useProposal();
  const { fields } = desk.form.value;
  const engine = policyEngine.value;
  return (
    <section class="part" aria-labelledby="edit-title" data-decision-panel id="edit-form" tabIndex={-1}>
      <div class="part__head">
        <h2 id="edit-title">Edit</h2>
        <span class="part__buttons">
          <Button look="quiet" icon="undo" onPress={() => desk.resetFields()}>
            Start over
          </Button>
          <Button look="quiet" onPress={() => leaveMode(desk)}>
            Back, keep the edit
          </Button>
        </span>
      </div>
      {engine.name === "fault" && (
        <Notice tone="warn" title="What the edit means cannot be shown here">
          {engine.fault.detail} The host judges it when you save.
        </Notice>
      )}
      {fields === null ? (
        <Loading what="the form" lines={3} />
      ) : (
        <>
          {actions.map((action, position) => (
            <fieldset key={position} class="edit-action">
              <legend>
                {actions.length > 1 && `${position + 1}. `}
                <VisibleLine text={gate.actions[position]?.title ?? action.tool} /> <code><VisibleLine text={action.tool} /></code>
              </legend>
              {(fields[position] ?? []).map((field, index) => (
                <ArgumentInput
                  key={field.name}
                  id={`argument-${position}-${index}`}
                  field={field}
                  was={action.arguments[field.name]}
                  onChange={(change) => desk.update({ fields: changed(fields, position, index, change) })}
                />
              ))}
            </fieldset>
          ))}
          <EditOutcome />
        </>
      )}
    </section>
  );
}

interface ArgumentInputProps {
  id: string;
  field: ArgumentField;
  was: unknown;
  onChange: (change: Partial<ArgumentField>) => void;
}

const TYPE_WORDS: Readonly<Record<ArgumentField["type"], string>> = {
  string: "text",
  number: "number",
  integer: "whole number",
  bool: "yes or no",
  list: "list, as JSON",
  object: "object, as JSON",
  any: "any value, as JSON",
};

function ArgumentInput({ id, field, was, onChange }: ArgumentInputProps): JSX.Element {
  const helpId = useId();
  const parsed = field.given ? parseField(field) : null;
  const wrong = parsed !== null && !parsed.ok ? parsed.error : null;
  const isChanged = field.given ? parsed?.ok === true && JSON.stringify(parsed.value) !== JSON.stringify(was) : was !== undefined;
  const visible = useMemo(() => visibleText(field.type === "string" ? field.text : ""), [field.type, field.text]);
  return (
    <div class={isChanged ? "argument argument--changed" : "argument"}>
      <div class="argument__head">
        <label for={id}>
          <VisibleLine text={field.name} />
        </label>
        <small class="soft">
          {TYPE_WORDS[field.type]}
          {field.unknown && " · not known to the policy"}
          {isChanged && " · changed"}
        </small>
        {!field.required && (
          <Button look="quiet" onPress={() => onChange({ given: !field.given })} label={`${field.given ? "Leave out" : "Give a value"}: ${visibleString(field.name)}`}>
            {field.given ? "Leave out" : "Give a value"}
          </Button>
        )}
      </div>
      {field.given ? <Input id={id} field={field} invalid={wrong !== null} helpId={helpId} onChange={(text) => onChange({ text })} /> : <p class="soft">Left out.</p>}
      <p id={helpId} class={wrong === null ? "heard-only" : "field-help field-help--bad"}>
        {wrong ?? ""}
      </p>
      <TextWarnings visible={visible} />
      {visible.hidden_count > 0 && <Button onPress={() => onChange({ text: withoutHidden(field.text) })}>Remove the hidden characters</Button>}
    </div>
  );
}

interface InputProps {
  id: string;
  field: ArgumentField;
  invalid: boolean;
  helpId: string;
  onChange: (text: string) => void;
}

function Input({ id, field, invalid, helpId, onChange }: InputProps): JSX.Element {
  const common = { id, "aria-invalid": invalid, "aria-describedby": helpId };
  if (field.type === "bool") {
    return (
      <select {...common} class="choice" value={field.text} onChange={(event) => onChange(event.currentTarget.value)}>
        {field.text === "" && <option value="">Choose</option>}
        <option value="true">Yes</option>
        <option value="false">No</option>
      </select>
    );
  }
  if (field.type === "number" || field.type === "integer") {
    // Not a number field: those change under the wheel, and hide what does not read as a number.
    return (
      <input
        {...common}
        class="field argument__number"
        type="text"
        inputMode="decimal"
        autocomplete="off"
        value={field.text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const json = field.type !== "string";
  return (
    <textarea
      {...common}
      class={json ? "field field--code" : "field"}
      dir={json ? "ltr" : "auto"}
      rows={Math.min(12, field.text.split("\n").length)}
      spellcheck={!json}
      value={field.text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function changed(fields: readonly ArgumentField[][], position: number, index: number, change: Partial<ArgumentField>): ArgumentField[][] {
  return fields.map((list, at) => (at === position ? list.map((field, inner) => (inner === index ? { ...field, ...change } : field)) : list));
}
