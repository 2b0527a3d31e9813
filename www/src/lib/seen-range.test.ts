import { describe, expect, test } from "vitest";
import { extendSeen } from "./seen-range";

/** A text of 1,000 px, scrolled by each offset in turn on a screen that shows 400 px of it. */
function seenAfter(...offsets_px: number[]): number {
  return offsets_px.reduce(
    (seen, offset) =>
      extendSeen(seen, { text_top_px: -offset, text_bottom_px: 1_000 - offset, screen_top_px: 0, screen_bottom_px: 400 }),
    0,
  );
}

describe("how much of a text was on screen", () => {
  test.each([
    ["the first screen", [0], 0.412],
    ["scrolled through", [0, 300, 600], 1],
    ["jumped to the end", [0, 600], 0.412],
    ["jumped, then went back over the gap", [0, 600, 300, 600], 1],
    ["started at the end", [600], 0],
    ["scrolled back up", [0, 300, 0], 0.712],
  ])("%s", (_name, offsets, expected) => {
    expect(seenAfter(...offsets)).toBeCloseTo(expected, 6);
  });

  test("a text that is not drawn was not seen", () => {
    expect(extendSeen(0, { text_top_px: 0, text_bottom_px: 0, screen_top_px: 0, screen_bottom_px: 400 })).toBe(0);
  });
});
