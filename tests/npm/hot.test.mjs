/** The hot path: the same verdicts as over objects, byte for byte, and nothing that gets past it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect, types } from "node:util";
import { Engine } from "../../pkg/dist/node.js";
import { chance as seeded } from "./chance.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const DEFAULT = JSON.parse(read("pkg/default-policy.json"));
const RANDOM = read("tests/fixtures/flat-policies.jsonl").trim().split("\n").map((line) => JSON.parse(line));
const CASES = Number(process.env.COUNTERSIGN_FLAT_CASES ?? 21_000);
const NOW = Date.UTC(2026, 10, 22, 10, 15);
const REQUEST = { tenant_id: "northwind", request_id: "req_1", user_question: "Where is my parcel?", risk_level: "low", signals: { retrieval_score: 0.9 } };

/** Whether the hot path gave it, asked before anything was read. */
const isHot = (verdict) => types.isProxy(verdict);
const onObjects = (engine, request, now = NOW) => engine.decide(request, { now }).verdict;

/** Holds both paths to the same bytes, or the same fault. */
function assertSame(engine, request) {
  let expected, verdict;
  try {
    expected = onObjects(engine, request);
  } catch (error) {
    assert.throws(() => engine.evaluate(request, { now: NOW }), { code: error.code, path: error.path, message: error.message });
    return false;
  }
  verdict = engine.evaluate(request, { now: NOW });
  const hot = isHot(verdict);
  const { disposition, risk_level, triggers, routing, confidence } = verdict;
  const cheap = [disposition, risk_level, triggers.map(({ id, kind, disposition, risk_level }) => [id, kind, disposition, risk_level])];
  assert.deepEqual(cheap, [expected.disposition, expected.risk_level, expected.triggers.map(({ id, kind, disposition, risk_level }) => [id, kind, disposition, risk_level])]);
  assert.deepEqual([routing?.queue, routing?.sla_ms, routing?.authority.level], [expected.routing?.queue, expected.routing?.sla_ms, expected.routing?.authority.level]);
  assert.equal(confidence.probability, expected.confidence.probability);
  assert.equal(JSON.stringify(verdict), JSON.stringify(expected));
  assert.deepEqual(verdict, expected);
  return hot;
}

const WORDS = ["legal", "gold", "en", "pt-BR", "medium", "advisory", "mail.send", "x", "é", "𝄞", "tool_success", "long text", "safety"];
const odd = (chance) => chance.one([Number.NaN, 1e300, 2 ** 60, "\ud800", {}, [], null, undefined, true, -0, "", " ", 1n, () => 1, new Date(0)]);

function request(chance) {
  const word = () => chance.one(WORDS);
  const maybe = (value, share = 0.4) => (chance.share() < share ? value() : undefined);
  const made = {};
  const set = (name, value) => {
    if (value === undefined && chance.share() < 0.97) return;
    made[name] = chance.share() < 0.004 ? odd(chance) : value;
  };
  set("tenant_id", chance.one(["t", "x", "legal"]));
  // Its characters take no part in a decision, and are not looked at.
  made.user_question = chance.one(["q", "What is it?", "é𝄞", "\u00a0?"]);
  set("request_id", maybe(() => `req_${chance.below(1000)}`));
  set("domain", maybe(word));
  set("intent", maybe(() => chance.one(["informational", "advisory", "consequential"])));
  set("language", maybe(() => chance.one(["en", "EN-us", "pt-BR", "pt", "enx", "de"])));
  set("risk_level", maybe(() => chance.one(["low", "medium", "high", "critical"])));
  set("asks_for_person", maybe(() => chance.one([true, false, null])));
  set("judge_score", maybe(() => chance.one([0, 0.2, 0.5, 0.55, 0.9, 1, -0])));
  set("feedback_rating", maybe(() => 1 + chance.below(5)));
  set("model_draft", maybe(() => "Yes."));
  // Nor are those of the draft.
  if (made.model_draft === "\ud800") delete made.model_draft;
  set("evidence", maybe(() => [{ document_id: "d", quote: "q" }]));
  set("tool_results", maybe(() => [{ tool: word(), status: chance.one(["succeeded", "failed", "unavailable"]) }, { tool: "b", status: "failed", summary: "s" }]));
  set("release", maybe(() => ({ model: word() })));
  set("proposed_actions", maybe(() => chance.one([[], [{ tool: "orders.get" }], [{ tool: "billing.refund", arguments: { amount: 70, currency: "USD", customer_id: "c" } }]]), 0.2));
  set(`unknown_${chance.below(3)}`, maybe(() => 1, 0.03));
  const readings = [0.1, 0.35, 0.7, 0.95, "missing", "unavailable", null];
  const signals = {};
  for (const name of ["retrieval_score", "extra", "rerank_margin", "tool_success", "policy_classifier_score"]) {
    if (chance.share() < 0.4) signals[name] = chance.share() < 0.01 ? odd(chance) : chance.one(readings);
  }
  set("signals", signals);
  const values = {
    flag: [true, false, 1], orders: [0, 1, 3, 2 ** 53 - 1, 1.5, "3"], share: [0.5, 1, -2.25], tier: ["gold", "lead", "é", 7],
    name: ["gold", "legal", "go", "éa", null, "𝄞"], end: ["2026-05-04T00:00:00Z", "gold", "2030-01-01T00:00:00Z"],
    limit: ["50 USD", "20 EUR", "many"], tags: [[], ["gold", "x"], ["legal", "long text"], [1]], sizes: [[], [1, 2, 3], [2], [0.5]],
    shares: [[0.5, 1], [], ["a"]], vulnerable_user: [true, false], customer_tier: ["gold"],
  };
  const facts = {};
  for (const [name, choices] of Object.entries(values)) {
    if (chance.share() < 0.35) facts[name] = chance.share() < 0.01 ? odd(chance) : chance.one(choices);
  }
  set("facts", facts);
  return made;
}

