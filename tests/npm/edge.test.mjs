/** The edge's loop with the real engine, against a host that is away, slow, or refuses. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { Client } from "../../pkg/dist/client.js";
import { CountersignError, Edge, Engine } from "../../pkg/dist/node.js";
import { problem, serve } from "./server.mjs";

const engine = await Engine.load(readFileSync(new URL("../../pkg/default-policy.json", import.meta.url)));
const NOW = Date.UTC(2026, 10, 22, 10, 15);
const ANSWERED = { tenant_id: "northwind", user_question: "Where?", domain: "support", intent: "informational", risk_level: "low", asks_for_person: false, signals: { retrieval_score: 1, rerank_margin: 1, answer_groundedness: 1, tool_success: 1, policy_classifier_score: 0, route_quality: 1 }, judge_score: 1 };
const ESCALATED = { ...ANSWERED, user_question: "Give me a person.", asks_for_person: true };

const servers = [];
after(() => Promise.all(servers.map((server) => server.close())));

/** What a host keeps: a case per id, a record per sequence; the same key again gives the same answer. */
function keeper() {
  const host = { cases: new Map(), records: new Map(), replies: new Map(), audits: [], wanted: () => [], fault: () => undefined };
  host.answer = (call) => {
    const before = host.fault(call);
    if (before !== undefined && before !== "lost") return before;
    const key = `${call.path} ${call.headers["idempotency-key"]}`;
    const reply = host.replies.get(key) ?? host.take(call);
    host.replies.set(key, reply);
    // The host has acted, and its answer is lost on the way.
    return before === "lost" ? "drop" : reply;
  };
  host.take = ({ path, body }) => {
    if (path === "/v1/cases") {
      if (host.cases.has(body.case_id)) return problem(409, "duplicate");
      host.cases.set(body.case_id, body);
      return { status: 201, body: { case: { case_id: body.case_id, state: "ready" } } };
    }
    if (path.startsWith("/v1/audits/")) {
      host.audits.push([path.slice("/v1/audits/".length), body]);
      return { status: 200, body: { audit_id: "aud", state: "open", case_id: "case_1", lost: null } };
    }
    body.records.forEach((record, index) => {
      const name = `${body.edge}/${body.boot}/${body.sequence + index}`;
      assert.ok(!host.records.has(name), `${name} arrived twice`);
      host.records.set(name, record);
    });
    return { status: 202, body: { accepted: body.records.length, next_sequence: body.sequence + body.records.length, gap: null, wanted: host.wanted(body) } };
  };
  return host;
}

async function edgeWith(host, options = {}) {
  const server = await serve(host.answer);
  servers.push(server);
  const client = new Client({ baseUrl: server.url, token: "t", retries: 0, timeoutMs: 1_000 });
  return { edge: new Edge({ engine, client, edge: "shop", ...options }), server };
}

test("the sample requests do what their names say", () => {
  assert.equal(engine.evaluate(ANSWERED, { now: NOW }).disposition, "answer");
  assert.equal(engine.evaluate(ESCALATED, { now: NOW }).disposition, "escalate");
});

test("what needs a person becomes a case that carries the edge's own verdict", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host);
  const quiet = await edge.handle(ANSWERED, { now: NOW });
  assert.deepEqual([quiet.caseId, quiet.case, server.calls.length], [null, null, 0]);

  const { verdict, caseId, case: opened } = await edge.handle(ESCALATED, { now: NOW });
  assert.match(caseId, /^case_[0-9a-hjkmnp-tv-z]{26}$/);
  assert.equal(opened.case_id, caseId);
  const { disposition, digest, evaluated_at } = verdict;
  assert.deepEqual(host.cases.get(caseId), {
    ...ESCALATED,
    version: 1,
    case_id: caseId,
    claimed: { disposition, policy_hash: engine.policy.hash, digest, evaluated_at },
  });
  assert.equal(server.calls[0].headers["idempotency-key"], caseId);
  assert.equal((await edge.handle(ESCALATED, { now: NOW, caseId: "case_mine" })).case.case_id, "case_mine");
});

