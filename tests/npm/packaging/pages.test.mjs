/** The packed tarball in pages of Chromium, as it is and as bundlers write it, without `unsafe-eval`. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "../chromium.mjs";
import { consumer, tools } from "./consumer.mjs";

const { require } = tools();
const project = consumer();
const { folder, write } = project;
project.writeProbe();

const PAGE = (name, load) => `
  import { EXPECTED, probe } from "../probe.mjs";
  ${load?.import ?? ""}
  const tell = (text) => fetch("/result/${name}", { method: "POST", body: text });
  probe(${load?.options ?? ""}).then((found) => tell(found === EXPECTED ? "ok" : found), (error) => tell(String(error.stack)));
`;
const html = (script) => `<!doctype html><meta charset="utf-8"><script type="module" src="${script}"></script>`;
const BUNDLED_HTML = html("page.js");
const byUrl = (specifier) => ({ import: `import module from "${specifier}";`, options: "{ module }" });

// Nobody's build: an import map says where the package is. Only its own hash lets an inline script pass.
const importMap = JSON.stringify({
  imports: {
    countersign: "/node_modules/countersign/dist/index.js",
    "countersign/client": "/node_modules/countersign/dist/client.js",
    "countersign/default-policy.json": "/node_modules/countersign/dist/default-policy.json",
  },
});
const mapHash = createHash("sha256").update(importMap).digest("base64");
const CSP = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-${mapHash}'; connect-src 'self'; frame-src 'self'`;

const pages = {
  async plain() {
    write("plain/page.mjs", PAGE("plain"));
    write("plain/index.html", `<!doctype html><script type="importmap">${importMap}</script><script type="module" src="page.mjs"></script>`);
    return "/plain/index.html";
  },
  async vite() {
    write("vite/page.mjs", PAGE("vite"));
    write("vite/index.html", html("./page.mjs"));
    await require("vite").build({ root: join(folder, "vite"), base: "./", build: { outDir: "../built/vite" }, logLevel: "error", configFile: false });
    return "/built/vite/index.html";
  },
  async vite_url() {
    write("vite_url/page.mjs", PAGE("vite_url", byUrl("countersign/module.wasm?url")));
    write("vite_url/index.html", html("./page.mjs"));
    await require("vite").build({ root: join(folder, "vite_url"), base: "./", build: { outDir: "../built/vite_url" }, logLevel: "error", configFile: false });
    return "/built/vite_url/index.html";
  },
  async vite_development() {
    write("vite_development/page.mjs", PAGE("vite_development"));
    write("vite_development/index.html", html("./page.mjs"));
    const server = await require("vite").createServer({
      root: join(folder, "vite_development"),
      base: "/vite_development/",
      configFile: false,
      appType: "mpa",
      logLevel: "error",
      server: { middlewareMode: true, hmr: false, ws: false, fs: { allow: [folder] } },
      optimizeDeps: { exclude: ["countersign"] },
    });
    development = server;
    return "/vite_development/index.html";
  },
  async esbuild() {
    write("esbuild/page.mjs", PAGE("esbuild", byUrl("countersign/module.wasm")));
    await require("esbuild").build({
      entryPoints: { page: join(folder, "esbuild/page.mjs") },
      outdir: join(folder, "built/esbuild"),
      bundle: true,
      minify: true,
      format: "esm",
      loader: { ".wasm": "file" },
      logLevel: "error",
    });
    write("built/esbuild/index.html", BUNDLED_HTML);
    return "/built/esbuild/index.html";
  },
  async webpack() {
    write("webpack/page.mjs", PAGE("webpack"));
    const webpack = require("webpack");
    const stats = await new Promise((resolve, reject) => {
      const options = { mode: "production", context: folder, entry: "./webpack/page.mjs", output: { path: join(folder, "built/webpack"), filename: "page.js" }, performance: false };
      webpack(options, (error, stats) => (error ? reject(error) : resolve(stats)));
    });
    assert.ok(!stats.hasErrors(), stats.toString());
    write("built/webpack/index.html", BUNDLED_HTML);
    return "/built/webpack/index.html";
  },
};

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
let development;
const results = new Map();
const waiting = Object.fromEntries(Object.keys(pages).map((name) => [name, new Promise((resolve) => results.set(name, resolve))]));

function file(response, url) {
  const path = join(folder, normalize(url));
  if (!path.startsWith(folder) || !statSync(path, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(readFileSync(path));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://page").pathname;
  response.setHeader("content-security-policy", CSP);
  if (url === "/") {
    const frames = locations.map((location) => `<iframe src="${location}"></iframe>`).join("");
    return void response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html>${frames}`);
  }
  const result = /^\/result\/(\w+)$/.exec(url)?.[1];
  if (result !== undefined) {
    let text = "";
    for await (const chunk of request) text += chunk;
    results.get(result)?.(text);
    return void response.writeHead(204).end();
  }
  if (url.startsWith("/vite_development/")) development.middlewares(request, response, () => file(response, url));
  else file(response, url);
});

const locations = [];
let browser;
before(async () => {
  for (const build of Object.values(pages)) locations.push(await build());
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = chromium(`http://127.0.0.1:${server.address().port}/`);
});
after(async () => {
  await browser?.stop();
  await development?.close();
  server.closeAllConnections();
  server.close();
});

for (const name of Object.keys(pages)) {
  test(`a page: ${name.replace("_", ", ")}`, async () => {
    const late = new Promise((resolve) => setTimeout(resolve, 90_000, "no result within 90 s").unref());
    assert.equal(await Promise.race([waiting[name], browser.ended, late]), "ok");
  });
}
