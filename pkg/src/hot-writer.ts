/**
 * Writes facts flat into the module's memory: numbers, bits, and the numbers of the policy's words.
 */
import type { Engine as Handle } from "./bindings.js";
import type { FactType, Tool } from "./wire.js";

/** What the module says of the policy, and of its memory; addresses are in bytes. */
export interface Table {
  words: string[];
  facts: { path: string; type: FactType; text_is_read: boolean; is_used: boolean; is_used_by_rules: boolean; is_of_host: boolean }[];
  signals: string[];
  language_is_read: boolean;
  tenant_is_read: boolean;
  triggers: { id: string; kind: string; disposition: string; risk_level: string | null }[];
  /** Rules over actions, by index. */
  rules: string[];
  tools: Tool[];
  domains: string[];
  currencies: { code: string; packed: number }[];
  queues: { queue: string; title: string; domain: string; skills: string[] }[];
  cells: number;
  list_start: number;
  list_cells: number;
  texts: number;
  text_bytes: number;
  readings: number;
  /** Where the number of the decision is written, and two numbers of the answer after it. */
  answer: number;
  /** Where the rules stand that fired, by index. */
  fired: number;
  /** The same of what is written for an action. */
  action_cells: number;
  action_list_start: number;
  action_texts: number;
  action_nonce: number;
  action_fired: number;
}

export type Fields = Record<string, unknown>;

/** How a fact of the caller's is written; its slot is -1 where it decides nothing. */
export interface OwnFact {
  slot: number;
  type: FactType;
}

/** Objects of one kind have the same keys in the same order: then nothing is looked up. */
export interface KeysSeen<T> {
  keys: string[];
  found: T[];
}

/** As in `src/flat/cell.rs`. */
export const MISSING = 0, BOOL = 1, INT = 2, DOUBLE = 3, WORD = 4, TEXT = 5, OTHER = 6, LIST = 9;
export const INSTANT_MAX = 253_402_300_799_999;
export const ID_LENGTH_MAX = 128;
const NAME_LENGTH_MAX = 200;
export const NOTE_LENGTH_MAX = 8_000;
export const LIST_LENGTH_MAX = 256;
export const FACTS_MAX = 64;
/** Bytes of UTF-8 that one unit of UTF-16 can need. */
const BYTES_PER_UNIT = 3;
const TAGS_KEPT_MAX = 256;

