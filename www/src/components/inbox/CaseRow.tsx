import type { JSX } from "preact";
import type { InboxRow } from "../../lib/inbox-rows";
import { visibleString } from "../../lib/visible-text";
import { percentWords } from "../../lib/waterfall";
import { languageName, sentenceCase, STATE_WORDS, TRIGGER_WORDS, wordOf } from "../../lib/words";
import { inbox } from "../../services/inbox";
import { queueTitle } from "../../services/queues";
import { caseAddress } from "../../services/router";
import { currentMe } from "../../services/session";
import type { CaseSummary } from "../../services/wire";
import { Moment, RiskBadge, TimeLeft } from "../common/Badges";
import { VisibleLine } from "../common/VisibleText";

interface CaseRowProps {
  row: InboxRow<CaseSummary>;
  position: number;
  total: number;
  withQueue: boolean;
}

/** One case in the list: by when, how risky, what is asked, why a person, and who has it. */
export function CaseRow({ row, position, total, withQueue }: CaseRowProps): JSX.Element {
  const { summary, gone } = row;
  const closed = summary.state === "resolved" || summary.state === "withdrawn" || summary.state === "expired";
  return (
    <li
      class={gone ? "case-row case-row--gone" : inbox.selectedId.value === summary.case_id ? "case-row case-row--selected" : "case-row"}
      aria-posinset={position}
      aria-setsize={total}
    >
      <a
        class="case-row__link"
        href={caseAddress(summary.case_id)}
        data-row={summary.case_id}
        data-case={summary.case_id}
        onFocus={() => (inbox.selectedId.value = summary.case_id)}
      >
        <span class="case-row__due">
          {closed ? <span class="soft">{wordOf(STATE_WORDS, summary.state)}</span> : <TimeLeft createdAt={summary.created_at} dueAt={summary.due_at} />}
          <small>
            due <Moment at={summary.due_at} />
          </small>
        </span>
        <span class="case-row__risk">
          <RiskBadge level={summary.risk_level} />
        </span>
        <span class="case-row__what">
          <span class="case-row__question" dir="auto">
            <VisibleLine text={summary.user_question} />
          </span>
          <span class="case-row__why">
            {gone ? "No longer in this view" : <Why summary={summary} />}
          </span>
        </span>
        <span class="case-row__where">
          {withQueue && <span class="case-row__queue">{queueTitle(summary.queue) ?? sentenceCase(summary.queue)}</span>}
          <small>
            {visibleString(summary.tenant_id)}
            {summary.language !== null && <> · {languageName(summary.language)}</>}
          </small>
        </span>
        <span class="case-row__confidence">
          {summary.confidence === null ? (
            <span class="soft">none</span>
          ) : (
            <>
              {percentWords(summary.confidence)}
              <span class="case-row__label"> confidence</span>
            </>
          )}
        </span>
        <span class="case-row__holder">
          {!closed && <Holder summary={summary} />}
        </span>
      </a>
    </li>
  );
}

/** The kinds of rules that fired come first, because they are what an eye looks for in a list. */
function Why({ summary }: { summary: CaseSummary }): JSX.Element {
  const kinds = [...new Set(summary.trigger_kinds)].map((kind) => wordOf(TRIGGER_WORDS, kind)).join(", ");
  return (
    <>
      {kinds !== "" && <b class="case-row__kinds">{kinds}</b>} <VisibleLine text={summary.reason_for_escalation} />
    </>
  );
}

function Holder({ summary }: { summary: CaseSummary }): JSX.Element {
  if (summary.state === "held") return <span class="soft">decided</span>;
  if (summary.leased_by === null) return <span class="soft">{summary.state === "ready" ? "free" : wordOf(STATE_WORDS, summary.state)}</span>;
  const mine = summary.leased_by === currentMe()?.principal.principal_id;
  if (mine) return <span class="mine">You</span>;
  return <VisibleLine text={summary.leased_by_name ?? summary.leased_by} />;
}
