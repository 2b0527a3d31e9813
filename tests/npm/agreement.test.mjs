/**
 * The module against the native program, on requests and policies from chance: the same bytes.
 *
 * `COUNTERSIGN_AGREEMENT` says how many decisions, `COUNTERSIGN_SEED` which.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Engine } from "../../pkg/dist/node.js";
import { chance, randomPolicy, randomRequest } from "./chance.mjs";
import { countersign, skip } from "./host.mjs";

const DECISIONS = Number(process.env.COUNTERSIGN_AGREEMENT ?? 3_000);
const SEED = Number(process.env.COUNTERSIGN_SEED ?? 20261122);
/** Requests that each policy decides. */
const EACH = 500;
const NOW = "2026-05-09T14:00:00.000Z";
const SMALL = readFileSync(new URL("../fixtures/small-policy.toml", import.meta.url), "utf8");

const folder = mkdtempSync(join(tmpdir(), "countersign-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Draws until a policy compiles, and gives its text's file and its bundle. */
async function draw(from) {
  const file = join(folder, "policy.toml");
  for (let tries = 0; tries < 200; tries += 1) {
    writeFileSync(file, randomPolicy(from, SMALL));
    const { code, output } = await countersign("policy", "compile", file);
    if (code === 0) return { file, bundle: output };
  }
  throw new Error("no policy from chance compiles");
}

test("native and wasm give the same bytes for requests and policies from chance", { skip, timeout: 3_600_000 }, async (context) => {
  const from = chance(SEED);
  const dispositions = new Map();
  const policies = new Set();
  const requests = join(folder, "requests.jsonl");
  const actions = join(folder, "actions.jsonl");
  let decided = 0;
  let classified = 0;
  while (decided < DECISIONS) {
    const { file, bundle } = await draw(from);
    const engine = await Engine.load(bundle);
    policies.add(engine.policy.hash);
    const asked = Array.from({ length: Math.min(EACH, DECISIONS - decided) }, () => randomRequest(from));
    writeFileSync(requests, asked.map((request) => `${JSON.stringify(request)}\n`).join(""));
    const native = await countersign("policy", "evaluate", requests, "--policy", file, "--now", NOW);
    assert.equal(native.code, 0, native.output);
    const verdicts = native.output.trimEnd().split("\n");
    assert.equal(verdicts.length, asked.length);
    for (const [index, request] of asked.entries()) {
      const verdict = engine.evaluate(request, { now: Date.parse(NOW) });
      assert.equal(engine.canonicalize(verdict), verdicts[index], JSON.stringify(request));
      dispositions.set(verdict.disposition, (dispositions.get(verdict.disposition) ?? 0) + 1);
    }
    decided += asked.length;

    const chains = asked.flatMap(({ tenant_id, proposed_actions }) => (proposed_actions ? [{ actions: proposed_actions, context: { tenant_id } }] : []));
    writeFileSync(actions, chains.map((chain) => `${JSON.stringify(chain)}\n`).join(""));
    const gates = await countersign("policy", "classify", actions, "--policy", file, "--now", NOW);
    assert.equal(gates.code, 0, gates.output);
    const lines = gates.output.trimEnd().split("\n");
    for (const [index, chain] of chains.entries()) {
      const gate = engine.classify(chain.actions, { context: chain.context, now: Date.parse(NOW) });
      assert.equal(engine.canonicalize(gate), lines[index], JSON.stringify(chain));
    }
    classified += chains.length;
    engine.free();
  }
  const told = [...dispositions].map(([name, count]) => `${count} ${name}`).join(", ");
  context.diagnostic(`${decided} verdicts (${told}) and ${classified} gates under ${policies.size} policies`);
  assert.ok(policies.size >= Math.floor(DECISIONS / EACH), "the policies differ");
  assert.ok(dispositions.size >= 2, told);
});
