/** An amount so that it cannot be misread: in figures, spelled out, and in the smallest unit. */
import type { Money } from "../services/wire";

const ONES = [
  "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
  "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
];
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES = ["", " thousand", " million", " billion", " trillion", " quadrillion"];

/** "4,200.00 USD". */
export function amountFigures({ amount, currency }: Money): string {
  const [whole = "", fraction] = amount.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction === undefined ? "" : `.${fraction}`} ${currency}`;
}

/** "Four thousand two hundred US dollars and 50/100". */
export function amountWords(money: Money): string {
  const [whole = "", fraction] = money.amount.split(".");
  const rest = fraction === undefined || /^0*$/.test(fraction) ? "" : ` and ${fraction}/${10 ** fraction.length}`;
  const words = numberWords(Number(whole));
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} ${currencyName(money.currency, Number(whole) === 1 && rest === "")}${rest}`;
}

/** "420,000 in the smallest unit". */
export function minorWords({ amount_minor }: Money): string {
  return `${amount_minor.toLocaleString("en")} in the smallest unit`;
}

/** A whole number from 0 to 2^53 − 1, spelled out. */
export function numberWords(value: number): string {
  if (value < 1_000) return belowThousand(value);
  const parts: string[] = [];
  let rest = value;
  for (let scale = 0; rest > 0; scale += 1) {
    const three = rest % 1_000;
    if (three > 0) parts.unshift(`${belowThousand(three)}${SCALES[scale] ?? ""}`);
    rest = Math.floor(rest / 1_000);
  }
  return parts.join(" ");
}

function belowThousand(value: number): string {
  if (value < 20) return ONES[value] ?? "";
  if (value < 100) {
    const one = value % 10;
    return `${TENS[Math.floor(value / 10)] ?? ""}${one === 0 ? "" : `-${ONES[one] ?? ""}`}`;
  }
  const rest = value % 100;
  return `${ONES[Math.floor(value / 100)] ?? ""} hundred${rest === 0 ? "" : ` ${belowThousand(rest)}`}`;
}

/** "US dollars"; a code that nobody knows stays as it is. */
function currencyName(currency: string, one: boolean): string {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "name", maximumFractionDigits: 0 });
    return format.formatToParts(one ? 1 : 2).find(({ type }) => type === "currency")?.value ?? currency;
  } catch {
    return currency;
  }
}
