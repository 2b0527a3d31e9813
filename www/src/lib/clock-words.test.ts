import { expect, test } from "vitest";
import { NOW, sampleCase } from "../test/samples";
import { nextMarkWords, reviewWords } from "./clock-words";

const now_ms = Date.parse(NOW);
const mark = { clock: "resolution", percent: 100, at: "2026-11-22T13:00:00.000Z", then: "escalate", queue: null, template: null, page: null, fired_at: null } as const;

test("the next mark is the earliest that was not passed, and none while the clock stands", () => {
  const warn = { ...mark, percent: 50, then: "warn", at: "2026-11-22T11:00:00.000Z" } as const;
  const subject = sampleCase({ marks: [mark, { ...warn, fired_at: NOW }] });
  expect(nextMarkWords(subject, now_ms)).toMatch(/^Next, at 100 % of its time: it goes to a higher authority in /);
  expect(nextMarkWords({ ...subject, marks: [mark, warn] }, now_ms)).toContain("at 50 %");
  expect(nextMarkWords({ ...subject, paused_at: NOW }, now_ms)).toBeNull();
  expect(nextMarkWords({ ...subject, marks: [] }, now_ms)).toBeNull();
});

test("how far several reviewers are", () => {
  expect(reviewWords({ needed: 1, cast: 0, adjudicating: false })).toBeNull();
  expect(reviewWords({ needed: 2, cast: 1, adjudicating: false })).toContain("1 of 2");
  expect(reviewWords({ needed: 2, cast: 2, adjudicating: true })).toContain("did not agree");
});