test("every decision is reported once, in batches, with its sequence", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host, { boot: "boot_1", batchLength: 4 });
  const digests = [];
  for (let index = 0; index < 10; index += 1) digests.push((await edge.handle(ANSWERED, { now: NOW + index })).verdict.digest);
  assert.deepEqual(edge.waiting, { cases: 0, records: 10, dropped: 0 });
  assert.deepEqual(await edge.flush(), []);
  assert.deepEqual(edge.waiting, { cases: 0, records: 0, dropped: 0 });
  assert.deepEqual(server.calls.map(({ body }) => [body.sequence, body.records.length]), [[0, 4], [4, 4], [8, 2]]);
  assert.deepEqual([...host.records.keys()], digests.map((_, index) => `shop/boot_1/${index}`));
  assert.deepEqual([...host.records.values()].map((record) => record.digest), digests);
  await edge.flush();
  assert.equal(server.calls.length, 3);
});

test("while the host is away nothing is lost, and nothing arrives twice afterwards", async () => {
  for (const fault of ["drop", "lost", problem(503, "store_lost"), problem(507, "store_full"), problem(500, "internal"), { status: 502, body: "" }]) {
    const host = keeper();
    const { edge } = await edgeWith(host, { batchLength: 2 });
    host.fault = () => fault;
    const { caseId, case: opened, verdict } = await edge.handle(ESCALATED, { now: NOW });
    assert.deepEqual([opened, verdict.disposition], [null, "escalate"]);
    await edge.handle(ANSWERED, { now: NOW });
    await edge.handle(ANSWERED, { now: NOW });
    await assert.rejects(edge.flush(), CountersignError);
    // Two records lie in a report whose answer was lost; what comes now must not be mixed in.
    await edge.handle(ANSWERED, { now: NOW });
    await assert.rejects(edge.flush(), CountersignError);
    assert.deepEqual(edge.waiting, { cases: 1, records: 4, dropped: 0 });

    host.fault = () => undefined;
    assert.deepEqual(await edge.flush(), []);
    assert.deepEqual(edge.waiting, { cases: 0, records: 0, dropped: 0 });
    assert.deepEqual([...host.cases.keys()], [caseId]);
    assert.equal(host.records.size, 4);
  }
});

test("a report whose answer was lost is sent again unchanged", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host, { batchLength: 2 });
  await edge.handle(ANSWERED, { now: NOW });
  host.fault = () => "lost";
  await assert.rejects(edge.flush(), CountersignError);
  await edge.handle(ANSWERED, { now: NOW + 1 });
  host.fault = () => undefined;
  await edge.flush();
  assert.equal(server.calls[0].text, server.calls[1].text);
  assert.deepEqual(server.calls.map(({ body }) => body.sequence), [0, 0, 1]);
  assert.equal(host.records.size, 2);
});

test("what waits is what was judged, though the caller changes the request", async () => {
  const host = keeper();
  const { edge } = await edgeWith(host);
  const request = structuredClone(ESCALATED);
  host.fault = () => "drop";
  const { caseId } = await edge.handle(request, { now: NOW });
  request.user_question = "Something else.";
  request.signals.retrieval_score = 0;
  host.fault = () => undefined;
  await edge.flush();
  assert.equal(host.cases.get(caseId).user_question, ESCALATED.user_question);
  assert.deepEqual(host.cases.get(caseId).signals, ESCALATED.signals);
});

