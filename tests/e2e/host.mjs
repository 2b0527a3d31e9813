// Starts the release host on a free port and a fresh data folder, as an operator would.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLedger } from "./executor.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.COUNTERSIGN_BINARY ?? join(root, "target/release/countersign");

/** Samples have nobody who may approve much: for the journey of an action, these three may. */
const SENIORS = ["prin_jonas_weber", "prin_mina_okafor", "prin_elodie_martin"];

/** A running host: its address, the reviewers' one-time links, the edges' tokens, and a ledger that executes refunds. */
export async function startHost() {
  const data = await mkdtemp(join(tmpdir(), "countersign-journey-"));
  const ledger = await startLedger(async () => (await run("executor", "secret", "ledger", "--data", data)).output);
  const executors = join(data, "executors.toml");
  await writeFile(executors, `[[executor]]\nid = "ledger"\nurl = "${ledger.url}"\ntools = ["billing.refund", "issue_refund"]\nguarantee = "none"\npreviews = true\ntimeout = "2 s"\n`);
  const options = ["--data", data, "--ui", join(root, "www/dist"), "--listen", "127.0.0.1:0", "--samples", "--executors", executors];
  const child = spawn(binary, ["serve", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text) => (printed += text));
  const address = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0], "the host prints its address");
  await until(async () => (await fetch(`${address}/readyz`).catch(() => undefined))?.ok, "the host is ready");
  // Links stand on lines that name the reviewer.
  const links = await until(() => {
    const lines = printed.split("\n").filter((line) => line.includes("#/sign-in/"));
    return lines.length >= 6 ? lines : undefined;
  }, "six sign-in links");
  for (const senior of SENIORS) {
    const given = ["--role", "reviewer", "--tenant", "northwind", "--domain", "billing", "--level", "4"];
    const { code, output } = await run("grant", "add", senior, "--data", data, ...given);
    if (code !== 0) throw new Error(output);
  }
  const tokenFile = join(data, "sample-edge.token");
  const tokens = JSON.parse(await readFile(tokenFile, "utf8"));
  const end = async () => {
    child.kill("SIGTERM");
    const code = await new Promise((resolve) => child.once("exit", resolve));
    await ledger.close();
    return code;
  };
  let ended;
  return {
    address,
    tokens,
    tokenFile,
    data,
    linkOf: (name) => /http:\S+/.exec(links.find((line) => line.includes(name)) ?? "")?.[0],
    ledger,
    /** Ends it once, and gives the code that it ended with. */
    stop: () => (ended ??= end()),
    remove: () => rm(data, { recursive: true, force: true }),
  };
}

/** Waits for something that holds, and says what it waited for. */
export async function until(probe, what, timeout_ms = 30_000) {
  const deadline = Date.now() + timeout_ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs the host's own command line and gives what it printed. */
export function run(...argumentsOf) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, argumentsOf, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("exit", (code) => resolve({ code, output }));
  });
}
