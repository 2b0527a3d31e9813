import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { InboxFilter } from "../../lib/inbox-filter";
import { type RowWindow, rowWindow } from "../../lib/row-window";
import { rows, scroll, selectedId, showMore, stale } from "../../services/inbox";
import { CaseRow } from "./CaseRow";

/** So near to the end the next page is asked for, before the reader has to wait for it. */
const ROWS_LEFT_BEFORE_MORE = 40;

/** The list itself; of a long one only what is near the window is drawn. */
export function CaseList({ filter }: { filter: InboxFilter }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const shown = rows.value;
  const range = useRowWindow(list, shown.length);
  useSelectionFocus(list);
  useKeptScroll();
  useEffect(() => {
    if (range.first > 0 && range.end > shown.length - ROWS_LEFT_BEFORE_MORE) void showMore();
  }, [range, shown.length]);
  return (
    <div class={stale.value ? "cases cases--stale" : "cases"}>
      <div class="cases__head" aria-hidden="true">
        <span>Due</span>
        <span>Risk</span>
        <span>Question and why it is here</span>
        <span>Queue</span>
        <span>Confidence</span>
        <span>Holder</span>
      </div>
      <ul class="cases__list" ref={list} aria-label="Cases">
        <Spacer height_px={range.before_px} />
        {shown.slice(range.first, range.end).map((row, index) => (
          <CaseRow
            key={row.summary.case_id}
            row={row}
            position={range.first + index + 1}
            total={shown.length}
            withQueue={filter.queue === null}
          />
        ))}
        <Spacer height_px={range.after_px} />
      </ul>
    </div>
  );
}

/** Stands for the rows that are not drawn, so that the scroll bar tells the truth. */
function Spacer({ height_px }: { height_px: number }): JSX.Element | null {
  return height_px === 0 ? null : <li aria-hidden="true" style={{ height: `${height_px}px` }} />;
}

function useRowWindow(list: { current: HTMLUListElement | null }, rowCount: number): RowWindow {
  const [range, setRange] = useState<RowWindow>(() => rowWindow(rowCount, START));
  useLayoutEffect(() => {
    const measure = (): void => {
      const next = rowWindow(rowCount, viewportOf(list.current));
      setRange((current) => (current.first === next.first && current.end === next.end && current.after_px === next.after_px ? current : next));
    };
    measure();
    window.addEventListener("scroll", measure, { passive: true });
    window.addEventListener("resize", measure);
    return () => {
      window.removeEventListener("scroll", measure);
      window.removeEventListener("resize", measure);
    };
  }, [rowCount]);
  return range.end > rowCount ? rowWindow(rowCount, START) : range;
}

const START = { offset_px: 0, height_px: 900, row_height_px: 64 };

function viewportOf(list: HTMLUListElement | null): typeof START {
  const row_height_px = list?.querySelector<HTMLElement>(".case-row")?.offsetHeight ?? 0;
  return {
    offset_px: list === null ? 0 : -list.getBoundingClientRect().top,
    height_px: window.innerHeight,
    // Not laid out yet: a guess keeps ten thousand rows from being drawn at once.
    row_height_px: row_height_px > 0 ? row_height_px : START.row_height_px,
  };
}

/** The focus follows the selection, also to a row that has to be scrolled to before it is drawn. */
function useSelectionFocus(list: { current: HTMLUListElement | null }): void {
  useSignalEffect(() => {
    const wanted = selectedId.value;
    const element = list.current;
    // Whoever is typing a search keeps the field.
    if (wanted === null || element === null || document.activeElement instanceof HTMLInputElement) return;
    if (focusRow(element, wanted)) return;
    const index = rows.peek().findIndex(({ summary }) => summary.case_id === wanted);
    if (index === -1) return;
    const { row_height_px, height_px } = viewportOf(element);
    const top_px = element.getBoundingClientRect().top + window.scrollY + index * row_height_px;
    window.scrollTo({ top: top_px - height_px / 2 });
    requestAnimationFrame(() => requestAnimationFrame(() => focusRow(element, wanted)));
  });
}

function focusRow(list: HTMLUListElement, case_id: string): boolean {
  const link = list.querySelector<HTMLElement>(`[data-case="${CSS.escape(case_id)}"]`);
  if (link === null) return false;
  if (document.activeElement !== link) link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest" });
  return true;
}

/** Coming back from a case finds the list where it was left. */
function useKeptScroll(): void {
  useLayoutEffect(() => {
    window.scrollTo({ top: scroll.top_px });
    const keep = (): void => {
      scroll.top_px = window.scrollY;
    };
    window.addEventListener("scroll", keep, { passive: true });
    return () => window.removeEventListener("scroll", keep);
  }, []);
}
