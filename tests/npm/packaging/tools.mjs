/** Where the runtimes' programs are, and, when it is run, their versions. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program that a runtime's package for this platform carries. */
function program(folder, scope, names) {
  const packages = join(folder, "node_modules", scope);
  for (const name of existsSync(packages) ? readdirSync(packages) : []) {
    for (const path of names) if (existsSync(join(packages, name, path))) return join(packages, name, path);
  }
  throw new Error(`there is no ${names[0]} in ${packages}`);
}

/** The programs in a folder that `.ci/setup-runtimes` filled. */
export function toolsIn(folder) {
  const require = createRequire(join(folder, "package.json"));
  return {
    deno: program(folder, "@deno", ["deno", "deno.exe"]),
    bun: program(folder, "@oven", ["bin/bun", "bin/bun.exe"]),
    workerd: program(folder, "@cloudflare", ["bin/workerd", "bin/workerd.exe"]),
    wrangler: join(folder, "node_modules/wrangler/bin/wrangler.js"),
    require,
    version: (name) => require(join(folder, "node_modules", name, "package.json")).version,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { deno, bun, workerd, version } = toolsIn(process.argv[2]);
  const said = (command) => execFileSync(command, ["--version"], { encoding: "utf8" }).split("\n")[0].replace(/^\D+/, "").split(" ")[0];
  const packages = ["wrangler", "vite", "webpack"].map((name) => `${name} ${version(name)}`);
  console.log(`runtimes: deno ${said(deno)}, bun ${said(bun)}, workerd ${said(workerd)}, ${packages.join(", ")}`);
}