export const RISK_LEVELS: ReadonlyMap<string, number> = new Map([["low", 0], ["medium", 1], ["high", 2], ["critical", 3]]);
export const INTENTS: ReadonlySet<string> = new Set(["informational", "advisory", "consequential"]);
const LANGUAGE = /^[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;
export const NO_VALUES: readonly unknown[] = [];

const encoder = new TextEncoder();

/** Thrown and caught here: the path over objects takes it. */
export const IRREGULAR = Symbol("irregular");

/** Shows what an object has that nobody gave it. */
const NOTHING: object = {};
/** Where it writes, and what. */
export interface Place {
  cells: number;
  listStart: number;
  texts: number;
  /** The caller's own facts, by name. */
  own: ReadonlyMap<string, OwnFact>;
  /** By slot, and for the cells after the facts. */
  textIsRead: readonly boolean[];
}

export abstract class Writer {
  readonly table: Table;
  protected readonly handle: Handle;
  readonly #memory: WebAssembly.Memory;
  protected f64: Float64Array = new Float64Array(0);
  protected u32: Uint32Array = new Uint32Array(0);
  protected u8: Uint8Array = new Uint8Array(0);
  protected readonly words: ReadonlyMap<string, number>;
  protected readonly own: ReadonlyMap<string, OwnFact>;
  protected readonly ownSlots: readonly number[];
  protected readonly ownSeen: KeysSeen<OwnFact> = { keys: [], found: [] };
  protected readonly textIsRead: readonly boolean[];
  /** The last text of each slot, and its word; most stay the same for a while. */
  protected readonly lastText: string[];
  protected readonly lastTag: number[];
  protected readonly lastWord: number[];
  protected readonly languages = new Set<string>();
  /** Of cells, as indexes of 32 and of 64 bits. */
  protected readonly cells32: number;
  protected readonly cells64: number;
  protected readonly listStart: number;
  protected readonly texts: number;
  /** Where the next element of a list, and the next text, is written. */
  protected listAt = 0;
  protected textAt = 0;
  #nonce = 0;
  /** A getter may ask the engine in the midst of a reading: that question takes the path over objects. */
  #isReading = false;

  protected constructor(handle: Handle, memory: WebAssembly.Memory, table: Table, words: ReadonlyMap<string, number>, place: Place) {
    this.handle = handle;
    this.#memory = memory;
    this.table = table;
    this.words = words;
    this.own = place.own;
    this.ownSlots = [...place.own.values()].map(({ slot }) => slot).filter((slot) => slot >= 0);
    this.textIsRead = place.textIsRead;
    this.lastText = place.textIsRead.map(() => "");
    this.lastTag = place.textIsRead.map(() => MISSING);
    this.lastWord = place.textIsRead.map(() => 0);
    this.cells32 = place.cells >>> 2;
    this.cells64 = place.cells >>> 3;
    this.listStart = place.listStart;
    this.texts = place.texts;
  }

  /** Reads something into the memory; `undefined` where the path over objects has to. */
  protected reading<T>(now: number, given: unknown, context: unknown): T | undefined {
    if (this.#isReading || !Number.isInteger(now) || now < 0 || now > INSTANT_MAX) return undefined;
    if (this.f64.length === 0) this.#see();
    this.#isReading = true;
    this.listAt = this.listStart;
    this.textAt = 0;
    try {
      // Something that stands on every object would be read as a fact.
      for (const _ in NOTHING) return undefined;
      return this.read(given, context) as T;
    } catch {
      // Also what a getter threw: the other path finds it again, and says where.
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  /** What it reads, copied; what it decides by, written. */
  protected abstract read(given: unknown, context: unknown): unknown;

  /** What was written to memory that has moved meanwhile is lost, and this number with it. */
  protected sign(at: number): number {
    const nonce = (this.#nonce = (this.#nonce + 1) >>> 0 || 1);
    this.f64[at] = nonce;
    return nonce;
  }

  /** The module's memory as it is now. */
  #see(): void {
    const { buffer } = this.#memory;
    this.f64 = new Float64Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }

  /** Name and value of each, one after the other; lists are copied. */
  protected readFacts(facts: unknown): readonly unknown[] {
    const slots = this.ownSlots;
    for (let index = 0; index < slots.length; index += 1) this.put(slots[index] as number, MISSING, 0);
    if (facts == null) return NO_VALUES;
    if (!isPlain(facts)) throw IRREGULAR;
    const read: unknown[] = [];
    const { keys, found } = this.ownSeen;
    let place = 0;
    for (const name in facts) {
      const value = facts[name];
      let own = found[place] as OwnFact;
      if (keys[place] !== name) {
        const known = this.own.get(name);
        if (known === undefined || place >= FACTS_MAX) throw IRREGULAR;
        own = known;
        keys[place] = name;
        found[place] = known;
      }
      place += 1;
      if (value !== undefined) read.push(name, value === null ? null : this.readFact(own, value));
    }
    return read;
  }

  /** What is of another type counts as missing, or is no fact at all: the other path knows. */
  protected readFact({ slot, type }: OwnFact, value: unknown): unknown {
    switch (type) {
      case "bool":
        if (typeof value !== "boolean") throw IRREGULAR;
        if (slot >= 0) this.put(slot, BOOL, value ? 1 : 0);
        return value;
      case "int":
        if (!Number.isSafeInteger(value)) throw IRREGULAR;
        if (slot >= 0) this.putNumber(slot, INT, value as number);
        return value;
      case "double":
        if (!isAdmitted(value)) throw IRREGULAR;
        if (slot >= 0) this.putNumber(slot, DOUBLE, value);
        return value;
      case "string":
      case "time":
      case "money":
        if (!isText(value, NOTE_LENGTH_MAX / BYTES_PER_UNIT)) throw IRREGULAR;
        if (slot >= 0) this.putText(slot, value);
        else if (!isWellFormed(value)) throw IRREGULAR;
        return value;
      default:
        return this.readList(slot, type, value);
    }
  }

  protected readList(slot: number, type: FactType, value: unknown): unknown[] {
    if (!isList(value, LIST_LENGTH_MAX)) throw IRREGULAR;
    const copy: unknown[] = [];
    const length = value.length;
    const start = slot >= 0 ? this.openList(slot, length) : -1;
    for (let index = 0; index < length; index += 1) {
      const element = value[index];
      const at = start >= 0 ? start + index : -1;
      if (type === "string_list") {
        if (!isText(element, NOTE_LENGTH_MAX)) throw IRREGULAR;
        this.putElement(at, element, slot);
      } else if (type === "int_list" ? Number.isSafeInteger(element) : isAdmitted(element)) {
        if (at >= 0) this.putNumber(at, type === "int_list" ? INT : DOUBLE, element as number);
      } else throw IRREGULAR;
      copy.push(element);
    }
    return copy;
  }

  protected openList(slot: number, length: number): number {
    const start = this.listAt;
    this.listAt += length;
    if (this.listAt > this.listStart + this.table.list_cells) throw IRREGULAR;
    this.put(slot, LIST, start);
    this.f64[this.cells64 + slot * 2 + 1] = length;
    return start;
  }

  protected put(slot: number, tag: number, extra: number): void {
    const at = this.cells32 + slot * 4;
    this.u32[at] = tag;
    this.u32[at + 1] = extra;
  }

  protected putBool(slot: number, value: boolean | null | undefined): void {
    if (value == null) this.put(slot, MISSING, 0);
    else this.put(slot, BOOL, value ? 1 : 0);
  }

  protected putNumber(slot: number, tag: number, value: number | null | undefined): void {
    if (value == null) return this.put(slot, MISSING, 0);
    this.put(slot, tag, 0);
    // Adding zero turns -0 into 0.
    this.f64[this.cells64 + slot * 2 + 1] = value + 0;
  }

  protected putName(slot: number, value: unknown): void {
    if (value == null) {
      if (slot >= 0) this.put(slot, MISSING, 0);
      return;
    }
    if (!isName(value)) throw IRREGULAR;
    if (slot >= 0) this.putText(slot, value);
    else if (!isWellFormed(value)) throw IRREGULAR;
  }

  /** A word's number; of any other text itself where a condition reads it, or that it is none. */
  protected putText(slot: number, text: string): void {
    if (this.lastText[slot] !== text || this.lastTag[slot] === MISSING) {
      const word = this.words.get(text);
      if (word === undefined) {
        if (!isWellFormed(text)) throw IRREGULAR;
        if (this.textIsRead[slot]) return this.putCharacters(slot, text);
      }
      this.lastText[slot] = text;
      this.lastTag[slot] = word === undefined ? OTHER : WORD;
      this.lastWord[slot] = word ?? 0;
    }
    this.put(slot, this.lastTag[slot] as number, this.lastWord[slot] as number);
  }

  /** An element of the list in a slot; -1 where nobody reads the list. */
  protected putElement(at: number, text: string, slot: number): void {
    const word = this.words.get(text);
    if (word === undefined && !isWellFormed(text)) throw IRREGULAR;
    if (at < 0) return;
    if (word !== undefined) this.put(at, WORD, word);
    else if (this.textIsRead[slot]) this.putCharacters(at, text);
    else this.put(at, OTHER, 0);
  }

  protected putCharacters(at: number, text: string): void {
    const start = this.textAt;
    if (start + text.length * BYTES_PER_UNIT > this.table.text_bytes) throw IRREGULAR;
    const from = this.texts + start;
    const { written } = encoder.encodeInto(text, this.u8.subarray(from, this.texts + this.table.text_bytes));
    this.textAt += written;
    this.put(at, TEXT, start);
    this.f64[this.cells64 + at * 2 + 1] = written;
  }

  protected isLanguage(tag: unknown): boolean {
    if (typeof tag !== "string") return false;
    if (this.languages.has(tag)) return true;
    if (tag.length > 35 || !LANGUAGE.test(tag)) return false;
    if (this.languages.size < TAGS_KEPT_MAX) this.languages.add(tag);
    return true;
  }
}

/** An object as a literal or `JSON.parse` makes it; a proxy of one reads like it. */
export function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function isList(value: unknown, lengthMax: number): value is unknown[] {
  return Array.isArray(value) && value.length <= lengthMax;
}

export function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === "string" && value.length <= lengthMax;
}

export function isName(value: unknown): value is string {
  return isText(value, NAME_LENGTH_MAX) && isFilled(value);
}

/** Whether a text begins with something visible; one that does not may still be filled. */
export function isFilled(text: string): boolean {
  const first = text.charCodeAt(0);
  if (!(first >= 0x80)) return first > 0x20;
  return !(first === 0x85 || first === 0xa0 || first === 0x1680 || (first >= 0x2000 && first <= 0x205f) || first === 0x3000 || first === 0xfeff);
}

export function isId(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > ID_LENGTH_MAX) return false;
  // As short as ids are, a loop is quicker than an expression.
  for (let index = 0; index < value.length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < 0x21 || unit > 0x7e) return false;
  }
  return true;
}

export function isAdmitted(value: unknown): value is number {
  if (typeof value !== "number") return false;
  const magnitude = Math.abs(value);
  return magnitude <= Number.MAX_SAFE_INTEGER || (magnitude >= 1e21 && magnitude !== Infinity);
}

export function isWellFormed(text: string): boolean {
  const method = (text as { isWellFormed?: () => boolean }).isWellFormed;
  return method === undefined ? !/\p{Surrogate}/u.test(text) : method.call(text);
}
