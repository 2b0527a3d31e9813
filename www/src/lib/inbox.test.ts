import { describe, expect, test } from "vitest";
import { formatFilter, type InboxFilter, isNarrowed, NO_FILTER, parseFilter } from "./inbox-filter";
import { freshRows, growRows, type InboxRow, neighbour, reconcileRows } from "./inbox-rows";
import { ROWS_DRAWN_WHOLE_MAX, rowWindow } from "./row-window";

describe("the filter in the address", () => {
  test.each<[string, Partial<InboxFilter>]>([
    ["", {}],
    ["view=mine", { view: "mine" }],
    ["queue=billing_dispute&risk=high&language=de&tenant=northwind&q=two+charges&order=priority", {
      queue: "billing_dispute",
      risk_level: "high",
      language: "de",
      tenant_id: "northwind",
      search: "two charges",
      order: "priority",
    }],
  ])("%s is read and written alike", (address, change) => {
    const filter = { ...NO_FILTER, ...change };
    expect(parseFilter(address)).toEqual(filter);
    expect(formatFilter(filter)).toBe(address);
  });

  test("what is unknown is left out", () => {
    expect(parseFilter("view=everything&risk=extreme&order=luck&queue=")).toEqual(NO_FILTER);
  });

  test("view and queue alone do not narrow", () => {
    expect(isNarrowed({ ...NO_FILTER, view: "mine", queue: "triage" })).toBe(false);
    expect(isNarrowed({ ...NO_FILTER, search: "x" })).toBe(true);
  });
});

interface Item {
  case_id: string;
  revision: number;
}

const idOf = ({ case_id }: Item): string => case_id;
const items = (...ids: string[]): Item[] => ids.map((case_id) => ({ case_id, revision: 1 }));
const ids = (rows: readonly InboxRow<Item>[]): string => rows.map(({ summary, gone }) => (gone ? `(${summary.case_id})` : summary.case_id)).join(" ");

describe("fresh data never moves a row", () => {
  test("a new case waits, wherever it would belong", () => {
    const next = reconcileRows(freshRows(items("a", "b")).rows, items("z", "a", "b"), idOf);
    expect(ids(next.rows)).toBe("a b");
    expect(next.waiting.map(({ case_id }) => case_id)).toEqual(["z"]);
  });

  test("a case that left stays as a faded row, and comes back to life", () => {
    const left = reconcileRows(freshRows(items("a", "b", "c")).rows, items("a", "c"), idOf);
    expect(ids(left.rows)).toBe("a (b) c");
    expect(ids(reconcileRows(left.rows, items("b", "a", "c"), idOf).rows)).toBe("a b c");
  });

  test("another order changes nothing but the contents", () => {
    const next = reconcileRows(freshRows(items("a", "b")).rows, [{ case_id: "b", revision: 1 }, { case_id: "a", revision: 7 }], idOf);
    expect(next.rows.map(({ summary }) => summary)).toEqual([{ case_id: "a", revision: 7 }, { case_id: "b", revision: 1 }]);
  });

  test("an empty list fills at once", () => {
    expect(ids(reconcileRows<Item>([], items("a"), idOf).rows)).toBe("a");
  });
});

test("at the end of the list more is added below, and what belongs above still waits", () => {
  const next = growRows(freshRows(items("a", "b", "c")).rows, items("z", "a", "c", "d", "e"), idOf);
  expect(ids(next.rows)).toBe("a (b) c d e");
  expect(next.waiting.map(({ case_id }) => case_id)).toEqual(["z"]);
});

describe("moving through the rows", () => {
  const rows = reconcileRows(freshRows(items("a", "b", "c")).rows, items("a", "c"), idOf).rows;
  test.each([
    ["nothing chosen, down", null, 1, "a"],
    ["nothing chosen, up", null, -1, "c"],
    ["over a row that left", "a", 1, "c"],
    ["back over it", "c", -1, "a"],
    ["at the end", "c", 1, null],
    ["at the start", "a", -1, null],
    ["from a row that left", "b", 1, "c"],
    ["from one that is not there", "x", 1, "a"],
  ] as const)("%s", (_name, from, step, expected) => {
    expect(neighbour(rows, from, step, idOf)).toBe(expected);
  });
});

describe("the window on a long list", () => {
  const viewport = { offset_px: 0, height_px: 640, row_height_px: 64 };

  test("a short list is drawn whole", () => {
    expect(rowWindow(ROWS_DRAWN_WHOLE_MAX, viewport)).toEqual({ first: 0, end: ROWS_DRAWN_WHOLE_MAX, before_px: 0, after_px: 0 });
  });

  test.each([0, 63, 64, 5_000, 320_000, 639_000, 700_000, -900])("at %i px the visible rows are drawn, and the height is kept", (offset_px) => {
    const { first, end, before_px, after_px } = rowWindow(10_000, { ...viewport, offset_px });
    expect(end - first).toBeLessThan(60);
    expect(before_px + after_px + (end - first) * 64).toBe(640_000);
    const visibleFirst = Math.min(9_990, Math.max(0, Math.floor(offset_px / 64)));
    expect(first).toBeLessThanOrEqual(visibleFirst);
    expect(end).toBeGreaterThanOrEqual(Math.min(10_000, visibleFirst + 10));
  });
});
