/** The golden corpus: the package decides, to the byte, as the native core and the host do. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as node from "../../pkg/dist/node.js";

const CORPUS = new URL("../fixtures/decisions.jsonl", import.meta.url);
const GATES = new URL("../fixtures/gates.jsonl", import.meta.url);
const POLICY = new URL("../../pkg/default-policy.json", import.meta.url);
const entries = { "an ES module": node, CommonJS: createRequire(import.meta.url)("../../pkg/dist/node.cjs") };

for (const [name, { Engine }] of Object.entries(entries)) {
  test(`every request of the corpus gets its golden verdict from ${name}`, async () => {
    const rows = readFileSync(CORPUS, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(rows.length >= 300, "the corpus is there");
    const engine = await Engine.load(readFileSync(POLICY));
    for (const { name, now, request, verdict } of rows) {
      const found = engine.evaluate(request, { now: new Date(now) });
      assert.equal(engine.canonicalize(found), verdict, name);
      assert.deepEqual(engine.decide(request, { now: Date.parse(now) }).verdict, found, name);
    }
  });

  test(`every action of the corpus gets its golden gate from ${name}`, async () => {
    const rows = readFileSync(GATES, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(rows.length >= 60, "the corpus is there");
    const engine = await Engine.load(readFileSync(POLICY));
    for (const { name, now, actions, context, gate } of rows) {
      const found = engine.classify(actions, { context, now: new Date(now) });
      assert.equal(engine.canonicalize(found), gate, name);
      const list = Array.isArray(actions) ? actions : [actions];
      assert.deepEqual(engine.classify(list, { context, now: Date.parse(now) }), found, name);
    }
  });
}
