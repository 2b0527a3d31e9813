/** The entry for Node, and for runtimes that read files as Node does. */
import { readFileSync } from "node:fs";
import { LoadedEngine, type LoadOptions } from "./engine.js";
import { instantiate } from "./module.js";
import type { BundleInput } from "./records.js";

export * from "./public.js";

const HELP = "keep the package in node_modules, or pass the bytes of countersign/module.wasm as `module`";

export class Engine extends LoadedEngine {
  /**
   * Reads a policy and makes it ready to decide. The first call reads the module from disk.
   *
   * Throws `unreachable` if that failed, `invalid_json`, or `policy_rejected` with the path to the first fault.
   */
  static async load(bundle: BundleInput, options: LoadOptions = {}): Promise<Engine> {
    return Engine.loadSync(bundle, options);
  }

  /** As `load`, at once: for a CommonJS module, or before anything else may happen. */
  static loadSync(bundle: BundleInput, options: LoadOptions = {}): Engine {
    instantiate(() => options.module ?? readFileSync(new URL("./countersign_bg.wasm", import.meta.url)), HELP);
    return new Engine(bundle);
  }
}
