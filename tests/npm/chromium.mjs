/** Chromium without a window, at one address. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The browser, as the project's scripts find it; `undefined` where there is none. */
function program() {
  try {
    return execFileSync(fileURLToPath(new URL("../../.ci/browser", import.meta.url)), ["chromium"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

/** Why a test that needs a browser cannot run; `false` where it can. */
export const noChromium = program() === undefined && "no Chromium";

/** Opens a page; `ended` says how the browser ended, and `stop` ends it. */
export function chromium(url) {
  const profile = mkdtempSync(join(tmpdir(), "countersign-chromium-"));
  const browser = promisify(execFile)(program(), [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, "--remote-debugging-port=0", url,
  ]);
  const ended = browser.then(() => "the browser ended", (error) => `the browser failed: ${error.stderr}`);
  const stop = async () => {
    browser.child.kill("SIGTERM");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { ended, stop };
}
