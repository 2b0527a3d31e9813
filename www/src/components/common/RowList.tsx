import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { InboxRow } from "../../lib/inbox-rows";
import { type RowWindow, rowWindow } from "../../lib/row-window";
import type { LiveList } from "../../services/live-list";

/** So near to the end the next page is asked for, before the reader has to wait for it. */
const ROWS_LEFT_BEFORE_MORE = 40;

interface RowListProps<T, F> {
  list: LiveList<T, F>;
  /** What the rows are: "Cases". */
  label: string;
  class: string;
  /** The titles of the columns, for a wide screen. */
  columns: readonly string[];
  row: (row: InboxRow<T>, position: number, total: number) => JSX.Element;
}

/** A live list; of a long one only what is near the window is drawn. */
export function RowList<T, F>({ list, label, class: className, columns, row }: RowListProps<T, F>): JSX.Element {
  const element = useRef<HTMLUListElement>(null);
  const shown = list.rows.value;
  const range = useRowWindow(element, shown.length);
  useSelectionFocus(element, list);
  useKeptScroll(list);
  useEffect(() => {
    if (range.first > 0 && range.end > shown.length - ROWS_LEFT_BEFORE_MORE) void list.showMore();
  }, [range, shown.length]);
  return (
    <div class={list.stale.value ? `cases ${className} cases--stale` : `cases ${className}`}>
      <div class="cases__head" aria-hidden="true">
        {columns.map((title) => (
          <span key={title}>{title}</span>
        ))}
      </div>
      <ul class="cases__list" ref={element} aria-label={label}>
        <Spacer height_px={range.before_px} />
        {shown.slice(range.first, range.end).map((shownRow, index) => row(shownRow, range.first + index + 1, shown.length))}
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
function useSelectionFocus<T, F>(ref: { current: HTMLUListElement | null }, list: LiveList<T, F>): void {
  useSignalEffect(() => {
    const wanted = list.selectedId.value;
    const element = ref.current;
    // Whoever is typing a search keeps the field.
    if (wanted === null || element === null || document.activeElement instanceof HTMLInputElement) return;
    if (focusRow(element, wanted)) return;
    const index = list.rows.peek().findIndex(({ summary }) => list.idOf(summary) === wanted);
    if (index === -1) return;
    const { row_height_px, height_px } = viewportOf(element);
    const top_px = element.getBoundingClientRect().top + window.scrollY + index * row_height_px;
    window.scrollTo({ top: top_px - height_px / 2 });
    requestAnimationFrame(() => requestAnimationFrame(() => focusRow(element, wanted)));
  });
}

function focusRow(list: HTMLUListElement, id: string): boolean {
  const link = list.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
  if (link === null) return false;
  if (document.activeElement !== link) link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest" });
  return true;
}

/** Coming back from a row finds the list where it was left. */
function useKeptScroll<T, F>({ scroll }: LiveList<T, F>): void {
  useLayoutEffect(() => {
    window.scrollTo({ top: scroll.top_px });
    const keep = (): void => {
      scroll.top_px = window.scrollY;
    };
    window.addEventListener("scroll", keep, { passive: true });
    return () => window.removeEventListener("scroll", keep);
  }, []);
}
