// What this package uses of the bindings that wasm-bindgen generates into dist/bindings.js.
// They throw an `Error` with `code`, `path`, `detail` and `help` for a fault, and anything else for a trap.

export class Engine {
  constructor(bundle: unknown);
  policy(): unknown;
  evaluate(request: unknown, now_ms: number): unknown;
  decide(request: unknown, now_ms: number): unknown;
  classify(actions: unknown, context: unknown, now_ms: number): unknown;
  /** What the policy reads, and where in the module's memory it is written: see `hot.ts`. */
  table(): unknown;
  /** Decides what was written under this number; 0 where nothing was. */
  judge_flat(nonce: number, risk_level: number, now_ms: number): number;
  free(): void;
}

/** The module's memory, a `WebAssembly.Memory`. */
export function shared_memory(): unknown;

export function canonicalize(value: unknown): string;

/** Takes a `WebAssembly.Module` or its bytes. */
export function initSync(options: { module: object }): unknown;
