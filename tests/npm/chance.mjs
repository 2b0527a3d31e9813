/** Chance that comes out the same again: seeded numbers, and requests, policies and values made of them. */

/** Numbers from a seed (mulberry32), and what is drawn with them. */
export function chance(seed) {
  let state = seed >>> 0;
  const share = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (bound) => Math.floor(share() * bound);
  const one = (list) => list[below(list.length)];
  const some = (list, probability) => list.filter(() => share() < probability);
  const holds = (probability) => share() < probability;
  return { share, below, one, some, holds };
}

const TEXTS = ["", "?", "Where is my parcel?", "Ich möchte mit einem Menschen sprechen.", "返品できますか?", "أريد شخصا", "e\u0301 \u{1f469}\u200d\u{1f4bb}", "\u0000\u001f\u007f\"\\/\u2028", "\ufeff\ue000\uffff\u{10ffff}", "R$ 1.234,56", "SELECT 1; DROP TABLE users --"];
const DOMAINS = ["medical", "legal", "financial", "safety", "employment", "security", "billing", "support", "other"];
const SIGNALS = ["retrieval_score", "rerank_margin", "answer_groundedness", "tool_success", "policy_classifier_score", "route_quality", "self_confidence"];
const TOOLS = ["orders.get", "billing.refund", "billing.credit", "email.send", "sql.run", "delete_user", "ünknown", "files.write"];
const EDGES = [0, 1, 0.5, 0.1, 0.3, 1 / 3, 0.1 + 0.2, 1 - 2 ** -53, 2 ** -1074, 1e-7, 0.7999999999999999, 0.30000000000000004];

/** A number in [0, 1], often one whose last bit matters. */
const reading = (draw) => (draw.holds(0.3) ? draw.one(EDGES) : draw.share());

function amount(draw) {
  const kinds = [() => draw.below(1000), () => draw.below(100_000) / 100, () => String(draw.below(100_000) / 100), () => draw.share() * 1e6, () => 1e21, () => -5, () => 0, () => "many", () => null];
  return draw.one(kinds)();
}

function action(draw) {
  const args = {};
  if (draw.holds(0.7)) args.amount = amount(draw);
  if (draw.holds(0.4)) args.currency = draw.one(["USD", "EUR", "JPY", "XXX"]);
  if (draw.holds(0.2)) args.statement = draw.one(TEXTS);
  if (draw.holds(0.2)) args.to = draw.some(["a@example.org", "b@example.org", "ü"], 0.5);
  return { tool: draw.one(TOOLS), arguments: args };
}

/** A request that is admitted; much of it is left out at times. */
export function randomRequest(draw) {
  const request = { tenant_id: draw.one(["northwind", "t"]), user_question: draw.one(TEXTS.slice(1)) };
  const may = (probability, name, value) => {
    if (draw.holds(probability)) request[name] = value();
  };
  may(0.5, "model_draft", () => draw.one(TEXTS.slice(1)));
  may(0.8, "domain", () => draw.one(DOMAINS));
  may(0.6, "intent", () => draw.one(["informational", "advisory", "consequential"]));
  may(0.6, "language", () => draw.one(["de", "de-CH", "en", "ja", "ar", "pt-BR"]));
  may(0.7, "risk_level", () => draw.one(["low", "low", "low", "medium", "high", "critical"]));
  may(0.3, "asks_for_person", () => draw.holds(0.3));
  may(0.5, "judge_score", () => reading(draw));
  may(0.3, "feedback_rating", () => 1 + draw.below(5));
  may(0.9, "signals", () => {
    const pairs = draw.some(SIGNALS, 0.7).map((name) => [name, draw.holds(0.85) ? reading(draw) : draw.one(["missing", "unavailable", null])]);
    return Object.fromEntries(pairs);
  });
  may(0.5, "facts", () => {
    const facts = { orders: draw.below(9), refunds: draw.below(9), contract_end: draw.one(["2026-05-09T14:00:00Z", "2027-01-01T00:00:00+02:00", "soon"]), customer_tier: draw.one(["gold", "free", 7]), vulnerable_user: draw.holds(0.2) };
    return Object.fromEntries(draw.some(Object.entries(facts), 0.6));
  });
  may(0.4, "proposed_actions", () => Array.from({ length: 1 + draw.below(3) }, () => action(draw)));
  may(0.3, "tool_results", () => [{ tool: draw.one(TOOLS), status: draw.one(["succeeded", "failed", "unavailable"]) }]);
  may(0.3, "evidence", () => [{ document_id: "d1", quote: draw.one(TEXTS.slice(1)), score: reading(draw) }]);
  may(0.1, "sla_deadline", () => draw.one(["2026-05-09T15:00:00Z", "2026-05-11T08:30:00+02:00"]));
  may(0.1, "later_field", () => ({ nested: [draw.one(EDGES)] }));
  return request;
}

