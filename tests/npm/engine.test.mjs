/** The engine in Node: what it loads, decides, refuses, and gives back. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { CountersignError, Engine } from "../../pkg/dist/node.js";

const POLICY = new URL("../../pkg/default-policy.json", import.meta.url);
const TEXT = readFileSync(POLICY, "utf8");
const BUNDLE = JSON.parse(TEXT);
const NOW = Date.UTC(2026, 10, 22, 10, 15);
const REQUEST = { tenant_id: "northwind", request_id: "req_1", user_question: "Where is my parcel?" };

/** The error that loading or using the engine ends in. */
async function errorOf(use) {
  try {
    await use();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a bundle is an object, JSON text, or that text's bytes", async () => {
  const forms = [BUNDLE, TEXT, new TextEncoder().encode(TEXT), Buffer.from(TEXT)];
  const hashes = new Set();
  for (const form of forms) {
    const engine = await Engine.load(form);
    assert.deepEqual(Object.keys(engine.policy).sort(), ["hash", "id", "version"]);
    hashes.add(engine.policy.hash);
  }
  assert.equal(hashes.size, 1);
});

test("a bundle that is none is refused with a code, a path and what to do", async () => {
  const rows = [
    ["{", "invalid_json", undefined],
    [new Uint8Array([0xff]), "invalid_json", undefined],
    [{}, "policy_rejected", "/bundle_version"],
    [null, "policy_rejected", ""],
    [{ ...BUNDLE, bundle_version: 99 }, "policy_rejected", "/bundle_version"],
    [{ ...BUNDLE, surprise: 1 }, "policy_rejected", "/surprise"],
  ];
  for (const [bundle, code, path] of rows) {
    const error = await errorOf(() => Engine.load(bundle));
    assert.ok(error instanceof CountersignError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.path, path);
    assert.ok(error.message.length > 0 && error.help.length > 0);
  }
});

test("a verdict is plain data, the same for the same instant", async () => {
  const engine = await Engine.load(BUNDLE);
  const verdict = engine.evaluate(REQUEST, { now: NOW });
  assert.deepEqual(structuredClone({ ...verdict }), verdict);
  assert.deepEqual(JSON.parse(JSON.stringify(verdict)), verdict);
  assert.deepEqual(engine.evaluate(REQUEST, { now: new Date(NOW) }), verdict);
  assert.equal(verdict.evaluated_at, "2026-11-22T10:15:00.000Z");
  assert.deepEqual(verdict.policy, engine.policy);
  assert.equal(engine.evaluate({ ...REQUEST, domain: undefined }, { now: NOW }).digest, verdict.digest);
  assert.notEqual(engine.evaluate(REQUEST, { now: NOW + 1 }).digest, verdict.digest);
});

test("without an instant the present counts", async () => {
  const engine = await Engine.load(BUNDLE);
  const before = Date.now();
  const at = Date.parse(engine.evaluate(REQUEST).evaluated_at);
  assert.ok(before <= at && at <= Date.now());
});

test("a decision brings the record that is reported, and no text in it", async () => {
  const engine = await Engine.load(BUNDLE);
  const { verdict, record } = engine.decide(REQUEST, { now: NOW });
  assert.deepEqual(verdict, engine.evaluate(REQUEST, { now: NOW }));
  assert.equal(record.digest, verdict.digest);
  assert.equal(record.policy_hash, engine.policy.hash);
  assert.ok(!JSON.stringify(record).includes(REQUEST.user_question));
});

test("a request that is not one is refused, and the engine goes on", async () => {
  const engine = await Engine.load(BUNDLE);
  const cyclic = { ...REQUEST };
  cyclic.facts = { cyclic };
  const throwing = { ...REQUEST, get domain() { throw new Error("never mind"); } };
  const rows = [
    [null, NOW, "invalid_field", ""],
    [{ tenant_id: "t" }, NOW, "invalid_field", "/user_question"],
    [{ ...REQUEST, risk_level: "hihg" }, NOW, "invalid_field", "/risk_level"],
    [{ ...REQUEST, judge_score: Number.NaN }, NOW, "invalid_field", "/judge_score"],
    [{ ...REQUEST, signals: { retrieval_score: 1.1 } }, NOW, "invalid_field", "/signals/retrieval_score"],
    [{ ...REQUEST, user_question: "x".repeat(64_001) }, NOW, "limit_exceeded", "/user_question"],
    [{ ...REQUEST, facts: { at: new Date() } }, NOW, "invalid_field", "/facts/at"],
    [cyclic, NOW, "limit_exceeded", undefined],
    [throwing, NOW, "invalid_field", "/domain"],
    [REQUEST, Number.NaN, "invalid_field", "/now"],
    [REQUEST, new Date(Number.NaN), "invalid_field", "/now"],
    [REQUEST, -1, "invalid_field", "/now"],
  ];
  for (const [request, now, code, path] of rows) {
    const error = await errorOf(() => engine.evaluate(request, { now }));
    assert.ok(error instanceof CountersignError, String(error));
    assert.equal(error.code, code, error.message);
    if (path !== undefined) assert.equal(error.path, path, error.message);
    assert.ok(error.help.length > 0);
  }
  assert.ok(engine.evaluate(REQUEST, { now: NOW }).disposition);
});

