/** What users install: the packed tarball in an empty folder, without a network. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../pkg/", import.meta.url));
const BIN = join(PACKAGE, "node_modules", ".bin");
const folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
after(() => rmSync(folder, { recursive: true }));

const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const write = (name, text) => writeFileSync(join(folder, name), text);
const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], PACKAGE));
const tarball = join(folder, packed.filename);
write("package.json", JSON.stringify({ name: "consumer", private: true }));
run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball]);

const installed = join(folder, "node_modules", "countersign");
const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
const readme = readFileSync(join(installed, "README.md"), "utf8");
const blocks = (language, text = readme) => [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block);

test("the tarball holds the package, its licence and its readme, and no sources", () => {
  const names = packed.files.map((file) => file.path);
  for (const name of ["README.md", "LICENSE", "package.json", "dist/countersign_bg.wasm", "dist/default-policy.json"]) {
    assert.ok(names.includes(name), name);
  }
  const strange = names.filter((name) => name.startsWith("dist/") && !/\.(js|cjs|d\.ts|d\.cts|wasm|json)$/.test(name));
  assert.deepEqual(strange, []);
  assert.equal(names.filter((name) => name.endsWith(".wasm")).length, 1);
  assert.equal(names.filter((name) => name.startsWith("src/") || name.startsWith("dist/wasm")).length, 0);
  assert.equal(readFileSync(join(installed, "LICENSE"), "utf8"), readFileSync(join(PACKAGE, "../LICENSE"), "utf8"));
});

test("every export leads to a file", () => {
  const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));
  for (const target of targets(manifest.exports)) assert.ok(existsSync(join(installed, target)), target);
});

test("the examples of each readme print what the readme says", () => {
  const front = readFileSync(join(PACKAGE, "../README.md"), "utf8");
  const examples = [["README.md", front, 0], ...blocks("text", readme).map((_, index) => ["pkg/README.md", readme, index])];
  assert.equal(examples.length, 3);
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
export async function main(bundle: string | Uint8Array): Promise<string> {
  const engine: Engine = await Engine.load(bundle);
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
  return [verdict.disposition, gate.verdict, level, decision?.outcome, me.csrf_token, error.code].join();
}
`;

test("the types hold under every resolution, with the library's own types checked", () => {
  write("consumer.mts", CONSUMER);
  write("consumer.cts", CONSUMER);
  write("policy.mts", 'import { Engine } from "countersign";\nimport policy from "countersign/default-policy.json" with { type: "json" };\nawait Engine.load(policy);\n');
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

test("the linters of packages find nothing", () => {
  const rows = [
    ["publint", ["run", "--strict", tarball]],
    // A module of WebAssembly is neither an ES module nor CommonJS.
    ["attw", [tarball, "--profile", "node16", "--exclude-entrypoints", "countersign_bg.wasm"]],
  ];
  for (const [name, args] of rows) {
    const { status, stdout, stderr } = spawnSync(join(BIN, name), args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, `${name}:\n${stdout}${stderr}`);
  }
});
