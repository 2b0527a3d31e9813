/** Decides which rows of a long list to draw, so that ten thousand cases scroll as smoothly as ten. */

export interface RowWindow {
  first: number;
  /** One past the last row to draw. */
  end: number;
  before_px: number;
  after_px: number;
}

export interface Viewport {
  /** How far the top of the list has been scrolled above the top of what is visible. */
  offset_px: number;
  height_px: number;
  row_height_px: number;
}

/** Up to this many rows are drawn whole: searching in the page and screen readers then see all of them. */
export const ROWS_DRAWN_WHOLE_MAX = 200;
const ROWS_BEYOND = 12;

export function rowWindow(rowCount: number, viewport: Viewport): RowWindow {
  const { offset_px, height_px, row_height_px } = viewport;
  if (rowCount <= ROWS_DRAWN_WHOLE_MAX || row_height_px <= 0) {
    return { first: 0, end: rowCount, before_px: 0, after_px: 0 };
  }
  const firstVisible = Math.floor(Math.max(0, offset_px) / row_height_px);
  const visibleCount = Math.ceil(height_px / row_height_px) + 1;
  const first = Math.min(Math.max(0, firstVisible - ROWS_BEYOND), Math.max(0, rowCount - visibleCount));
  const end = Math.min(rowCount, firstVisible + visibleCount + ROWS_BEYOND);
  return { first, end, before_px: first * row_height_px, after_px: (rowCount - end) * row_height_px };
}