test("without room the oldest records are summed up and counted, and the gap is seen", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host, { recordsMax: 3, batchLength: 2 });
  const hour = 3_600_000;
  const ask = (domain, index) => edge.handle({ ...ANSWERED, domain }, { now: NOW + index * hour });
  for (const [index, domain] of ["support", "support", "billing", "support", "support"].entries()) await ask(domain, Math.floor(index / 3));
  assert.deepEqual(edge.waiting, { cases: 0, records: 3, dropped: 2 });
  host.fault = () => "lost";
  await assert.rejects(edge.flush(), CountersignError);
  // Two are on their way: what is dropped now is what came after them.
  for (const index of [2, 3, 4]) await ask("legal", index);
  assert.deepEqual(edge.waiting, { cases: 0, records: 3, dropped: 5 });
  host.fault = () => undefined;
  await edge.flush();
  const release = { model: null, prompt: null, index: null };
  const group = (time, domain, count) => ({ hour: `2026-11-22T${time}:00:00.000Z`, disposition: "answer", domain, release, count });
  const legal = (time) => ({ ...group(time, "legal", 1), disposition: engine.evaluate({ ...ANSWERED, domain: "legal" }, { now: NOW }).disposition });
  const [first, again, last] = server.calls.map(({ body }) => body);
  assert.deepEqual([first.sequence, first.records.length, first.dropped], [2, 2, [group("10", "support", 2)]]);
  assert.deepEqual(again, first);
  assert.deepEqual([last.sequence, last.records.length], [7, 1]);
  assert.deepEqual(last.dropped, [group("11", "support", 1), legal("12"), legal("13")]);
  assert.deepEqual(edge.waiting, { cases: 0, records: 0, dropped: 5 });
});

test("counts are bounded too: what is too various is put together by disposition", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host, { recordsMax: 1 });
  for (let index = 0; index < 300; index += 1) await edge.handle({ ...ANSWERED, domain: `domain ${index}` }, { now: NOW });
  await edge.flush();
  const [{ body }] = server.calls;
  assert.equal(body.sequence, 299);
  assert.equal(body.dropped.reduce((sum, { count }) => sum + count, 0), 299);
  assert.equal(body.dropped.length, 257);
  assert.deepEqual([body.dropped.at(-1).domain, body.dropped.at(-1).count], [null, 43]);
});

test("what one run kept, another sends, and nothing arrives twice", async () => {
  const host = keeper();
  host.fault = () => "lost";
  const { edge, server } = await edgeWith(host, { boot: "boot_1", batchLength: 2, recordsMax: 4 });
  for (let index = 0; index < 3; index += 1) await edge.handle(ANSWERED, { now: NOW + index });
  const { caseId } = await edge.handle(ESCALATED, { now: NOW + 3 });
  await edge.handle(ANSWERED, { now: NOW + 4 });
  // The host has acted on the case and on the first report, and its answers were lost.
  await assert.rejects(edge.flush(), CountersignError);
  await assert.rejects(edge.flush(), CountersignError);
  const kept = JSON.parse(JSON.stringify(edge.kept()));
  assert.deepEqual([kept.cases.length, kept.reports.map(({ sequence, records }) => [sequence, records.length])], [1, [[1, 2], [3, 2]]]);
  // A later change of the run that kept it is no change of what was kept.
  await edge.handle(ANSWERED, { now: NOW + 5 });
  assert.equal(kept.reports.length, 2);

  const client = new Client({ baseUrl: server.url, retries: 0 });
  const later = new Edge({ engine, client, edge: "shop", boot: "boot_2", batchLength: 2, recordsMax: 4, kept });
  assert.deepEqual(later.waiting, { cases: 1, records: 4, dropped: 0 });
  await later.handle(ANSWERED, { now: NOW + 6 });
  // No room for a fifth: the oldest report of the run before gives way, as counts.
  assert.deepEqual(later.waiting, { cases: 1, records: 3, dropped: 2 });
  host.fault = () => undefined;
  assert.deepEqual(await later.flush(), []);
  assert.deepEqual([...host.cases.keys()], [caseId]);
  assert.deepEqual([...host.records.keys()], ["shop/boot_1/3", "shop/boot_1/4", "shop/boot_2/0"]);
  const summed = server.calls.find(({ body }) => body.records?.length === 0);
  assert.deepEqual([summed.body.boot, summed.body.sequence, summed.body.dropped.map(({ count }) => count)], ["boot_1", 3, [3]]);
  assert.throws(() => new Edge({ engine, client, edge: "shop", kept: { ...kept, version: 2 } }), { code: "invalid_field", path: "/kept/version" });
});

