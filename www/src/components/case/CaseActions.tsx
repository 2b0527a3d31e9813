import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { summaryStateWords, titlesWords } from "../../lib/action-words";
import { amountFigures } from "../../lib/money-words";
import { caseActions, watchCaseActions } from "../../services/case-actions";
import { now } from "../../services/clock";
import { actionAddress } from "../../services/router";
import { VisibleLine } from "../common/VisibleText";
import { useCase } from "./desk-context";

/** The actions that wait for approval on their own screen, or that something came of already. */
export function CaseActions(): JSX.Element | null {
  const { case_id } = useCase();
  useEffect(() => watchCaseActions(case_id), [case_id]);
  const proposals = caseActions.value;
  if (proposals.length === 0) return null;
  return (
    <section class="part" aria-labelledby="case-actions-title">
      <div class="part__head">
        <h2 id="case-actions-title">Actions for approval</h2>
        <span class="soft">{proposals.length}</span>
      </div>
      <ul class="case-actions">
        {proposals.map((summary) => (
          <li key={summary.proposal_id}>
            <a href={actionAddress(summary.proposal_id)}>
              {titlesWords(summary.titles)}
              {summary.target !== null && (
                <>
                  , <VisibleLine text={summary.target} />
                </>
              )}
              {summary.magnitude !== null && `, ${amountFigures(summary.magnitude)}`}
            </a>
            <span class="soft">{summaryStateWords(summary, now.value)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
