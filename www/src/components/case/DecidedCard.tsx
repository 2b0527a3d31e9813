import type { JSX } from "preact";
import { INCORRECT_WORDS, OUTCOME_WORDS, REASON_CODES, VERDICT_WORDS, wordOf } from "../../lib/words";
import { durationWords } from "../../lib/duration";
import type { Decision } from "../../services/wire";
import { Moment } from "../common/Badges";
import { Frame } from "../common/Frame";
import { VisibleBlock, VisibleLine } from "../common/VisibleText";
import { useCase, useDesk } from "./desk-context";
import { nameOf } from "./names";

/** What was decided, once it is: by whom, what the user gets, and why. */
export function DecidedCard(): JSX.Element | null {
  const desk = useDesk();
  const { decision, model_draft, purpose } = useCase();
  if (decision === null) return null;
  const who = nameOf(desk.reply.value, decision.decided_by);
  const same = decision.answer !== null && decision.answer === model_draft;
  return (
    <section class="part decided" aria-labelledby="decided-title">
      <div class="part__head">
        <h2 id="decided-title">Decision</h2>
        <span class="soft">
          {who} · <Moment at={decision.decided_at} /> · {durationWords(decision.active_ms)} of work
        </span>
      </div>
      {purpose === "audit" && (
        <p>
          This was a random audit: the user had an answer already. What was decided shows how far such answers can be believed, and the application hears of it.
        </p>
      )}
      {purpose === "second" && (
        <p>
          This was a second review: somebody else had judged the same draft, unseen here. The user has their answer from the first one; this decision shows how far reviewers agree.
        </p>
      )}
      <p class="decided__words">
        <b>{wordOf(VERDICT_WORDS, decision.verdict)}</b>: {wordOf(OUTCOME_WORDS, decision.outcome).toLowerCase()}.
      </p>
      {decision.answer !== null && !same && <Frame author="reviewer" source={`Written by ${who}`} text={decision.answer} />}
      {same && <p class="soft">The user gets the draft below, word for word.</p>}
      <DecisionFacts decision={decision} />
    </section>
  );
}

function DecisionFacts({ decision }: { decision: Decision }): JSX.Element | null {
  const facts: [string, string][] = [];
  if (decision.reason_code !== null) facts.push(["Reason", reasonWords(decision.reason_code)]);
  if (decision.policy_reason !== null) facts.push(["Policy reason", decision.policy_reason]);
  if (decision.missing_evidence.length > 0) facts.push(["Missing evidence", decision.missing_evidence.join("\n")]);
  if (decision.better_retrieval_query !== null) facts.push(["Better query", decision.better_retrieval_query]);
  if (decision.notes !== null) facts.push(["Notes", decision.notes]);
  if (facts.length === 0 && decision.incorrect_evidence.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <VisibleBlock text={value} />
          </dd>
        </div>
      ))}
      {decision.incorrect_evidence.map((mark) => (
        <div key={mark.document_id}>
          <dt>Incorrect evidence</dt>
          <dd>
            <VisibleLine text={mark.document_id} />: {wordOf(INCORRECT_WORDS, mark.reason).toLowerCase()}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function reasonWords(code: string): string {
  return REASON_CODES.find((reason) => reason.code === code)?.words ?? code;
}
