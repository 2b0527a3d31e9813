// What every journey needs: a fresh host, a browser, the package at an edge, and people who sign in.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { axe, launch, open } from "./browser.mjs";
import { root, run, startHost } from "./host.mjs";

/** The package as it was built. */
export async function loadPackage() {
  const folder = join(root, "pkg/dist");
  const load = (name) => import(pathToFileURL(join(folder, name)).href);
  return { ...(await load("node.js")), ...(await load("client.js")) };
}

/** A question that the default policy gives to the support specialist. */
export function dispute(request_id, draft = "The second charge is only a hold. It drops off by itself.") {
  return {
    version: 1,
    request_id,
    tenant_id: "northwind",
    user_question: `I was charged twice for my plan (${request_id}). When do I get the money back?`,
    model_draft: draft,
    domain: "billing",
    intent: "consequential",
    language: "en",
    risk_level: "high",
    evidence: [{ document_id: "policy_7", title: "Duplicate charges", quote: "A duplicate charge is refunded within 5 working days.", score: 0.83 }],
    tool_results: [{ tool: "orders.lookup", status: "unavailable" }],
    signals: { retrieval_score: 0.83, rerank_margin: 0.04, answer_groundedness: 0.61, tool_success: "unavailable" },
    release: { model: "m1", prompt: "p1", index: "i1" },
  };
}

/** Sets the stage of one journey; its screenshots lie under target/screenshots in a folder of that name. */
export async function setStage(journey) {
  const shots = join(root, "target/screenshots", journey);
  await rm(shots, { recursive: true, force: true });
  await mkdir(shots, { recursive: true });
  const { Engine, Edge, Client } = await loadPackage();
  const host = await startHost();
  const client = new Client({ baseUrl: host.address, token: host.tokens.northwind });
  // A host that nobody ends would keep the tests from ending.
  const [engine, browser] = await Promise.all([client.currentPolicy().then((policy) => Engine.load(policy)), launch()]).catch(async (error) => {
    await host.stop();
    throw error;
  });
  const edge = new Edge({ engine, client, edge: journey });
  const used = new Set();

  /** A window of whoever this link is for. */
  async function signedInBy(link, options) {
    const seen = await open(browser, options);
    await seen.page.goto(link);
    await seen.page.getByRole("link", { name: /My work/i }).first().waitFor();
    assert.ok(!seen.page.url().includes("cs_"), "the token has left the address");
    return seen;
  }

  return {
    host,
    browser,
    client,
    Client,
    edge,
    shots,
    signedInBy,
    /** A window of a sample reviewer; each printed link works once. */
    async signedIn(name) {
      assert.ok(!used.has(name), `the link of ${name} was used`);
      used.add(name);
      const link = host.linkOf(name);
      assert.ok(link, `a link of ${name} was printed`);
      return signedInBy(link);
    },
    async escalate(request) {
      const { verdict, caseId } = await edge.handle(request);
      assert.equal(verdict.disposition, "escalate");
      await edge.flush();
      return caseId;
    },
    /** The host's command line on its own data; what it printed, without the line's end. */
    async command(...parts) {
      const { code, output } = await run(...parts, "--data", host.data);
      assert.equal(code, 0, output);
      return output.trim();
    },
    /** Visits screens at both widths and in both schemes, as somebody who is signed in. */
    async everyScreen({ context: from }, visit) {
      const storageState = await from.storageState();
      for (const [width, height] of [[1440, 900], [360, 740]]) {
        for (const colorScheme of ["light", "dark"]) {
          const context = await browser.newContext({ viewport: { width, height }, colorScheme, storageState });
          const page = await context.newPage();
          const shoot = async (name, options = { fullPage: true }) => {
            await page.waitForTimeout(300);
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            assert.ok(overflow <= 0, `${name} at ${width} px scrolls sideways by ${overflow} px`);
            assert.deepEqual(await axe(page), [], `${name} at ${width} px, ${colorScheme}`);
            await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), ...options });
          };
          await visit({ page, shoot, context, width, scheme: colorScheme });
          await context.close();
        }
      }
    },
    async close() {
      await browser.close();
      await host.stop();
      await host.remove();
    },
  };
}
