/**
 * Builds dist/: ES modules, their CommonJS twins file for file, types for both, the module, the default policy.
 * dist/wasm/ holds what .ci/build-module made; it is read, and not published.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

process.chdir(import.meta.dirname);
const wasm = "dist/wasm/countersign_bg.wasm";
if (!existsSync(wasm)) {
  console.error(`${wasm} is missing: run .ci/build-module first`);
  process.exit(1);
}
mkdirSync("dist", { recursive: true });
for (const name of readdirSync("dist")) {
  if (name !== "wasm") rmSync(`dist/${name}`, { recursive: true });
}

// Types first: what does not type-check is not built.
const tsc = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", "dist"];
execFileSync("node_modules/.bin/tsc", tsc, { stdio: "inherit" });

const sources = ["client", "edge", "engine", "error", "events", "hot", "hot-verdict", "http", "ids", "lazy", "module", "node", "public", "trust", "wait"];
/** Where there is no CommonJS, or none that could load a module of WebAssembly. */
const onlyModules = ["index", "workerd"];
const entryPoints = [
  ...sources.map((name) => ({ in: `src/${name}.ts`, out: name })),
  { in: "dist/wasm/countersign.js", out: "bindings" },
];
/** Each file stays a file of its own, so that `countersign` and `countersign/client` share one error class. */
const apart = (extension) => ({
  name: "apart",
  setup(builder) {
    // What the bindings bring along for themselves is not a file of the package.
    builder.onResolve({ filter: /^\.\.?\// }, ({ kind, path }) =>
      kind === "entry-point" || path.startsWith("./snippets/") ? undefined : { path: path.replace(/\.js$/, extension), external: true },
    );
  },
});
const common = { bundle: true, outdir: "dist", target: ["es2022", "node20"], logLevel: "warning", platform: "node" };
await build({
  ...common,
  entryPoints: [...entryPoints, ...onlyModules.map((name) => ({ in: `src/${name}.ts`, out: name }))],
  format: "esm",
  platform: "neutral",
  external: ["node:*"],
  plugins: [apart(".js")],
});
await build({
  ...common,
  entryPoints,
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  plugins: [apart(".cjs")],
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: '"use strict";\nconst importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
});

// Deno has the import of WebAssembly's ES integration, which TypeScript cannot read yet: it is written here.
const workerd = readFileSync("dist/workerd.js", "utf8");
const deno = workerd.replace(/^import (\w+) from "\.\/countersign_bg\.wasm";$/m, 'import source $1 from "./countersign_bg.wasm";');
if (deno === workerd) throw new Error("dist/workerd.js does not import the module as it did");
writeFileSync("dist/deno.js", deno);

// A CommonJS importer needs types that call themselves CommonJS.
const twins = readdirSync("dist").filter((name) => name.endsWith(".d.ts") && !onlyModules.includes(name.replace(/\.d\.ts$/, "")));
for (const name of twins) {
  const types = readFileSync(`dist/${name}`, "utf8").replace(/(from "\.\/[a-z-]+)\.js"/g, '$1.cjs"');
  writeFileSync(`dist/${name.replace(/\.d\.ts$/, ".d.cts")}`, types);
}

copyFileSync(wasm, "dist/countersign_bg.wasm");
// What a runtime that imports modules gives for it.
writeFileSync("dist/countersign_bg.wasm.d.ts", "declare const module: object;\nexport default module;\n");
copyFileSync("default-policy.json", "dist/default-policy.json");
