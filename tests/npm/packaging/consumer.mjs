/** What users have: an empty project with the packed tarball in it, installed without a network. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { toolsIn } from "./tools.mjs";

export const PACKAGE = fileURLToPath(new URL("../../../pkg/", import.meta.url));
export const ROOT = join(PACKAGE, "..");

/** Runs a program to its end; what it said goes into the error where it fails. */
export function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 26, ...options });
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")} failed:\n${error.stdout ?? ""}${error.stderr ?? error.message}`);
  }
}

/** The runtimes and bundlers; without them nothing here is tried, and that is a failure. */
export function tools() {
  const folder = process.env.COUNTERSIGN_RUNTIMES ?? run(join(ROOT, ".ci/setup-runtimes"), ["path"]).trim();
  try {
    return toolsIn(folder);
  } catch (cause) {
    throw new Error("the runtimes are not there: run .ci/setup-runtimes", { cause });
  }
}

/** The golden corpus and what asks the package about it, for `probe.mjs` in a project. */
const rows = (name) => readFileSync(join(ROOT, "tests/fixtures", name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const corpus = () => JSON.stringify({ decisions: rows("decisions.jsonl"), gates: rows("gates.jsonl") });

export function consumer() {
  const folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE }));
  const tarball = join(folder, packed.filename);
  const write = (name, text) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write("package.json", JSON.stringify({ name: "consumer", version: "1.0.0", private: true }));
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: folder });
  return {
    folder,
    tarball,
    packed,
    installed: join(folder, "node_modules", "countersign"),
    write,
    run: (command, args, options = {}) => run(command, args, { cwd: folder, ...options }),
    /** Puts `probe.mjs` and the corpus there. */
    writeProbe() {
      write("corpus.json", corpus());
      write("probe.mjs", readFileSync(new URL("probe.mjs", import.meta.url)));
    },
  };
}
