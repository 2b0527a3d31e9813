/** What users install: the packed tarball in an empty folder, without a network. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { consumer, PACKAGE, ROOT } from "./consumer.mjs";

const BIN = join(PACKAGE, "node_modules", ".bin");
const { folder, tarball, packed, installed, write, run } = consumer();
const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
const readme = readFileSync(join(installed, "README.md"), "utf8");
const blocks = (language, text = readme) => [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block);

test("the tarball holds the package, its licence and its readme, and no sources", () => {
  const names = packed.files.map((file) => file.path);
  for (const name of ["README.md", "LICENSE", "package.json", "dist/countersign_bg.wasm", "dist/countersign_reader.wasm", "dist/default-policy.json", "dist/default-policy.bin"]) {
    assert.ok(names.includes(name), name);
  }
  const strange = names.filter((name) => name.startsWith("dist/") && !/\.(js|cjs|d\.ts|d\.cts|wasm|json|bin)$/.test(name));
  assert.deepEqual(strange, []);
  assert.equal(names.filter((name) => name.endsWith(".wasm")).length, 2);
  assert.equal(names.filter((name) => name.startsWith("src/") || name.startsWith("dist/wasm")).length, 0);
  assert.equal(readFileSync(join(installed, "LICENSE"), "utf8"), readFileSync(join(ROOT, "LICENSE"), "utf8"));
});

test("every export leads to a file", () => {
  const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));
  for (const target of targets(manifest.exports)) assert.ok(existsSync(join(installed, target)), target);
});

test("the examples of each readme print what the readme says", () => {
  const front = readFileSync(join(ROOT, "README.md"), "utf8");
  const examples = [["README.md", front, 0], ...blocks("text", readme).map((_, index) => ["pkg/README.md", readme, index])];
  assert.equal(examples.length, 4);
  for (const [name, text, index] of examples) {
    write("example.mjs", blocks("js", text)[index]);
    assert.equal(run(process.execPath, ["--no-warnings", "example.mjs"]), blocks("text", text)[index], `${name} ${index}`);
  }
});

test("a CommonJS consumer gets the same verdict", () => {
  const text = blocks("js")[0]
    .replace(/import (\{.*?\}) from (".*?");/, "const $1 = require($2);")
    .replace(/import (\w+) from (".*?").*;/, "const $1 = require($2);");
  write("example.cjs", `(async () => {\n${text}\n})();`);
  assert.equal(run(process.execPath, ["example.cjs"]), blocks("text")[0]);
});

test("importing starts nothing", () => {
  write("import.mjs", `
    const refuse = () => { throw new Error("touched at import"); };
    for (const name of ["Module", "Instance", "compile", "instantiate"]) WebAssembly[name] = refuse;
    globalThis.fetch = refuse;
    const { Engine, Edge, CountersignError } = await import("countersign");
    const { Client } = await import("countersign/client");
    const { createRequire } = await import("node:module");
    const required = createRequire(import.meta.url)("countersign");
    console.log([Engine, Edge, CountersignError, Client, required.Engine, required.Edge].map((item) => typeof item).join());
  `);
  assert.equal(run(process.execPath, ["import.mjs"]).trim(), Array(6).fill("function").join());
});

const CONSUMER = `
import { CountersignError, Edge, Engine, type ActionInput, type Case, type ContextInput, type Gate, type RequestInput, type Verdict } from "countersign";
import { Client, CountersignError as Same, type CaseReply, type Decision, type Me } from "countersign/client";
declare const module: object;
export async function main(bundle: string | Uint8Array): Promise<string> {
  const engine: Engine = await Engine.load(bundle, { module: await fetch("https://example.com/module.wasm") });
  const again: Engine = Engine.loadSync(bundle, { module });
  const request: RequestInput = { tenant_id: "t", user_question: "?", evidence: [{ document_id: "d", quote: "q" }], signals: { tool_success: "unavailable", other: null } };
  const verdict: Verdict = engine.evaluate(request, { now: new Date() });
  const client = new Client({ baseUrl: "http://127.0.0.1", fetch });
  const edge = new Edge({ engine, client, edge: "e" });
  const { case: opened }: { case: Case | null } = await edge.handle(request);
  const reply: CaseReply = await client.case(opened?.case_id ?? "c");
  const decision: Decision | null = reply.case.decision;
  const me: Me = await client.me();
  const action: ActionInput = { tool: "billing.refund", arguments: { amount: 1, currency: "USD" }, requires_approval: true };
  const context: ContextInput = { tenant_id: "t", domain: "billing", facts: { new: true } };
  const gate: Gate = engine.classify([action, { proposed_action: "issue_refund", amount: 1 }], { context, now: 0 });
  const level: number | undefined = gate.authority?.level;
  // @ts-expect-error an action needs a context
  engine.classify(action);
  // @ts-expect-error a context needs a tenant
  engine.classify(action, { context: {} });
  // @ts-expect-error a request needs a question
  engine.evaluate({ tenant_id: "t" });
  // @ts-expect-error a signal is a number or a reason
  engine.evaluate({ ...request, signals: { tool_success: "broken" } });
  // @ts-expect-error an outcome is one of the words
  await client.decide("c", { epoch: 1, verdict: "accepted", outcome: "shout" });
  const error: Same = new CountersignError("unreachable", "gone");
  return [again.policy.id, verdict.disposition, gate.verdict, level, decision?.outcome, me.csrf_token, error.code].join();
}
`;

test("the types hold under every resolution, with the library's own types checked", () => {
  write("consumer.mts", CONSUMER);
  write("consumer.cts", CONSUMER);
  write("policy.mts", 'import { Engine } from "countersign";\nimport policy from "countersign/default-policy.json" with { type: "json" };\nimport module from "countersign/module.wasm";\nimport reader from "countersign/reader.wasm";\nawait Engine.load(policy, { module, reader });\n');
  const readmes = blocks("js").map((text, index) => {
    write(`readme_${index}.mts`, `${text}\nexport {};\n`);
    return `readme_${index}.mts`;
  });
  // The compiler and Node's types stand for the consumer's own.
  symlinkSync(join(PACKAGE, "node_modules", "@types"), join(folder, "node_modules", "@types"));
  const common = { target: "es2022", strict: true, noEmit: true, skipLibCheck: false };
  const rows = {
    node: [{ module: "nodenext", lib: ["es2022"], types: ["node"] }, ["consumer.mts", "consumer.cts", "policy.mts", ...readmes]],
    bundler: [{ module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"], types: [] }, ["consumer.mts", "policy.mts"]],
    exact: [{ module: "nodenext", types: ["node"], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }, ["consumer.mts"]],
  };
  for (const [name, [options, files]] of Object.entries(rows)) {
    write(`tsconfig.${name}.json`, JSON.stringify({ compilerOptions: { ...common, ...options }, files }));
    const { status, stdout } = spawnSync(join(BIN, "tsc"), ["-p", `tsconfig.${name}.json`], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, `${name}:\n${stdout}`);
  }
});

/** The whole of what a user can name: what is added or taken away is written here too, and then in CHANGELOG.md. */
const SURFACE = {
  exports: ["CountersignError", "Edge", "Engine", "PolicyTrust"],
  Engine: ["bind", "canonicalize", "classify", "decide", "evaluate", "evaluateBatch", "free", "policy"],
  Edge: ["boot", "flush", "handle", "kept", "waiting"],
  PolicyTrust: ["admit", "doubt", "manifest", "sequence"],
};

