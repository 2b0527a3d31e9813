import { describe, expect, test } from "vitest";
import type { Figures } from "../services/wire";
import { daysOf, dimensionsOf, formatMeasureFilter, type MeasureFilter, NO_MEASURE_FILTER, parseMeasureFilter, periodStart } from "./measure-filter";
import { countWords, partName, partWords, rangeWords, trendBars, trendWords, valueWords } from "./measure-words";

describe("the filter in the address", () => {
  test.each<[string, Partial<MeasureFilter>]>([
    ["", {}],
    ["days=7&tenant=northwind", { period: "7", tenant_id: "northwind" }],
    ["queue=triage&domain=legal", { queue: "triage", domain: "legal" }],
    ["release=m1+%C2%B7+%E2%80%93+%C2%B7+i1", { release: "m1 · – · i1" }],
  ])("%s is read and written alike", (address, change) => {
    const filter = { ...NO_MEASURE_FILTER, ...change };
    expect(parseMeasureFilter(address)).toEqual(filter);
    expect(formatMeasureFilter(filter)).toBe(address);
  });

  test("what is unknown is left out", () => {
    expect(parseMeasureFilter("days=12&queue=&release=m1")).toEqual(NO_MEASURE_FILTER);
  });

  test("a release is asked for by the parts that are known", () => {
    const filter = { ...NO_MEASURE_FILTER, queue: "triage", release: "m1 · – · i1" };
    expect(dimensionsOf(filter)).toEqual({ queue: "triage", "release.model": "m1", "release.index": "i1" });
  });

  test("a period is whole days up to now", () => {
    const now = Date.parse("2026-11-22T10:00:00.000Z");
    expect(periodStart("7", now)).toBe("2026-11-16T00:00:00.000Z");
    expect(daysOf("2026-11-20T00:00:00.000Z", "2026-11-22T10:00:00.001Z")).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
  });
});

describe("figures in words", () => {
  const figures = (change: Partial<Figures>): Figures => ({ numerator: 0, denominator: 0, value: null, interval: null, spread: null, parts: [], ...change });

  test.each<[number | null, "share" | "seconds" | "distance", string]>([
    [null, "share", "–"],
    [0, "share", "0 %"],
    [0.051, "share", "5.1 %"],
    [0.42, "share", "42 %"],
    [1, "share", "100 %"],
    [0.62, "seconds", "0.6 s"],
    [59.4, "seconds", "59 s"],
    [84, "seconds", "1 min 24 s"],
    [120, "seconds", "2 min"],
    [3_900, "seconds", "1 h 5 min"],
    [0.1875, "distance", "0.19"],
  ])("%s of %s is %s", (value, unit, words) => {
    expect(valueWords(value, unit)).toBe(words);
  });

  test("a count says how small it is, and nothing is said to be nothing", () => {
    expect(countWords(figures({}), "share")).toBe("Nothing counted in this period");
    expect(countWords(figures({ numerator: 3, denominator: 14 }), "share")).toBe("3 of 14, a small sample");
    expect(countWords(figures({ numerator: 30, denominator: 1_400 }), "share")).toBe("30 of 1,400");
    expect(countWords(figures({ numerator: 90.5, denominator: 1 }), "seconds")).toBe("1 case, a small sample");
  });

  test("a share has its interval, a mean its percentiles", () => {
    expect(rangeWords(figures({ interval: { low: 0.123, high: 0.55 } }), "share")).toBe("between 12 % and 55 % at 95 % confidence");
    expect(rangeWords(figures({ spread: { mean: 40, p50: 30, p90: 90 } }), "seconds")).toBe("half up to 30 s, nine in ten up to 1 min 30 s");
    expect(rangeWords(figures({}), "share")).toBeNull();
  });

  test("a part is a share or a count, and one from a newer host keeps its name", () => {
    expect(partWords({ name: "undecided", numerator: 2, denominator: 7, value: 2 / 7 })).toBe("2 of 7, 29 %");
    expect(partWords({ name: "replaced", numerator: 2, denominator: null, value: null })).toBe("2");
    expect(partName({ name: "sent_back", numerator: 0, denominator: null, value: null })).toBe("Sent back");
  });

  test("a trend has a bar for each day that counted something, the highest whole", () => {
    const bars = trendBars(["d1", "d2", "d3"], new Map([["d1", 0.2], ["d3", 0.8]]));
    expect(bars.map(({ value, height }) => [value, height])).toEqual([[0.2, 0.25], [null, 0], [0.8, 1]]);
    expect(trendWords(bars, "share")).toBe("By day, 2 days with figures: from 20 % to 80 %; last 80 % on d3.");
    expect(trendWords(trendBars(["d1"], new Map()), "share")).toBe("By day: nothing counted.");
    expect(trendBars(["d1"], new Map([["d1", 0]]))[0]).toEqual({ day: "d1", value: 0, height: 0 });
  });
});
