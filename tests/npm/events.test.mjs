/** The stream of events in the client, and the check of a webhook that the README shows. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Client } from "../../pkg/dist/client.js";

/** A host whose every connection to the stream does what the next of `turns` says. */
async function streaming(turns) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"]);
    turns[asked.length - 1](response, request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new Client({ baseUrl: `http://127.0.0.1:${server.address().port}`, token: "cs_test" });
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { client, asked, close };
}

const head = (response) => response.writeHead(200, { "content-type": "text/event-stream" });
const refuse = (status, code) => (response) => {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ code, title: code, status }));
};

test("events come once and in order over breaks, and a refusal ends them", async () => {
  const host = await streaming([
    (response) => {
      head(response).write("retry: 1000\nid: 6\n\nid: 7\nda");
      response.write('ta: {"sequence":7,"text":"Grüße"}\n\n: still here\nid: 8\n\nid: 9\ndata: {"seq');
      setTimeout(() => response.destroy(), 50);
    },
    refuse(503, "store_busy"),
    (response) => head(response).end('id: 9\ndata: {"sequence":9}\n\n'),
    refuse(401, "unauthenticated"),
  ]);
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const { cursor, event } of host.client.events({ after: "5" })) seen.push([cursor, event.sequence, event.text]);
    },
    { code: "unauthenticated", status: 401 },
  );
  assert.deepEqual(seen, [["7", 7, "Grüße"], ["9", 9, undefined]]);
  assert.deepEqual(host.asked, ["5", "8", "8", "9"]);
  await host.close();
});

test("leaving the loop and the signal close the connection", async () => {
  let closed = 0;
  const open = (response) => {
    head(response).write('id: 1\ndata: {"sequence":1}\n\n');
    response.on("close", () => (closed += 1));
  };
  const host = await streaming([open, open]);
  for await (const { event } of host.client.events()) {
    assert.equal(event.sequence, 1);
    break;
  }
  const stop = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const { cursor } of host.client.events({ signal: stop.signal })) {
      assert.equal(cursor, "1");
      setTimeout(() => stop.abort(reason), 20);
    }
  }, reason);
  while (closed < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(host.asked, [undefined, undefined]);
  await host.close();
});

test("the README's check takes what the host signs, and nothing else", async () => {
  const readme = readFileSync(new URL("../../pkg/README.md", import.meta.url), "utf8");
  const source = /```ts\n(import \{ createHmac[\s\S]*?)```/.exec(readme)[1];
  const { transform } = createRequire(new URL("../../pkg/package.json", import.meta.url))("esbuild");
  const { code } = await transform(`${source}\nexport { verifyWebhook };`, { loader: "ts" });
  const { verifyWebhook } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = '{"specversion":"1.0"}';
  const headers = (timestamp = Math.floor(Date.now() / 1_000), key = Buffer.alloc(32, 7)) => {
    const signature = createHmac("sha256", key).update(`evt_1.${timestamp}.${body}`).digest("base64");
    return { "webhook-id": "evt_1", "webhook-timestamp": String(timestamp), "webhook-signature": `v1,AAAA v1,${signature}` };
  };
  assert.deepEqual(verifyWebhook(secret, headers(), body), { specversion: "1.0" });
  assert.throws(() => verifyWebhook(secret, headers(), `${body} `), /not signed/);
  assert.throws(() => verifyWebhook(secret, headers(undefined, Buffer.alloc(32, 8)), body), /not signed/);
  assert.throws(() => verifyWebhook(secret, { ...headers(), "webhook-id": "evt_2" }, body), /not signed/);
  assert.throws(() => verifyWebhook(secret, headers(1_000), body), /too old/);
  assert.throws(() => verifyWebhook(secret, {}, body), /too old/);
});
