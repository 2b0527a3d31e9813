/** The entry for Node, and for runtimes that read files as Node does. */
import { readFileSync } from "node:fs";
import { initSync } from "./bindings.js";
import { LoadedEngine, type LoadOptions } from "./engine.js";
import type { BundleInput } from "./records.js";

export * from "./public.js";

let instantiated = false;

export class Engine extends LoadedEngine {
  /**
   * Reads a policy and makes it ready to decide. The first call loads the module.
   *
   * Throws `invalid_json`, or `policy_rejected` with the path to the first fault.
   */
  static async load(bundle: BundleInput, options: LoadOptions = {}): Promise<Engine> {
    if (!instantiated) {
      initSync({ module: options.module ?? readFileSync(new URL("./countersign_bg.wasm", import.meta.url)) });
      instantiated = true;
    }
    return new Engine(bundle);
  }
}
