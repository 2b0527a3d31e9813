import { describe, expect, test } from "vitest";
import { clockWords, deadline, durationWords, momentWords } from "./duration";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("a duration in words", () => {
  test.each([
    [0, "0 s"],
    [999, "0 s"],
    [40_000, "40 s"],
    [MINUTE, "1 min"],
    [59 * MINUTE + 59_999, "59 min"],
    [HOUR, "1 h"],
    [3 * HOUR + 20 * MINUTE, "3 h 20 min"],
    [10 * HOUR + 20 * MINUTE, "10 h"],
    [47 * HOUR, "47 h"],
    [48 * HOUR, "2 days"],
    [-5 * MINUTE, "5 min"],
  ])("%i ms is %s", (duration_ms, words) => {
    expect(durationWords(duration_ms)).toBe(words);
  });
});

describe("a deadline", () => {
  test.each([
    ["most of it left", 0, 24 * HOUR, HOUR, "23 h left", "calm"],
    ["under a fifth left", 0, 24 * HOUR, 20 * HOUR, "4 h left", "soon"],
    ["under an hour left", 0, HOUR, 10 * MINUTE, "50 min left", "soon"],
    ["a quarter of an hour left", 0, HOUR, 45 * MINUTE, "15 min left", "urgent"],
    ["seconds left", 0, HOUR, HOUR - 10_000, "under a minute left", "urgent"],
    ["on the instant", 0, HOUR, HOUR, "under a minute left", "urgent"],
    ["past", 0, HOUR, 4 * HOUR, "overdue by 3 h", "overdue"],
    ["created after it was due", HOUR, 0, 2 * HOUR, "overdue by 2 h", "overdue"],
  ])("%s", (_name, created, due, now, words, urgency) => {
    expect(deadline(created, due, now)).toEqual({ words, urgency });
  });
});

test.each([
  [1_000, "just now"],
  [4 * MINUTE, "4 min ago"],
  [-2 * HOUR, "in 2 h"],
])("a moment %i ms back is %s", (elapsed_ms, words) => {
  expect(momentWords(0, elapsed_ms)).toBe(words);
});

describe("a moment on the clock names the day only where it is not today", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  test.each([
    ["2026-11-22T18:40:00Z", "18:40"],
    ["2026-11-24T09:05:00Z", "Tue 9:05"],
    ["2026-12-24T18:40:00Z", "24 Dec 18:40"],
  ])("%s", (at, words) => {
    expect(clockWords(Date.parse(at), now, "en-GB", "UTC").replace(" 09:", " 9:")).toBe(words);
  });
});
