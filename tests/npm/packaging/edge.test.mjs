/**
 * The example of an edge, from the packed tarball, in workerd, in Node and in a page of Chromium: against a real
 * host that is killed, loses answers, changes its policy, shows an old one, and is not heard of for a week.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { countersign, signIn, skip, startHost } from "../host.mjs";
import { consumer, PACKAGE, ROOT, tools } from "./consumer.mjs";

const RECORDS_MAX = 8;
const DAY_MS = 86_400_000;
const ANSWERED = { tenant_id: "northwind", user_question: "Where?", domain: "support", intent: "informational", risk_level: "low", asks_for_person: false, signals: { retrieval_score: 1, rerank_margin: 1, answer_groundedness: 1, tool_success: 1, policy_classifier_score: 0, route_quality: 1 }, judge_score: 1 };
const ESCALATED = { ...ANSWERED, user_question: "Give me a person.", asks_for_person: true };
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const { require, wrangler } = tools();
const project = consumer();
const { folder, run, write } = project;
cpSync(join(ROOT, "tests/examples/edge"), join(folder, "edge"), { recursive: true });
// Another instant for all that runs in a place, where the place has one.
write("edge/ahead.mjs", "const present = Date.now;\nDate.now = () => present() + (globalThis.AHEAD_MS ?? 0);\n");

/** What stands between the edge and the host, and can do what networks do. */
async function network() {
  const state = { mode: "through", host: "", manifest: undefined, seen: undefined, files: undefined };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url, "http://network").pathname;
    if (path.startsWith("/page/")) {
      response.writeHead(200, { "content-type": TYPES[extname(path)] }).end(readFileSync(join(state.files, path.slice("/page/".length))));
      return;
    }
    if (state.mode === "away") return void request.socket.destroy();
    if (path === "/v1/policies/current/manifest" && state.manifest !== undefined) {
      return void response.writeHead(200, { "content-type": "application/json" }).end(state.manifest);
    }
    const { host, connection, "content-length": _, ...headers } = request.headers;
    const body = chunks.length === 0 ? undefined : Buffer.concat(chunks);
    const reply = await fetch(`${state.host}${request.url}`, { method: request.method, headers, body }).catch(() => undefined);
    if (reply === undefined) return void request.socket.destroy();
    const text = await reply.text();
    if (path === "/v1/policies/current/manifest") state.seen = text;
    // The host has acted, and nobody hears of it.
    if (state.mode === "lose" && request.method === "POST") return void request.socket.destroy();
    response.writeHead(reply.status, { "content-type": reply.headers.get("content-type") ?? "text/plain" }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, url: `http://127.0.0.1:${server.address().port}` };
}

