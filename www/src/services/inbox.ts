/** The list of cases: fetched, kept fresh, and never moved under the reader. */
import { batch, computed, signal } from "@preact/signals";
import { freshRows, growRows, type InboxRow, neighbour, reconcileRows } from "../lib/inbox-rows";
import { type InboxFilter, NO_FILTER } from "../lib/inbox-filter";
import { announce } from "./announce";
import { api } from "./api";
import { hostNow, learnHostTime } from "./clock";
import { type Fault, faultOf } from "./fault";
import { plural } from "../lib/words";
import { pollLive, showsInLists } from "./live";
import type { Poll } from "./poll";
import { serves } from "./queues";
import { noteReachability } from "./session";
import type { CasesQuery, CaseSummary } from "./wire";

const POLL_MS = 5_000;
const PAGE_LENGTH = 500;

export type InboxStatus = { name: "loading" } | { name: "ready" } | { name: "fault"; fault: Fault };

export const rows = signal<InboxRow<CaseSummary>[]>([]);
export const waiting = signal<CaseSummary[]>([]);
export const inboxStatus = signal<InboxStatus>({ name: "loading" });
/** The shown list belongs to another filter and is about to be replaced. */
export const stale = signal(false);
export const hasMore = signal(false);
export const selectedId = signal<string | null>(null);
export const filter = signal<InboxFilter>(NO_FILTER);
export const presentCount = computed(() => rows.value.filter(({ gone }) => !gone).length);

/** Where the list was scrolled to when a case was opened, so that coming back finds the same place. */
export const scroll = { top_px: 0 };

let pageCount = 1;
let growing = false;
let poller: Poll | null = null;
/** Replies to an older filter are dropped. */
let generation = 0;

/** Shows a filter and keeps it fresh until the returned function is called. */
export function watchInbox(wanted: InboxFilter): () => void {
  const same = JSON.stringify(wanted) === JSON.stringify(filter.value) && inboxStatus.value.name === "ready";
  generation += 1;
  const mine = generation;
  batch(() => {
    filter.value = wanted;
    if (same) return;
    pageCount = 1;
    stale.value = true;
    scroll.top_px = 0;
    if (inboxStatus.value.name === "fault") inboxStatus.value = { name: "loading" };
  });
  const watching = pollLive(() => refresh(mine, stale.peek() ? "replace" : "keep"), () => POLL_MS * pageCount, showsInLists);
  poller = watching;
  return () => {
    watching.stop();
    if (poller === watching) poller = null;
  };
}

/** Puts what waits into its place and takes out what left. */
export async function showWaiting(): Promise<void> {
  await refresh(generation, "replace");
  announce(`${plural(presentCount.value, "case")} shown.`);
}

/** Adds the next page below; asking again while it is under way does nothing. */
export async function showMore(): Promise<void> {
  if (growing || !hasMore.value) return;
  growing = true;
  pageCount += 1;
  if (!(await refresh(generation, "grow"))) pageCount -= 1;
  growing = false;
}

export function retryInbox(): void {
  if (rows.value.length === 0) inboxStatus.value = { name: "loading" };
  poller?.now();
}

/** Moves the selection by one row; the first move selects the first row. */
export function moveSelection(step: 1 | -1): string | null {
  const next = neighbour(rows.value, selectedId.value, step);
  if (next !== null) selectedId.value = next;
  return next;
}

/** The case to review after `case_id`: the next one that is free, in a queue that the reviewer serves; wraps around once. */
export async function nextCaseId(case_id: string): Promise<string | null> {
  if (rows.value.length === 0) await refresh(generation, "replace");
  const all = rows.value;
  const at = all.findIndex(({ summary }) => summary.case_id === case_id);
  const ahead = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))];
  return ahead.find(({ summary, gone }) => !gone && summary.state === "ready" && serves(summary.queue))?.summary.case_id ?? null;
}

/** What is known of a case before it has been fetched, so that its screen can say so at once. */
export function knownSummary(case_id: string): CaseSummary | null {
  return rows.value.find(({ summary }) => summary.case_id === case_id)?.summary ?? null;
}

/** What to do with rows that are on screen: keep them in place, add below them, or start afresh. */
type RefreshMode = "keep" | "grow" | "replace";

async function refresh(mine: number, mode: RefreshMode): Promise<boolean> {
  try {
    const { cases, more } = await fetchPages(filter.value);
    if (mine !== generation) return true;
    const before = waiting.value.length;
    const next = mode === "replace" ? freshRows(cases) : mode === "grow" ? growRows(rows.value, cases) : reconcileRows(rows.value, cases);
    batch(() => {
      rows.value = next.rows;
      waiting.value = next.waiting;
      hasMore.value = more;
      stale.value = false;
      inboxStatus.value = { name: "ready" };
    });
    noteReachability(null);
    if (next.waiting.length > before) announce(`${plural(next.waiting.length, "new case")} waiting to be shown.`);
    return true;
  } catch (error) {
    if (mine !== generation) return true;
    const fault = faultOf(error);
    noteReachability(fault);
    // A list that is already there is worth more than a full-page excuse; the banner says that it is old.
    if (rows.value.length === 0 || stale.value) inboxStatus.value = { name: "fault", fault };
    return false;
  }
}

async function fetchPages(wanted: InboxFilter): Promise<{ cases: CaseSummary[]; more: boolean }> {
  const cases: CaseSummary[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pageCount; page += 1) {
    const reply = await api.cases(queryOf(wanted, cursor));
    learnHostTime(reply.now);
    cases.push(...reply.cases);
    cursor = reply.next_cursor;
    if (cursor === null) break;
  }
  if (wanted.view !== "overdue") return { cases, more: cursor !== null };
  // The host knows no such view; in order of due time the overdue ones come first, so the rest can be cut off.
  const overdue = cases.filter(({ due_at }) => Date.parse(due_at) < hostNow());
  return { cases: overdue, more: cursor !== null && overdue.length === cases.length };
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
