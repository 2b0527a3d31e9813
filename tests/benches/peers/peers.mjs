/** Where the comparison with other libraries lies, and how its programs are run with this package among them. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const PEERS = process.env.COUNTERSIGN_PEERS ?? join(ROOT, "../shared/peers");
export const OURS = fileURLToPath(new URL("adapter.mjs", import.meta.url));

/** Why nothing can be compared; `false` where it can. */
export const noPeers = !existsSync(join(PEERS, "bench/check.mjs")) && `there is no comparison at ${PEERS}`;

/** A copy of the comparison, so that nothing is written into it, and our policy, compiled by `countersign`. */
export function copyOf(countersign) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-peers-"));
  cpSync(PEERS, folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  const policy = join(folder, "countersign-policy.bin");
  const run = (command, args, env = {}) => {
    const options = { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26, env: { ...process.env, COUNTERSIGN_PEERS_POLICY: policy, ...env } };
    const { status, stdout, stderr } = spawnSync(command, args, options);
    if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  };
  run(resolve(countersign), ["policy", "compile", fileURLToPath(new URL("policy.toml", import.meta.url)), "--image", "-o", policy]);
  return { folder, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
