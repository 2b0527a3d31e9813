import type { JSX } from "preact";
import { summaryStateWords, titlesWords } from "../../lib/action-words";
import type { InboxRow } from "../../lib/inbox-rows";
import { amountFigures } from "../../lib/money-words";
import { visibleString } from "../../lib/visible-text";
import { asSentence } from "../../lib/words";
import { actions } from "../../services/actions";
import { now } from "../../services/clock";
import { actionAddress } from "../../services/router";
import type { ProposalSummary } from "../../services/wire";
import { Moment, RiskBadge, TimeLeft } from "../common/Badges";
import { VisibleLine } from "../common/VisibleText";

interface ActionRowProps {
  row: InboxRow<ProposalSummary>;
  position: number;
  total: number;
}

/** One proposal in the list: until when, how risky, what to what, how much, who asks, and how many have approved. */
export function ActionRow({ row, position, total }: ActionRowProps): JSX.Element {
  const { summary, gone } = row;
  const { proposal_id, state, target, magnitude, votes, quorum } = summary;
  const waits = state === "pending" || state === "previewing";
  const selected = actions.selectedId.value === proposal_id;
  return (
    <li
      class={gone ? "case-row case-row--gone" : selected ? "case-row case-row--selected" : "case-row"}
      aria-posinset={position}
      aria-setsize={total}
    >
      <a
        class="case-row__link"
        href={actionAddress(proposal_id)}
        data-row={proposal_id}
        data-action={proposal_id}
        onFocus={() => (actions.selectedId.value = proposal_id)}
      >
        <span class="case-row__due">
          {waits ? <TimeLeft createdAt={summary.created_at} dueAt={summary.expires_at} /> : <span>{summaryStateWords(summary, now.value)}</span>}
          <small>
            {waits ? "expires" : "proposed"} <Moment at={waits ? summary.expires_at : summary.created_at} />
          </small>
        </span>
        <span class="case-row__risk">
          <RiskBadge level={summary.risk_level} />
        </span>
        <span class="case-row__what">
          <span class="case-row__question" dir="auto">
            {titlesWords(summary.titles)}
            {target !== null && (
              <span class="case-row__target">
                {" "}
                <VisibleLine text={target} />
              </span>
            )}
          </span>
          <span class="case-row__why">{gone ? "No longer in this view" : <VisibleLine text={asSentence(summary.reason)} />}</span>
        </span>
        <span class="case-row__amount">{magnitude === null ? <span class="soft case-row__none">no amount</span> : amountFigures(magnitude)}</span>
        <span class="case-row__where">
          <span class="case-row__queue">
            <VisibleLine text={summary.requested_by_name ?? summary.requested_by} />
          </span>
          <small>{visibleString(summary.tenant_id)}</small>
        </span>
        <span class="case-row__votes">
          {state === "previewing" ? <span class="soft">dry run</span> : quorum === 0 ? <span class="soft">none needed</span> : (
            <>
              {votes} of {quorum}
              <span class="case-row__label"> approved</span>
            </>
          )}
        </span>
      </a>
    </li>
  );
}
