/** The list of cases. */
import { type InboxFilter, NO_FILTER } from "../lib/inbox-filter";
import { api } from "./api";
import { hostNow } from "./clock";
import { isOfCase, showsInLists } from "./live";
import { LiveList } from "./live-list";
import { serves } from "./queues";
import type { CasesQuery, CaseSummary } from "./wire";

const PAGE_LENGTH = 500;

export const inbox = new LiveList<CaseSummary, InboxFilter>({
  noun: "case",
  filter: NO_FILTER,
  idOf: ({ case_id }) => case_id,
  fetch: async (filter, cursor) => {
    const { cases, next_cursor, now } = await api.cases(queryOf(filter, cursor));
    return { summaries: cases, next_cursor, now };
  },
  concerns: (event) => isOfCase(event) && showsInLists(event),
  // The host knows no such view; in order of due time the overdue ones come first, so the rest can be cut off.
  keep: (filter, { due_at }) => filter.view !== "overdue" || Date.parse(due_at) < hostNow(),
});

/** The case to review after `case_id`: the next one that is free, in a queue that the reviewer serves; wraps around once. */
export function nextCaseId(case_id: string): Promise<string | null> {
  return inbox.nextAfter(case_id, ({ state, queue }) => state === "ready" && serves(queue));
}

/** What is known of a case before it has been fetched, so that its screen can say so at once. */
export function knownSummary(case_id: string): CaseSummary | null {
  return inbox.rows.value.find(({ summary }) => summary.case_id === case_id)?.summary ?? null;
}

function queryOf(wanted: InboxFilter, cursor: string | null): CasesQuery {
  return {
    view: wanted.view === "overdue" ? "open" : wanted.view,
    order: wanted.view === "overdue" ? "due" : wanted.order,
    limit: PAGE_LENGTH,
    ...(wanted.queue === null ? {} : { queue: wanted.queue }),
    ...(wanted.risk_level === null ? {} : { risk_level: wanted.risk_level }),
    ...(wanted.language === null ? {} : { language: wanted.language }),
    ...(wanted.tenant_id === null ? {} : { tenant_id: wanted.tenant_id }),
    ...(wanted.search === "" ? {} : { q: wanted.search }),
    ...(cursor === null ? {} : { cursor }),
  };
}
