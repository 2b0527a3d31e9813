import type { JSX } from "preact";
import { ENFORCEMENT_WORDS, GATE_WORDS, impactWords, shortDigest } from "../../lib/action-words";
import { typeWord, valueText } from "../../lib/argument-rows";
import { amountFigures, amountWords, minorWords } from "../../lib/money-words";
import { asSentence, plural, wordOf } from "../../lib/words";
import type { Action, ActionGate, Gate, Money, Proposal } from "../../services/wire";
import { RiskBadge } from "../common/Badges";
import { Icon } from "../common/Icon";
import { VisibleBlock, VisibleLine } from "../common/VisibleText";
import { SeenText } from "../case/SeenText";
import { useActionDesk, useProposal } from "./desk-context";

/** What will be done, decoded from exactly what will run; an approval needs all of it to have been on screen. */
export function ActionFacts(): JSX.Element {
  const desk = useActionDesk();
  const { actions, gate, executors, binding_digest, state } = useProposal();
  const chain = actions.length > 1;
  const title = desk.form.value.mode === "edit" ? "As it was proposed" : (TITLES[state] ?? "What was proposed");
  return (
    <section class="part" aria-labelledby="facts-title">
      <div class="part__head">
        <h2 id="facts-title">{title}</h2>
        <span class="soft">{chain ? `${plural(actions.length, "action")} in this order, approved as one` : "exactly this, and nothing else"}</span>
      </div>
      {chain && <Together gate={gate} />}
      <SeenText text={binding_digest} onSeen={(share) => (desk.seen.value = share)}>
        <ol class="deeds">
          {actions.map((action, position) => (
            <Deed
              key={position}
              action={action}
              gate={gate.actions[position] ?? null}
              whole={gate}
              position={position}
              chain={chain}
              executor={executors[position] ?? null}
            />
          ))}
        </ol>
      </SeenText>
    </section>
  );
}

const TITLES: Readonly<Partial<Record<Proposal["state"], string>>> = {
  previewing: "What will be done",
  pending: "What will be done",
  approved: "What will be done",
  consumed: "What was to be done",
};

/** What the actions of a chain come to. */
function Together({ gate }: { gate: Gate }): JSX.Element {
  const { magnitude, tier } = gate.impact;
  return (
    <p class="together">
      <span>Together</span>
      {magnitude !== null && <b>{amountFigures(magnitude)}</b>}
      {!gate.amount_is_known && <b class="warned">not every amount is known</b>}
      <RiskBadge level={tier} />
      <span>{impactWords(gate.impact).join(" · ")}</span>
    </p>
  );
}

interface DeedProps {
  action: Action;
  gate: ActionGate | null;
  whole: Gate;
  position: number;
  chain: boolean;
  executor: string | null;
}

function Deed({ action, gate, whole, position, chain, executor }: DeedProps): JSX.Element {
  const title = gate?.title ?? "Action";
  return (
    <li class="deed">
      <div class="deed__head">
        <h3>
          {chain && `${position + 1}. `}
          <VisibleLine text={title} />
        </h3>
        <code>
          <VisibleLine text={action.tool} />
        </code>
        {gate !== null && <RiskBadge level={gate.impact.tier} />}
      </div>
      {gate !== null && <Stakes gate={gate} />}
      {gate !== null && gate.seen.length > 0 && <Seen gate={gate} />}
      <Arguments action={action} gate={whole} position={position} />
      <p class="deed__foot soft">
        {executor === null ? "Nobody executes it here: whoever proposed it acts, once it is approved" : <>Executed by <VisibleLine text={executor} /></>}
        {gate !== null && (
          <>
            {" "}
            · {wordOf(ENFORCEMENT_WORDS, gate.enforcement).toLowerCase()} · digest <code>{shortDigest(gate.action_digest)}…</code>
          </>
        )}
      </p>
    </li>
  );
}

