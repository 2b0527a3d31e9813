/** The entry for browsers, and for every runtime without one of its own. */
import { LoadedEngine, type LoadOptions } from "./engine.js";
import { fetchAndInstantiate, instantiate } from "./module.js";
import type { BundleInput } from "./records.js";

export * from "./public.js";

const HELP =
  "serve countersign_bg.wasm beside the script and allow `wasm-unsafe-eval`, or pass `module`; " +
  "for Vite's development server put countersign into `optimizeDeps.exclude`";
const HELP_SYNC = "pass `module`, a WebAssembly.Module or its bytes, or call `load` first";

export class Engine extends LoadedEngine {
  /**
   * Reads a policy and makes it ready to decide. The first call fetches the module.
   *
   * Throws `unreachable` if that failed, `invalid_json`, or `policy_rejected` with the path to the first fault.
   */
  static async load(bundle: BundleInput, options: LoadOptions = {}): Promise<Engine> {
    await fetchAndInstantiate(() => options.module ?? new URL("./countersign_bg.wasm", import.meta.url), HELP);
    return new Engine(bundle);
  }

  /** As `load`, at once: where the module was loaded before, or is given. */
  static loadSync(bundle: BundleInput, options: LoadOptions = {}): Engine {
    instantiate(() => options.module ?? missing(), HELP_SYNC);
    return new Engine(bundle);
  }
}

function missing(): never {
  throw new TypeError("it is not here yet");
}
