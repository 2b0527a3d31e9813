/** The sample actions, from the proposal to their effect: the real host, the sample executor, each thing done once. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { proposal, readRows } from "../samples/actions.mjs";
import { countersign, effectsOf, run, signIn, skip, startExecutor, startHost, until } from "./host.mjs";

const PLAY = fileURLToPath(new URL("../samples/play.mjs", import.meta.url));
const ROWS = readRows("actions.jsonl");

/** Where each stands after playing: its state, what is at stake, how many approve, and by what authority. */
const EXPECTED = {
  "001": ["consumed", "medium", 0, ""],
  "002": ["consumed", "low", 0, ""],
  "003": ["pending", "medium", 1, "billing 2"],
  "004": ["void", "high", 1, "security 3"],
  "005": ["pending", "medium", 1, "billing 2"],
  "006": ["pending", "medium", 1, "billing 3"],
  "007": ["pending", "medium", 1, "billing 4"],
  "008": ["pending", "high", 1, "billing 4"],
  "009": ["pending", "high", 2, "billing 4"],
  "010": ["pending", "critical", 2, "billing 4"],
  "011": ["pending", "medium", 1, "billing 2"],
  "012": ["pending", "critical", 2, "any 3"],
  "013": ["pending", "high", 1, "security 3"],
  "014": ["pending", "critical", 2, "security 3"],
  "015": ["pending", "high", 1, "any 2"],
  "016": ["pending", "high", 1, "security 3"],
  "017": ["pending", "high", 2, "billing 4"],
  "018": ["void", "high", 2, "billing 4"],
  "019": ["void", "high", 2, "billing 4"],
  "020": ["pending", "medium", 1, "billing 2"],
  "021": ["pending", "medium", 1, "any 2"],
  "022": ["pending", "medium", 1, "any 2"],
  "023": ["pending", "medium", 1, "billing 3"],
  "024": ["pending", "medium", 1, "any 2"],
  "025": ["pending", "high", 1, "any 2"],
};
const ALLOWED = ["prop_sample_001", "prop_sample_002"];

/** A host and its executor on a folder of their own. */
async function open(...mode) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-actions-"));
  const log = join(folder, "effects.jsonl");
  const secret = (await countersign("executor", "secret", "sample", "--data", folder)).output.trim();
  const executor = await startExecutor(log, secret, ...mode);
  const host = await startHost(folder, executor.url).catch(async (error) => {
    // An executor that goes on would keep the tests from ending, and the reason from being told.
    await executor.stop();
    throw error;
  });
  const close = async () => {
    await host.stop();
    await executor.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { folder, log, secret, executor, host, close };
}

function post(host, tenant, body) {
  const { url, token } = host.as(tenant);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
  return fetch(`${url}/v1/proposals`, { method: "POST", headers, body: JSON.stringify(body) }).then((answer) => answer.json());
}

/** A refund that is small enough to be done at once. */
const refund = (customer_id, amount, proposal_id) => ({ proposal_id, actions: [{ tool: "billing.refund", arguments: { customer_id, amount, currency: "EUR" } }] });

