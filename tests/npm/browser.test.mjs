/** The package in Chromium, under a strict content security policy: the golden corpus, and the client. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { test } from "node:test";
import { chromium, noChromium } from "./chromium.mjs";

const DIST = new URL("../../pkg/dist/", import.meta.url);
const CORPUS = new URL("../fixtures/decisions.jsonl", import.meta.url);
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

const PAGE = `
  import { CountersignError, Edge, Engine } from "/index.js";
  import { Client } from "/client.js";
  const fail = (why) => { throw new Error(why); };
  async function check() {
    const [engine] = await Promise.all([1, 2].map(async () => Engine.load(await (await fetch("/default-policy.json")).text())));
    const rows = (await (await fetch("/corpus")).text()).trim().split("\\n").map((line) => JSON.parse(line));
    for (const { name, now, request, verdict } of rows) {
      if (engine.canonicalize(engine.evaluate(request, { now: new Date(now) })) !== verdict) fail(name);
    }
    const refused = await Engine.load("{").catch((error) => error);
    if (!(refused instanceof CountersignError) || refused.code !== "invalid_json") fail("no error");
    const client = new Client({ baseUrl: location.origin });
    await client.me();
    const edge = new Edge({ engine, client, edge: "page" });
    const { caseId } = await edge.handle({ tenant_id: "t", user_question: "?", asks_for_person: true });
    if ((await edge.flush()).length !== 0) fail("refused");
    return "decided " + rows.length + ", opened " + (caseId === null ? "nothing" : "a case");
  }
  // What the server is told; a console that nobody reads would not do.
  const result = await check().catch((error) => "failed: " + error.stack);
  await fetch("/result", { method: "POST", body: result });
`;

test("a page decides as Node does, and needs no eval", { skip: noChromium }, async () => {
  const writes = [];
  let done;
  const result = new Promise((resolve) => (done = resolve));
  const server = createServer(async (request, response) => {
    const send = (type, body, status = 200) => response.writeHead(status, { "content-type": type, "content-security-policy": CSP }).end(body);
    let text = "";
    for await (const chunk of request) text += chunk;
    if (request.url === "/") send("text/html", '<!doctype html><script type="module" src="/page.js"></script>');
    else if (request.url === "/page.js") send(TYPES[".js"], PAGE);
    else if (request.url === "/corpus") send("text/plain", readFileSync(CORPUS));
    else if (request.url === "/v1/me") send(TYPES[".json"], '{"csrf_token":"csrf_1"}');
    else if (request.url === "/result") {
      send("text/plain", "");
      done(text);
    } else if (request.url.startsWith("/v1/")) {
      writes.push({ path: request.url, csrf: request.headers["x-csrf-token"], body: JSON.parse(text) });
      send(TYPES[".json"], '{"case":{}}', 201);
    } else if (/^\/[a-z_-]+\.(js|wasm|json)$/.test(request.url)) {
      send(TYPES[extname(request.url)], readFileSync(new URL(`.${request.url}`, DIST)));
    } else send("text/plain", "", 404);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = chromium(`http://127.0.0.1:${server.address().port}/`);
  try {
    const late = new Promise((resolve) => setTimeout(resolve, 60_000, "no result within 60 s").unref());
    assert.match(await Promise.race([result, browser.ended, late]), /^decided \d{3}, opened a case$/);
    assert.deepEqual(writes.map(({ path, csrf }) => [path, csrf]), [["/v1/cases", "csrf_1"], ["/v1/decisions", "csrf_1"]]);
    assert.equal(writes[0].body.claimed.digest, writes[1].body.records[0].digest);
  } finally {
    await browser.stop();
    server.closeAllConnections();
    server.close();
  }
});
