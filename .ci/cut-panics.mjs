/**
 * Cuts out of a module what would compose the message of a panic that nobody reads:
 *
 *     node .ci/cut-panics.mjs MODULE_WITH_NAMES OUTPUT
 *
 * A panic in the module is a trap, and stays one: each function below never returns, and now traps at once. What only
 * they called, wasm-opt then removes. The standard library as rustup delivers it has no such option.
 */
import { readFileSync, writeFileSync } from "node:fs";

const NEVER_RETURN = [
  /^core::panicking::panic/,
  /^core::(option|result)::(unwrap|expect)_failed$/,
  /^core::cell::panic_already_/,
  /^core::(str|slice)::.*_fail(_rt)?$/,
  /^core::slice::sort::.*::panic_on_ord_violation$/,
  /^<?alloc::vec::.*::assert_failed$/,
  /^alloc::(raw_vec::handle_error|alloc::handle_alloc_error)$/,
  /^__rustc::rust_begin_unwind$/,
];
/** What only a panic's message would call, through tables that keep it in the module. */
const NEVER_CALLED = [
  /^<core::ops::range::Range<usize> as core::fmt::Debug>::fmt$/,
  /^<char as core::fmt::Debug>::fmt$/,
  /^<std::panicking::panic_handler::\w+ as core::(panic::PanicPayload|fmt::Display)>::\w+$/,
];
const TRAP = Buffer.from([0, 0, 0x0b]);

const bytes = readFileSync(process.argv[2]);
let at = 8;

function integer() {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function text() {
  const length = integer();
  at += length;
  return bytes.toString("utf8", at - length, at);
}

function written(value) {
  const out = [];
  do {
    out.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(out);
}

/** Steps over an import's description, and says whether it is a function. */
function passImport() {
  text();
  text();
  const kind = bytes[at++];
  if (kind === 0) return integer(), true;
  if (kind === 1) at += 1;
  if (kind === 3) return (at += 2), false;
  const bounded = integer() & 1;
  integer();
  if (bounded) integer();
  return false;
}

const sections = [];
const names = new Map();
let imported = 0;
while (at < bytes.length) {
  const start = at;
  const kind = bytes[at++];
  const length = integer();
  const inside = at;
  const end = at + length;
  sections.push({ kind, start, inside, end });
  if (kind === 2) for (let count = integer(); count > 0; count -= 1) imported += passImport() ? 1 : 0;
  if (kind === 0 && text() === "name") {
    while (at < end) {
      const part = bytes[at++];
      const after = integer() + at;
      if (part === 1) for (let count = integer(); count > 0; count -= 1) names.set(integer(), text());
      at = after;
    }
  }
  at = end;
}

let cut = 0;
function bodies(inside) {
  at = inside;
  const count = integer();
  const out = [written(count)];
  for (let index = 0; index < count; index += 1) {
    const length = integer();
    let body = bytes.subarray(at, at + length);
    at += length;
    // Without what tells two builds of one crate apart.
    const name = (names.get(imported + index) ?? "").replace(/\[[0-9a-f]{8,}\]|::h[0-9a-f]{16}$/g, "");
    if (NEVER_CALLED.some((pattern) => pattern.test(name))) body = TRAP;
    else if (NEVER_RETURN.some((pattern) => pattern.test(name))) {
      // What never returns ends in `unreachable`; anything else is not what its name says.
      if (body.at(-2) !== 0 || body.at(-1) !== 0x0b) throw new Error(`${name} returns`);
      body = TRAP;
      cut += 1;
    }
    out.push(written(body.length), body);
  }
  return Buffer.concat(out);
}

const out = [bytes.subarray(0, 8)];
for (const { kind, start, inside, end } of sections) {
  if (kind !== 10) out.push(bytes.subarray(start, end));
  else {
    const code = bodies(inside);
    out.push(Buffer.from([kind]), written(code.length), code);
  }
}
if (cut < 5) throw new Error(`only ${cut} functions that panic were found: their names have changed`);
writeFileSync(process.argv[3], Buffer.concat(out));
