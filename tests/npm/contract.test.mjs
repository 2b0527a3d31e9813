/** The client and the host's document: every method calls an operation that is told there, as it is told. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Client } from "../../pkg/dist/client.js";

const { paths } = JSON.parse(await readFile(new URL("../../pkg/openapi.json", import.meta.url), "utf8"));

/** Arguments after the id, where a method needs some; waiting only repeats `case` and `proposal`. */
const ARGUMENTS = {
  cases: [{ view: "open", queue: "q", state: "ready", risk_level: "low", language: "en", tenant_id: "t", q: "a", order: "due", limit: 5, cursor: "c" }],
  auditEntries: [{ entity_id: "e", after: "a", limit: 5 }],
  queues: [],
  me: [],
  signOut: [],
  sayAbsence: [{ until: "2026-12-24T12:00:00Z", delegate: "prin_jonas_weber" }],
  endAbsence: [],
  currentPolicy: [],
  currentPolicyImage: [],
  policyManifest: [],
  releases: [],
  policiesInForce: [],
  policyRelease: ["id"],
  replayRelease: ["id"],
  withdrawRelease: ["id"],
  proposeRelease: [{ source: "" }],
  createCase: [{ user_question: "?" }],
  reportDecisions: [{}],
  metrics: [{ tenant_id: "t", queue: "q", from: "2026-01-01T00:00:00Z", by: "day" }],
  corrections: [{ tenant_id: "t", queue: "q", verdict: "edited", limit: 5, cursor: "c" }],
  events: [{ tenantId: "t", after: "7" }],
  webhooks: [],
  createWebhook: [{ url: "https://app.example/events" }],
  webhookDeliveries: ["id", { state: "dead", limit: 5, cursor: "7" }],
  proposals: [{ view: "open", state: "pending", tenant_id: "t", case_id: "c", risk_level: "high", q: "a", order: "expires", limit: 5, cursor: "c" }],
  propose: [{ proposed_action: "issue_refund", amount: 1 }],
  waitForAnswer: undefined,
  waitForExecution: undefined,
};

function operation(method, path) {
  const parts = path.split("/");
  const fits = (template) => {
    const wanted = template.split("/");
    return wanted.length === parts.length && wanted.every((part, index) => part === parts[index] || (part.startsWith("{") && parts[index] !== ""));
  };
  const found = Object.keys(paths).filter(fits).sort((a, b) => a.split("{").length - b.split("{").length)[0];
  return paths[found]?.[method.toLowerCase()];
}

test("every method of the client calls an operation of the document", async (t) => {
  const names = Object.getOwnPropertyNames(Client.prototype).filter((name) => name !== "constructor");
  assert.ok(names.length > 15);
  const called = new Set();
  for (const name of names) {
    const given = name in ARGUMENTS ? ARGUMENTS[name] : ["id", {}];
    if (given === undefined) continue;
    await t.test(name, async () => {
      const calls = [];
      const fetch = async (url, init) => {
        calls.push({ url: new URL(url), ...init });
        if (init.headers.accept === "text/event-stream") return new Response("id: 8\ndata: {}\n\n", { headers: { "content-type": "text/event-stream" } });
        return new Response("{}", { headers: { "content-type": "application/json" } });
      };
      const answer = new Client({ baseUrl: "http://host", token: "secret", fetch })[name](...given);
      // A stream calls when it is read; one event is enough here.
      if (Symbol.asyncIterator in answer) for await (const _ of answer) break;
      else await answer;
      assert.equal(calls.length, 1);
      const [{ url, method, headers, body }] = calls;
      const told = operation(method, url.pathname);
      assert.ok(told, `${method} ${url.pathname} is not in the document`);
      called.add(told.operationId);
      const parameters = told.parameters ?? [];
      const key = parameters.find((parameter) => parameter.name === "Idempotency-Key");
      if (key?.required) assert.ok(headers["idempotency-key"], "a key is needed, and not sent");
      if (headers["idempotency-key"]) assert.ok(key, "a key is sent that nobody heeds");
      const query = parameters.filter((parameter) => parameter.in === "query").map((parameter) => parameter.name);
      for (const sent of url.searchParams.keys()) assert.ok(query.includes(sent), `the query has no \`${sent}\``);
      assert.equal(body !== undefined, told.requestBody !== undefined, "a body is sent where one is read");
    });
  }
  const all = Object.values(paths).flatMap((operations) => Object.values(operations).map((told) => told.operationId));
  const left = all.filter((id) => !called.has(id)).sort();
  assert.deepEqual(left, ["readDescription", "readHealth", "readReadiness", "scrapeGauges"], "operations that the client does not offer");
});
