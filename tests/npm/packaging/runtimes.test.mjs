/** The packed tarball in Node, Deno, Bun and workerd: the golden corpus in each, to the byte. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { consumer, tools } from "./consumer.mjs";

const { bun, deno, require, wrangler } = tools();
const project = consumer();
const { folder, run, write } = project;
project.writeProbe();
write("main.mjs", 'import { EXPECTED, probe } from "./probe.mjs";\nconst found = await probe();\nif (found !== EXPECTED) throw new Error(found);\nconsole.log("ok", found);\n');
// Not one `await`: what CommonJS needs where it stands.
write("main.cjs", `
  const { Engine } = require("countersign");
  const { decisions } = require("./corpus.json");
  const engine = Engine.loadSync(require("countersign/default-policy.json"));
  for (const { name, now, request, verdict } of decisions) {
    if (engine.canonicalize(engine.evaluate(request, { now: new Date(now) })) !== verdict) throw new Error(name);
  }
  console.log("ok", decisions.length, "verdicts");
`);
// No key of the environment that a permission system would have to hand over.
const env = { PATH: process.env.PATH, HOME: folder, DENO_DIR: join(folder, ".deno"), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", WRANGLER_SEND_METRICS: "false", CI: "1" };

const rows = [
  ["Node, an ES module", process.execPath, ["--no-warnings", "main.mjs"]],
  ["Node, an ES module, without eval", process.execPath, ["--no-warnings", "--disallow-code-generation-from-strings", "main.mjs"]],
  ["Node, CommonJS", process.execPath, ["main.cjs"]],
  ["Deno, without any permission", deno, ["run", "--no-prompt", "--cached-only", "main.mjs"]],
  ["Bun, an ES module", bun, ["main.mjs"]],
  ["Bun, CommonJS", bun, ["main.cjs"]],
];
for (const [name, command, args] of rows) {
  test(name, () => assert.match(run(command, args, { env }), /^ok \d{3} verdicts/));
}

test("a script for Node that a bundler wrote finds the module beside it, or says what to do", async () => {
  const { build } = require("esbuild");
  await build({ entryPoints: [join(folder, "main.mjs")], bundle: true, platform: "node", format: "esm", outfile: join(folder, "bundled/main.mjs"), logLevel: "error" });
  assert.throws(() => run(process.execPath, ["bundled/main.mjs"]), /the module could not be loaded.*ENOENT/);
  write("bundled/countersign_bg.wasm", readFileSync(join(project.installed, "dist/countersign_bg.wasm")));
  assert.match(run(process.execPath, ["bundled/main.mjs"]), /^ok/);
});

const WORKER = `
  import { Engine } from "countersign";
  import policy from "countersign/default-policy.json";
  import { EXPECTED, probe } from "./probe.mjs";
  // At the top, where a worker may not wait for anything.
  const engine = Engine.loadSync(policy);
  export default {
    async fetch() {
      try {
        const found = await probe();
        return new Response(found === EXPECTED ? "ok " + engine.policy.hash : found);
      } catch (error) {
        return new Response(String(error.stack), { status: 500 });
      }
    },
  };
`;

test("workerd, as wrangler builds it", async () => {
  write("worker.mjs", WORKER);
  write("wrangler.json", JSON.stringify({ name: "probe", main: "worker.mjs", compatibility_date: "2026-04-01" }));
  run(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", "built"], { env });
  const built = readdirSync(join(folder, "built"));
  const module = built.filter((name) => name.endsWith(".wasm"));
  // The module itself, once, and not as text in the script.
  assert.equal(module.length, 1, built.join());
  assert.ok(readFileSync(join(folder, "built", module[0])).equals(readFileSync(join(project.installed, "dist/countersign_bg.wasm"))));
  const { Miniflare } = require("miniflare");
  const worker = new Miniflare({
    modules: [
      { type: "ESModule", path: join(folder, "built/worker.js") },
      { type: "CompiledWasm", path: join(folder, "built", module[0]) },
    ],
    modulesRoot: join(folder, "built"),
    compatibilityDate: "2026-04-01",
  });
  try {
    const response = await worker.dispatchFetch("http://worker/");
    assert.match(await response.text(), /^ok sha256:/);
  } finally {
    await worker.dispose();
  }
});
