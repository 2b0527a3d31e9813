/** The module's canonical form against npm's `canonicalize`, on values from chance, and on RFC 8785's own. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Engine } from "../../pkg/dist/node.js";
import { chance, randomValue } from "./chance.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VALUES = Number(process.env.COUNTERSIGN_CANONICAL ?? 5_000);
const SEED = Number(process.env.COUNTERSIGN_SEED ?? 20261122);
const VECTORS = join(process.env.COUNTERSIGN_SHARED ?? join(ROOT, "../shared"), "vectors/rfc8785");

const { default: canonicalize } = await import(pathToFileURL(join(ROOT, "pkg/node_modules/canonicalize/lib/canonicalize.js")));
const engine = await Engine.load(readFileSync(join(ROOT, "pkg/default-policy.json")));

test("values from chance have the canonical form that another library gives them", () => {
  const from = chance(SEED);
  for (let index = 0; index < VALUES; index += 1) {
    const value = randomValue(from);
    const expected = canonicalize(value);
    assert.equal(engine.canonicalize(value), expected);
    assert.equal(engine.canonicalize(JSON.parse(expected)), expected);
  }
});

const skip = !existsSync(VECTORS) && `there are no vectors at ${VECTORS}`;
test("the published vectors of RFC 8785 come out to the byte", { skip }, () => {
  const names = readdirSync(join(VECTORS, "input"));
  assert.ok(names.length >= 6);
  for (const name of names) {
    const read = (folder) => readFileSync(join(VECTORS, folder, name), "utf8");
    assert.equal(engine.canonicalize(JSON.parse(read("input"))), read("output"), name);
  }
});
