/** Figures in words: a value, what it was counted from, and how sure it is. */
import type { Figures, Part, Unit } from "../services/wire";
import { plural, sentenceCase } from "./words";

const SMALL_SAMPLE_MAX = 29;

/** A value as it is read: "42 %", "1 min 24 s", "0.19"; a dash where nothing was counted. */
export function valueWords(value: number | null, unit: Unit): string {
  if (value === null) return "–";
  switch (unit) {
    case "share":
      return shareWords(value);
    case "seconds":
      return secondsWords(value);
    case "distance":
      return value.toFixed(2);
  }
}

/** What stands below the line: "12 of 29", or the number of cases behind a mean. */
export function countWords({ numerator, denominator }: Figures, unit: Unit): string {
  if (denominator === 0) return "Nothing counted in this period";
  const small = denominator <= SMALL_SAMPLE_MAX ? ", a small sample" : "";
  if (unit === "share") return `${numerator.toLocaleString("en")} of ${denominator.toLocaleString("en")}${small}`;
  return `${plural(denominator, "case")}${small}`;
}

/** How sure a share is, or how single values spread; null where neither is known. */
export function rangeWords({ interval, spread }: Figures, unit: Unit): string | null {
  if (interval !== null) {
    return `between ${shareWords(interval.low)} and ${shareWords(interval.high)} at 95 % confidence`;
  }
  if (spread === null) return null;
  return `half up to ${valueWords(spread.p50, unit)}, nine in ten up to ${valueWords(spread.p90, unit)}`;
}

const PART_WORDS: Readonly<Record<string, string>> = {
  undecided: "Undecided: expired or withdrawn",
  not_measured: "Without a measured time",
  without_draft: "Without a draft",
  rejected: "Rejected",
  replaced: "Replaced",
  reopened: "Same conversation within 7 days",
  rated: "Answers that were rated",
  auto: "Without a person",
  approved: "Approved",
  edited: "Edited",
};

export function partName({ name }: Part): string {
  return PART_WORDS[name] ?? sentenceCase(name);
}

export function partWords({ numerator, denominator, value }: Part): string {
  if (denominator === null) return numerator.toLocaleString("en");
  const share = value === null ? "" : `, ${shareWords(value)}`;
  return `${numerator.toLocaleString("en")} of ${denominator.toLocaleString("en")}${share}`;
}

/** One bar of a trend: its day, its value, and its height from 0 to 1. */
export interface TrendBar {
  day: string;
  value: number | null;
  height: number;
}

/** A bar for each day; a day on which nothing was counted has none. */
export function trendBars(days: readonly string[], values: ReadonlyMap<string, number | null>): TrendBar[] {
  const highest = Math.max(0, ...days.map((day) => values.get(day) ?? 0));
  return days.map((day) => {
    const value = values.get(day) ?? null;
    return { day, value, height: value === null || highest === 0 ? 0 : value / highest };
  });
}

/** A trend in one sentence, for those who do not see it. */
export function trendWords(bars: readonly TrendBar[], unit: Unit): string {
  const known = bars.filter((bar): bar is TrendBar & { value: number } => bar.value !== null);
  const last = known.at(-1);
  if (last === undefined) return "By day: nothing counted.";
  const values = known.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const days = plural(known.length, "day");
  return `By day, ${days} with figures: from ${valueWords(low, unit)} to ${valueWords(high, unit)}; last ${valueWords(last.value, unit)} on ${last.day}.`;
}

function shareWords(share: number): string {
  const percent = share * 100;
  const digits = percent > 0 && percent < 10 ? 1 : 0;
  return `${percent.toFixed(digits)} %`;
}

function secondsWords(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
