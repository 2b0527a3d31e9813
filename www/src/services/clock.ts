/** The host's time, as far as it is known here: deadlines and leases are judged by its clock, not by the reader's. */
import { signal } from "@preact/signals";

const TICK_MS = 1_000;

/** The host's time in milliseconds, once a second while the page is visible. */
export const now = signal(Date.now());

let ahead_ms = 0;

export function hostNow(): number {
  return Date.now() + ahead_ms;
}

/** Learns the host's time from a reply. */
export function learnHostTime(hostTime: string): void {
  const parsed = Date.parse(hostTime);
  if (Number.isNaN(parsed)) return;
  ahead_ms = parsed - Date.now();
}

export function startClock(): () => void {
  const tick = (): void => {
    if (document.visibilityState === "visible") now.value = hostNow();
  };
  const timer = setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
  tick();
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
  };
}
