/** What has no single canonical form, at the engine's door: the same table as at the host's. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CountersignError, Engine } from "../../pkg/dist/node.js";

const rows = JSON.parse(readFileSync(new URL("../fixtures/admission.json", import.meta.url), "utf8"));
const engine = await Engine.load(readFileSync(new URL("../../pkg/default-policy.json", import.meta.url)));
const NOW = Date.UTC(2026, 10, 22, 10, 15);

function valueOf({ text, nested }) {
  return JSON.parse(text ?? "[".repeat(nested) + "1" + "]".repeat(nested));
}

const digestOf = (value) => engine.classify({ tool: "t", arguments: { x: value } }, { context: { tenant_id: "t" }, now: NOW });

for (const row of rows) {
  test(`${row.name} is ${row.admitted ? "taken" : "refused"}`, () => {
    const decide = () => engine.evaluate({ tenant_id: "t", user_question: "?", facts: { x: valueOf(row) } }, { now: NOW });
    if (row.admitted || row.javascript_reads_it) {
      // Of a key that stands twice JavaScript keeps the last before anybody can see both.
      assert.equal(typeof decide().digest, "string");
    } else {
      assert.throws(decide, (error) => error instanceof SyntaxError || (error instanceof CountersignError && ["invalid_field", "limit_exceeded"].includes(error.code)));
    }
    if (row.same_as !== undefined) assert.deepEqual(digestOf(valueOf(row)), digestOf(JSON.parse(row.same_as)));
    if (row.other_than !== undefined) assert.notDeepEqual(digestOf(valueOf(row)), digestOf(JSON.parse(row.other_than)));
  });
}

test("after all of that the engine still decides", () => {
  assert.equal(typeof engine.evaluate({ tenant_id: "t", user_question: "?" }, { now: NOW }).digest, "string");
});
