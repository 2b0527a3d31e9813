/** Listens for signs of life, so that a decision can say how long it really took. */
import { type ActiveTime, advance, recordActivity, recordVisibility, startActiveTime } from "../lib/active-time";

export interface ActivityCounter {
  active_ms(): number;
  stop(): void;
}

const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"] as const;

export function countActivity(carried_ms: number): ActivityCounter {
  const visible = (): boolean => document.visibilityState === "visible";
  let time: ActiveTime = startActiveTime(performance.now(), visible(), carried_ms);
  const onSign = (): void => {
    time = recordActivity(time, performance.now());
  };
  const onVisibility = (): void => {
    time = recordVisibility(time, performance.now(), visible());
  };
  for (const sign of SIGNS) window.addEventListener(sign, onSign, { passive: true });
  document.addEventListener("visibilitychange", onVisibility);
  return {
    active_ms: () => {
      time = advance(time, performance.now());
      return Math.round(time.active_ms);
    },
    stop: () => {
      for (const sign of SIGNS) window.removeEventListener(sign, onSign);
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
}