test("random requests have the same verdict on both paths, byte for byte", async () => {
  const chance = seeded(20_261_122);
  const bundles = [DEFAULT, ...RANDOM];
  let decided = 0;
  let hot = 0;
  for (const bundle of bundles) {
    const engine = await Engine.load(bundle);
    // The default policy declares fewer facts: others are told of, and so take the other path.
    const names = new Set(bundle.facts.map((fact) => fact.path));
    for (let round = 0; round < CASES / bundles.length; round += 1) {
      const one = request(chance);
      if (chance.share() < 0.9) {
        if (typeof one.facts === "object") for (const name of Object.keys(one.facts ?? {})) if (!names.has(`facts.${name}`)) delete one.facts[name];
        const known = new Set(bundle.confidence.signals.map((signal) => signal.name));
        if (typeof one.signals === "object") for (const name of Object.keys(one.signals ?? {})) if (!known.has(name) && !names.has(`signals.${name}`)) delete one.signals[name];
      }
      decided += 1;
      if (assertSame(engine, one)) hot += 1;
    }
  }
  assert.ok(hot > decided / 4, `${hot} of ${decided} on the hot path`);
});

test("usual requests take the hot path", async () => {
  const engine = await Engine.load(DEFAULT);
  const rows = read("tests/samples/requests.jsonl").trim().split("\n").map((row) => JSON.parse(row));
  const usual = rows.filter((row) => !row.proposed_actions?.length);
  const hot = usual.filter((row) => isHot(engine.evaluate(row, { now: NOW })));
  assert.equal(hot.length, usual.length);
  for (const row of rows) assertSame(engine, row);
});

test("a request that is changed afterwards changes no verdict", async () => {
  const engine = await Engine.load(RANDOM[0]);
  const make = () => ({
    tenant_id: "t", user_question: "Is it?", domain: "legal", signals: { retrieval_score: 0.4 }, facts: { tags: ["gold"], orders: 3 },
    tool_results: [{ tool: "a", status: "failed" }], evidence: [{ document_id: "d", quote: "q" }], release: { model: "x" },
  });
  const request = make();
  const verdict = engine.evaluate(request, { now: NOW });
  assert.ok(isHot(verdict));
  request.domain = "medical";
  request.signals.retrieval_score = 1;
  request.facts.tags.push("x");
  request.facts.orders = 0;
  request.tool_results[0].status = "succeeded";
  request.evidence.length = 0;
  request.release.model = "other";
  assert.deepEqual(verdict, onObjects(engine, make()));
});

test("a getter that changes its mind never gives a verdict on two minds", async () => {
  const engine = await Engine.load(DEFAULT);
  let reads = 0;
  const changing = { ...REQUEST, get domain() { return (reads += 1) % 2 === 1 ? "safety" : "shopping"; } };
  const [safe, plain] = ["safety", "shopping"].map((domain) => JSON.stringify(onObjects(engine, { ...REQUEST, domain })));
  for (let round = 0; round < 10; round += 1) {
    const verdict = engine.evaluate(changing, { now: NOW });
    const { disposition } = verdict;
    const text = JSON.stringify(verdict);
    assert.ok(text === safe || text === plain);
    assert.equal(disposition, JSON.parse(text).disposition);
  }
  assert.equal(reads, 10);
});