test("without room for another case the edge says so instead of losing one", async () => {
  const host = keeper();
  host.fault = () => "drop";
  const { edge } = await edgeWith(host, { casesMax: 2 });
  await edge.handle(ESCALATED, { now: NOW });
  await edge.handle(ESCALATED, { now: NOW });
  await assert.rejects(edge.handle(ESCALATED, { now: NOW }), { code: "limit_exceeded" });
  assert.equal(edge.waiting.cases, 2);
});

test("a refusal is told: at once by handle, by value from flush", async () => {
  const host = keeper();
  const { edge } = await edgeWith(host);
  host.fault = () => problem(403, "not_permitted");
  await assert.rejects(edge.handle(ESCALATED, { now: NOW }), { code: "not_permitted" });
  assert.equal(edge.waiting.cases, 0);

  host.fault = () => "drop";
  const { caseId } = await edge.handle(ESCALATED, { now: NOW });
  host.fault = ({ path }) => (path === "/v1/cases" ? problem(422, "unknown_tenant") : undefined);
  const refusals = await edge.flush();
  assert.deepEqual(refusals.map((refusal) => [refusal.case.case_id, refusal.error.code]), [[caseId, "unknown_tenant"]]);
  assert.deepEqual(edge.waiting, { cases: 0, records: 0, dropped: 0 });
  assert.equal(host.records.size, 2);

  await edge.handle(ANSWERED, { now: NOW });
  host.fault = () => problem(400, "invalid_field");
  const [refused] = await edge.flush();
  assert.deepEqual([refused.case, refused.records.length, refused.error.code], [null, 1, "invalid_field"]);
  assert.equal(edge.waiting.dropped, 1);
});

test("an escalation under a policy that the host does not know is opened without its claim", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host);
  host.fault = ({ body }) => (body.claimed === undefined ? undefined : problem(422, "unknown_policy"));
  const { caseId, case: opened } = await edge.handle(ESCALATED, { now: NOW });
  assert.equal(opened.case_id, caseId);
  assert.match(host.cases.get(caseId).reason_for_escalation, /not released here \(sha256:/);
  assert.deepEqual(server.calls.map(({ headers }) => headers["idempotency-key"]), [caseId, `${caseId}:unclaimed`]);
  host.fault = ({ body }) => (body.claimed === undefined ? "drop" : problem(422, "unknown_policy"));
  await edge.handle(ESCALATED, { now: NOW });
  assert.equal(edge.waiting.cases, 1);
});

test("a refusal is not lost where the host goes away in the same flush", async () => {
  const host = keeper();
  const { edge } = await edgeWith(host);
  host.fault = () => "drop";
  const { caseId } = await edge.handle(ESCALATED, { now: NOW });
  host.fault = ({ path }) => (path === "/v1/cases" ? problem(422, "unknown_tenant") : "drop");
  await assert.rejects(edge.flush(), { code: "unreachable" });
  host.fault = () => undefined;
  assert.deepEqual((await edge.flush()).map((refusal) => refusal.case.case_id), [caseId]);
  assert.deepEqual(await edge.flush(), []);
});

test("a case that the host cannot digest holds up no other, and is kept", async () => {
  const host = keeper();
  const { edge } = await edgeWith(host);
  host.fault = () => "drop";
  for (const caseId of ["case_1", "case_2", "case_3"]) await edge.handle(ESCALATED, { now: NOW, caseId });
  host.fault = ({ body }) => (body.case_id === "case_2" ? problem(500, "internal") : undefined);
  await assert.rejects(edge.flush(), { code: "internal" });
  assert.deepEqual([...host.cases.keys()], ["case_1", "case_3"]);
  assert.deepEqual(edge.waiting, { cases: 1, records: 0, dropped: 0 });
  host.fault = () => undefined;
  await edge.flush();
  assert.ok(host.cases.has("case_2"));
});

