/**
 * Seconds that a replay of 100,000 decisions takes: over requests, over decision records in a file, over those
 * of a host's store, and over the newest 20,000 through the interface.
 *
 *     node tests/benches/replay.mjs [DECISIONS]
 *
 * Prints a table and writes target/bench/replay.json. Needs the host for release: .ci/build-host.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
const BINARY = process.env.COUNTERSIGN_BINARY ?? join(TARGET, "release/countersign");
const DECISIONS = Number(process.argv[2] ?? 100_000);
/** What one report of an edge holds at most. */
const BATCH = 1_000;
const DAYS = 30;
const FROM = Date.parse("2026-04-09T14:00:00Z");

const folder = mkdtempSync(join(tmpdir(), "countersign-replay-"));
const file = (name) => join(folder, name);
const lines = (values) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

/** Runs the command line; gives what it printed, and the seconds that passed. */
function countersign(...words) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(BINARY, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`countersign ${words.join(" ")}: ${stderr}`);
  return { printed: stdout.trim(), seconds: (performance.now() - started) / 1_000 };
}

/** Chance that comes out the same again. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Traffic made of the golden corpus, with scores of its own for each request, and what an edge records of it. */
async function traffic() {
  const { Engine } = await import(join(ROOT, "pkg/dist/node.js"));
  const engine = await Engine.load(readFileSync(join(ROOT, "pkg/default-policy.json")));
  const corpus = readFileSync(join(ROOT, "tests/fixtures/decisions.jsonl"), "utf8").trim().split("\n").map((row) => JSON.parse(row).request);
  const draw = chance(20_261_123);
  const requests = [];
  const records = [];
  for (let index = 0; index < DECISIONS; index += 1) {
    const like = corpus[index % corpus.length];
    const signals = Object.fromEntries(Object.entries(like.signals ?? {}).map(([name, value]) => [name, typeof value === "number" ? draw() : value]));
    const request = { ...like, tenant_id: "northwind", request_id: `req_${index}`, signals };
    if (like.judge_score !== undefined && like.judge_score !== null) request.judge_score = draw();
    const now = FROM + Math.floor((index * DAYS * 86_400_000) / DECISIONS);
    requests.push(request);
    records.push(engine.decide(request, { now }).record);
  }
  engine.free();
  return { requests, records };
}

/** A host with these records of an edge, and a token of somebody who may see them. */
async function host(records) {
  const data = file("data");
  const child = spawn(BINARY, ["serve", "--data", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise((fulfil, reject) => {
    let printed = "";
    child.once("exit", (code) => reject(new Error(`the host ended with ${code}`)));
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (found !== undefined) fulfil(found);
    });
  });
  const token = (kind, ...grant) => {
    const id = countersign("principal", "create", "--data", data, "--tenant", "northwind", "--name", kind, "--kind", kind).printed;
    countersign("grant", "add", id, "--data", data, ...grant);
    return countersign("token", "create", id, "--data", data).printed.split(/\s+/)[1];
  };
  const post = async (path, body, bearer) => {
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
    const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(told)}`);
    return told;
  };
  const edge = token("edge", "--role", "caller");
  const reviewer = token("person", "--role", "reviewer", "--level", "2");
  for (let sequence = 0; sequence < records.length; sequence += BATCH) {
    await post("/v1/decisions", { version: 1, edge: "bench", boot: "b", sequence, records: records.slice(sequence, sequence + BATCH) }, edge);
  }
  const stop = () => new Promise((ended) => child.once("exit", ended) && child.kill("SIGTERM"));
  return { data, stop, ask: (path, body) => post(path, body, reviewer) };
}

try {
  const { requests, records } = await traffic();
  const policy = readFileSync(join(ROOT, "src/compile/default.toml"), "utf8");
  const source = policy.replace("request.judge_score < 0.6", "request.judge_score < 0.7").replace("answer = 0.60", "answer = 0.70");
  if (source === policy) throw new Error("the policies are the same");
  writeFileSync(file("new.toml"), source);
  writeFileSync(file("requests.jsonl"), lines(requests));
  writeFileSync(file("records.jsonl"), lines(records));

  const replay = (...from) => {
    const { printed, seconds } = countersign("policy", "replay", "--new", file("new.toml"), "--json", ...from);
    const { decisions, judged, changed, reproduced } = JSON.parse(printed);
    return { seconds, decisions, judged, changed, reproduced };
  };
  const of_requests = replay("--requests", file("requests.jsonl"), "--days", String(DAYS));
  const of_records = replay("--records", file("records.jsonl"));
  const running = await host(records);
  const of_store = replay("--data", running.data, "--tenant", "northwind");
  const started = performance.now();
  const { replay: answer } = await running.ask("/v1/policies/replay", { source });
  const through_interface = { seconds: (performance.now() - started) / 1_000, decisions: answer.decisions, judged: answer.judged, changed: answer.changed };
  await running.stop();

  for (const { decisions, changed } of [of_requests, of_records, of_store]) {
    if (decisions !== DECISIONS || changed === 0) throw new Error(`${decisions} decisions were replayed, ${changed} changed`);
  }
  const report = { processor: cpus()[0]?.model ?? "unknown", processors: cpus().length, load: loadavg()[0], of_requests, of_records, of_store, through_interface };
  const rows = { "requests of a file": of_requests, "records of a file": of_records, "records of a host's store": of_store, "through the interface, the newest 20,000": through_interface };
  for (const [name, row] of Object.entries(rows)) {
    const { seconds, decisions, judged, changed } = row;
    console.log(`${name.padEnd(42)}${seconds.toFixed(2).padStart(7)} s for ${decisions.toLocaleString("en")} (${judged.toLocaleString("en")} judged, ${changed.toLocaleString("en")} change)`);
  }
  console.log(`on ${report.processors} processors with a load of ${report.load.toFixed(1)}`);
  const results = join(TARGET, "bench");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "replay.json"), `${JSON.stringify(report, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
