/** How the module gets there: once for all engines, and with one error where it does not. */
import { initSync } from "./bindings.js";
import { CountersignError } from "./error.js";

let isThere = false;
let coming: Promise<void> | undefined;

/** Instantiates the module from a `WebAssembly.Module` or its bytes, unless that was done. */
export function instantiate(module: () => object | string, help: string): void {
  if (isThere) return;
  try {
    const source = module();
    if (typeof source === "string" || source instanceof URL) throw new TypeError("a URL cannot be fetched at once");
    initSync({ module: source });
  } catch (cause) {
    throw absent(cause, help);
  }
  isThere = true;
}

/** As `instantiate`, from a URL too; calls that meet are one, and one that failed is none. */
export async function fetchAndInstantiate(module: () => object | string, help: string): Promise<void> {
  if (isThere) return;
  coming ??= (async () => {
    try {
      const compiled = await compile(await module());
      // A second instance would have no policy that the first one loaded: what came meanwhile stays.
      instantiate(() => compiled, help);
    } catch (cause) {
      throw cause instanceof CountersignError ? cause : absent(cause, help);
    } finally {
      coming = undefined;
    }
  })();
  await coming;
}

async function compile(source: object | string): Promise<WebAssembly.Module> {
  if (typeof source === "string" || source instanceof URL) return compile(await fetch(source));
  if (source instanceof WebAssembly.Module) return source;
  if (!(source instanceof Response)) return WebAssembly.compile(source as BufferSource);
  if (!source.ok) throw new TypeError(`${source.url} has status ${source.status}`);
  // A server that calls it something else is taken at the bytes' word.
  const isNamed = source.headers.get("content-type")?.startsWith("application/wasm") ?? false;
  return isNamed ? WebAssembly.compileStreaming(source) : WebAssembly.compile(await source.arrayBuffer());
}

function absent(cause: unknown, help: string): CountersignError {
  return new CountersignError("unreachable", `the module could not be loaded: ${String(cause)}`, { help, cause });
}
