/**
 * A sample executor: does what people approved at the host, once, to books that it keeps.
 *
 *     COUNTERSIGN_EXECUTOR_SECRET=whsec_… node tests/samples/executor.mjs --port 8788 --log data/sample-effects.jsonl
 *     node tests/samples/executor.mjs --describe http://127.0.0.1:8788/actions   # its part of the host's file
 *
 * What a real one has to do is all here: it proves that a request comes from the host, acts on none that is
 * too late, and acts on each key once, also after a restart, because an effect is in the log before it is
 * told. `--mode` makes it misbehave, for tests.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Books, Refusal, TOOL_NAMES } from "./books.mjs";

const MODES = ["normal", "slow", "lose-reply", "error-after-effect", "hang", "nonsense", "no-dedupe"];
const BODY_BYTES_MAX = 1024 * 1024;
/** How far the host's clock may be from this one. */
const TOLERANCE_SECONDS = 5 * 60;

function stop(why) {
  console.error(`sample executor: ${why}`);
  process.exit(1);
}

function readOptions() {
  const text = { type: "string" };
  const options = { port: { ...text, default: "0" }, log: text, secret: text, mode: { ...text, default: "normal" }, "delay-ms": { ...text, default: "3000" }, describe: text };
  try {
    const { values } = parseArgs({ options });
    if (!MODES.includes(values.mode)) throw new Error(`--mode is one of ${MODES.join(", ")}`);
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) throw new Error("--port is a number from 0 to 65535");
    if (!/^\d{1,9}$/.test(values["delay-ms"])) throw new Error("--delay-ms is a number of milliseconds");
    return { ...values, port: Number(values.port), delay_ms: Number(values["delay-ms"]) };
  } catch (error) {
    return stop(error.message);
  }
}

/** This executor, as the host's file of executors names it. */
function description(url) {
  const tools = TOOL_NAMES.map((name) => `  ${JSON.stringify(name)},\n`).join("");
  return `[[executor]]\nid = "sample"\nurl = ${JSON.stringify(url)}\nguarantee = "idempotent"\npreviews = true\ntools = [\n${tools}]`;
}

function readSecret(text) {
  const bytes = Buffer.from(/^whsec_([A-Za-z0-9+/]+=*)$/.exec(text ?? "")?.[1] ?? "", "base64");
  if (bytes.length < 24) stop("give the secret that `countersign executor secret` prints by --secret or COUNTERSIGN_EXECUTOR_SECRET");
  return bytes;
}

/** Opens the log and gives what it says; a line that a crash cut off was never told to anybody, and goes. */
function openLog(path) {
  const file = openSync(path, "a+", 0o600);
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) ftruncateSync(file, Buffer.byteLength(whole));
  const lines = whole.split("\n").filter((line) => line !== "");
  return { file, effects: lines.map((line) => JSON.parse(line)) };
}

/** Whether a request carries a signature of Standard Webhooks by this secret, from now. */
function isSigned(secret, headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures = "" } = headers;
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const right = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.startsWith("v1,") ? signature.slice(3) : "", "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

