/** The sample executor by itself: what it takes, what it refuses, and that it does nothing twice. */
import assert from "node:assert/strict";
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { effectsOf, startExecutor } from "./host.mjs";

const folder = mkdtempSync(join(tmpdir(), "countersign-executor-"));
const secret = randomBytes(32);
const running = [];
let logs = 0;
after(async () => {
  for (const executor of running) await executor.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(log, ...more) {
  const executor = await startExecutor(log, `whsec_${secret.toString("base64")}`, ...more);
  running.push(executor);
  return executor;
}

const newLog = () => join(folder, `effects-${(logs += 1)}.jsonl`);

/** Posts as the host does; `change` spoils a request. */
async function send({ url }, body, change = (headers) => headers) {
  const text = JSON.stringify(body);
  const id = randomUUID();
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${text}`).digest("base64");
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}`, "idempotency-key": body.idempotency_key ?? "" };
  const answer = await fetch(url, { method: "POST", headers: change(headers), body: text });
  return { code: answer.status, ...(await answer.json()) };
}

const action = (customer_id, amount, currency = "EUR") => ({ tool: "billing.refund", arguments: { customer_id, amount, currency } });
const execute = (key, what, more = {}) => ({
  version: 1, mode: "execute", tenant_id: "northwind", proposal_id: "prop_1", execution_id: "exec_1", idempotency_key: key, binding_digest: `digest of ${key}`,
  action: what, precondition: null, not_after: new Date(Date.now() + 10_000).toISOString(), ...more,
});

test("does each key once, and remembers after a restart and a torn line", async () => {
  const log = newLog();
  const first = await start(log);
  const call = execute("key_1", action("cust_40233", "18.00"));
  assert.equal((await send(first, { ...call, mode: "status" })).status, "absent");
  const done = await send(first, call);
  assert.deepEqual([done.status, done.idempotency_key, done.binding_digest], ["succeeded", "key_1", "digest of key_1"]);
  assert.deepEqual(await send(first, call), done);
  const other = await send(first, { ...call, binding_digest: "another" });
  assert.deepEqual([other.code, other.status], [422, "refused"]);
  assert.equal(await first.stop(), 0);
  appendFileSync(log, '{"at": "2026-');
  const second = await start(log);
  assert.equal((await send(second, { ...call, mode: "status" })).status, "succeeded");
  assert.deepEqual(await send(second, call), done);
  const preview = await send(second, { version: 1, mode: "preview", tenant_id: "northwind", action: action("cust_40233", "2.00") });
  assert.deepEqual(preview.changes, [{ subject: "customer/cust_40233 refunded", before: "18.00 EUR", after: "20.00 EUR" }]);
  assert.equal(effectsOf(log).length, 1);
});

test("takes nothing that the host did not sign, and nothing too late", async () => {
  const log = newLog();
  const executor = await start(log);
  const call = execute("key_1", action("cust_40233", "18.00"));
  for (const change of [
    (headers) => ({ ...headers, "webhook-signature": "" }),
    (headers) => ({ ...headers, "webhook-id": "another" }),
    (headers) => ({ ...headers, "webhook-timestamp": "0" }),
    ({ "webhook-timestamp": _, ...headers }) => headers,
    (headers) => ({ ...headers, "webhook-signature": `v1,${Buffer.alloc(32).toString("base64")}` }),
  ]) {
    assert.equal((await send(executor, call, change)).code, 401);
  }
  const two = (headers) => ({ ...headers, "webhook-signature": `v1,AAAA ${headers["webhook-signature"]}` });
  assert.equal((await send(executor, { ...call, mode: "status" }, two)).status, "absent");
  const late = await send(executor, { ...call, not_after: new Date(Date.now() - 1).toISOString() });
  assert.match(late.reason, /it came after/);
  assert.match((await send(executor, { ...call, not_after: undefined })).reason, /it came after/);
  assert.match((await send(executor, call, (headers) => ({ ...headers, "idempotency-key": "key_2" }))).reason, /different keys/);
  assert.deepEqual(effectsOf(log), []);
});

test("refuses what cannot be done, and what rests on a state that has moved on", async () => {
  const executor = await start(newLog());
  for (const [what, reason] of [
    [action("cust_40233", "18.005"), /not an amount of EUR/],
    [action("cust_40233", "-1"), /not an amount of EUR/],
    [action("cust_40233", "0.00"), /nothing is to be refunded/],
    [action("cust_40233", "18.00", "USD"), /kept in EUR, not in USD/],
    [action("cust_40233", "126.01"), /has paid 126\.00 EUR/],
    [action("cust_mh_2044", "1.00", "USD"), /there is no customer/],
    [action("__proto__", "1.00"), /there is no customer/],
    [{ tool: "constructor", arguments: {} }, /nobody here runs constructor/],
    [{ tool: "account.unlock", arguments: { account_id: "acct_71820" } }, /is active, not locked/],
    [{ tool: "mail.send", arguments: { to: ["nobody"] } }, /nobody to send it to/],
    [{ tool: "appointments.cancel", arguments: {} }, /there is no appointment/],
  ]) {
    const { code, status, reason: told } = await send(executor, execute(randomUUID(), what));
    assert.deepEqual([code, status], [422, "refused"], JSON.stringify(what));
    assert.match(told, reason);
  }
  const { precondition } = await send(executor, { mode: "preview", tenant_id: "northwind", action: action("cust_40233", "18.00") });
  await send(executor, execute("key_1", action("cust_40233", "1.00"), { precondition }));
  const drifted = await send(executor, execute("key_2", action("cust_40233", "18.00"), { precondition }));
  assert.deepEqual([drifted.code, drifted.status], [409, "drifted"]);
  // Its own effect is no drift to the same key.
  assert.equal((await send(executor, execute("key_1", action("cust_40233", "1.00"), { precondition }))).status, "succeeded");
});

test("misbehaves when it is told to", async () => {
  const log = newLog();
  const call = execute("key_1", action("cust_40233", "18.00"));
  const twice = await start(log, "--mode", "no-dedupe");
  for (const _ of [1, 2]) assert.equal((await send(twice, call)).status, "succeeded");
  assert.equal(effectsOf(log).length, 2);
  const slow = await start(newLog(), "--mode", "slow", "--delay-ms", "300");
  const late = { ...call, not_after: new Date(Date.now() + 100).toISOString() };
  assert.match((await send(slow, late)).reason, /it came after/);
  const losing = newLog();
  await assert.rejects(send(await start(losing, "--mode", "lose-reply"), call));
  const failing = newLog();
  assert.equal((await send(await start(failing, "--mode", "error-after-effect"), call)).code, 500);
  assert.deepEqual([effectsOf(losing).length, effectsOf(failing).length], [1, 1]);
  await assert.rejects(send(await start(newLog(), "--mode", "nonsense"), call), SyntaxError);
  await assert.rejects(start(newLog(), "--mode", "odd"), /--mode is one of/);
  await assert.rejects(startExecutor(newLog(), "secret"), /countersign executor secret/);
});
