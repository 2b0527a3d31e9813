/**
 * Packs a JavaScript value into bytes that `unpack.rs` reads, so that the module is entered once and not once for
 * each property.
 *
 * Every property is read exactly once, so that a getter or a proxy cannot show one value to the check and another to
 * the decision; one that throws is a fault, not a crash.
 */
const NULL = 0, FALSE = 1, TRUE = 2, NUMBER = 3, STRING = 4, ARRAY = 5, OBJECT = 6, INTEGER = 7, FAULT = 8;

/** What is not admitted, in the order of `Refusal` in `unpack.rs`. */
const NOT_FINITE = 0, BEYOND_INTEGERS = 1, LONE_SURROGATE = 2, TOO_DEEP = 3, BIGINT = 4, NO_DATA = 5, DATE = 6,
  THROWS = 7, TOO_MANY = 8;

const SIZE_BYTES = 16_384;
const KEPT_BYTES_MAX = 1_048_576;

const encoder = new TextEncoder();
let bytes = new Uint8Array(SIZE_BYTES);
let view = new DataView(bytes.buffer);
let at = 0;
let isPacking = false;

class Refused {
  constructor(kind) {
    this.kind = kind;
    this.path = "";
  }
}

/** The bytes stay those of this call until the next one. */
export function pack(value, depthMax, elementsMax) {
  // A getter may ask the engine itself, in the midst of a packing.
  const outer = isPacking ? { bytes, at } : undefined;
  if (outer !== undefined || bytes.length > KEPT_BYTES_MAX) take(new Uint8Array(SIZE_BYTES), 0);
  at = 0;
  isPacking = true;
  try {
    write(value, depthMax, elementsMax);
    return bytes.subarray(0, at);
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    at = 0;
    tag(FAULT);
    bytes[at++] = refused.kind;
    writeText(refused.path, true);
    return bytes.subarray(0, at);
  } finally {
    isPacking = outer !== undefined;
    if (outer !== undefined) take(outer.bytes, outer.at);
  }
}

/** A finite number as ECMAScript writes it. */
export function shortest(value) {
  return String(value);
}

function take(buffer, position) {
  bytes = buffer;
  view = new DataView(buffer.buffer);
  at = position;
}

function room(count) {
  if (at + count <= bytes.length) return;
  const larger = new Uint8Array((at + count) * 2);
  larger.set(bytes.subarray(0, at));
  take(larger, at);
}

function write(value, depthLeft, elementsMax) {
  switch (typeof value) {
    case "undefined":
      return tag(NULL);
    case "boolean":
      return tag(value ? TRUE : FALSE);
    case "number":
      return writeNumber(value);
    case "string":
      tag(STRING);
      return writeText(value, false);
    case "object":
      return value === null ? tag(NULL) : writeObject(value, depthLeft, elementsMax);
    default:
      if (depthLeft <= 0) throw new Refused(TOO_DEEP);
      throw new Refused(typeof value === "bigint" ? BIGINT : NO_DATA);
  }
}

function tag(kind) {
  room(9);
  bytes[at++] = kind;
}

function writeNumber(value) {
  const small = value | 0;
  if (small === value) {
    tag(INTEGER);
    view.setInt32(at, small, true);
    at += 4;
    return;
  }
  if (!Number.isFinite(value)) throw new Refused(NOT_FINITE);
  const magnitude = Math.abs(value);
  if (magnitude > Number.MAX_SAFE_INTEGER && magnitude < 1e21) throw new Refused(BEYOND_INTEGERS);
  tag(NUMBER);
  view.setFloat64(at, value, true);
  at += 8;
}

/** The length in bytes, then UTF-8. */
function writeText(value, mended) {
  const length = value.length;
  room(4 + length * 3);
  const start = at + 4;
  let written = 0;
  if (length < 48) {
    // Shorter than what it costs to call the encoder.
    for (; written < length; written += 1) {
      const unit = value.charCodeAt(written);
      if (unit > 127) break;
      bytes[start + written] = unit;
    }
  }
  if (written < length) {
    written = encoder.encodeInto(value, bytes.subarray(start)).written;
    // Only what is not ASCII takes more bytes than it has units.
    if (written !== length && !mended && hasLoneSurrogate(value)) throw new Refused(LONE_SURROGATE);
  }
  view.setUint32(at, written, true);
  at = start + written;
}

function hasLoneSurrogate(value) {
  return value.isWellFormed ? !value.isWellFormed() : /\p{Surrogate}/u.test(value);
}

function writeObject(value, depthLeft, elementsMax) {
  if (depthLeft <= 0) throw new Refused(TOO_DEEP);
  if (isArray(value)) return writeArray(value, depthLeft, elementsMax);
  if (isDate(value)) throw new Refused(DATE);
  let keys;
  try {
    // Those of the JSON text that the host would get: no symbols, and nothing that is not listed.
    keys = Object.keys(value);
  } catch {
    throw new Refused(THROWS);
  }
  if (keys.length > elementsMax) throw new Refused(TOO_MANY);
  tag(OBJECT);
  const countAt = at;
  at += 4;
  let count = 0;
  for (const key of keys) {
    const property = read(value, key);
    if (property === undefined) continue;
    try {
      writeText(key, false);
      write(property, depthLeft - 1, elementsMax);
    } catch (refused) {
      throw under(refused, key);
    }
    count += 1;
  }
  view.setUint32(countAt, count, true);
}

function writeArray(value, depthLeft, elementsMax) {
  const told = read(value, "length");
  const length = typeof told === "number" && told > 0 ? Math.floor(told) : 0;
  if (length > elementsMax) throw new Refused(TOO_MANY);
  tag(ARRAY);
  view.setUint32(at, length, true);
  at += 4;
  for (let index = 0; index < length; index += 1) {
    const element = read(value, index);
    try {
      write(element, depthLeft - 1, elementsMax);
    } catch (refused) {
      throw under(refused, String(index));
    }
  }
}

/** A proxy that was revoked throws even when asked whether it is an array. */
function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    throw new Refused(THROWS);
  }
}

function isDate(value) {
  try {
    return value instanceof Date;
  } catch {
    return false;
  }
}

function read(value, key) {
  try {
    return value[key];
  } catch {
    throw under(new Refused(THROWS), String(key));
  }
}

function under(refused, key) {
  if (refused instanceof Refused) refused.path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}${refused.path}`;
  return refused;
}
