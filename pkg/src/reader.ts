/**
 * Reads bundles, with the module that can: it makes the image of one, which is what the engine loads. Both are of
 * one release, since they are in one package, and an image of any other form is refused.
 */
import { CountersignError } from "./error.js";
import { pack } from "./pack.js";
import type { ErrorCode } from "./wire.js";

/** As in src/limits.rs and src/packed.rs, which say so where a bundle has more. */
const DEPTH_MAX = 32;
const ELEMENTS_MAX = 100_000;
const IS_IMAGE = 1;

interface Exports {
  memory: WebAssembly.Memory;
  room(length: number): number;
  read(): number;
  answer(): number;
}

/** Throws `policy_rejected` with the path to the first fault. */
export function imageOf(bundle: unknown, module: WebAssembly.Module): Uint8Array {
  const packed = pack(bundle, DEPTH_MAX, ELEMENTS_MAX);
  let answer: Uint8Array;
  try {
    // An instance for each bundle: nothing of one is left over for the next, and the memory goes with it.
    const reader = new WebAssembly.Instance(module).exports as unknown as Exports;
    const at = reader.room(packed.length);
    new Uint8Array(reader.memory.buffer, at, packed.length).set(packed);
    const length = reader.read();
    answer = new Uint8Array(reader.memory.buffer, reader.answer(), length);
  } catch (cause) {
    throw new CountersignError("internal", "the module that reads bundles has failed", { help: "report the cause", cause });
  }
  if (answer[0] === IS_IMAGE) return answer.slice(1);
  const { code, path, detail, help } = JSON.parse(new TextDecoder().decode(answer.subarray(1))) as Fault;
  throw new CountersignError(code, detail, { path, help });
}

interface Fault {
  code: ErrorCode;
  path: string;
  detail: string;
  help: string;
}
