import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../services/api";
import { type Fault, faultOf } from "../../services/fault";
import { currentMe, noteReachability, resumeSession } from "../../services/session";
import { Button } from "../common/Button";
import { Dialog } from "../common/Dialog";

const INSTANT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** Says when the reviewer is away, so that nothing waits for them, and who stands in. */
export function AwayDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const away = currentMe()?.principal.away ?? null;
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [delegate, setDelegate] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Fault | string | null>(null);
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      await resumeSession();
      onClose();
    } catch (error) {
      const fault = faultOf(error);
      noteReachability(fault);
      setProblem(fault);
    } finally {
      setBusy(false);
    }
  };
  const say = (): void => {
    if (until === "") {
      setProblem("Say until when.");
      return;
    }
    const instant = (local: string): string => new Date(local).toISOString();
    const stands_in = delegate.trim() === "" ? null : delegate.trim();
    void act(() => api.sayAbsence({ from: from === "" ? null : instant(from), until: instant(until), delegate: stands_in }));
  };
  return (
    <Dialog title="Away" onClose={onClose}>
      <form
        class="move"
        onSubmit={(event) => {
          event.preventDefault();
          say();
        }}
      >
        {away !== null && (
          <p>
            You are away from {INSTANT.format(new Date(away.from))} until {INSTANT.format(new Date(away.until))}
            {away.delegate !== null && `, and ${away.delegate} stands in`}.
          </p>
        )}
        <p class="soft">While you are away nothing falls to you. What is yours goes to who stands in for you, or back to its queue.</p>
        <label class="move__field">
          <span>
            From <small class="soft">now, if left empty</small>
          </span>
          <input class="field" type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label class="move__field">
          <span>Until</span>
          <input class="field" type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        </label>
        <label class="move__field">
          <span>
            Who stands in <small class="soft">optional; the id of a reviewer, such as prin_jonas_weber</small>
          </span>
          <input class="field" autoComplete="off" spellcheck={false} value={delegate} onInput={(event) => setDelegate(event.currentTarget.value)} />
        </label>
        {problem !== null && (
          <p class="field-help field-help--bad" role="alert">
            {typeof problem === "string" ? problem : problem.detail}
          </p>
        )}
        <div class="part__buttons">
          <Button look="primary" whyNot={busy ? "One moment." : null} onPress={say}>
            {away === null ? "I am away" : "Change it"}
          </Button>
          {away !== null && (
            <Button whyNot={busy ? "One moment." : null} onPress={() => void act(() => api.endAbsence())}>
              I am here
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
