import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { ATTEMPT_WORDS, EXECUTION_STATE_WORDS } from "../../lib/action-words";
import { valueText } from "../../lib/argument-rows";
import { clockWords } from "../../lib/duration";
import { reconcilableFrom, unknownWords } from "../../lib/execution-words";
import { asSentence, plural, wordOf } from "../../lib/words";
import { now } from "../../services/clock";
import type { Execution } from "../../services/wire";
import { Moment } from "../common/Badges";
import { Button } from "../common/Button";
import { Frame } from "../common/Frame";
import { VisibleLine } from "../common/VisibleText";
import { useActionDesk, useActionReply } from "./desk-context";

/** What came of the approval: each action of the chain, how often it was tried, and how it ended. */
export function Executions(): JSX.Element | null {
  const { proposal, executions } = useActionReply();
  if (executions.length === 0) return null;
  return (
    <section class="part" aria-labelledby="executions-title">
      <div class="part__head">
        <h2 id="executions-title">What came of it</h2>
        {proposal.stop_requested_at !== null && (
          <span class="warned">
            asked to stop <Moment at={proposal.stop_requested_at} />
          </span>
        )}
      </div>
      <ol class="deeds">
        {executions.map((execution) => (
          <ExecutionCard key={execution.execution_id} execution={execution} chain={executions.length > 1} />
        ))}
      </ol>
    </section>
  );
}

function ExecutionCard({ execution, chain }: { execution: Execution; chain: boolean }): JSX.Element {
  const { may, proposal } = useActionReply();
  const { state, action, attempts, result, reason, approved_by, reconciled_by, closed_at, position } = execution;
  const title = proposal.gate.actions[position]?.title ?? action.tool;
  return (
    <li class={`deed execution execution--${state}`} data-execution={state}>
      <div class="deed__head">
        <h3>
          {chain && `${position + 1}. `}
          <VisibleLine text={title} />
        </h3>
        <span class={`status status--${STATUS_LOOKS[state]}`}>{EXECUTION_STATE_WORDS[state]}</span>
        {closed_at !== null && (
          <span class="soft">
            <Moment at={closed_at} />
          </span>
        )}
      </div>
      <p>
        {approved_by.length === 0 ? "Allowed by the policy alone" : "Approved by "}
        {approved_by.map(({ principal_id, name, approved_at }, index) => (
          <span key={principal_id}>
            {index > 0 && ", "}
            <b>
              <VisibleLine text={name} />
            </b>{" "}
            <span class="soft">
              <Moment at={approved_at} />
            </span>
          </span>
        ))}
        . Executed by <VisibleLine text={execution.executor} />.
      </p>
      {state === "unknown" && <p class="aside-note">{unknownWords(execution, now.value)}</p>}
      {state === "prepared" && execution.next_attempt_at !== null && (
        <p class="soft">
          It is sent <Moment at={execution.next_attempt_at} />.
        </p>
      )}
      {reason !== null && (
        <p>
          <VisibleLine text={asSentence(reason)} />
        </p>
      )}
      {reconciled_by !== null && (
        <p>
          Found out by <VisibleLine text={reconciled_by.name} />, not told by the executor.
        </p>
      )}
      {result !== null && <Frame author="tool" source={<>Answer of <VisibleLine text={execution.executor} /></>} text={valueText(result)} />}
      {attempts.length > 0 && <Attempts execution={execution} />}
      {state === "unknown" && may.reconcile && <Reconcile execution={execution} />}
    </li>
  );
}

const STATUS_LOOKS: Readonly<Record<Execution["state"], string>> = {
  prepared: "waiting",
  started: "waiting",
  unknown: "unavailable",
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "waiting",
};

function Attempts({ execution: { attempts } }: { execution: Execution }): JSX.Element {
  return (
    <details class="attempts" open={attempts.length > 1}>
      <summary>{plural(attempts.length, "attempt")}</summary>
      <ol>
        {attempts.map((attempt) => (
          <li key={attempt.attempt_id}>
            <Moment at={attempt.started_at} />: {attempt.outcome === null ? "under way" : wordOf(ATTEMPT_WORDS, attempt.outcome)}
            {attempt.detail !== null && (
              <>
                {" "}
                (<VisibleLine text={attempt.detail} />)
              </>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A person found out what the executor did not say. */
function Reconcile({ execution }: { execution: Execution }): JSX.Element {
  const desk = useActionDesk();
  const [happened, setHappened] = useState<boolean | null>(null);
  const [note, setNote] = useState("");
  const [asked, setAsked] = useState(false);
  const noteId = useId();
  const from_ms = reconcilableFrom(execution);
  const early = now.value < from_ms ? `The executor may still act on it until ${clockWords(from_ms, now.value)}: look after that.` : null;
  const missing = happened === null ? "Choose what happened." : note.trim() === "" ? "Write how you know." : null;
  const send = async (): Promise<void> => {
    setAsked(true);
    if (happened !== null && missing === null) await desk.reconcile(execution.execution_id, happened, note);
  };
  return (
    <fieldset class="panel panel--decide reconcile">
      <legend>Find out, and say what happened</legend>
      <p class="soft">Look where it would show: in the ledger, at the bank, with the customer. What you record is final.</p>
      <div class="choices__chips">
        {([true, false] as const).map((value) => (
          <label key={String(value)} class="chip-choice">
            <input type="radio" name={`happened-${execution.execution_id}`} checked={happened === value} onChange={() => setHappened(value)} />
            <span>{value ? "It happened" : "It did not happen"}</span>
          </label>
        ))}
      </div>
      <div class="answer-field">
        <label for={noteId}>How you know</label>
        <textarea id={noteId} class="field" rows={2} maxLength={8_000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
      </div>
      <div class="panel__row">
        {asked && missing !== null && <span class="bar__missing">{missing}</span>}
        <Button look="primary" whyNot={early ?? desk.whyNot("reconcile")} onPress={() => void send()}>
          {happened === false ? "Record that it did not happen" : happened === true ? "Record that it happened" : "Record what happened"}
        </Button>
      </div>
      {early !== null && <p class="field-help">{early}</p>}
    </fieldset>
  );
}
