/**
 * Measures the npm package: size, cold start, and one decision, each beside what it is to hold.
 *
 *     node tests/benches/bench.mjs
 *
 * Prints a table and writes target/bench/module.json. Times differ between machines: trust the ratios of one run.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { decisions } from "./decisions.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DIST = join(ROOT, "pkg/dist");
const COLD_STARTS = 20;

const median = (values) => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
const gzipBytes = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** What a browser downloads to decide: the module, and the code around it as a bundler would ship it. */
async function size() {
  const { build } = createRequire(join(ROOT, "pkg/package.json"))("esbuild");
  const module = readFileSync(join(DIST, "countersign_bg.wasm"));
  const entry = { contents: 'export { Engine } from "./index.js";', resolveDir: DIST };
  const bundled = await build({ stdin: entry, bundle: true, minify: true, format: "esm", write: false, logLevel: "error" });
  const glue = bundled.outputFiles[0].contents;
  return {
    module_bytes: module.length,
    module_gzip_bytes: gzipBytes(module),
    glue_bytes: glue.length,
    glue_gzip_bytes: gzipBytes(glue),
  };
}

/** From the first line of a fresh process's script, a module as a service's is, to its first verdict, in milliseconds. */
function coldStart(policy) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-cold-"));
  const script = join(folder, "start.mjs");
  writeFileSync(script, `
    import { readFileSync } from "node:fs";
    const started = performance.now();
    const { Engine } = await import(${JSON.stringify(`file://${DIST}/node.js`)});
    const imported = performance.now();
    const engine = await Engine.load(readFileSync(${JSON.stringify(`${DIST}/${policy}`)}));
    const loaded = performance.now();
    engine.evaluate({ tenant_id: "t", user_question: "?", signals: { retrieval_score: 0.9 } }, { now: 0 });
    const decided = performance.now();
    console.log(JSON.stringify({ import_ms: imported - started, load_ms: loaded - imported, first_ms: decided - loaded, total_ms: decided - started }));
  `);
  const runs = Array.from({ length: COLD_STARTS }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  rmSync(folder, { recursive: true });
  const of = (name) => median(runs.map((run) => run[name]));
  return { import_ms: of("import_ms"), load_ms: of("load_ms"), first_ms: of("first_ms"), total_ms: of("total_ms") };
}

const report = {
  node: process.version,
  processor: cpus()[0]?.model ?? "unknown",
  size: await size(),
  cold_start: coldStart("default-policy.bin"),
  cold_start_from_bundle: coldStart("default-policy.json"),
  decision: await decisions(ROOT, DIST),
};
const kB = (bytes) => `${(bytes / 1_000).toFixed(1)} kB`;
const ms = (value) => `${value.toFixed(1)} ms`;
const us = (value) => `${value.toFixed(2)} µs`;
/** A line with its bound, and whether it is met or by how much it is missed. */
const bar = (name, value, bound, words, unit = us) => [name, unit(value), `at most ${words}`, value / bound];
const { size: bytes, cold_start: cold, decision: one } = report;
const lines = [
  ["module", kB(bytes.module_bytes)],
  ["module, gzip -9", kB(bytes.module_gzip_bytes)],
  ["code around it, minified, gzip -9", kB(bytes.glue_gzip_bytes)],
  bar("both, gzip -9", bytes.module_gzip_bytes + bytes.glue_gzip_bytes, 60_000, "60 kB", kB),
  ["cold start: import", ms(cold.import_ms)],
  ["cold start: load the default image", ms(cold.load_ms)],
  ["cold start: first decision", ms(cold.first_ms)],
  ["cold start from the bundle", ms(report.cold_start_from_bundle.total_ms)],
  bar(`cold start, median of ${COLD_STARTS}`, cold.total_ms, 10, "10 ms", ms),
  ["hand-written JavaScript", us(one.us.javascript), `agrees on ${one.baseline_agrees} of ${one.requests}`],
  bar("evaluate", one.us.evaluate, one.us.javascript * 5, "5 times hand-written"),
  bar("evaluate, rules and queue read", one.us.evaluate_with_rules, one.us.javascript * 5, "5 times hand-written"),
  bar("evaluateBatch, each", one.us.evaluate_batch, 1, "1 µs"),
  ["evaluate, reasons read", us(one.us.evaluate_in_full)],
  ["evaluate, of a request with actions", us(one.us.evaluate_of_actions)],
  bar("classify", one.us.classify, one.us.javascript * 5, "5 times hand-written"),
  ["classify, rules and authority read", us(one.us.classify_with_rules)],
  ["evaluate, a request of 1 kB", us(one.growth_us.request_1_kb)],
  bar("evaluate, a request of 10 kB", one.growth_us.request_10_kb, one.growth_us.request_1_kb * 1.5, "1.5 times that of 1 kB"),
  bar("evaluate, a request of 100 kB", one.growth_us.request_100_kb, one.growth_us.request_1_kb * 1.5, "1.5 times that of 1 kB"),
  [`evaluate, ${one.rules} rules`, us(one.growth_us.request_1_kb)],
  ["evaluate, 100 rules", us(one.growth_us.rules_100)],
  bar("evaluate, 1,000 rules", one.growth_us.rules_1000, (one.growth_us.request_1_kb * 1_000) / one.rules, "in proportion to the rules"),
  bar("heap after 300,000 decisions more", Math.max(one.heap_growth_bytes, 0), 1_000_000, "1 MB", kB),
  ["resident memory", kB(one.resident_bytes)],
];
for (const [name, value, note = "", share] of lines) {
  const verdict = share === undefined ? "" : share <= 1 ? "met" : `missed by ${share.toFixed(1)} ×`;
  console.log([name.padEnd(38), value.padStart(10), `  ${note}`.padEnd(42), verdict].join("").trimEnd());
}
const folder = join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target"), "bench");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "module.json"), `${JSON.stringify(report, null, 2)}\n`);
