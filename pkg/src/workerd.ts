/**
 * The entry for runtimes that import modules of WebAssembly: workerd, and Deno, whose own form of that import
 * the build writes. Neither a fetch nor a permission is needed.
 */
import module from "./countersign_bg.wasm";
import { LoadedEngine, type LoadOptions } from "./engine.js";
import { instantiate } from "./module.js";
import type { BundleInput } from "./records.js";

export * from "./public.js";

const HELP = "let the bundler leave countersign/module.wasm a module of its own, as wrangler does, or pass it as `module`";

export class Engine extends LoadedEngine {
  /**
   * Reads a policy and makes it ready to decide. The module came with the import.
   *
   * Throws `unreachable` if it did not, `invalid_json`, or `policy_rejected` with the path to the first fault.
   */
  static async load(bundle: BundleInput, options: LoadOptions = {}): Promise<Engine> {
    return Engine.loadSync(bundle, options);
  }

  /** As `load`, at once: also outside of a handler. */
  static loadSync(bundle: BundleInput, options: LoadOptions = {}): Engine {
    instantiate(() => options.module ?? module, HELP);
    return new Engine(bundle);
  }
}
