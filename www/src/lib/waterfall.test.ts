import { describe, expect, test } from "vitest";
import { type Contribution, percentWords, probability, waterfall } from "./waterfall";

function contribution(signal: string, amount: number): Contribution {
  return { signal, label: signal, state: "present", value: 0.5, contribution: amount, word: "fair" };
}

function reading(base: number, ...amounts: number[]): Parameters<typeof waterfall>[0] {
  const logit = base + amounts.reduce((sum, amount) => sum + amount, 0);
  return { base, logit, probability: probability(logit), contributions: amounts.map((amount, index) => contribution(`s${index}`, amount)) };
}

describe("the waterfall", () => {
  test("each step starts where the one before it ended, and the last one ends at the total", () => {
    const { base_percent, total_percent, steps } = waterfall(reading(0.85, 0.36, -0.55, 0.07, -1.5));
    let at = base_percent;
    for (const step of steps) {
      expect(step.direction === "raises" ? step.start_percent : step.start_percent + step.width_percent).toBeCloseTo(at, 6);
      at = step.end_percent;
    }
    expect(at).toBeCloseTo(total_percent, 6);
  });

  test("even odds are on the axis, and everything is within it", () => {
    for (const sample of [reading(3, 1, 1), reading(-4, -1), reading(0), reading(0.85, -9, 12)]) {
      const fall = waterfall(sample);
      const places = [fall.even_percent, fall.base_percent, fall.total_percent];
      places.push(...fall.steps.flatMap((step) => [step.start_percent, step.start_percent + step.width_percent]));
      for (const place of places) {
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(100);
      }
    }
  });

  test("a total above even odds lies to the right of them", () => {
    const fall = waterfall(reading(0.5, 1));
    expect(fall.total_percent).toBeGreaterThan(fall.even_percent);
  });

  test.each([
    [0.357, "raises", "+0.36", "odds × 1.43"],
    [-1.5, "lowers", "−1.50", "odds × 0.22"],
    [0, "none", "0.00", "odds × 1.00"],
    [-0.001, "none", "0.00", "odds × 1.00"],
  ])("%d nats: %s, %s, %s", (amount, direction, words, odds) => {
    expect(waterfall(reading(0, amount)).steps[0]).toMatchObject({ direction, amount: words, odds });
  });
});

test.each([
  [0.3166, "32 %"],
  [0.5, "50 %"],
  [0.9999, "over 99 %"],
  [0.0001, "under 1 %"],
  [0, "0 %"],
  [1, "100 %"],
])("%d as a share is %s", (value, words) => {
  expect(percentWords(value)).toBe(words);
});