test("what is not as usual takes the other path, which alone tells faults", async () => {
  const engine = await Engine.load(DEFAULT);
  class Own { tenant_id = "t"; user_question = "?"; get domain() { return "safety"; } }
  const hidden = Object.defineProperty({ ...REQUEST }, "domain", { value: "safety", enumerable: false });
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`fact_${index}`, 1]));
  const rows = [
    new Own(), Object.create(REQUEST), Object.assign(Object.create({ domain: "safety" }), REQUEST), [], null, 7, "text",
    { ...REQUEST, surprise: 1 }, { ...REQUEST, facts: { undeclared: 1 } }, { ...REQUEST, facts: many }, { ...REQUEST, signals: { unheard: 0.5 } },
    { ...REQUEST, signals: { retrieval_score: Number.NaN } }, { ...REQUEST, signals: { retrieval_score: 1.01 } }, { ...REQUEST, signals: [0.5] },
    { ...REQUEST, domain: "\ud800" }, { ...REQUEST, domain: " " }, { ...REQUEST, domain: "x".repeat(201) }, { ...REQUEST, language: "not a tag" },
    { ...REQUEST, facts: { customer_tier: "\udc00" } }, { ...REQUEST, facts: { customer_tier: "x".repeat(9_000) } }, { ...REQUEST, facts: { vulnerable_user: "yes" } },
    { ...REQUEST, get domain() { throw new Error("never mind"); } }, { ...REQUEST, facts: { get customer_tier() { throw new Error("never mind"); } } },
    { ...REQUEST, tenant_id: "" }, { ...REQUEST, tenant_id: "a b" }, { ...REQUEST, request_id: "é" }, { ...REQUEST, user_question: "" },
    { ...REQUEST, user_question: "x".repeat(64_001) }, { ...REQUEST, version: 2 }, { ...REQUEST, version: 0 }, { ...REQUEST, feedback_rating: 6 },
    { ...REQUEST, tool_results: [{ tool: "a", status: "odd" }] }, { ...REQUEST, release: "v1" },
  ];
  for (const [index, row] of rows.entries()) assert.equal(assertSame(engine, row), false, `row ${index}`);
  const usual = [
    { ...REQUEST, domain: undefined, facts: undefined }, { ...REQUEST, domain: null }, Object.assign(Object.create(null), REQUEST),
    { ...REQUEST, user_question: "ありがとう" }, { ...REQUEST, signals: { retrieval_score: -0 } }, { ...REQUEST, signals: { tool_success: "unavailable" } },
    new Proxy(REQUEST, {}), hidden,
  ];
  for (const [index, row] of usual.entries()) assert.equal(assertSame(engine, row), true, `row ${index}`);
});

test("what stands on every object is no fact", async () => {
  const engine = await Engine.load(DEFAULT);
  const request = { tenant_id: "t", user_question: "?" };
  const expected = JSON.stringify(onObjects(engine, request));
  Object.prototype.risk_level = "low";
  try {
    assert.equal(JSON.stringify({ ...engine.evaluate(request, { now: NOW }) }), expected);
  } finally {
    delete Object.prototype.risk_level;
  }
});

test("a getter may ask the engine itself, and let the memory grow, in the midst of a reading", async () => {
  const engine = await Engine.load(DEFAULT);
  let inner;
  const asking = { ...REQUEST, get domain() { inner = engine.evaluate({ ...REQUEST, domain: "safety" }, { now: NOW }); return "shopping"; } };
  assert.deepEqual(engine.evaluate(asking, { now: NOW }), onObjects(engine, { ...REQUEST, domain: "shopping" }));
  assert.deepEqual(inner, onObjects(engine, { ...REQUEST, domain: "safety" }));
  const long = "x".repeat(5_000_000);
  let grown = 0;
  const growing = { ...REQUEST, get facts() { engine.canonicalize({ long: long + (grown += 1) }); return { vulnerable_user: true }; } };
  const expected = onObjects(engine, { ...REQUEST, facts: { vulnerable_user: true } });
  for (let round = 0; round < 3; round += 1) assert.deepEqual(engine.evaluate(growing, { now: NOW }), expected);
  assert.deepEqual(engine.evaluate(REQUEST, { now: NOW }), onObjects(engine, REQUEST));
});

