import { expect, test } from "vitest";
import { type ActiveTime, advance, recordActivity, recordVisibility, startActiveTime } from "./active-time";

type Step = [at_s: number, event: "activity" | "hidden" | "shown" | "look"];

/** Seconds counted after a history of events. */
function counted(steps: readonly Step[], carried_s = 0): number {
  let time: ActiveTime = startActiveTime(0, true, carried_s * 1_000);
  for (const [at_s, event] of steps) {
    const at = at_s * 1_000;
    if (event === "activity") time = recordActivity(time, at);
    else if (event === "look") time = advance(time, at);
    else time = recordVisibility(time, at, event === "shown");
  }
  return time.active_ms / 1_000;
}

test.each<[string, Step[], number]>([
  ["reading right after opening counts", [[30, "look"]], 30],
  ["it stops a minute after the last sign of life", [[300, "look"]], 60],
  ["a sign of life goes on counting", [[50, "activity"], [100, "look"]], 100],
  ["a pause is cut to a minute", [[600, "activity"], [610, "look"]], 70],
  ["a hidden page does not count", [[10, "hidden"], [500, "look"]], 10],
  ["coming back counts again", [[10, "hidden"], [500, "shown"], [520, "look"]], 30],
  ["looking twice counts once", [[10, "look"], [10, "look"], [20, "look"]], 20],
  ["a clock that steps back takes nothing away", [[20, "look"], [10, "look"]], 20],
])("%s", (_name, steps, expected) => {
  expect(counted(steps)).toBe(expected);
});

test("time from before a reload is carried on", () => {
  expect(counted([[5, "look"]], 100)).toBe(105);
});