/** What an action of a tool that the policy does not know was taken for, and from what. */
function Seen({ gate: { seen, unseen } }: { gate: ActionGate }): JSX.Element {
  return (
    <details class="attempts">
      <summary>How its effects were guessed</summary>
      <ul class="reasons">
        {seen.map(({ source, saw, says }, index) => (
          <li key={index}>
            <VisibleLine text={saw} /> in the {source}: <VisibleLine text={says} />
          </li>
        ))}
      </ul>
      {unseen.length > 0 && (
        <p class="soft">
          Not looked at: <VisibleLine text={unseen.join(", ")} />
        </p>
      )}
    </details>
  );
}

/** How much, to what, with which effect. */
function Stakes({ gate }: { gate: ActionGate }): JSX.Element {
  const { amount, impact, entry, verdict } = gate;
  const unknownAmount = amount === null && impact.effects.includes("money");
  return (
    <>
      {(amount !== null || unknownAmount || impact.target !== null) && (
        <dl class="stakes">
          {amount !== null && <Amount amount={amount} magnitude={impact.magnitude} />}
          {unknownAmount && (
            <div>
              <dt>Amount</dt>
              <dd class="warned">Not known: it moves money, and the arguments do not say how much.</dd>
            </div>
          )}
          {impact.target !== null && (
            <div>
              <dt>Target</dt>
              <dd class="stakes__target">
                <VisibleLine text={impact.target} />
              </dd>
            </div>
          )}
        </dl>
      )}
      <ul class="tags" aria-label="Effects">
        {impactWords(impact).map((words) => (
          <li key={words} class={impact.reversibility === "irreversible" && words.startsWith("Cannot") ? "tag tag--bad" : "tag"}>
            {words}
          </li>
        ))}
        {verdict !== "require_approval" && <li class={verdict === "deny" ? "tag tag--bad" : "tag"}>{wordOf(GATE_WORDS, verdict)} by itself</li>}
        {entry === null && (
          <li class="tag tag--bad">
            <Icon name="alert" /> The policy does not know this tool
          </li>
        )}
      </ul>
    </>
  );
}

function Amount({ amount, magnitude }: { amount: Money; magnitude: Money | null }): JSX.Element {
  const other = magnitude !== null && magnitude.currency !== amount.currency;
  return (
    <div>
      <dt>Amount</dt>
      <dd>
        <b class="stakes__amount">{amountFigures(amount)}</b>
        <span class="stakes__words">
          {amountWords(amount)} · {minorWords(amount)}
          {other && <> · about {amountFigures(magnitude)} for the policy</>}
        </span>
      </dd>
    </div>
  );
}

/** Every argument as it will be sent; what a rule says of one stands beside it. */
function Arguments({ action, gate, position }: { action: Action; gate: Gate; position: number }): JSX.Element {
  const entries = Object.entries(action.arguments);
  if (entries.length === 0) return <p class="soft">No arguments.</p>;
  return (
    <table class="arguments">
      <caption class="heard-only">Arguments</caption>
      <colgroup>
        <col class="arguments__names" />
        <col />
      </colgroup>
      <thead class="heard-only">
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(([name, value]) => {
          const remarks = remarksOn(gate, `/${position}/arguments/${pointerPart(name)}`);
          return (
            <tr key={name}>
              <th scope="row">
                <VisibleLine text={name} />
                <small class="soft">{typeWord(value)}</small>
              </th>
              <td>
                {value === "" ? <span class="soft">empty text</span> : <VisibleBlock text={valueText(value)} />}
                {remarks.map((remark) => (
                  <p key={remark} class="arguments__remark">
                    <Icon name="alert" /> <VisibleLine text={remark} />
                  </p>
                ))}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function remarksOn({ reasons, unjudged }: Gate, path: string): string[] {
  const under = (found: string): boolean => found === path || found.startsWith(`${path}/`);
  const said = reasons.filter((reason) => reason.path !== null && under(reason.path)).map(({ reason }) => asSentence(reason));
  return said.length === 0 && unjudged.some(under) ? ["Not judged."] : said;
}

/** A name as a part of a JSON Pointer. */
function pointerPart(name: string): string {
  return name.replace(/~/g, "~0").replace(/\//g, "~1");
}