test("two engines keep apart, also while one reads and its memory moves", async () => {
  const [first, second] = [await Engine.load(DEFAULT), await Engine.load(RANDOM[1])];
  const expected = [first, second].map((engine) => JSON.stringify(onObjects(engine, REQUEST)));
  const third = [];
  for (let round = 0; round < 20; round += 1) {
    const verdicts = [first, second].map((engine) => engine.evaluate(REQUEST, { now: NOW }));
    // Loading more policies lets the memory grow under the views of both.
    third.push(await Engine.load(RANDOM[round % RANDOM.length]));
    assert.deepEqual(verdicts.map((verdict) => JSON.stringify(verdict)), expected);
  }
});

test("a verdict outlives its engine, and a freed engine decides nothing", async () => {
  const engine = await Engine.load(DEFAULT);
  const expected = onObjects(engine, REQUEST);
  const verdict = engine.evaluate(REQUEST, { now: NOW });
  engine.free();
  assert.throws(() => engine.evaluate(REQUEST), { code: "invalid_state" });
  assert.deepEqual(verdict, expected);
  engine.free();
});

test("a verdict is as the plain object that it stands for", async () => {
  const engine = await Engine.load(DEFAULT);
  const make = () => engine.evaluate({ ...REQUEST, domain: "safety" }, { now: NOW });
  const plain = onObjects(engine, { ...REQUEST, domain: "safety" });
  assert.deepEqual(Object.keys(make()), Object.keys(plain));
  assert.deepEqual({ ...make() }, plain);
  assert.equal(JSON.stringify(make()), JSON.stringify(plain));
  assert.equal(inspect(make(), { depth: 9 }), inspect(plain, { depth: 9 }));
  assert.equal(Object.getPrototypeOf(make()), Object.prototype);
  assert.ok("digest" in make() && !("then" in make()));
  assert.equal(make().constructor, Object);
  assert.equal(String(make()), "[object Object]");
  const awaited = await make();
  assert.equal(isHot(awaited), true);
  const verdict = make();
  const { triggers, routing, confidence } = verdict;
  assert.equal(verdict.reason, plain.reason);
  // What was handed out stays good, and says the same.
  assert.equal(verdict.triggers, triggers);
  assert.deepEqual([routing, confidence], [plain.routing, plain.confidence]);
  assert.deepEqual(structuredClone({ ...verdict }), plain);
  assert.equal(triggers[0].reason, plain.triggers[0].reason);
  const changed = make();
  changed.reason = "mine";
  delete changed.digest;
  assert.deepEqual(changed, (({ digest, ...rest }) => ({ ...rest, reason: "mine" }))(plain));
  assert.throws(() => { "use strict"; Object.freeze(make()).reason = "mine"; }, TypeError);
  // A proxy cannot be cloned; its copy can.
  assert.throws(() => structuredClone(make()), { name: "DataCloneError" });
});

test("many requests are decided as each of them is", async () => {
  const engine = await Engine.load(DEFAULT);
  const rows = read("tests/samples/requests.jsonl").trim().split("\n").map((row) => JSON.parse(row));
  const verdicts = engine.evaluateBatch(rows, { now: NOW });
  assert.deepEqual(verdicts, rows.map((row) => onObjects(engine, row)));
  assert.deepEqual(engine.evaluateBatch([]), []);
  assert.throws(() => engine.evaluateBatch([REQUEST, { ...REQUEST, domain: 7 }]), { code: "invalid_field", path: "/1/domain" });
});

test("an action is bound as it was, and what is bound is what was judged", async () => {
  const engine = await Engine.load(DEFAULT);
  const context = { tenant_id: "northwind" };
  const action = { tool: "billing.refund", arguments: { amount: 40, currency: "USD", customer_id: "c_1" } };
  const { actions, gate, action_digest } = engine.bind(action, { context, now: NOW });
  action.arguments.amount = 4_000;
  assert.equal(actions.arguments.amount, 40);
  assert.equal(gate.verdict, "allow");
  assert.equal(action_digest, engine.classify(actions, { context, now: NOW }).action_digest);
  assert.notEqual(action_digest, engine.classify(action, { context, now: NOW }).action_digest);
  assert.throws(() => { "use strict"; actions.arguments.amount = 1; }, TypeError);
  // A getter says once what the amount is.
  let reads = 0;
  const changing = { tool: "billing.refund", arguments: { get amount() { return (reads += 1) * 40; }, currency: "USD", customer_id: "c_1" } };
  assert.equal(engine.bind(changing, { context, now: NOW }).action_digest, action_digest);
  assert.equal(reads, 1);
  assert.equal(engine.bind([actions, actions], { context, now: NOW }).gate.actions.length, 2);
  assert.throws(() => engine.bind({ tool: "a", arguments: { at: new Date(0) } }, { context }), { code: "invalid_field", path: "/actions/arguments/at" });
});
