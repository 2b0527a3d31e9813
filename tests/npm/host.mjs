/** The real host and the sample executor, each in a process of its own, for tests of what goes between them. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const BINARY = join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target"), "debug", "countersign");
const EXECUTOR = join(ROOT, "tests/samples/executor.mjs");

/** Why a test that needs the host cannot run; `false` where it can. */
export const skip = !existsSync(BINARY) && "the host is not built: cargo build --features host";

/** Starts a program, and gives it once `isReady` finds in what it prints that it is ready. */
function start(command, options, isReady) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], ...options });
  let printed = "";
  return new Promise((fulfil, reject) => {
    const ended = new Promise((end) => child.once("exit", end));
    const end = (signal) => {
      child.kill(signal);
      return ended;
    };
    const stop = () => end("SIGTERM");
    const kill = () => end("SIGKILL");
    const take = (chunk) => {
      printed += chunk;
      const ready = isReady(printed);
      if (ready) fulfil({ ...ready, stop, kill });
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command.join(" ")} ended with ${code}:\n${printed}`)));
  });
}

/** Runs a program to its end. */
export function run(command) {
  const child = spawn(command[0], command.slice(1), { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  return new Promise((fulfil, reject) => {
    child.once("error", reject);
    child.once("close", (code) => fulfil({ code, output }));
  });
}

/** Runs the host's command line to its end. */
export const countersign = (...words) => run([BINARY, ...words]);

/** Starts the sample executor with this secret; `url` is where it takes actions. */
export function startExecutor(log, secret, ...more) {
  const env = { ...process.env, COUNTERSIGN_EXECUTOR_SECRET: secret };
  const command = [process.execPath, EXECUTOR, "--log", log, ...more];
  return start(command, { env }, (printed) => {
    const url = /listens on (http:\S+\/actions)/.exec(printed)?.[1];
    return url && { url, port: new URL(url).port };
  });
}

/**
 * Starts a host on a free port, with the sample people, and an approval that takes effect after a second;
 * `change` makes another policy of the default one.
 */
export async function startHost(folder, executorUrl, change = (policy) => policy) {
  const policy = readFileSync(join(ROOT, "src/compile/default.toml"), "utf8");
  writeFileSync(join(folder, "policy.toml"), change(policy.replace(/^undo_window = .*$/m, 'undo_window = "1 s"')));
  const { output } = await run([process.execPath, EXECUTOR, "--describe", executorUrl]);
  writeFileSync(join(folder, "executors.toml"), output);
  const options = ["--listen", "127.0.0.1:0", "--policy", join(folder, "policy.toml"), "--executors", join(folder, "executors.toml")];
  const host = await start([BINARY, "serve", "--data", folder, "--samples", ...options], {}, (printed) => {
    const url = /listens on (\S+)/.exec(printed)?.[1];
    return printed.includes("sample-edge.token") && { url, printed };
  });
  const links = [...host.printed.matchAll(/sign in as (.+) \(.*#\/sign-in\/(\S+)/g)].map(([, name, token]) => [name, token]);
  const tokens = JSON.parse(readFileSync(join(folder, "sample-edge.token"), "utf8"));
  return { ...host, folder, tokens, links: new Map(links), as: (tenant) => ({ url: host.url, token: tokens[tenant] }) };
}

/** Signs a sample reviewer in; gives a function that posts as them, and reads with its `get`. */
export async function signIn({ url, links }, name) {
  const json = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/session`, { method: "POST", headers: json, body: JSON.stringify({ token: links.get(name) }) });
  const cookie = response.headers.getSetCookie()[0].split(";")[0];
  const { csrf_token } = await response.json();
  const post = async (path, body) => {
    const headers = { ...json, cookie, "x-csrf-token": csrf_token, "idempotency-key": crypto.randomUUID() };
    const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const get = async (path) => (await fetch(`${url}${path}`, { headers: { cookie } })).json();
  return Object.assign(post, { get });
}

/** What a log of effects says. */
export function effectsOf(log) {
  const lines = readFileSync(log, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Waits for something that holds, and says what it waited for. */
export async function until(what, probe, timeout_ms = 20_000) {
  const deadline = Date.now() + timeout_ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(50);
  }
}
