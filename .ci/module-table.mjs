/**
 * What the module consists of, by crate and room, largest first:
 *
 *     node .ci/module-table.mjs MODULE_WITH_NAMES [ROWS]
 *
 * FUNCTIONS=100 lists the largest functions too; PART=confidence tells what the functions of one part have together,
 * and after gzip.
 * Reads sizes from the code section and names from the name section; the constants of the data section have no owner.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const bytes = readFileSync(process.argv[2]);
const rows_max = Number(process.argv[3] ?? 24);
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

let imported = 0;
let constants = 0;
const sizes = [];
const bodies = [];
const names = new Map();
while (at < bytes.length) {
  const section = bytes[at++];
  const length = integer();
  const end = at + length;
  if (section === 2) for (let count = integer(); count > 0; count -= 1) imported += passImport() ? 1 : 0;
  if (section === 10) {
    for (let count = integer(); count > 0; count -= 1) {
      const size = integer();
      sizes.push(size);
      bodies.push(bytes.subarray(at, at + size));
      at += size;
    }
  }
  if (section === 11) constants = length;
  if (section === 0 && text() === "name") {
    while (at < end) {
      const kind = bytes[at++];
      const part = integer();
      const after = at + part;
      if (kind === 1) for (let count = integer(); count > 0; count -= 1) names.set(integer(), text());
      at = after;
    }
  }
  at = end;
}
if (names.size === 0) throw new Error(`${process.argv[2]} has no names`);

/** Crate and room of a function: of the type for a method, of the trait's crate where the type is no path. */
function room(name) {
  const plain = name.replace(/^<+/, "").replace(/^(&|mut |\[|\(|dyn )+/, "");
  const [crate, inner] = plain.split(/::|[<\s\[]/);
  if (!/^\w+$/.test(crate ?? "")) return "other";
  return ["countersign", "core", "alloc", "std"].includes(crate) && inner ? `${crate}::${inner}` : crate;
}

const rooms = new Map();
sizes.forEach((size, index) => {
  const key = room(names.get(imported + index) ?? "other");
  const known = rooms.get(key) ?? { size: 0, count: 0 };
  rooms.set(key, { size: known.size + size, count: known.count + 1 });
});
const line = (name, size, note) => console.log(`${name.padEnd(32)} ${String(size).padStart(8)} bytes  ${note}`);
line("constants", constants, "");
const sorted = [...rooms].sort(([, left], [, right]) => right.size - left.size);
for (const [name, { size, count }] of sorted.slice(0, rows_max)) line(name, size, `${count} functions`);
const rest = sorted.slice(rows_max).reduce((sum, [, { size }]) => sum + size, 0);
line("everything else", rest, `${Math.max(sorted.length - rows_max, 0)} rooms`);
if (process.env.FUNCTIONS) {
  const all = sizes.map((size, index) => [size, names.get(imported + index) ?? "?"]).sort(([a], [b]) => b - a);
  for (const [size, name] of all.slice(0, Number(process.env.FUNCTIONS))) console.log(String(size).padStart(7), name);
}
/** What belongs to a part, by name: its rooms, and what nothing else in the module needs. */
const PARTS = { confidence: /countersign::(confidence|certificate|flat::curve)\b|libm::.*\bexp\b/ };
if (process.env.PART) {
  const belongs = PARTS[process.env.PART];
  if (belongs === undefined) throw new Error(`${process.env.PART} is none of ${Object.keys(PARTS).join(", ")}`);
  const own = bodies.filter((_, index) => belongs.test(names.get(imported + index) ?? ""));
  const all = Buffer.concat(own);
  line(process.env.PART, all.length, `${own.length} functions, ${gzipSync(all, { level: 9 }).length} bytes after gzip by themselves`);
}
