import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Fault } from "../services/fault";
import { leaveSignIn, tokenIn } from "../services/router";
import { signIn } from "../services/session";
import { Notice } from "./common/Notice";

/** A field for a sign-in link, for those whose link opened somewhere else. */
export function SignInForm({ refused, busy }: { refused: Fault | null; busy: boolean }): JSX.Element {
  const [text, setText] = useState("");
  const [malformed, setMalformed] = useState(false);
  const fieldId = useId();
  const helpId = useId();

  const submit = async (): Promise<void> => {
    const token = tokenIn(text);
    setMalformed(token === null);
    if (token !== null && (await signIn(token))) leaveSignIn();
  };

  return (
    <form
      class="sign-in-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {refused !== null && <Refusal fault={refused} />}
      <label for={fieldId}>Sign-in link</label>
      <input
        id={fieldId}
        class="field"
        type="text"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="https://…/#/sign-in/…"
        value={text}
        aria-describedby={helpId}
        aria-invalid={malformed}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p id={helpId} class={malformed ? "field-help field-help--bad" : "field-help"}>
        {malformed ? "This is not a sign-in link. Paste the whole address that you were sent." : "Paste the whole address that you were sent."}
      </p>
      <button type="submit" class="button button--primary button--wide" disabled={busy}>
        <span class="button__label">{busy ? "Signing in…" : "Sign in"}</span>
      </button>
    </form>
  );
}

function Refusal({ fault }: { fault: Fault }): JSX.Element {
  if (fault.kind === "offline") {
    return (
      <Notice tone="bad" icon="offline" title="No connection to the host">
        Your link has not been used. Try again in a moment.
      </Notice>
    );
  }
  if (fault.kind === "session_ended" || fault.kind === "not_found" || fault.kind === "expired" || fault.kind === "not_permitted") {
    return (
      <Notice tone="warn" title="This link has been used, or its time is over">
        Each link works once and for a short time. Ask for a new one.
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title={fault.title}>
      {fault.detail}
    </Notice>
  );
}
