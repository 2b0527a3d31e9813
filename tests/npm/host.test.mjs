/** The package against the real host: an edge escalates, a reviewer answers, the application gets it. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "../../pkg/dist/client.js";
import { Edge, Engine } from "../../pkg/dist/node.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BINARY = join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target"), "debug", "countersign");
const UNDO_WINDOW_MS = 2_000;
const REQUEST = { tenant_id: "northwind", user_question: "Please let me talk to somebody.", model_draft: "I can help you.", asks_for_person: true, risk_level: "low" };

const folder = mkdtempSync(join(tmpdir(), "countersign-host-"));
let host;
after(() => {
  host?.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

/** Starts a host on a free port; gives its address and its sample reviewers' sign-in tokens. */
async function start() {
  // The default policy, except that nobody waits long for an answer.
  const policy = readFileSync(join(ROOT, "src/compile/default.toml"), "utf8");
  const hurried = policy.replace(/^undo_window = .*$/m, `undo_window = "${UNDO_WINDOW_MS / 1_000} s"`);
  assert.notEqual(hurried, policy);
  writeFileSync(join(folder, "policy.toml"), hurried);
  host = spawn(BINARY, ["serve", "--data", folder, "--listen", "127.0.0.1:0", "--policy", join(folder, "policy.toml"), "--samples"]);
  let printed = "";
  return new Promise((fulfil, reject) => {
    const take = (chunk) => {
      printed += chunk;
      const url = /listens on (\S+)/.exec(printed)?.[1];
      const links = [...printed.matchAll(/#\/sign-in\/(\S+)/g)].map(([, token]) => token);
      if (url !== undefined && links.length > 0 && printed.includes("sample-edge.token")) fulfil({ url, links });
    };
    host.stdout.on("data", take);
    host.stderr.on("data", take);
    host.once("exit", (code) => reject(new Error(`the host ended with ${code}:\n${printed}`)));
  });
}

/** `fetch` that keeps cookies, as a browser does. */
function cookieFetch() {
  let cookie = "";
  return async (url, init) => {
    const response = await fetch(url, { ...init, headers: { ...init.headers, cookie } });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  };
}

/** Fails where the package's types do not fit what the host sent, field for field. */
function checkTypes(replies) {
  const lines = Object.entries(replies).map(([type, reply], index) => `export const reply${index}: ${type} = ${JSON.stringify(reply)};`);
  const names = Object.keys(replies).join(", ");
  writeFileSync(join(folder, "replies.ts"), `import type { ${names} } from "countersign/client";\n${lines.join("\n")}\n`);
  const paths = { "countersign/client": [join(ROOT, "pkg/dist/client.d.ts")] };
  const compilerOptions = { module: "esnext", moduleResolution: "bundler", target: "es2022", strict: true, noEmit: true, types: [], paths };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["replies.ts"] }));
  const { status, stdout } = spawnSync(join(ROOT, "pkg/node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
}

const skip = !existsSync(BINARY) && "the host is not built: cargo build --features host";

test("from an edge's verdict to the reviewer's answer", { skip, timeout: 60_000 }, async () => {
  const { url, links } = await start();
  const token = JSON.parse(readFileSync(join(folder, "sample-edge.token"), "utf8")).northwind;
  const application = new Client({ baseUrl: url, token });
  const bundle = await application.currentPolicy();
  const engine = await Engine.load(bundle);
  assert.equal((await application.me()).policy.hash, engine.policy.hash);
  assert.equal((await application.policy(engine.policy.hash)).id, bundle.id);

  const edge = new Edge({ engine, client: application, edge: "test" });
  const { verdict, caseId, case: opened } = await edge.handle(REQUEST);
  assert.equal(verdict.disposition, "escalate");
  assert.deepEqual([opened.state, opened.queue, opened.differences], ["ready", verdict.routing.queue, []]);
  // The same case again, as after an answer that was lost: one case, and the same answer.
  const options = { caseId: "case_twice", now: Date.now() };
  const first = await edge.handle(REQUEST, options);
  assert.deepEqual((await edge.handle(REQUEST, options)).case, first.case);
  await application.withdraw("case_twice", { reason: "a test" });
  await assert.rejects(application.waitForAnswer("case_twice"), { code: "withdrawn" });

  assert.deepEqual(await edge.flush(), []);
  const { record } = engine.decide(REQUEST);
  const batch = { version: 1, edge: "test", boot: "other", sequence: 3, records: [record] };
  const receipt = await application.reportDecisions(batch);
  // Whether the host wants to see it is a matter of chance.
  assert.deepEqual({ ...receipt, wanted: [] }, { accepted: 1, next_sequence: 4, gap: { from: 0, to: 2 }, wanted: [] });

  const reviewer = new Client({ baseUrl: url, fetch: cookieFetch() });
  await assert.rejects(reviewer.me(), { code: "unauthenticated", status: 401 });
  const me = await reviewer.signIn(links[0]);
  assert.deepEqual((await reviewer.me()).principal, me.principal);
  await assert.rejects(reviewer.signIn(links[0]), { code: "unauthenticated" });

  const listed = await reviewer.cases({ view: "open", queue: opened.queue, order: "due", limit: 10 });
  assert.deepEqual(listed.cases.map((summary) => summary.case_id), [caseId]);
  const queues = await reviewer.queues();
  const claimed = (await reviewer.claimNext(opened.queue)).case;
  assert.deepEqual([claimed.case_id, claimed.state, claimed.leased_by], [caseId, "leased", me.principal.principal_id]);
  await assert.rejects(reviewer.claimNext(opened.queue), { code: "not_found" });
  const { epoch } = claimed;
  await reviewer.heartbeat(caseId, { epoch });
  const saved = (await reviewer.save(caseId, { epoch, work: { text: "A colleague calls you.", notes: "phone" } })).case;
  assert.equal(saved.work.text, "A colleague calls you.");
  await assert.rejects(reviewer.save(caseId, { epoch: epoch + 1, work: {} }), { code: "lease_lost", status: 409 });
  await reviewer.release(caseId, { epoch });

  const decision = { verdict: "edited", outcome: "send", answer: "A colleague calls you.", active_ms: 1_000 };
  const decide = async () => {
    const leased = (await reviewer.claim(caseId)).case;
    return (await reviewer.decide(caseId, { ...decision, epoch: leased.epoch, revision: leased.revision })).case;
  };
  assert.equal((await decide()).state, "held");
  assert.equal((await reviewer.undo(caseId)).case.state, "ready");
  assert.equal((await application.waitForAnswer(caseId, { timeoutMs: 0 })), null);
  const held = await decide();
  assert.equal(held.state, "held");
  const view = await reviewer.case(caseId);
  const answer = await application.waitForAnswer(caseId, { timeoutMs: 20_000, pollMs: 100 });
  assert.deepEqual([answer.text, answer.outcome], [decision.answer, "send"]);

  const { observation } = await application.observe(record.request_id ?? "req_unknown", { version: 1, kind: "rating", rating: 5 });
  const measured = await reviewer.metrics({ by: "day", tenant_id: "northwind" });
  assert.equal(measured.metrics.length, 9);
  const [approval] = (await reviewer.metric("approval_rate")).metrics;
  assert.deepEqual([approval.figures.numerator, approval.figures.denominator], [1, 1]);
  const corrections = await reviewer.corrections({ verdict: "edited" });
  assert.deepEqual(corrections.corrections.map((row) => [row.case_id, row.released_answer, row.label]), [[caseId, decision.answer, null]]);

  const checked = await reviewer.checkPolicy("[policy]\nid = 7\n").catch((error) => error);
  checkTypes({ Observation: observation, MetricsReply: measured, CorrectionsReply: corrections, Bundle: bundle, Me: me, QueuesReply: queues, CasesReply: listed, CommandReply: { case: held }, CaseReply: view, Case: opened, DecisionReceipt: receipt, Answer: answer, Verdict: verdict, DecisionRecord: record, PolicyCheck: checked });
  await reviewer.signOut();
  await assert.rejects(reviewer.me(), { code: "unauthenticated" });
});
