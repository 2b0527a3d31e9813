/** A key that names one attempt, so that sending it twice does it once. */

const KEY_BYTES = 16;

export function randomKey(): string {
  // `crypto.randomUUID` is missing on plain HTTP, where a host inside a network may well be.
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
