/**
 * Brings fresh data into a list that somebody is reading, without moving a row.
 *
 * Known rows change in place, rows that left stay faded, and new ones wait until they are asked for.
 */

export interface InboxRow<T> {
  summary: T;
  /** It no longer belongs to this view: decided, taken elsewhere, or withdrawn. */
  gone: boolean;
}

/** What makes a row the same row. */
export type IdOf<T> = (summary: T) => string;

export interface InboxRows<T> {
  rows: InboxRow<T>[];
  waiting: T[];
}

export function freshRows<T>(latest: readonly T[]): InboxRows<T> {
  return { rows: latest.map((summary) => ({ summary, gone: false })), waiting: [] };
}

export function reconcileRows<T>(shown: readonly InboxRow<T>[], latest: readonly T[], idOf: IdOf<T>): InboxRows<T> {
  // Nothing is under the pointer in an empty list, so what is new can appear at once.
  if (shown.length === 0) return freshRows(latest);
  const latestById = new Map(latest.map((summary) => [idOf(summary), summary]));
  const shownIds = new Set(shown.map(({ summary }) => idOf(summary)));
  return {
    rows: shown.map((row) => {
      const summary = latestById.get(idOf(row.summary));
      return summary === undefined ? { ...row, gone: true } : { summary, gone: false };
    }),
    waiting: latest.filter((summary) => !shownIds.has(idOf(summary))),
  };
}

/** Adds what follows the last row, for a reader who reached the end; what belongs further up still waits. */
export function growRows<T>(shown: readonly InboxRow<T>[], latest: readonly T[], idOf: IdOf<T>): InboxRows<T> {
  const next = reconcileRows(shown, latest, idOf);
  const shownIds = new Set(shown.map(({ summary }) => idOf(summary)));
  const lastShown = latest.findLastIndex((summary) => shownIds.has(idOf(summary)));
  const following = new Set(latest.slice(lastShown + 1).map(idOf));
  return {
    rows: [...next.rows, ...freshRows(next.waiting.filter((summary) => following.has(idOf(summary)))).rows],
    waiting: next.waiting.filter((summary) => !following.has(idOf(summary))),
  };
}

/** The row to move to from `id`, skipping rows that left; null at either end. */
export function neighbour<T>(rows: readonly InboxRow<T>[], id: string | null, step: 1 | -1, idOf: IdOf<T>): string | null {
  const present = rows.filter(({ gone }) => !gone).map(({ summary }) => idOf(summary));
  if (id === null) return (step === 1 ? present[0] : present.at(-1)) ?? null;
  const all = rows.map(({ summary }) => idOf(summary));
  const at = all.indexOf(id);
  if (at === -1) return present[0] ?? null;
  const candidates = step === 1 ? all.slice(at + 1) : all.slice(0, at).reverse();
  return candidates.find((candidate) => present.includes(candidate)) ?? null;
}
