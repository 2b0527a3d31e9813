/**
 * Builds dist/: ES modules, their CommonJS twins, types for both, the module, the default policy.
 * dist/wasm/ holds what .ci/build-module made; it is read, and not published.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

process.chdir(import.meta.dirname);
const modules = ["countersign_bg.wasm", "countersign_reader.wasm"];
for (const module of modules) {
  if (existsSync(`dist/wasm/${module}`)) continue;
  console.error(`dist/wasm/${module} is missing: run .ci/build-module first`);
  process.exit(1);
}
mkdirSync("dist", { recursive: true });
for (const name of readdirSync("dist")) {
  if (name !== "wasm") rmSync(`dist/${name}`, { recursive: true });
}

// Types first: what does not type-check is not built.
const tsc = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", "dist"];
execFileSync("node_modules/.bin/tsc", tsc, { stdio: "inherit" });

/** Each entry is one file, because every file more takes time to load; only the class of errors they have in common. */
const sources = ["client", "error", "node"];
/** Where there is no CommonJS, or none that could load a module of WebAssembly. */
const onlyModules = ["index", "workerd"];
const entry = (name) => ({ in: `src/${name}.ts`, out: name });
const entryPoints = sources.map(entry);
const apart = (extension) => ({
  name: "apart",
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\// }, ({ kind, path }) => {
      if (kind === "entry-point") return undefined;
      // What wasm-bindgen and the module's own source give.
      if (path === "./bindings.js") return { path: resolve("dist/wasm/countersign.js") };
      if (path.endsWith("/pack.js")) return { path: resolve("../src/wasm/pack.js") };
      return /^\.\/(error\.js|\w+\.wasm)$/.test(path) ? { path: path.replace(/\.js$/, extension), external: true } : undefined;
    });
  },
});
const common = { bundle: true, outdir: "dist", target: ["es2022", "node20"], logLevel: "warning", platform: "node" };
await build({
  ...common,
  entryPoints: [...entryPoints, ...onlyModules.map(entry)],
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
let rewritten = 0;
const deno = workerd.replace(/^import (\w+ from "\.\/\w+\.wasm";)$/gm, (_, rest) => ((rewritten += 1), `import source ${rest}`));
if (rewritten !== modules.length) throw new Error("dist/workerd.js does not import the modules as it did");
writeFileSync("dist/deno.js", deno);

// A CommonJS importer needs types that call themselves CommonJS.
const twins = readdirSync("dist").filter((name) => name.endsWith(".d.ts") && !onlyModules.includes(name.replace(/\.d\.ts$/, "")));
for (const name of twins) {
  const types = readFileSync(`dist/${name}`, "utf8").replace(/(from "\.\/[a-z-]+)\.js"/g, '$1.cjs"');
  writeFileSync(`dist/${name.replace(/\.d\.ts$/, ".d.cts")}`, types);
}

for (const module of modules) {
  copyFileSync(`dist/wasm/${module}`, `dist/${module}`);
  // What a runtime that imports modules gives for it.
  writeFileSync(`dist/${module}.d.ts`, "declare const module: object;\nexport default module;\n");
}
for (const policy of ["default-policy.json", "default-policy.bin"]) copyFileSync(policy, `dist/${policy}`);
