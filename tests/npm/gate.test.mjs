/** The hot path of `classify`: the same gates as over objects, byte for byte. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { types } from "node:util";
import { Engine } from "../../pkg/dist/node.js";
import { chance as seeded } from "./chance.mjs";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const DEFAULT = JSON.parse(read("pkg/default-policy.json"));
const RANDOM = read("tests/fixtures/flat-policies.jsonl").trim().split("\n").map((line) => JSON.parse(line));
const CASES = Number(process.env.COUNTERSIGN_FLAT_CASES ?? 21_000);
const NOW = Date.UTC(2026, 10, 22, 10, 15);
const CONTEXT = { tenant_id: "northwind" };

const isHot = (gate) => types.isProxy(gate);
/** A chain of one is the same, and never hot. */
const onObjects = (engine, action, context) => engine.classify([action], { context, now: NOW });

function assertSame(engine, action, context = CONTEXT) {
  let expected;
  try {
    expected = onObjects(engine, action, context);
  } catch (error) {
    const at = error.path.replace(/^\/actions\/0/, "/actions");
    assert.throws(() => engine.classify(action, { context, now: NOW }), { code: error.code, path: at });
    return false;
  }
  assert.equal(isHot(expected), false);
  const gate = engine.classify(action, { context, now: NOW });
  const hot = isHot(gate);
  const cheap = ({ verdict, quorum, authority, preview_required, provisional, amount_is_known, enforcement, impact, reasons }) => [
    verdict, quorum, authority, preview_required, provisional, amount_is_known, enforcement, impact.tier, impact.reversibility,
    reasons.map(({ rule }) => rule),
  ];
  assert.deepEqual(cheap(gate), cheap(expected), JSON.stringify(action));
  assert.equal(JSON.stringify(gate), JSON.stringify(expected));
  assert.deepEqual(gate, expected);
  return hot;
}

function actionOf(draw, policy) {
  const entry = draw.one(policy.actions.tools);
  const tool = draw.holds(0.05) ? "nobody.knows" : draw.one(entry.names).replace("*", "other");
  const amounts = [0, 40, 49.99, 50, 50.01, 240.5, 5_000, 5_000.01, 30_000, 0.1 + 0.2, 1.005, -1, 1e15, "42.00", "4200", "many", null, "1.234"];
  const values = {
    amount: () => draw.one(amounts),
    currency: () => draw.one(["USD", "EUR", "JPY", "CZK", "XXX", 7]),
    customer_id: () => draw.one(["c_1", "é", ["c_1"], 7, "", null]),
    account_id: () => draw.one(["a_1", "a_2"]),
    subscription_id: () => "s_1",
    patient_id: () => "p_1",
    principal_id: () => "u_1",
    records: () => draw.one([1, 100, 101, [1, 2], "one", -1, 1.5]),
    to: () => draw.one(["a@example.org", ["a@example.org"], ["a@example.org", "b@example.org"], []]),
    reason: () => draw.one(["duplicate", "\ud800", "drop table users"]),
    order_id: () => "o_1",
    query: () => draw.one(["refunds", "DROP TABLE users"]),
    requires_approval: () => draw.one([true, false]),
    policy_basis: () => "exception",
    other: () => draw.one([true, { nested: 1 }, [1, [2]], Number.NaN]),
  };
  const named = [entry.amount?.pointer, entry.amount?.currency_pointer, entry.target, entry.count, ...Object.keys(entry.arguments ?? {})];
  const wanted = new Set(named.filter(Boolean).map((name) => name.replace("/", "")));
  const given = {};
  for (const [name, value] of Object.entries(values)) {
    if (wanted.has(name) ? draw.holds(0.93) : draw.holds(0.02)) given[name] = value();
  }
  return draw.holds(0.03) ? { proposed_action: tool, ...given } : { tool, arguments: given };
}

function contextOf(draw) {
  const context = { tenant_id: draw.one(["t", "x"]) };
  const set = (name, value, share = 0.3) => {
    if (draw.holds(share)) context[name] = value;
  };
  set("domain", draw.one(["legal", "billing", "é", "\ud800"]));
  set("intent", draw.one(["advisory", "consequential", "odd"]), 0.2);
  set("language", "pt-BR");
  set("risk_level", draw.one(["low", "critical"]));
  set("asks_for_person", draw.one([true, false]));
  set("facts", draw.one([{}, { recipient_is_new: false }, { vulnerable_user: true }, { customer_tier: "gold" }, { undeclared: 1 }]));
  set("surprise", 1, 0.03);
  return context;
}

test("random actions have the same gate on both paths, byte for byte", async () => {
  const draw = seeded(20_261_123);
  let [decided, hot] = [0, 0];
  const bundles = [DEFAULT, DEFAULT, ...RANDOM.slice(0, 2)];
  for (const bundle of bundles) {
    const engine = await Engine.load(bundle);
    for (let round = 0; round < CASES / bundles.length; round += 1) {
      decided += 1;
      if (assertSame(engine, actionOf(draw, bundle), contextOf(draw))) hot += 1;
    }
  }
  assert.ok(hot > decided / 5, `${hot} of ${decided} on the hot path`);
});