test("a host that no longer admits the edge gets what is kept once it does", async () => {
  const host = keeper();
  const { edge } = await edgeWith(host);
  host.fault = () => "drop";
  await edge.handle(ESCALATED, { now: NOW });
  host.fault = () => problem(401, "unauthenticated");
  await assert.rejects(edge.flush(), { code: "unauthenticated" });
  assert.deepEqual(edge.waiting, { cases: 1, records: 1, dropped: 0 });
  host.fault = () => undefined;
  await edge.flush();
  assert.deepEqual([host.cases.size, host.records.size], [1, 1]);
});

test("flushes that meet are one, and leaving a scope flushes", async () => {
  const host = keeper();
  const { edge, server } = await edgeWith(host);
  await edge.handle(ANSWERED, { now: NOW });
  await Promise.all([edge.flush(), edge.flush(), edge[Symbol.asyncDispose]()]);
  assert.equal(server.calls.length, 1);
});

test("a request that is not one decides nothing and reports nothing", async () => {
  const { edge } = await edgeWith(keeper());
  await assert.rejects(edge.handle({ tenant_id: "northwind" }), { code: "invalid_field", path: "/user_question" });
  assert.deepEqual(edge.waiting, { cases: 0, records: 0, dropped: 0 });
});

test("bounds that are none are refused", () => {
  for (const options of [{ recordsMax: 0 }, { casesMax: 1.5 }, { batchLength: Number.NaN }]) {
    assert.throws(() => new Edge({ engine, client: {}, edge: "shop", ...options }), { code: "invalid_field" });
  }
});

const asked = (index) => ({ ...ANSWERED, request_id: `req_${index}`, user_question: `Where is ${index}?` });
const want = (...sequences) => ({ sequence, records }) =>
  sequences.filter((wanted) => wanted >= sequence && wanted < sequence + records.length).map((wanted) => ({ audit_id: `aud_${wanted}`, sequence: wanted, request_id: `req_${wanted}` }));

test("what the host picks is delivered as it was judged, and nothing else", async () => {
  const host = keeper();
  host.wanted = want(1, 5);
  const { edge } = await edgeWith(host, { batchLength: 4 });
  for (let index = 0; index < 8; index += 1) {
    const request = asked(index);
    await edge.handle(request, { now: NOW });
    request.user_question = "changed later";
  }
  await edge.handle(ESCALATED, { now: NOW });
  assert.deepEqual(await edge.flush(), []);
  assert.deepEqual(host.audits, [["aud_1", asked(1)], ["aud_5", asked(5)]]);
  await edge.flush();
  assert.equal(host.audits.length, 2);
});

test("a request that is not kept any more is said to be lost", async () => {
  for (const [requestsMax, expected] of [[2, [["aud_1/lose", {}], ["aud_3", asked(3)]]], [0, [["aud_1/lose", {}], ["aud_3/lose", {}]]]]) {
    const host = keeper();
    host.wanted = want(1, 3);
    const { edge } = await edgeWith(host, { requestsMax });
    for (let index = 0; index < 4; index += 1) await edge.handle(asked(index), { now: NOW });
    await edge.flush();
    assert.deepEqual(host.audits, expected);
  }
  assert.throws(() => new Edge({ engine, client: {}, edge: "shop", requestsMax: -1 }), { path: "/requestsMax" });
});

test("a pick survives a host that goes away, and one that it refuses is lost", async () => {
  const host = keeper();
  host.wanted = want(0);
  const { edge } = await edgeWith(host);
  await edge.handle(asked(0), { now: NOW });
  host.fault = ({ path }) => (path.startsWith("/v1/audits/") ? problem(503, "store_busy") : undefined);
  await assert.rejects(edge.flush(), { code: "store_busy" });
  host.fault = ({ path }) => (path === "/v1/audits/aud_0" ? problem(413, "limit_exceeded") : undefined);
  await edge.flush();
  await edge.flush();
  assert.deepEqual(host.audits, [["aud_0/lose", {}]]);
});
