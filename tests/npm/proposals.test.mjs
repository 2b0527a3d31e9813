/** Proposals through the client: what is sent, and when waiting ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../pkg/dist/client.js";
import { problem, serve } from "./server.mjs";

const NOW = "2026-05-09T14:00:00.000Z";
const LATER = "2026-05-09T14:00:10.000Z";

/** What the host would say of a proposal, as far as waiting reads it. */
function view(change, executions = [], now = NOW) {
  const proposal = { proposal_id: "prop_1", state: "pending", superseded_by: null, executors: ["ledger"], effective_at: null, closing: null, ...change };
  return { body: { proposal, executions, history: [], may: {}, now } };
}

async function run(answer, use) {
  const server = await serve(answer);
  const client = new Client({ baseUrl: server.url, token: "secret", retries: 0 });
  const outcome = await use(client).then((value) => ({ value }), (error) => ({ error }));
  await server.close();
  return { ...outcome, calls: server.calls };
}

test("each command goes to its address, with its body, and with a key where one is heeded", async () => {
  const rows = [
    [(client) => client.propose({ proposed_action: "issue_refund", amount: 1 }), "/v1/proposals", { proposed_action: "issue_refund", amount: 1 }, true],
    [(client) => client.approve("p/1", { binding_digest: "sha256:1" }), "/v1/proposals/p%2F1/approve", { binding_digest: "sha256:1" }, true],
    [(client) => client.reject("p", { reason: "wrong amount" }), "/v1/proposals/p/reject", { reason: "wrong amount" }, true],
    [(client) => client.respond("p", { message: "ask first" }), "/v1/proposals/p/respond", { message: "ask first" }, true],
    [(client) => client.edit("p", { revision: 2, actions: [{ tool: "t" }] }), "/v1/proposals/p/edit", { revision: 2, actions: [{ tool: "t" }] }, true],
    [(client) => client.withdrawProposal("p"), "/v1/proposals/p/withdraw", {}, false],
    [(client) => client.revoke("p", { reason: "no" }), "/v1/proposals/p/revoke", { reason: "no" }, false],
    [(client) => client.undoApproval("p"), "/v1/proposals/p/undo", {}, false],
    [(client) => client.reconcile("e", { happened: true, note: "seen" }), "/v1/executions/e/reconcile", { happened: true, note: "seen" }, true],
  ];
  for (const [use, path, body, keyed] of rows) {
    const { calls } = await run(() => view({}), use);
    assert.deepEqual([calls[0].method, calls[0].path, calls[0].body], ["POST", path, body]);
    assert.equal(calls[0].headers["idempotency-key"] !== undefined, keyed, path);
  }
});

test("waiting ends when nothing more comes of the proposal, and not before", async () => {
  const step = (state) => ({ execution_id: "exec_1", state });
  const rows = [
    ["previewing", view({ state: "previewing" }), false],
    ["pending", view({}), false],
    ["approved, and the host acts", view({ state: "approved", effective_at: NOW }), false],
    ["approved, and the caller acts, but it can be undone", view({ state: "approved", executors: [null], effective_at: LATER }), false],
    ["approved, and the caller acts", view({ state: "approved", executors: [null], effective_at: NOW }), true],
    ["started", view({ state: "consumed" }, [step("succeeded"), step("started")]), false],
    ["unknown", view({ state: "consumed" }, [step("unknown")]), false],
    ["succeeded", view({ state: "consumed" }, [step("succeeded")]), true],
    ["stopped half-way", view({ state: "consumed" }, [step("failed"), step("cancelled")]), true],
    ["rejected", view({ state: "rejected", closing: { reason: "no" } }), true],
    ["expired", view({ state: "expired" }), true],
    ["withdrawn", view({ state: "withdrawn" }), true],
    ["revoked", view({ state: "revoked" }), true],
    ["void, and nothing in its place", view({ state: "void" }), true],
  ];
  for (const [name, answer, finished] of rows) {
    const { value, error } = await run(() => answer, (client) => client.waitForExecution("prop_1", { pollMs: 5, timeoutMs: 30 }));
    assert.equal(error, undefined, name);
    assert.deepEqual(value, finished ? { proposal: answer.body.proposal, executions: answer.body.executions } : null, name);
  }
});

test("waiting goes on over an outage, and with what people made of the proposal", async () => {
  const answers = [
    () => view({}),
    () => problem(503, "store_lost"),
    () => view({ state: "superseded", superseded_by: "prop_2" }),
    () => view({ proposal_id: "prop_2" }),
    () => view({ proposal_id: "prop_2", state: "consumed" }, [{ state: "succeeded" }]),
  ];
  const { value, calls } = await run((_, count) => answers[count - 1](), (client) => client.waitForExecution("prop_1", { pollMs: 5, timeoutMs: 5_000 }));
  assert.equal(value.proposal.proposal_id, "prop_2");
  assert.deepEqual(calls.map(({ path }) => path.split("/").at(-1)), ["prop_1", "prop_1", "prop_1", "prop_2", "prop_2"]);
});

test("waiting ends with a refusal, and with an abort", async () => {
  const refused = await run(() => problem(404, "not_found"), (client) => client.waitForExecution("prop_1"));
  assert.equal(refused.error.code, "not_found");
  const aborted = await run(() => view({}), (client) => client.waitForExecution("prop_1", { signal: AbortSignal.timeout(30), pollMs: 60_000 }));
  assert.equal(aborted.error.name, "TimeoutError");
});
