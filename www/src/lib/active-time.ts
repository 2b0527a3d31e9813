/**
 * Counts the time a reviewer really spends on a case: the page visible, and a sign of life within the last minute.
 * Pure: the caller says when something happens, so that the count can be tested without waiting.
 */

export interface ActiveTime {
  active_ms: number;
  last_activity_at_ms: number;
  counted_until_ms: number;
  visible: boolean;
}

export const ACTIVITY_WINDOW_MS = 60_000;

export function startActiveTime(nowMs: number, visible: boolean, carried_ms = 0): ActiveTime {
  return { active_ms: carried_ms, last_activity_at_ms: nowMs, counted_until_ms: nowMs, visible };
}

/** Counts up to now; time past the window after the last activity is not counted. */
export function advance(time: ActiveTime, nowMs: number): ActiveTime {
  const until = Math.min(nowMs, time.last_activity_at_ms + ACTIVITY_WINDOW_MS);
  const earned = time.visible ? Math.max(0, until - time.counted_until_ms) : 0;
  return { ...time, active_ms: time.active_ms + earned, counted_until_ms: Math.max(nowMs, time.counted_until_ms) };
}

export function recordActivity(time: ActiveTime, nowMs: number): ActiveTime {
  return { ...advance(time, nowMs), last_activity_at_ms: nowMs };
}

/** Turning to the page is itself a sign of life. */
export function recordVisibility(time: ActiveTime, nowMs: number, visible: boolean): ActiveTime {
  const counted = advance(time, nowMs);
  return { ...counted, visible, last_activity_at_ms: visible ? nowMs : counted.last_activity_at_ms };
}