/** A condition over facts that the small policy declares. */
function condition(draw, depth = 0) {
  const number = () => draw.one(["0.25", "0.5", "0.6", "0.75", "0.9", String(Math.max(0.01, Math.round(draw.share() * 1e6) / 1e6))]);
  const leaf = [
    () => `request.domain == "${draw.one(DOMAINS)}"`,
    () => `request.domain in ["${draw.one(DOMAINS)}", "${draw.one(DOMAINS)}"]`,
    () => `request.risk_level != "${draw.one(["low", "high"])}"`,
    () => "request.asks_for_person",
    () => `request.judge_score ${draw.one(["<", "<=", ">"])} ${number()}`,
    () => `confidence ${draw.one(["<", ">="])} ${number()}`,
    () => `confidence * ${number()} + request.judge_score / 3.0 < ${number()}`,
    () => `size(actions.tools) > ${draw.below(3)}`,
    () => `tools.unavailable.exists(tool, tool.startsWith("${draw.one(["orders.", "b", "ü"])}"))`,
    () => `actions.amount > money("${draw.below(900)} USD")`,
    () => `facts.refunds * 100 / facts.orders >= ${draw.below(100)}`,
    () => `facts.orders % ${1 + draw.below(4)} == 1`,
  ];
  if (depth >= 3 || draw.holds(0.4)) return draw.one(leaf)();
  const inner = () => condition(draw, depth + 1);
  return draw.one([() => `(${inner()} && ${inner()})`, () => `(${inner()} || ${inner()})`, () => `!(${inner()})`, () => `(${inner()} ? ${inner()} : ${inner()})`])();
}

/**
 * A policy made of `source`, another one's text: every condition, curve, tier and base is drawn anew.
 * Not every one compiles; what can never hold, for one, is refused.
 */
export function randomPolicy(draw, source) {
  const fixed = (value) => value.toFixed(1 + draw.below(5));
  const knots = [draw.share() * 0.5, 0.5 + draw.share() * 0.5];
  return source
    .replace(/^base = 0.*$/m, `base = ${fixed(draw.share() * 0.98 + 0.01)}`)
    .replace(/^knots = .*$/gm, () => `knots = [${knots.map((knot) => knot.toFixed(6)).join(", ")}]`)
    .replace(/^gains = .*$/gm, () => `gains = [${fixed(draw.share() * 4 + 0.1)}]`)
    .replace(/^(low|medium) = \{ answer = .*?, limited_answer = [^,]*/gm, (_, tier) => {
      const limited = 0.1 + draw.share() * 0.4;
      return `${tier} = { answer = ${(limited + 0.1 + draw.share() * 0.3).toFixed(6)}, limited_answer = ${limited.toFixed(6)}`;
    })
    .replace(/^sla = .*$/gm, () => `sla = "${1 + draw.below(72)} h"`)
    .replace(/^(when = )(?:'''[\s\S]*?'''|'[^'\n]*'|"[^\n]*")$/gm, (whole) =>
      whole.includes("asks_for_person") || whole.includes("action.effects") ? whole : `when = '''${condition(draw)}'''`,
    );
}

/** A plain value: every kind of number, text and nesting that is admitted. */
export function randomValue(draw, depth = 0) {
  const kind = draw.below(depth >= 4 ? 6 : 9);
  if (kind === 0) return draw.one([null, true, false]);
  if (kind <= 3) return randomNumber(draw);
  if (kind <= 5) return randomText(draw);
  const length = draw.below(6);
  if (kind === 6) return Array.from({ length }, () => randomValue(draw, depth + 1));
  return Object.fromEntries(Array.from({ length }, () => [randomText(draw), randomValue(draw, depth + 1)]));
}

/** Any bits of a double, whole numbers, and short decimals, as far as they are admitted. */
function randomNumber(draw) {
  const bits = new DataView(new ArrayBuffer(8));
  for (;;) {
    bits.setUint32(0, draw.below(2 ** 32));
    bits.setUint32(4, draw.below(2 ** 32));
    const value = draw.one([bits.getFloat64(0), draw.below(2 ** 32) * 2 ** 21, -draw.below(1000), draw.below(1e6) / 1000, draw.share(), 10 ** (draw.below(60) - 30), -0]);
    const magnitude = Math.abs(value);
    if (Number.isFinite(value) && (magnitude < 2 ** 53 || magnitude >= 1e21)) return value;
  }
}

/** Text of every plane, with what needs an escape and what sorts differently by code unit and code point. */
function randomText(draw) {
  const ranges = [[0, 0x20], [0x20, 0x7f], [0x7f, 0x800], [0x800, 0xd800], [0xe000, 0x10000], [0x10000, 0x110000], [0x61, 0x64]];
  const character = () => {
    const [from, until] = draw.one(ranges);
    return String.fromCodePoint(from + draw.below(until - from));
  };
  return Array.from({ length: draw.below(8) }, character).join("");
}