test("usual actions take the hot path, and what is not as usual the other", async () => {
  const engine = await Engine.load(DEFAULT);
  const refund = { amount: 40, currency: "USD", customer_id: "c_1" };
  const usual = [
    { tool: "billing.refund", arguments: refund },
    { tool: "billing.refund", arguments: { ...refund, amount: 4_200, currency: "EUR", reason: "duplicate" } },
    { tool: "kb.search", arguments: { text: "refunds", limit: 3 } },
    { tool: "kb.search" },
    { tool: "mail.send", arguments: { to: ["a@example.org"], body: "Hello" } },
    { tool: "data.export", arguments: { records: 5_000 } },
    { tool: "payments.anything", arguments: {} },
    { tool: "admin.grant", arguments: { principal_id: "u_1" } },
  ];
  for (const action of usual) assert.equal(assertSame(engine, action), true, JSON.stringify(action));
  class Own { tool = "kb.search"; get arguments() { return {}; } }
  const others = [
    { tool: "nobody.knows", arguments: {} }, { tool: "billing.refund", arguments: { ...refund, amount: "many" } },
    { tool: "billing.refund", arguments: { ...refund, currency: "CZK" } }, { tool: "billing.refund", arguments: { ...refund, surprise: 1 } },
    { tool: "billing.refund", arguments: { amount: 40, currency: "USD" } }, { tool: "kb.search", arguments: { query: "DROP TABLE users" } },
    { tool: "kb.search", arguments: { Sql: "drop table users" } }, { tool: "kb.search", arguments: { deep: { sql: "drop table users" } } },
    { tool: "kb.search", requires_approval: true }, { tool: "kb.search", arguments: { policy_basis: "exception" } },
    { tool: "kb.search", tool_info: { hints: { destructive: true } } }, { proposed_action: "issue_refund", ...refund }, new Own(),
    { tool: "mail.send", arguments: { to: [] } }, { tool: "mail.send", arguments: { to: ["a", "b"] } },
    JSON.parse('{"tool":"kb.search","arguments":{"__proto__":{"sql":"drop table users"}}}'),
  ];
  for (const action of others) assert.equal(assertSame(engine, action), false, JSON.stringify(action));
  assert.equal(isHot(engine.classify([usual[0]], { context: CONTEXT })), false);
});

test("an action that is changed afterwards changes no gate", async () => {
  const engine = await Engine.load(DEFAULT);
  const make = () => ({ tool: "mail.send", arguments: { to: ["a@example.org"], note: "x" } });
  const context = { tenant_id: "northwind", domain: "billing", facts: { vulnerable_user: true } };
  const action = make();
  const gate = engine.classify(action, { context, now: NOW });
  assert.ok(isHot(gate));
  action.tool = "kb.search";
  action.arguments.to.push("b@example.org");
  action.arguments.note = "y";
  context.domain = "legal";
  context.facts.vulnerable_user = false;
  const then = { tenant_id: "northwind", domain: "billing", facts: { vulnerable_user: true } };
  assert.deepEqual(gate, onObjects(engine, make(), then));
});

test("what only the host knows is not believed of a caller", async () => {
  const engine = await Engine.load(DEFAULT);
  const action = { tool: "mail.send", arguments: { to: "a@example.org" } };
  const context = { tenant_id: "t", facts: { recipient_is_new: false } };
  const gate = engine.classify(action, { context, now: NOW });
  assert.ok(isHot(gate));
  assert.deepEqual([gate.verdict, gate.provisional], ["require_approval", true]);
  assert.deepEqual(gate, onObjects(engine, action, context));
});

test("a getter may ask the engine, and let the memory grow, while its action is read", async () => {
  const engine = await Engine.load(DEFAULT);
  let grown = 0;
  const asking = { tool: "billing.refund", arguments: { get amount() {
    engine.classify({ tool: "kb.search" }, { context: CONTEXT });
    engine.canonicalize("x".repeat(5_000_000) + (grown += 1));
    return 4_200;
  }, currency: "USD", customer_id: "c_1" } };
  const plain = { tool: "billing.refund", arguments: { amount: 4_200, currency: "USD", customer_id: "c_1" } };
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(engine.classify(asking, { context: CONTEXT, now: NOW }), onObjects(engine, plain, CONTEXT));
  }
});

test("a rule that reads the name, the target or the currency itself finds it", async () => {
  const slot = (path) => DEFAULT.facts.findIndex((fact) => fact.path === path);
  const facts = [...DEFAULT.facts];
  if (slot("action.currency") < 0) facts.push({ ...DEFAULT.facts[0], path: "action.currency", type: "string" });
  const currency = facts.findIndex((fact) => fact.path === "action.currency");
  const rows = [
    [[{ fact: slot("action.tool") }, { const: { string: "kb.s" } }, "starts_with"], { tool: "kb.search" }],
    [[{ fact: slot("actions.tools") }, { exists: 3 }, { item: 0 }, { const: { string: "search" } }, "ends_with"], { tool: "kb.search" }],
    [[{ fact: slot("action.target") }, { const: { string: "@example" } }, "contains"], { tool: "mail.send", arguments: { to: "a@example.org" } }],
    [[{ fact: currency }, { const: { string: "EU" } }, "starts_with"], { tool: "billing.refund", arguments: { amount: 1, currency: "EUR", customer_id: "c" } }],
    [[{ fact: slot("action.tool") }, "size", { const: { int: 9 } }, "eq"], { tool: "kb.search" }],
  ];
  for (const [ops, action] of rows) {
    const rule = { ...DEFAULT.actions.rules[0], id: "reads", when: { cel: "it", ops }, then: "deny", why: "it reads" };
    const engine = await Engine.load({ ...DEFAULT, facts, actions: { ...DEFAULT.actions, rules: [rule] } });
    assertSame(engine, action);
    assert.equal(engine.classify(action, { context: CONTEXT, now: NOW }).verdict, "deny", JSON.stringify(ops));
  }
});
