// src/wasm/pack.js, which the build puts beside the bindings.

/** The bytes of a value, until the next call; a fault in place of it where the value is not plain data. */
export function pack(value: unknown, depthMax: number, elementsMax: number): Uint8Array;