async function readBody(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** As long as the host admits a name or a reason. */
const clipped = (text) => (text === undefined ? undefined : [...text].slice(0, 200).join(""));

const STATUS_CODES = { drifted: 409, refused: 422 };

class Executor {
  #books = new Books();
  #done = new Map();
  #effects = 0;
  #file;
  #mode;
  #delay_ms;

  constructor({ log, mode, delay_ms }) {
    const { file, effects } = openLog(log);
    for (const effect of effects) this.#keep(effect);
    this.#file = file;
    this.#mode = mode;
    this.#delay_ms = delay_ms;
  }

  get count() {
    return this.#effects;
  }

  close() {
    closeSync(this.#file);
  }

  /** The answer to a request of the host, or how to fail it. */
  async answer(call, headers) {
    if (this.#mode === "hang") return "hang";
    if (this.#mode === "nonsense") return { code: 200, body: "<html>It works!</html>" };
    if (call.mode === "preview") return this.#told(this.#preview(call));
    if (headers["idempotency-key"] !== call.idempotency_key) return this.#told({ status: "refused", reason: "header and body name different keys" });
    const named = (told) => this.#told({ ...told, idempotency_key: call.idempotency_key, binding_digest: call.binding_digest });
    if (call.mode === "status") return named(this.#before(call) ?? { status: "absent" });
    if (call.mode !== "execute") return named({ status: "refused", reason: `there is no mode ${call.mode}` });
    if (this.#mode === "slow") await pause(this.#delay_ms);
    const effects = this.#effects;
    const told = this.#execute(call);
    // Only the answer that tells of a new effect is lost: whoever asks again gets it.
    const isNew = this.#effects > effects;
    if (isNew && this.#mode === "lose-reply") return "drop";
    if (isNew && this.#mode === "error-after-effect") return { code: 500, body: JSON.stringify({ error: "out of luck" }) };
    return named(told);
  }

  #told(told) {
    return { code: STATUS_CODES[told.status] ?? 200, body: JSON.stringify({ version: 1, ...told, reason: clipped(told.reason) }) };
  }

  /** What was done under a key; a key that comes for something else is refused. */
  #before({ idempotency_key, binding_digest }) {
    const effect = this.#done.get(idempotency_key);
    if (effect === undefined) return undefined;
    if (effect.binding_digest !== binding_digest) return { status: "refused", reason: "the key was used for something else" };
    return { status: "succeeded", result: effect.result };
  }

  #preview({ tenant_id, action }) {
    return this.#trying(() => {
      const { changes, note, precondition } = this.#books.plan(tenant_id, action);
      const shown = changes.map((change) => ({ ...change, subject: clipped(change.subject) }));
      return { status: "previewed", changes: shown, note, precondition };
    });
  }

  // From the first look at the key to the effect nothing else runs: there is no `await` in it.
  #execute(call) {
    const before = this.#mode === "no-dedupe" ? undefined : this.#before(call);
    if (before !== undefined) return before;
    if (!(Date.now() <= Date.parse(call.not_after))) return { status: "refused", reason: `it came after ${call.not_after}` };
    return this.#trying(() => {
      const { writes, precondition, result } = this.#books.plan(call.tenant_id, call.action);
      if (typeof call.precondition === "string" && call.precondition !== precondition) {
        return { status: "drifted", reason: `people saw ${call.precondition}; now it is ${precondition}` };
      }
      const { idempotency_key, binding_digest, execution_id, proposal_id, tenant_id, action } = call;
      const effect = { at: new Date().toISOString(), idempotency_key, binding_digest, execution_id, proposal_id, tenant_id, ...action, writes, result };
      writeSync(this.#file, `${JSON.stringify(effect)}\n`);
      fsyncSync(this.#file);
      this.#keep(effect);
      return { status: "succeeded", result };
    });
  }

  #keep(effect) {
    this.#books.apply(effect.tenant_id, effect.writes);
    this.#done.set(effect.idempotency_key, effect);
    this.#effects += 1;
  }

  #trying(act) {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refusal) return { status: "refused", reason: error.message };
      throw error;
    }
  }
}

function serve(executor, secret) {
  return createServer(async (request, response) => {
    const reply = (code, body) => {
      response.writeHead(code, { "content-type": "application/json" });
      response.end(body);
    };
    const error = (code, text) => reply(code, JSON.stringify({ error: text }));
    try {
      if (request.method === "GET" && request.url === "/healthz") return reply(200, '{"status":"ok"}');
      if (request.method !== "POST" || request.url !== "/actions") return error(404, "POST /actions is all there is");
      const body = await readBody(request);
      if (body === undefined) return error(413, "the request is too long");
      if (!isSigned(secret, request.headers, body)) return error(401, "the request is not signed by the host");
      const answer = await executor.answer(JSON.parse(body.toString("utf8")), request.headers);
      if (answer === "hang") return undefined;
      if (answer === "drop") return request.socket.destroy();
      return reply(answer.code, answer.body);
    } catch (failure) {
      console.error(`sample executor: ${failure.stack}`);
      return response.headersSent ? response.destroy() : error(500, "something went wrong here");
    }
  });
}

const options = readOptions();
if (options.describe !== undefined) {
  console.log(description(options.describe));
  process.exit(0);
}
if (options.log === undefined) stop("--log is needed: the file that effects are appended to");
const secret = readSecret(options.secret ?? process.env.COUNTERSIGN_EXECUTOR_SECRET);
let executor;
try {
  executor = new Executor(options);
} catch (error) {
  stop(`${options.log}: ${error.message}`);
}
const server = serve(executor, secret);
server.once("error", (error) => stop(error.message));
server.listen(options.port, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(`sample executor listens on http://127.0.0.1:${port}/actions, ${executor.count} effects in ${options.log}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close(() => executor.close());
    server.closeIdleConnections();
    // What hangs on purpose does not hold up the end.
    setTimeout(() => process.exit(0), 1_000).unref();
  });
}
