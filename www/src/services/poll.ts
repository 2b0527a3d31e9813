/** Repeats a task while the page is visible, never twice at once, and more slowly while it fails. */

const SLOWDOWN_MAX = 8;

export interface Poll {
  /** Runs the task now, or right after the run that is under way. */
  now(): void;
  stop(): void;
}

/** `task` resolves to whether it succeeded; it must not reject. The interval is asked for after each run. */
export function poll(task: () => Promise<boolean>, interval_ms: () => number): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  let stopped = false;
  let slowdown = 1;

  const run = async (): Promise<void> => {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = true;
    const succeeded = document.visibilityState === "visible" ? await task() : true;
    running = false;
    slowdown = succeeded ? 1 : Math.min(slowdown * 2, SLOWDOWN_MAX);
    if (stopped) return;
    const wait_ms = again ? 0 : interval_ms() * slowdown;
    again = false;
    timer = setTimeout(() => void run(), wait_ms);
  };

  const onVisible = (): void => {
    if (document.visibilityState === "visible") void run();
  };
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("online", onVisible);
  void run();
  return {
    now: () => void run(),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("online", onVisible);
    },
  };
}
