/**
 * Runs this package and every peer over the common decision case, side by side, and prints ours ÷ each.
 *
 *     node tests/benches/peers/run.mjs [ROUNDS]
 *
 * Writes target/bench/peers.json. Times differ between machines: trust the ratios of one run.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { copyOf, noPeers, OURS } from "./peers.mjs";

if (noPeers) {
  console.log(`peers: SKIPPED, ${noPeers}`);
  process.exit(0);
}
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
const rounds = process.argv[2] ?? "3";
const binary = ["release", "debug"].map((kind) => join(TARGET, kind, "countersign")).find((path) => existsSync(path));
if (binary === undefined) throw new Error("the host is not built: run .ci/build-host");

const median = (values) => [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)];
const copy = copyOf(binary);
try {
  console.log("peers: installing their packages into a temporary folder");
  copy.run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--update-notifier=false"]);
  const names = readdirSync(join(copy.folder, "bench/peers")).filter((name) => name.endsWith(".mjs") && name !== "cedar-common.mjs");
  const peers = [OURS, ...names.map((name) => name.replace(/\.mjs$/, ""))];
  const checked = copy.run(process.execPath, ["bench/check.mjs", ...peers]);
  const agrees = (peer) => checked.split("\n").some((line) => line.startsWith(peer) && / ok 257\/257$/.test(line));
  if (!agrees(OURS)) throw new Error(`this package decides otherwise:\n${checked}`);
  // One that cannot run here, or decides otherwise, is no measure; it is named.
  for (const peer of peers.filter((peer) => !agrees(peer))) console.log(`peers: ${peer} is left out: it does not give the common answers here`);
  const able = peers.filter(agrees);

  // Waits for a quiet machine are kept short: each round puts all of them beside each other anyway.
  const quiet = { GATE_MS: process.env.GATE_MS ?? "1000", WARM_MS: process.env.WARM_MS ?? "600", T_MS: process.env.T_MS ?? "500" };
  copy.run(process.execPath, ["bench/run.mjs", rounds, "hot.json", ...able], quiet);
  copy.run(process.execPath, ["bench/coldrun.mjs", rounds, "cold.json", ...able], quiet);
  const read = (name) => JSON.parse(readFileSync(join(copy.folder, name), "utf8"));
  const of = (rows, peer, field) => median(rows.filter(({ name }) => name === peer).map(field));
  const [hot, cold] = [read("hot.json"), read("cold.json")];
  const figures = able.map((peer) => ({
    peer: peer === OURS ? "countersign" : peer,
    median_us: of(hot, peer, (row) => row.nsMed) / 1_000,
    p99_us: of(hot, peer, (row) => row.single.p99 - row.timerNs) / 1_000,
    mix_us: of(hot, peer, (row) => row.mixNs) / 1_000,
    cold_ms: of(cold, peer, (row) => row.total),
    rss_mb: of(cold, peer, (row) => row.rss1),
  }));
  const [ours] = figures;
  for (const row of figures) {
    row.ours_over_theirs = ours.median_us / row.median_us;
    row.ours_over_theirs_mix = ours.mix_us / row.mix_us;
    row.ours_over_theirs_cold = ours.cold_ms / row.cold_ms;
  }
  const plain = figures.find(({ peer }) => peer === "plain-js");
  console.log(["peer".padEnd(30), "median µs", "ours ÷", "256 mixed", "ours ÷", "cold ms", "ours ÷", "RSS MB"].join("  "));
  for (const row of [...figures].sort((left, right) => left.median_us - right.median_us)) {
    const cells = [[row.median_us, 9, 2], [row.ours_over_theirs, 6, 2], [row.mix_us, 9, 2], [row.ours_over_theirs_mix, 6, 2], [row.cold_ms, 7, 1], [row.ours_over_theirs_cold, 6, 2], [row.rss_mb, 6, 0]];
    console.log([row.peer.padEnd(30), ...cells.map(([value, width, digits]) => value.toFixed(digits).padStart(width))].join("  "));
  }
  const ratio = ours.median_us / plain.median_us;
  const slower = figures.filter((row) => row !== ours && row !== plain && row.ours_over_theirs > 1).map(({ peer }) => peer);
  console.log(`evaluate + classify: ${ratio.toFixed(1)} × hand-written, at most 5: ${ratio <= 5 ? "met" : `missed by ${(ratio / 5).toFixed(1)} ×`}`);
  console.log(`faster than every peer: ${slower.length === 0 ? "met" : `missed: not than ${slower.join(", ")}`}`);
  mkdirSync(join(TARGET, "bench"), { recursive: true });
  writeFileSync(join(TARGET, "bench/peers.json"), `${JSON.stringify({ node: process.version, rounds: Number(rounds), figures }, null, 2)}\n`);
} finally {
  copy.remove();
}
