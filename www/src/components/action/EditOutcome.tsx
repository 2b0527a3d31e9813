import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { GATE_WORDS, impactWords, shortDigest } from "../../lib/action-words";
import { editorCounts, requirementWords } from "../../lib/approvals";
import { differences } from "../../lib/argument-rows";
import { amountFigures } from "../../lib/money-words";
import { asSentence, RISK_WORDS, wordOf } from "../../lib/words";
import type { Gate } from "../../services/wire";
import { VisibleLine } from "../common/VisibleText";
import { useActionDesk, useProposal } from "./desk-context";
import { Differences } from "./Differences";

/** What the edit would mean, as the policy says it with each key: what it changes, how much is at stake, who must approve, which digest. */
export function EditOutcome(): JSX.Element {
  const desk = useActionDesk();
  const proposal = useProposal();
  const edited = desk.edited.value;
  const judged = desk.judged.value;
  const changes = useMemo(() => (edited === null ? [] : differences(proposal.actions, edited)), [proposal, edited]);
  return (
    <div class="outcome" role="group" aria-label="What the edit means">
      <h3>What the edit means</h3>
      {edited === null && <p class="warned">A field has a mistake, so nothing can be said yet.</p>}
      {edited !== null && changes.length === 0 && <p class="soft">Nothing is changed yet.</p>}
      {changes.length > 0 && <Differences changes={changes} chain={proposal.actions.length > 1} />}
      {judged?.ok === false && <p class="warned">{judged.fault.detail}</p>}
      {judged?.ok === true && <Comparison before={proposal.gate} after={judged.gate} changed={changes.length > 0} />}
    </div>
  );
}

function Comparison({ before, after, changed }: { before: Gate; after: Gate; changed: boolean }): JSX.Element {
  const rows: [string, string, string][] = [
    ["The policy says", verdictWords(before), verdictWords(after)],
    ["Amount", amountOf(before), amountOf(after)],
    ["Target", before.impact.target ?? "none", after.impact.target ?? "none"],
    ["Risk", wordOf(RISK_WORDS, before.impact.tier), wordOf(RISK_WORDS, after.impact.tier)],
    ["Effects", impactWords(before.impact).join(", "), impactWords(after.impact).join(", ")],
    ["Approved by", requirementWords(before), requirementWords(after)],
    ["Preview", before.preview_required ? "required" : "not required", after.preview_required ? "required" : "not required"],
    ["Action digest", shortDigest(before.action_digest), shortDigest(after.action_digest)],
  ];
  return (
    <>
      <table class="comparison" aria-live="polite">
        <thead>
          <tr>
            <th scope="col" class="heard-only">
              What
            </th>
            <th scope="col">Proposed</th>
            <th scope="col">Edited</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, was, is]) => (
            <tr key={name} class={was === is ? "comparison__same" : "comparison__other"}>
              <th scope="row">{name}</th>
              <td>
                <VisibleLine text={was} />
              </td>
              <td>
                {was === is ? (
                  <span>
                    <VisibleLine text={is} />
                  </span>
                ) : (
                  <ins>
                    <VisibleLine text={is} />
                  </ins>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {after.reasons.length > 0 && (
        <ul class="reasons">
          {after.reasons.map(({ rule, reason, path }) => (
            <li key={`${rule} ${path ?? ""}`}>
              <VisibleLine text={asSentence(reason)} />
            </li>
          ))}
        </ul>
      )}
      {changed && <p>{rightWords(before, after)}</p>}
      {(after.provisional || before.policy.hash !== after.policy.hash) && (
        <p class="soft">
          {after.provisional && "A rule needs what only the host knows, so the host may be stricter. "}
          {before.policy.hash !== after.policy.hash && "A newer policy is in force than when this was proposed."}
        </p>
      )}
    </>
  );
}

/** What happens once it is saved. */
function rightWords(before: Gate, after: Gate): string {
  if (after.verdict === "deny") return "The policy denies this: saved, it would be rejected at once.";
  const still = after.verdict === "allow" && before.verdict === "require_approval" ? "People had to approve the original, so one person still approves the edit. " : "";
  const who = editorCounts(before, after) ? "You may approve it yourself." : "You edit what it does, or to whom: another person has to approve it.";
  return `Saving starts the approvals anew. ${still}${who}`;
}

function verdictWords({ verdict }: Gate): string {
  return wordOf(GATE_WORDS, verdict);
}

function amountOf({ impact, amount_is_known }: Gate): string {
  if (impact.magnitude === null) return amount_is_known ? "none" : "not known";
  return amount_is_known ? amountFigures(impact.magnitude) : `more than ${amountFigures(impact.magnitude)}`;
}
