/** Durations and deadlines in words, from integer milliseconds and a `now` given by the caller. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How pressing a deadline is; always shown with words, never as colour alone. */
export type Urgency = "calm" | "soon" | "urgent" | "overdue";

export interface Deadline {
  words: string;
  urgency: Urgency;
}

/** A length of time as a person would say it: "40 s", "12 min", "3 h 20 min", "31 h", "4 days". */
export function durationWords(durationMs: number): string {
  const length = Math.max(0, Math.abs(durationMs));
  if (length < MINUTE_MS) return `${Math.floor(length / SECOND_MS)} s`;
  if (length < HOUR_MS) return `${Math.floor(length / MINUTE_MS)} min`;
  if (length < 10 * HOUR_MS) {
    const hours = Math.floor(length / HOUR_MS);
    const minutes = Math.floor((length % HOUR_MS) / MINUTE_MS);
    return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  }
  if (length < 2 * DAY_MS) return `${Math.floor(length / HOUR_MS)} h`;
  return `${Math.floor(length / DAY_MS)} days`;
}

/** The time to a deadline in words, and how pressing it is. */
export function deadline(createdAtMs: number, dueAtMs: number, nowMs: number): Deadline {
  const leftMs = dueAtMs - nowMs;
  if (leftMs < 0) return { words: `overdue by ${durationWords(leftMs)}`, urgency: "overdue" };
  const words = leftMs < MINUTE_MS ? "under a minute left" : `${durationWords(leftMs)} left`;
  return { words, urgency: urgencyOf(createdAtMs, dueAtMs, leftMs) };
}

/** A moment relative to now: "just now", "4 min ago", "in 2 h". */
export function momentWords(atMs: number, nowMs: number): string {
  const elapsedMs = nowMs - atMs;
  if (Math.abs(elapsedMs) < 5 * SECOND_MS) return "just now";
  return elapsedMs > 0 ? `${durationWords(elapsedMs)} ago` : `in ${durationWords(elapsedMs)}`;
}

/** A moment on the wall clock of the reader; the day is named only where it is not today. */
export function clockWords(atMs: number, nowMs: number, locale?: string, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = (ms: number): string =>
    new Intl.DateTimeFormat("en-CA", { ...zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(ms);
  const time = new Intl.DateTimeFormat(locale, { ...zone, hour: "numeric", minute: "2-digit" }).format(atMs);
  if (day(atMs) === day(nowMs)) return time;
  const near = Math.abs(atMs - nowMs) < 6 * DAY_MS;
  const date: Intl.DateTimeFormatOptions = near ? { weekday: "short" } : { day: "numeric", month: "short" };
  return `${new Intl.DateTimeFormat(locale, { ...zone, ...date }).format(atMs)} ${time}`;
}

/** A text of the host's, with its instants as this reader's clock shows them. */
export function withClocks(text: string, nowMs: number): string {
  return text.replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (instant) => clockWords(Date.parse(instant), nowMs));
}

/** The last quarter of an hour is urgent whatever the deadline; the last hour or fifth is near. */
function urgencyOf(createdAtMs: number, dueAtMs: number, leftMs: number): Urgency {
  const totalMs = Math.max(1, dueAtMs - createdAtMs);
  if (leftMs <= 15 * MINUTE_MS) return "urgent";
  return leftMs <= HOUR_MS || leftMs / totalMs < 0.2 ? "soon" : "calm";
}
