/** The readme's examples that need a host, each against a real one; those that do not are in `package.test.mjs`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { countersign, skip, startHost, until } from "../host.mjs";
import { consumer } from "./consumer.mjs";

/** What each prints, in the order of the readme; `null` for one that goes on until it is ended. */
const PRINTED = [/^Nobody has decided yet\.\n$/, /^A colleague will answer you\.\n$/, /^$/, null];

test("the readme's examples run against a host", { skip, timeout: 90_000 }, async () => {
  const { folder, installed, write } = consumer();
  const text = readFileSync(join(installed, "README.md"), "utf8");
  const examples = [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, block]) => block).filter((block) => block.includes("review.example.com"));
  assert.equal(examples.length, PRINTED.length);
  const data = mkdtempSync(join(tmpdir(), "countersign-"));
  const host = await startHost(data, "http://127.0.0.1:9/actions");
  const key = (await countersign("policy", "key", "--data", data)).output.trim();
  const env = { PATH: process.env.PATH, COUNTERSIGN_TOKEN: host.tokens.northwind, COUNTERSIGN_POLICY_KEY: key };
  const start = (name) => {
    const child = spawn(process.execPath, ["--no-warnings", name], { cwd: folder, env });
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    const ended = new Promise((resolve) => child.once("close", (code) => resolve({ code, printed })));
    return { child, ended };
  };
  try {
    for (const [index, example] of examples.entries()) {
      // The host's own address, and nobody who decides in the time that the reader would wait.
      write(`readme_${index}.mjs`, example.replaceAll("https://review.example.com", host.url).replaceAll("60_000", "500"));
      const { child, ended } = start(`readme_${index}.mjs`);
      if (PRINTED[index] === null) {
        const cursor = () => {
          try {
            return readFileSync(join(folder, "cursor"), "utf8");
          } catch {
            return "";
          }
        };
        await until("an event", () => /^\d+$/.test(cursor()) || child.exitCode !== null);
        child.kill("SIGTERM");
        assert.match(cursor(), /^\d+$/, (await ended).printed);
      } else {
        const { code, printed } = await ended;
        assert.equal(code, 0, printed);
        assert.match(printed, PRINTED[index]);
      }
    }
    assert.equal(readFileSync(join(folder, "sequence"), "utf8"), "1");
  } finally {
    await host.stop();
    rmSync(data, { recursive: true, force: true });
  }
});