test("a value that works against its reader is refused or read once, and the engine goes on", async () => {
  const engine = await Engine.load(BUNDLE);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const throwing = (trap) => new Proxy({}, { [trap]() { throw new Error("never mind"); } });
  const rows = [
    [revoked.proxy, ""],
    [{ a: revoked.proxy }, "/a"],
    [{ a: throwing("ownKeys") }, "/a"],
    [{ "x/~": [0, throwing("ownKeys")] }, "/x~1~0/1"],
    [new Proxy({ a: 1 }, { get() { throw new Error("never mind"); } }), "/a"],
    [[1, , { get b() { throw new Error("never mind"); } }], "/2/b"],
    [{ "\ud800": 1 }, "/\ufffd"],
    [{ ["a".repeat(100) + "\udc00"]: 1 }, `/${"a".repeat(100)}\ufffd`],
    [{ text: "long ".repeat(40) + "\ud800" }, "/text"],
    [{ a: Symbol("a") }, "/a"],
    [{ a: 1n }, "/a"],
    [{ a: 2 ** 60 }, "/a"],
  ];
  for (const [value, path] of rows) {
    const error = await errorOf(() => engine.canonicalize(value));
    assert.equal(error?.code, "invalid_field", error?.message);
    assert.equal(error.path, path);
  }
  const tooMany = await errorOf(() => engine.canonicalize({ list: new Array(100_001).fill(0) }));
  assert.deepEqual([tooMany.code, tooMany.path], ["limit_exceeded", "/list"]);
  let reads = 0;
  const counted = new Proxy({ a: 1, b: undefined }, { get: (target, key) => ((reads += 1), target[key]) });
  assert.equal(engine.canonicalize(counted), '{"a":1}');
  assert.equal(reads, 2);
  // Neither the prototype nor a way to write a value of its own takes part.
  const own = Object.assign(Object.create({ inherited: 1 }), { a: 1, toJSON: undefined });
  assert.equal(engine.canonicalize(own), '{"a":1}');
  assert.equal(engine.canonicalize(JSON.parse('{"__proto__":{"x":1}}')), '{"__proto__":{"x":1}}');
});

test("a getter may ask the engine itself while its object is read", async () => {
  const engine = await Engine.load(BUNDLE);
  const inner = { long: "é".repeat(20_000), list: [1.5, -0, 1e300] };
  const outer = { before: "text".repeat(10_000), get now() { return engine.canonicalize(inner); }, after: [true, null] };
  const plain = { before: outer.before, now: engine.canonicalize(inner), after: outer.after };
  assert.equal(engine.canonicalize(outer), engine.canonicalize(plain));
  assert.deepEqual(JSON.parse(engine.canonicalize(outer)), plain);
});

test("numbers are written as JavaScript writes them", async () => {
  const engine = await Engine.load(BUNDLE);
  const numbers = [0, 1, -1, 0.1, 0.05, 1e-6, 1e-7, 123456.789012, 0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, 1e21, 2 ** 53 - 1, 999999999999999.9];
  for (let seed = 1, count = 0; count < 20_000; count += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    numbers.push(seed / 2_147_483_647, seed / 1_000_000, -seed / 100, Math.round(seed / 7) / 1_000);
  }
  for (let start = 0; start < numbers.length; start += 50_000) {
    const part = numbers.slice(start, start + 50_000);
    assert.equal(engine.canonicalize(part), JSON.stringify(part));
  }
});

test("a freed engine says so, and freeing twice is nothing", async () => {
  const engine = await Engine.load(BUNDLE);
  engine.free();
  engine.free();
  assert.equal((await errorOf(() => engine.evaluate(REQUEST))).code, "invalid_state");
  assert.equal(engine.policy.id, BUNDLE.id);
  // What `using` calls at the end of its block.
  const scoped = await Engine.load(BUNDLE);
  scoped[Symbol.dispose]();
  assert.equal((await errorOf(() => scoped.evaluate(REQUEST))).code, "invalid_state");
});

test("the canonical form is that of RFC 8785", async () => {
  const engine = await Engine.load(BUNDLE);
  const value = { b: [1e21, 1e-7, -0, 0.1], a: "\u20ac\u0001\"", "\ud83d\ude00": 1, "\ufb33": 2 };
  assert.equal(engine.canonicalize(value), '{"a":"€\\u0001\\"","b":[1e+21,1e-7,0,0.1],"😀":1,"\ufb33":2}');
  assert.equal((await errorOf(() => engine.canonicalize("\ud800"))).code, "invalid_field");
});

test("CommonJS gets the same, with one error class for engine and client", async () => {
  const require = createRequire(import.meta.url);
  const { Engine: Required, CountersignError: RequiredError } = require("../../pkg/dist/node.cjs");
  const engine = await Required.load(BUNDLE);
  const other = await Engine.load(BUNDLE);
  assert.deepEqual(engine.evaluate(REQUEST, { now: NOW }), other.evaluate(REQUEST, { now: NOW }));
  assert.equal(require("../../pkg/dist/client.cjs").CountersignError, RequiredError);
  assert.equal((await import("../../pkg/dist/client.js")).CountersignError, CountersignError);
});

test("after a trap the module decides nothing more, and says so each time", () => {
  // Poisons its process, so that it has one of its own.
  const script = `
    import { readFileSync } from "node:fs";
    import { Engine } from ${JSON.stringify(new URL("../../pkg/dist/node.js", import.meta.url).href)};
    const engine = await Engine.load(readFileSync(${JSON.stringify(POLICY.pathname)}));
    const ask = () => engine.evaluate({ tenant_id: "t", user_question: "?" }).disposition;
    let failure;
    // Asks at the very end of the stack, then further up, until the call got as far as the module.
    const descend = () => {
      try { descend(); } catch { }
      if (failure?.code !== "internal") try { ask(); } catch (error) { failure = error; }
    };
    descend();
    const codes = [failure?.code, failure?.cause instanceof RangeError];
    for (const use of [ask, () => engine.canonicalize(1)]) try { use(); } catch (error) { codes.push(error.code); }
    console.log(JSON.stringify(codes));
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(printed), ["internal", true, "internal", "internal"]);
});
