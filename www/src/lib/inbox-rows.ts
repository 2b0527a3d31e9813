/**
 * Brings fresh data into a list that somebody is reading, without moving a row.
 *
 * Known cases change in place, cases that left stay as a faded row, and new ones wait until they are asked for.
 */

export interface Identified {
  case_id: string;
}

export interface InboxRow<T extends Identified> {
  summary: T;
  /** The case no longer belongs to this view: decided, taken elsewhere, or withdrawn. */
  gone: boolean;
}

export interface InboxRows<T extends Identified> {
  rows: InboxRow<T>[];
  waiting: T[];
}

export function freshRows<T extends Identified>(latest: readonly T[]): InboxRows<T> {
  return { rows: latest.map((summary) => ({ summary, gone: false })), waiting: [] };
}

export function reconcileRows<T extends Identified>(shown: readonly InboxRow<T>[], latest: readonly T[]): InboxRows<T> {
  // Nothing is under the pointer in an empty list, so what is new can appear at once.
  if (shown.length === 0) return freshRows(latest);
  const latestById = new Map(latest.map((summary) => [summary.case_id, summary]));
  const shownIds = new Set(shown.map(({ summary }) => summary.case_id));
  return {
    rows: shown.map((row) => {
      const summary = latestById.get(row.summary.case_id);
      return summary === undefined ? { ...row, gone: true } : { summary, gone: false };
    }),
    waiting: latest.filter(({ case_id }) => !shownIds.has(case_id)),
  };
}

/** Adds what follows the last row, for a reader who reached the end; what belongs further up still waits. */
export function growRows<T extends Identified>(shown: readonly InboxRow<T>[], latest: readonly T[]): InboxRows<T> {
  const next = reconcileRows(shown, latest);
  const shownIds = new Set(shown.map(({ summary }) => summary.case_id));
  const lastShown = latest.findLastIndex(({ case_id }) => shownIds.has(case_id));
  const following = new Set(latest.slice(lastShown + 1).map(({ case_id }) => case_id));
  return {
    rows: [...next.rows, ...freshRows(next.waiting.filter(({ case_id }) => following.has(case_id))).rows],
    waiting: next.waiting.filter(({ case_id }) => !following.has(case_id)),
  };
}

/** The row to move to from `caseId`, skipping rows that left; null at either end. */
export function neighbour<T extends Identified>(
  rows: readonly InboxRow<T>[],
  caseId: string | null,
  step: 1 | -1,
): string | null {
  const present = rows.filter(({ gone }) => !gone).map(({ summary }) => summary.case_id);
  if (caseId === null) return (step === 1 ? present[0] : present.at(-1)) ?? null;
  const all = rows.map(({ summary }) => summary.case_id);
  const at = all.indexOf(caseId);
  if (at === -1) return present[0] ?? null;
  const candidates = step === 1 ? all.slice(at + 1) : all.slice(0, at).reverse();
  return candidates.find((id) => present.includes(id)) ?? null;
}
