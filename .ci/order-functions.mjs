/**
 * Names the functions of a module by the order in which they compress best, for wasm-opt to put them into it:
 *
 *     node .ci/order-functions.mjs MODULE OUTPUT
 *
 * gzip finds what was there before only within 32 kB, and the same code for two types may lie 200 kB apart: so each
 * function is followed by the one that has most in common with those before it.
 */
import { readFileSync, writeFileSync } from "node:fs";

const SHINGLE_BYTES = 5;
/** How much the functions right before count, the last one first. */
const WEIGHTS = [1, 0.6, 0.36];

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
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return Buffer.from([...out, left]);
    out.push((left & 127) | 128);
  }
}

const named = (name) => Buffer.concat([written(name.length), Buffer.from(name)]);

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
const bodies = [];
const sections = [];
while (at < bytes.length) {
  const start = at;
  const kind = bytes[at++];
  const length = integer();
  const end = at + length;
  if (kind === 2) for (let count = integer(); count > 0; count -= 1) imported += passImport() ? 1 : 0;
  if (kind === 10) {
    for (let count = integer(); count > 0; count -= 1) {
      const size = integer();
      bodies.push(bytes.subarray(at, at + size));
      at += size;
    }
  }
  const isNames = kind === 0 && text() === "name";
  if (!isNames) sections.push(bytes.subarray(start, end));
  at = end;
}

const shingles = bodies.map((body) => {
  const found = new Set();
  for (let start = 0; start + SHINGLE_BYTES <= body.length; start += 1) {
    let hash = 0;
    for (let index = start; index < start + SHINGLE_BYTES; index += 1) hash = (Math.imul(hash, 31) + body[index]) | 0;
    found.add(hash);
  }
  return found;
});

function common(left, right) {
  const [small, large] = left.size < right.size ? [left, right] : [right, left];
  let count = 0;
  for (const hash of small) if (large.has(hash)) count += 1;
  return count;
}

const left = new Set(bodies.keys());
const order = [];
let next = 0;
while (next >= 0) {
  left.delete(next);
  order.push(next);
  const before = order.slice(-WEIGHTS.length).reverse();
  let best = -1;
  next = -1;
  for (const candidate of left) {
    const shared = before.reduce((sum, known, index) => sum + WEIGHTS[index] * common(shingles[candidate], shingles[known]), 0);
    // A function that is all new may stand anywhere; a small one may not be drawn in by a large one's size.
    const gain = shared / (shingles[candidate].size + 20);
    if (gain > best) [best, next] = [gain, candidate];
  }
}

const rank = new Map(order.map((index, place) => [index, place]));
const names = [];
for (let index = 0; index < imported; index += 1) names.push(written(index), named(`import${index}`));
for (const index of bodies.keys()) names.push(written(imported + index), named(`f${String(rank.get(index)).padStart(6, "0")}`));
const list = Buffer.concat([written(imported + bodies.length), ...names]);
const section = Buffer.concat([named("name"), Buffer.from([1]), written(list.length), list]);
writeFileSync(process.argv[3], Buffer.concat([bytes.subarray(0, 8), ...sections, Buffer.from([0]), written(section.length), section]));
