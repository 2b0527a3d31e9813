/**
 * How much of a text has been on screen, from its start without a gap, as a share in [0, 1].
 *
 * Jumping to the end does not count: what lies between was not seen.
 */

/** A line cut by the edge of the screen has been seen well enough. */
const TOLERANCE_PX = 12;

export interface VisibleSlice {
  /** Top and bottom of the text, in the coordinates of the screen. */
  text_top_px: number;
  text_bottom_px: number;
  /** Top and bottom of what is not covered, in the same coordinates. */
  screen_top_px: number;
  screen_bottom_px: number;
}

export function extendSeen(seen: number, slice: VisibleSlice): number {
  const height = slice.text_bottom_px - slice.text_top_px;
  if (height <= 0) return seen;
  const from = (slice.screen_top_px - slice.text_top_px - TOLERANCE_PX) / height;
  const to = (slice.screen_bottom_px - slice.text_top_px + TOLERANCE_PX) / height;
  if (from > seen || to <= seen) return seen;
  return Math.min(1, to);
}
