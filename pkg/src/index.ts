/** The entry for browsers, and for every runtime without one of its own. */
import init from "./bindings.js";
import { LoadedEngine, type LoadOptions } from "./engine.js";
import { CountersignError } from "./error.js";
import type { BundleInput } from "./records.js";

export * from "./public.js";

let instantiating: Promise<unknown> | undefined;

export class Engine extends LoadedEngine {
  /**
   * Reads a policy and makes it ready to decide. The first call fetches the module.
   *
   * Throws `unreachable` if that failed, `invalid_json`, or `policy_rejected` with the path to the first fault.
   */
  static async load(bundle: BundleInput, options: LoadOptions = {}): Promise<Engine> {
    instantiating ??= init({ module_or_path: options.module ?? new URL("./countersign_bg.wasm", import.meta.url) });
    try {
      await instantiating;
    } catch (cause) {
      instantiating = undefined;
      throw new CountersignError("unreachable", `the module could not be loaded: ${String(cause)}`, {
        help: "serve countersign_bg.wasm beside the script and allow `wasm-unsafe-eval`, or pass `module`",
        cause,
      });
    }
    return new Engine(bundle);
  }
}
