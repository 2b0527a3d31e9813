/** Crockford's alphabet, in lower case: no `i`, `l`, `o`, `u`. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** A new id: the prefix and a UUIDv7 in base 32, 26 characters that sort by time. */
export function newId(prefix: string, nowMs: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  // Version 7 and variant 2 of RFC 9562.
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x70);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  let bits = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
  let text = "";
  for (let digit = 0; digit < 26; digit += 1) {
    text = ALPHABET.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return `${prefix}_${text}`;
}