describe("the sample actions", { skip, timeout: 120_000 }, () => {
  let opened;
  let host;
  const of = (id) => proposal(host.as(ROWS.find(({ body }) => body.proposal_id === id)?.tenant_id ?? "northwind"), id);
  const keysOf = (id) => effectsOf(opened.log).filter((effect) => effect.proposal_id === id).map((effect) => effect.idempotency_key);
  const play = () => run([process.execPath, PLAY, "--only", "actions", "--url", host.url, "--token-file", join(opened.folder, "sample-edge.token")]);
  const approve = async (who, id) => {
    const { proposal: seen } = await of(id);
    return who(`/v1/proposals/${id}/approve`, { binding_digest: seen.binding_digest });
  };
  const executed = (id) => until(`${id} is executed`, async () => {
    const view = await of(id);
    return view.executions.length > 0 && view.executions.every(({ state }) => ["succeeded", "failed", "cancelled"].includes(state)) && view;
  });

  before(async () => {
    opened = await open();
    host = opened.host;
  });
  after(() => opened?.close());

  test("stand where they should, and playing them twice changes nothing", async () => {
    const first = await play();
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /proposed 20 actions of northwind\n/);
    assert.match(first.output, /proposed 5 actions of meridian-health\n/);
    const found = {};
    for (const { body } of ROWS) {
      const { state, required } = (await of(body.proposal_id)).proposal;
      const authorities = required.authorities.map(({ domain, level }) => `${domain} ${level}`).join(", ");
      found[body.proposal_id.slice(-3)] = [state, required.tier, required.quorum, authorities];
    }
    assert.deepEqual(found, EXPECTED);
    const second = await play();
    assert.equal(second.code, 0, second.output);
    assert.match(second.output, /proposed 0 actions of northwind; 20 are there already/);
    assert.equal(second.output.split("\n").slice(2).join("\n"), first.output.split("\n").slice(2).join("\n"));
  });

  test("are executed at once where the policy allows it, and only then", async () => {
    for (const id of ALLOWED) assert.deepEqual((await executed(id)).executions.map(({ state }) => state), ["succeeded"]);
    assert.deepEqual(effectsOf(opened.log).map((effect) => effect.proposal_id).sort(), ALLOWED);
  });

  test("say what they would change, or why they cannot", async () => {
    const { preview } = (await of("prop_sample_010")).proposal;
    const change = { subject: "account/acct_70418 iban", before: "GB00 NWBK 0000 0000 0031 88", after: "LT00 0000 0000 0000 7719 04" };
    assert.deepEqual([preview.changes, preview.preconditions], [[change], ["account/acct_70418.iban@1"]]);
    assert.match((await of("prop_sample_006")).proposal.preview.note, /has paid 378\.00 EUR in all/);
    assert.match((await of("prop_sample_004")).proposal.closing.reason, /there is no account acct_71802/);
  });

  test("need the people that the policy names, and are then done once, in order", async () => {
    const [jonas, sofia, kwame] = await Promise.all(["Jonas Weber", "Sofia Lindqvist", "Kwame Mensah"].map((name) => signIn(host, name)));
    assert.equal((await approve(jonas, "prop_sample_009")).body.code, "not_permitted");
    assert.equal((await approve(sofia, "prop_sample_009")).body.proposal.state, "pending");
    assert.equal((await approve(sofia, "prop_sample_009")).body.code, "already_decided");
    assert.equal((await approve(kwame, "prop_sample_009")).body.proposal.state, "approved");
    assert.equal((await approve(jonas, "prop_sample_003")).status, 200);
    assert.deepEqual((await executed("prop_sample_009")).executions.map(({ state }) => state), ["succeeded"]);
    assert.deepEqual((await executed("prop_sample_003")).executions.map(({ state }) => state), ["succeeded", "succeeded"]);
    assert.equal(keysOf("prop_sample_009").length, 1);
    assert.equal(new Set(keysOf("prop_sample_003")).size, 2);
    const tools = effectsOf(opened.log).filter((effect) => effect.proposal_id === "prop_sample_003").map((effect) => effect.tool);
    assert.deepEqual(tools, ["subscriptions.cancel", "billing.refund"]);

    // Approved as it was seen; meanwhile the customer got another refund.
    await post(host, "northwind", refund("cust_66102", "10.00", "prop_between"));
    await executed("prop_between");
    assert.equal((await approve(sofia, "prop_sample_008")).status, 200);
    const [drifted] = (await executed("prop_sample_008")).executions;
    assert.equal(drifted.state, "failed");
    assert.match(drifted.reason, /now it is customer\/cust_66102\.refunded@2/);
    // What the executor cannot do fails with its reason, and has no effect.
    assert.equal((await approve(kwame, "prop_sample_006")).status, 200);
    assert.match((await executed("prop_sample_006")).executions[0].reason, /has paid 378\.00 EUR/);
    assert.deepEqual([keysOf("prop_sample_008"), keysOf("prop_sample_006")], [[], []]);
  });

  test("may come in the flat form by itself", async () => {
    const [action] = ROWS.find(({ body }) => body.proposal_id === "prop_sample_007").body.actions;
    assert.equal(action.proposed_action, "issue_refund");
    const { proposal: flat } = await post(host, "northwind", action);
    const { required } = (await of("prop_sample_007")).proposal;
    assert.deepEqual([flat.required.authorities, flat.required.quorum], [required.authorities, required.quorum]);
  });

  test("leave an audit log that is sound", async () => {
    const { code, output } = await countersign("audit", "verify", "--data", opened.folder);
    assert.equal(code, 0, output);
  });
});

describe("an answer that is lost", { skip, timeout: 60_000 }, () => {
  for (const mode of ["lose-reply", "error-after-effect"]) {
    test(`does nothing twice: ${mode}`, async () => {
      const { host, log, folder, close } = await open("--mode", mode);
      try {
        await post(host, "northwind", refund("cust_40233", "18.00", "prop_once"));
        const execution = await until("the answer is had at last", async () => {
          const [execution] = (await proposal(host.as("northwind"), "prop_once")).executions;
          return execution?.state === "succeeded" && execution;
        });
        assert.equal(execution.attempts.length, 2);
        assert.deepEqual(effectsOf(log).map((effect) => effect.idempotency_key), [execution.idempotency_key]);
        assert.equal((await countersign("audit", "verify", "--data", folder)).code, 0);
      } finally {
        await close();
      }
    });
  }
});
