/** Places the contributions to a confidence on one axis, from the starting point to the total. */

export interface Contribution {
  signal: string;
  label: string;
  state: "present" | "missing" | "unavailable";
  value: number | null;
  contribution: number;
  word: string;
}

export interface ConfidenceReading {
  probability: number;
  logit: number;
  base: number;
  contributions: readonly Contribution[];
}

export interface WaterfallStep extends Contribution {
  direction: "raises" | "lowers" | "none";
  /** Left edge and width of the bar, in percent of the axis. */
  start_percent: number;
  width_percent: number;
  /** Where the running total stands after this step, in percent of the axis. */
  end_percent: number;
  /** The contribution with its sign, in nats: "+0.36". */
  amount: string;
  /** What it does to the odds: "odds × 1.43". */
  odds: string;
}

export interface Waterfall {
  base_percent: number;
  total_percent: number;
  /** Where the odds are even, so that the reader can see on which side the total falls. */
  even_percent: number;
  base_probability: number;
  steps: WaterfallStep[];
}

/** A sliver is kept visible: a bar that vanishes would say that the signal was not looked at. */
const WIDTH_MIN_PERCENT = 0.8;
const MARGIN_SHARE = 0.06;

export function waterfall(reading: ConfidenceReading): Waterfall {
  const totals = runningTotals(reading);
  const low = Math.min(0, reading.base, ...totals);
  const high = Math.max(0, reading.base, ...totals);
  const margin = Math.max((high - low) * MARGIN_SHARE, 0.05);
  const span = high - low + 2 * margin;
  const percent = (logit: number): number => ((logit - low + margin) / span) * 100;
  const steps = reading.contributions.map((contribution, index): WaterfallStep => {
    const from = percent(index === 0 ? reading.base : (totals[index - 1] ?? reading.base));
    const to = percent(totals[index] ?? reading.base);
    return {
      ...contribution,
      direction: direction(contribution.contribution),
      start_percent: Math.min(from, to),
      width_percent: Math.max(Math.abs(to - from), WIDTH_MIN_PERCENT),
      end_percent: to,
      amount: signedAmount(contribution.contribution),
      odds: `odds × ${Math.exp(contribution.contribution).toFixed(2)}`,
    };
  });
  return {
    base_percent: percent(reading.base),
    total_percent: percent(totals.at(-1) ?? reading.base),
    even_percent: percent(0),
    base_probability: probability(reading.base),
    steps,
  };
}

/** The probability that log-odds stand for. */
export function probability(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** A probability as whole percent, without ever claiming certainty. */
export function percentWords(value: number): string {
  const whole = Math.round(value * 100);
  if (whole === 0 && value > 0) return "under 1 %";
  if (whole === 100 && value < 1) return "over 99 %";
  return `${whole} %`;
}

function signedAmount(contribution: number): string {
  const amount = Math.abs(contribution).toFixed(2);
  if (amount === "0.00") return "0.00";
  return `${contribution > 0 ? "+" : "−"}${amount}`;
}

function direction(contribution: number): WaterfallStep["direction"] {
  if (Math.abs(contribution) < 0.005) return "none";
  return contribution > 0 ? "raises" : "lowers";
}

function runningTotals(reading: ConfidenceReading): number[] {
  let total = reading.base;
  return reading.contributions.map(({ contribution }) => {
    total += contribution;
    return total;
  });
}