const EXACT = `
import * as countersign from "countersign";
import type { ActionInput, Bound, Bundle, BundleInput, ClassifyOptions, ContextInput, Decided, Edge, Engine, EvaluateOptions, Gate, Handled, HandleOptions, Kept, LoadedPolicy, LoadOptions, Manifest, PolicyImage, PolicyReference, PolicyTrust, Refusal, RequestInput, SignedManifest, Verdict, Waiting } from "countersign";
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const exact = <A, B>(same: Same<A, B>): boolean => same;
exact<typeof countersign.Engine.load, (bundle: BundleInput, options?: LoadOptions) => Promise<Engine>>(true);
exact<typeof countersign.Engine.loadSync, (bundle: BundleInput, options?: LoadOptions) => Engine>(true);
exact<LoadOptions, { module?: object | string | undefined; reader?: object | string | undefined }>(true);
exact<BundleInput, PolicyImage | Bundle | { readonly bundle_version: number } | string | Uint8Array | ArrayBuffer>(true);
exact<Engine["policy"], LoadedPolicy>(true);
exact<LoadedPolicy["image_hash"], string | undefined>(true);
exact<Omit<LoadedPolicy, "image_hash">["hash"], PolicyReference["hash"]>(true);
exact<Engine["evaluate"], (request: RequestInput, options?: EvaluateOptions) => Verdict>(true);
exact<Engine["decide"], (request: RequestInput, options?: EvaluateOptions) => Decided>(true);
exact<Engine["classify"], (actions: ActionInput | readonly ActionInput[], options: ClassifyOptions) => Gate>(true);
exact<Engine["evaluateBatch"], (requests: readonly RequestInput[], options?: EvaluateOptions) => Verdict[]>(true);
exact<Engine["bind"], <A extends ActionInput | readonly ActionInput[]>(actions: A, options: ClassifyOptions) => Bound<A>>(true);
exact<Bound<{ tool: string; arguments: { amount: number } }>["actions"]["arguments"], { readonly amount: number }>(true);
exact<Engine["canonicalize"], (value: unknown) => string>(true);
exact<EvaluateOptions, { now?: Date | number | undefined }>(true);
exact<ClassifyOptions["context"], ContextInput>(true);
exact<Edge["handle"], (request: RequestInput, options?: HandleOptions) => Promise<Handled>>(true);
exact<Edge["flush"], () => Promise<Refusal[]>>(true);
exact<Edge["waiting"], Waiting>(true);
exact<Edge["kept"], () => Kept>(true);
exact<PolicyTrust["admit"], (signed: SignedManifest, policy: LoadedPolicy, now?: number) => Promise<Manifest>>(true);
exact<Verdict["disposition"], "answer" | "limited_answer" | "escalate" | "refuse">(true);
exact<Gate["verdict"], "allow" | "require_approval" | "deny">(true);
`;