const places = {
  async workerd({ host, token, publicKey }) {
    write("edge/ahead-worker.mjs", 'import "./now.mjs";\nimport "./ahead.mjs";\nexport * from "./worker.mjs";\nexport { default } from "./worker.mjs";\n');
    write("edge/now.mjs", "globalThis.AHEAD_MS = Number(__AHEAD_MS__);\n");
    const config = JSON.parse(readFileSync(join(folder, "edge/wrangler.json"), "utf8"));
    const env = { PATH: process.env.PATH, HOME: folder, WRANGLER_SEND_METRICS: "false", CI: "1" };
    const { Miniflare } = require("miniflare");
    let worker;
    const start = async (aheadMs) => {
      write("edge/ahead.json", JSON.stringify({ ...config, main: "ahead-worker.mjs", define: { __AHEAD_MS__: String(aheadMs) } }));
      run(process.execPath, [wrangler, "deploy", "--dry-run", "--config", "edge/ahead.json", "--outdir", "built"], { env });
      const built = join(folder, "edge/built");
      const compiled = readdirSync(built).filter((name) => name.endsWith(".wasm")).map((name) => ({ type: "CompiledWasm", path: join(built, name) }));
      worker = new Miniflare({
        modules: [{ type: "ESModule", path: join(built, "ahead-worker.js") }, ...compiled],
        modulesRoot: built,
        compatibilityDate: config.compatibility_date,
        durableObjects: { EDGE: { className: "EdgeObject", useSQLite: true } },
        durableObjectsPersist: join(folder, "objects"),
        bindings: { HOST: host, TOKEN: token, PUBLIC_KEY: publicKey, RECORDS_MAX },
      });
    };
    await start(0);
    return {
      async call(method, path, body) {
        const response = await worker.dispatchFetch(`http://worker${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
        return { status: response.status, body: await response.json() };
      },
      async restart(aheadMs = 0) {
        await worker.dispose();
        await start(aheadMs);
      },
      stop: () => worker.dispose(),
    };
  },
  async Node({ host, token, publicKey }) {
    write("edge/ahead-node.mjs", 'globalThis.AHEAD_MS = Number(process.env.AHEAD_MS);\nawait import("./ahead.mjs");\nawait import("./node.mjs");\n');
    let child, url;
    const start = (aheadMs) => new Promise((resolve, reject) => {
      const env = { PATH: process.env.PATH, HOST: host, TOKEN: token, PUBLIC_KEY: publicKey, RECORDS_MAX, FOLDER: join(folder, "edge-data"), AHEAD_MS: aheadMs };
      child = spawn(process.execPath, ["--no-warnings", join(folder, "edge/ahead-node.mjs")], { env, stdio: ["ignore", "pipe", "pipe"] });
      let printed = "";
      const take = (chunk) => {
        printed += chunk;
        url = /listens on (\S+)/.exec(printed)?.[1];
        if (url !== undefined) resolve();
      };
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.once("exit", (code) => reject(new Error(`the service ended with ${code}:\n${printed}`)));
    });
    const end = () => new Promise((resolve) => {
      child.once("exit", resolve);
      // Nothing is told to a process that is killed: what it kept is what it has.
      child.kill("SIGKILL");
    });
    await start(0);
    return {
      async call(method, path, body) {
        const response = await fetch(`${url}${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
        return { status: response.status, body: await response.json() };
      },
      async restart(aheadMs = 0) {
        await end();
        await start(aheadMs);
      },
      stop: end,
    };
  },
  async page({ host, token, publicKey, state }) {
    state.files = join(folder, "page");
    const { build } = require("esbuild");
    write("edge/start.mjs", 'import "./ahead.mjs";\nexport { start } from "./page.mjs";\n');
    await build({ entryPoints: [join(folder, "edge/start.mjs")], bundle: true, format: "esm", outfile: join(state.files, "start.js"), logLevel: "error" });
    for (const name of ["countersign_bg.wasm", "countersign_reader.wasm"]) write(`page/${name}`, readFileSync(join(project.installed, "dist", name)));
    write("page/index.html", "<!doctype html><title>edge</title>");
    const { chromium } = createRequire(join(PACKAGE, "../www/package.json"))("playwright-core");
    const executablePath = run(join(ROOT, ".ci/browser"), ["chromium"]).trim();
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    const browser = await chromium.launch({ executablePath, args });
    const page = await (await browser.newContext()).newPage();
    const start = async (aheadMs) => {
      await page.goto(`${host}/page/index.html`);
      await page.evaluate(async ({ aheadMs, options }) => {
        globalThis.AHEAD_MS = aheadMs;
        const { start } = await import("/page/start.js");
        globalThis.answer = await start(options);
      }, { aheadMs, options: { token, publicKey, recordsMax: RECORDS_MAX } });
    };
    await start(0);
    return {
      call: (method, path, body) => page.evaluate((words) => globalThis.answer(...words), [method, path, body]),
      restart: (aheadMs = 0) => start(aheadMs),
      stop: () => browser.close(),
    };
  },
};

for (const [name, place] of Object.entries(places)) {
  test(`an edge in ${name} does without its host, and catches up`, { skip, timeout: 120_000 }, async () => {
    const data = mkdtempSync(join(tmpdir(), "countersign-"));
    const { state, url } = await network();
    const nobody = "http://127.0.0.1:9/actions";
    let host = await startHost(data, nobody);
    state.host = host.url;
    const token = host.tokens.northwind;
    const publicKey = (await countersign("policy", "key", "--data", data)).output.trim();
    const edge = await place({ host: url, token, publicKey, state });
    try {
      const get = async (path) => (await edge.call("GET", path)).body;
      let asked = 0;
      const ask = async (request) => (await edge.call("POST", "/decide", { ...request, request_id: `req_${(asked += 1)}` })).body;
      const refresh = () => edge.call("POST", "/refresh", {});

      // Before the host's own word counts, nothing is answered; and what is no request is said to be none.
      state.mode = "away";
      assert.match((await ask(ANSWERED)).reason, /no signed release/);
      assert.deepEqual(await edge.call("POST", "/decide", { tenant_id: "northwind" }).then(({ status, body }) => [status, body.path]), [400, "/user_question"]);
      state.mode = "through";
      assert.deepEqual(await refresh(), { status: 200, body: { refused: [] } });
      const { sequence, doubt, waiting } = await get("/status");
      assert.deepEqual([sequence, doubt, waiting.cases, waiting.records], [1, null, 0, 0]);

      // With the host there: an answer is the edge's own, an escalation is a case at once.
      assert.equal((await ask(ANSWERED)).disposition, "answer");
      const cases = [(await ask(ESCALATED)).case_id];
      assert.equal(typeof cases[0], "string");

      // The host is killed. Decisions go on, and what it does not have is kept within bounds.
      await host.kill();
      for (let index = 0; index < 14; index += 1) assert.equal((await ask(ANSWERED)).disposition, "answer");
      for (let index = 0; index < 2; index += 1) cases.push((await ask(ESCALATED)).case_id);
      const before = (await get("/status")).waiting;
      assert.deepEqual([before.cases, before.records], [2, RECORDS_MAX]);
      assert.ok(before.dropped >= 8, JSON.stringify(before));

      // So is the edge: what it kept is there again, and its policy still counts.
      await edge.restart();
      const after = await get("/status");
      assert.deepEqual([after.waiting.cases, after.waiting.records, after.doubt, after.sequence], [2, RECORDS_MAX, null, 1]);
      assert.equal((await ask(ANSWERED)).disposition, "answer");

      // The host is back and acts, but its answers are lost; then they are not.
      host = await startHost(data, nobody);
      state.host = host.url;
      state.mode = "lose";
      for (let times = 0; times < 2; times += 1) assert.equal((await refresh()).status, 503);
      await edge.restart();
      state.mode = "through";
      assert.deepEqual(await refresh(), { status: 200, body: { refused: [] } });
      assert.deepEqual((await get("/status")).waiting, { cases: 0, records: 0, dropped: 0 });
      await refresh();

      // Everything is there, once: 16 answers and 4 escalations, some of them as counts.
      const reviewer = await signIn(host, [...host.links.keys()][0]);
      const { metrics: [rate] } = await reviewer.get("/v1/metrics/escalation_rate");
      const without = rate.figures.parts.find((part) => part.name === "without_record");
      assert.deepEqual([rate.figures.numerator, rate.figures.denominator], [4, 20]);
      assert.ok(without.numerator >= 1, JSON.stringify(rate.figures));
      for (const caseId of cases) assert.equal((await reviewer.get(`/v1/cases/${caseId}`)).case.case_id, caseId);

      // Another policy comes into force; then an old one is shown, as it was signed.
      const old = state.seen;
      await host.stop();
      host = await startHost(data, nobody, (policy) => policy.replace('version = "1"', 'version = "2"'));
      state.host = host.url;
      await refresh();
      const renewed = await get("/status");
      assert.deepEqual([renewed.sequence, renewed.policy.version, renewed.doubt], [2, "2", null]);
      state.manifest = old;
      for (const restart of [false, true]) {
        if (restart) await edge.restart();
        const { status, body } = await refresh();
        assert.deepEqual([status, body.code, body.path], [503, "policy_rejected", "/manifest/sequence"]);
        const { sequence, policy, doubt } = await get("/status");
        assert.deepEqual([sequence, policy.version, doubt], [2, "2", null]);
      }
      state.manifest = undefined;

      // A week later, without a word of the host: no draft goes out without a person.
      state.mode = "away";
      await edge.restart(8 * DAY_MS);
      const cautious = await ask(ANSWERED);
      assert.deepEqual([cautious.disposition, typeof cautious.case_id], ["escalate", "string"]);
      assert.match(cautious.reason, /no signed release|counted until/);
      const verified = await host.stop().then(() => countersign("audit", "verify", "--data", data));
      assert.equal(verified.code, 0, verified.output);
    } finally {
      await edge.stop();
      await host.kill();
      rmSync(data, { recursive: true, force: true });
    }
  });
}
