// Chromium as the tests start it, and the check for accessibility on every screen.
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./host.mjs";

// The tools are the review UI's; these files lie beside it.
const require = createRequire(join(root, "www/package.json"));
const { chromium } = require("playwright-core");
const axeSource = require.resolve("axe-core/axe.min.js");

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

/** A window that records what may never happen: script errors, foreign requests, breaches of the policy. */
export async function open(browser, { width = 1440, height = 900, scheme = "light" } = {}) {
  // Injecting axe needs the page's policy lifted for that script alone; the page itself runs under it.
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) wrongs.push(message.text());
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.hostname !== "127.0.0.1" && url.protocol.startsWith("http")) wrongs.push(`foreign request: ${url}`);
  });
  return { context, page, wrongs };
}

/** Serious and critical findings of axe on the page as it stands. */
export async function axe(page) {
  // The protocol's own evaluation is not bound by the page's policy, unlike a script element.
  const { readFile } = await import("node:fs/promises");
  await page.evaluate(await readFile(axeSource, "utf8"));
  const findings = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return findings.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
