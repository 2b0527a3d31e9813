// What this package uses of the bindings that wasm-bindgen generates into dist/bindings.js.
// They throw an `Error` with `code`, `path`, `detail` and `help` for a fault, and anything else for a trap.

export class Engine {
  constructor(bundle: unknown);
  policy(): unknown;
  evaluate(request: unknown, now_ms: number): unknown;
  decide(request: unknown, now_ms: number): unknown;
  classify(actions: unknown, context: unknown, now_ms: number): unknown;
  free(): void;
}

export function canonicalize(value: unknown): string;

/** Takes a `WebAssembly.Module` or its bytes. */
export function initSync(options: { module: object }): unknown;