test("the types are exactly these, under the conditions of every runtime", async () => {
  const loaded = await import(createRequire(join(folder, "main.mjs")).resolve("countersign").replace(/\.cjs$/, ".js"));
  assert.deepEqual(Object.keys(loaded).sort(), SURFACE.exports);
  const union = (names) => names.map((name) => JSON.stringify(name)).join(" | ");
  let text = `${EXACT}exact<keyof typeof countersign, ${union(SURFACE.exports)}>(true);\n`;
  for (const [name, members] of Object.entries(SURFACE).slice(1)) {
    text += `exact<Exclude<keyof ${name}, symbol>, ${union(members)}>(true);\n`;
    // What is there when it runs is what is declared, and the other way round; plain fields are checked where they are made.
    const found = new Set(["policy", "boot"]);
    for (let type = loaded[name].prototype; type !== Object.prototype; type = Object.getPrototypeOf(type)) {
      for (const key of Object.getOwnPropertyNames(type)) if (key !== "constructor") found.add(key);
    }
    assert.deepEqual([...found].filter((key) => key !== "policy" && key !== "boot").sort(), members.filter((key) => key !== "policy" && key !== "boot"));
  }
  write("exact.mts", text);
  for (const condition of ["node", "workerd", "deno", "browser"]) {
    const base = { target: "es2022", lib: ["es2022", "dom"], types: [], strict: true, exactOptionalPropertyTypes: true, noEmit: true, module: "esnext", moduleResolution: "bundler" };
    write("tsconfig.exact.json", JSON.stringify({ compilerOptions: { ...base, customConditions: [condition] }, files: ["exact.mts"] }));
    const { status, stdout } = spawnSync(join(BIN, "tsc"), ["-p", "tsconfig.exact.json"], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, `${condition}:\n${stdout}`);
  }
});

test("the linters of packages find nothing", () => {
  const rows = [
    ["publint", ["run", "--strict", tarball]],
    // A module of WebAssembly is neither an ES module nor CommonJS.
    ["attw", [tarball, "--profile", "node16", "--exclude-entrypoints", "module.wasm", "reader.wasm", "default-policy.bin"]],
  ];
  for (const [name, args] of rows) {
    const { status, stdout, stderr } = spawnSync(join(BIN, name), args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, `${name}:\n${stdout}${stderr}`);
  }
});
