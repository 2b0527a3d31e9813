/**
 * The hot path: the facts that the policy reads are written flat into the module's memory, and one call decides.
 *
 * Each property is read once, with plain reads; what was read is kept, and whatever is told later is made from that.
 * Whatever is not as usual (a getter that throws, a prototype of its own, an unknown field, a wrong type or range) is
 * left to the path over objects, which alone tells faults. Nothing is decided here.
 */
import type { Engine as Handle } from "./bindings.js";
import { lazy } from "./lazy.js";
import { VerdictParts, type Kept, type Read } from "./hot-verdict.js";
import type { FactType } from "./wire.js";

/** What the module says of the policy, and of its memory; addresses are in bytes. */
export interface Table {
  words: string[];
  facts: { path: string; type: FactType; text_is_read: boolean; is_used: boolean }[];
  signals: string[];
  language_is_read: boolean;
  tenant_is_read: boolean;
  triggers: { id: string; kind: string; disposition: string; risk_level: string | null }[];
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
}

type Fields = Record<string, unknown>;

/** How a fact of the caller's is written; its slot is -1 where it decides nothing. */
interface OwnFact {
  slot: number;
  type: FactType;
}

/** Objects of one kind have the same keys in the same order: then nothing is looked up. */
interface KeysSeen<T> {
  keys: string[];
  found: T[];
}

/** As in `src/flat/cell.rs`. */
const MISSING = 0, BOOL = 1, INT = 2, DOUBLE = 3, WORD = 4, TEXT = 5, OTHER = 6, LIST = 9;
/** As in `src/flat/desk.rs`. */
const SIGNAL_MISSING = -2, SIGNAL_UNAVAILABLE = -1;

const INSTANT_MAX = 253_402_300_799_999;
const ID_LENGTH_MAX = 128;
const NAME_LENGTH_MAX = 200;
const NOTE_LENGTH_MAX = 8_000;
const TEXT_LENGTH_MAX = 64_000;
const LIST_LENGTH_MAX = 256;
const FACTS_MAX = 64;
/** Bytes of UTF-8 that one unit of UTF-16 can need. */
const BYTES_PER_UNIT = 3;
const TAGS_KEPT_MAX = 256;

const FIELDS: ReadonlySet<string> = new Set([
  "version", "request_id", "tenant_id", "conversation_id", "user_question", "model_draft", "messages", "evidence",
  "tool_results", "domain", "intent", "language", "risk_level", "asks_for_person", "signals", "judge_score",
  "feedback_rating", "proposed_actions", "facts", "release", "trace_url",
]);
const RISK_LEVELS: ReadonlyMap<string, number> = new Map([["low", 0], ["medium", 1], ["high", 2], ["critical", 3]]);
const NO_RISK_LEVEL = 4;
const INTENTS: ReadonlySet<string> = new Set(["informational", "advisory", "consequential"]);
const ID = /^[!-~]+$/;
const LANGUAGE = /^[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*$/;
/** Shows what an object has that nobody gave it. */
const NOTHING: object = {};
const NO_VALUES: readonly unknown[] = [];
const NONE_FIRED: readonly number[] = [];

const encoder = new TextEncoder();

/** Thrown and caught here: the path over objects takes it. */
const IRREGULAR = Symbol("irregular");

export class HotPath {
  readonly table: Table;
  readonly #handle: Handle;
  readonly #memory: WebAssembly.Memory;
  #f64: Float64Array = new Float64Array(0);
  #u32: Uint32Array = new Uint32Array(0);
  #u8: Uint8Array = new Uint8Array(0);
  readonly #words: ReadonlyMap<string, number>;
  readonly #signals: ReadonlyMap<string, number>;
  readonly #own: ReadonlyMap<string, OwnFact>;
  readonly #ownSlots: readonly number[];
  readonly #signalsSeen: KeysSeen<number> = { keys: [], found: [] };
  readonly #ownSeen: KeysSeen<OwnFact> = { keys: [], found: [] };
  readonly #textIsRead: readonly boolean[];
  /** The last text of each slot, and its word; most stay the same for a while. */
  readonly #lastText: string[];
  readonly #lastTag: number[];
  readonly #lastWord: number[];
  readonly #noReadings: readonly number[];
  readonly #languages = new Set<string>();
  /** Slots of built-in facts; -1 where nothing is decided by one. */
  readonly #tenant: number;
  readonly #domain: number;
  readonly #intent: number;
  readonly #language: number;
  readonly #riskLevel: number;
  readonly #asksForPerson: number;
  readonly #judgeScore: number;
  readonly #feedbackRating: number;
  readonly #hasDraft: number;
  readonly #questionLength: number;
  readonly #evidenceCount: number;
  readonly #toolsFailed: number;
  readonly #toolsUnavailable: number;
  readonly #model: number;
  readonly #prompt: number;
  readonly #index: number;
  /** Whether a digest covers them. */
  readonly #tellsLength: boolean;
  readonly #tellsTools: boolean;
  readonly #routed: number;
  /** Of cells, as indexes of 32 and of 64 bits. */
  readonly #cells32: number;
  readonly #cells64: number;
  readonly #readings: number;
  readonly #answer: number;
  readonly #fired: number;
  /** Where the next element of a list, and the next text, is written. */
  #listAt = 0;
  #textAt = 0;
  #nonce = 0;
  /** A getter may ask the engine in the midst of a reading: that question takes the path over objects. */
  #isReading = false;
  #knownTenant = "";

  constructor(handle: Handle, memory: WebAssembly.Memory) {
    const table = handle.table() as Table;
    this.#handle = handle;
    this.#memory = memory;
    this.table = table;
    this.#words = new Map(table.words.map((word, index) => [word, index]));
    this.#signals = new Map(table.signals.map((name, index) => [name, index]));
    const slots = new Map<string, number>();
    const own = new Map<string, OwnFact>();
    table.facts.forEach(({ path, type, is_used: isUsed }, index) => {
      const slot = isUsed ? index : -1;
      slots.set(path, slot);
      if (path.startsWith("facts.")) own.set(path.slice("facts.".length), { slot, type });
    });
    this.#own = own;
    this.#ownSlots = [...own.values()].map(({ slot }) => slot).filter((slot) => slot >= 0);
    const routed = table.facts.length;
    this.#routed = routed;
    this.#textIsRead = [...table.facts.map((fact) => fact.text_is_read), false, false, table.language_is_read];
    this.#lastText = this.#textIsRead.map(() => "");
    this.#lastTag = this.#textIsRead.map(() => MISSING);
    this.#lastWord = this.#textIsRead.map(() => 0);
    this.#noReadings = table.signals.map(() => SIGNAL_MISSING);
    this.#tellsLength = slots.has("request.question_length");
    this.#tellsTools = slots.has("tools.failed") || slots.has("tools.unavailable");
    const slot = (path: string): number => slots.get(path) ?? -1;
    this.#tenant = slot("tenant_id");
    this.#domain = slot("request.domain");
    this.#intent = slot("request.intent");
    this.#language = slot("request.language");
    this.#riskLevel = slot("request.risk_level");
    this.#asksForPerson = slot("request.asks_for_person");
    this.#judgeScore = slot("request.judge_score");
    this.#feedbackRating = slot("request.feedback_rating");
    this.#hasDraft = slot("request.has_draft");
    this.#questionLength = slot("request.question_length");
    this.#evidenceCount = slot("evidence.count");
    this.#toolsFailed = slot("tools.failed");
    this.#toolsUnavailable = slot("tools.unavailable");
    this.#model = slot("release.model");
    this.#prompt = slot("release.prompt");
    this.#index = slot("release.index");
    this.#cells32 = table.cells >>> 2;
    this.#cells64 = table.cells >>> 3;
    this.#readings = table.readings >>> 3;
    this.#answer = table.answer >>> 3;
    this.#fired = table.fired >>> 2;
  }

  /** The verdict; `undefined` where the path over objects has to give it. */
  evaluate(request: unknown, now: number, kept: Kept): object | undefined {
    const read = this.#readWhole(request, now);
    if (read === undefined) return undefined;
    const parts = this.#judge(read, now, kept);
    return parts === undefined ? undefined : lazy(parts);
  }

  /** Reads a request into the module's memory, and gives what a later explanation needs of it. */
  #readWhole(request: unknown, now: number): Read | undefined {
    if (this.#isReading || !Number.isInteger(now) || now < 0 || now > INSTANT_MAX) return undefined;
    if (this.#f64.length === 0) this.#see();
    this.#isReading = true;
    try {
      return this.#read(request);
    } catch {
      // Also what a getter threw: the other path finds it again, and says where.
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #judge(read: Read, now: number, kept: Kept): VerdictParts | undefined {
    // What was written to memory that has moved meanwhile is lost, and this number with it.
    const nonce = (this.#nonce = (this.#nonce + 1) >>> 0 || 1);
    const at = this.#answer;
    this.#f64[at] = nonce;
    const answer = this.#handle.judge_flat(nonce, read.riskLevel, now);
    // Nothing was decided, or what was decided stands where this cannot see it.
    if (answer === 0 || this.#f64.length === 0) return undefined;
    const count = answer >>> 16;
    let fired = NONE_FIRED;
    if (count > 0) {
      const from = this.#fired;
      const listed = [this.#u32[from] as number];
      for (let index = 1; index < count; index += 1) listed.push(this.#u32[from + index] as number);
      fired = listed;
    }
    const place = this.#u32[this.#fired - 1] as number;
    return new VerdictParts(
      kept, this.table, read, now, answer, place, this.#f64[at + 1] as number, this.#f64[at + 2] as number, fired,
    );
  }

  /** The module's memory as it is now. */
  #see(): void {
    const { buffer } = this.#memory;
    this.#f64 = new Float64Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#u8 = new Uint8Array(buffer);
  }

  #read(given: unknown): Read {
    if (!isPlain(given)) throw IRREGULAR;
    // Something that stands on every object would be read as a fact.
    for (const _ in NOTHING) throw IRREGULAR;
    const {
      version, request_id, tenant_id, conversation_id, user_question, model_draft, messages, evidence, tool_results,
      domain, intent, language, risk_level, asks_for_person, signals, judge_score, feedback_rating, proposed_actions,
      facts, release, trace_url,
    } = given;
    let present = 0;
    if (version !== undefined) present += 1;
    if (request_id !== undefined) present += 1;
    if (tenant_id !== undefined) present += 1;
    if (conversation_id !== undefined) present += 1;
    if (user_question !== undefined) present += 1;
    if (model_draft !== undefined) present += 1;
    if (messages !== undefined) present += 1;
    if (evidence !== undefined) present += 1;
    if (tool_results !== undefined) present += 1;
    if (domain !== undefined) present += 1;
    if (intent !== undefined) present += 1;
    if (language !== undefined) present += 1;
    if (risk_level !== undefined) present += 1;
    if (asks_for_person !== undefined) present += 1;
    if (signals !== undefined) present += 1;
    if (judge_score !== undefined) present += 1;
    if (feedback_rating !== undefined) present += 1;
    if (proposed_actions !== undefined) present += 1;
    if (facts !== undefined) present += 1;
    if (release !== undefined) present += 1;
    if (trace_url !== undefined) present += 1;
    let keys = 0;
    for (const _ in given) keys += 1;
    if (keys !== present && !hasOnlyKnown(given, present, keys)) throw IRREGULAR;

    this.#listAt = this.table.list_start;
    this.#textAt = 0;
    if (version != null && version !== 1) throw IRREGULAR;
    if (request_id != null && !isId(request_id)) throw IRREGULAR;
    if (conversation_id != null && !isText(conversation_id, ID_LENGTH_MAX)) throw IRREGULAR;
    if (trace_url != null && !isText(trace_url, NOTE_LENGTH_MAX)) throw IRREGULAR;
    if (!isText(user_question, TEXT_LENGTH_MAX) || !isFilled(user_question)) throw IRREGULAR;
    if (model_draft != null && !isText(model_draft, TEXT_LENGTH_MAX)) throw IRREGULAR;
    if (messages != null && !isList(messages, 200)) throw IRREGULAR;
    if (evidence != null && !isList(evidence, 64)) throw IRREGULAR;
    if (tool_results != null && !isList(tool_results, 64)) throw IRREGULAR;
    if (proposed_actions != null && !isList(proposed_actions, 0)) throw IRREGULAR;

    if (tenant_id !== this.#knownTenant || tenant_id === "") {
      if (!isId(tenant_id)) throw IRREGULAR;
      this.#knownTenant = tenant_id;
    }
    const routed = this.#routed;
    if (this.table.tenant_is_read) this.#putText(routed, tenant_id as string);
    if (this.#tenant >= 0) this.#putText(this.#tenant, tenant_id as string);
    if (domain == null) {
      this.#put(routed + 1, MISSING, 0);
      if (this.#domain >= 0) this.#put(this.#domain, MISSING, 0);
    } else {
      if (!isName(domain)) throw IRREGULAR;
      this.#putText(routed + 1, domain);
      if (this.#domain >= 0) {
        if (this.#textIsRead[this.#domain]) this.#putText(this.#domain, domain);
        else this.#put(this.#domain, this.#lastTag[routed + 1] as number, this.#lastWord[routed + 1] as number);
      }
    }
    if (language == null) {
      this.#put(routed + 2, MISSING, 0);
      if (this.#language >= 0) this.#put(this.#language, MISSING, 0);
    } else {
      if (!this.#isLanguage(language)) throw IRREGULAR;
      if (this.table.language_is_read) this.#putText(routed + 2, language as string);
      if (this.#language >= 0) this.#putText(this.#language, language as string);
    }
    if (intent == null) {
      if (this.#intent >= 0) this.#put(this.#intent, MISSING, 0);
    } else {
      if (typeof intent !== "string" || !INTENTS.has(intent)) throw IRREGULAR;
      if (this.#intent >= 0) this.#putText(this.#intent, intent);
    }
    let riskLevel = NO_RISK_LEVEL;
    if (risk_level == null) {
      if (this.#riskLevel >= 0) this.#put(this.#riskLevel, MISSING, 0);
    } else {
      const level = RISK_LEVELS.get(risk_level as string);
      if (level === undefined) throw IRREGULAR;
      riskLevel = level;
      if (this.#riskLevel >= 0) this.#putText(this.#riskLevel, risk_level as string);
    }
    if (asks_for_person != null && typeof asks_for_person !== "boolean") throw IRREGULAR;
    if (this.#asksForPerson >= 0) this.#putBool(this.#asksForPerson, asks_for_person as boolean | null | undefined);
    if (judge_score != null && !isScore(judge_score)) throw IRREGULAR;
    if (this.#judgeScore >= 0) this.#putNumber(this.#judgeScore, DOUBLE, judge_score as number | null | undefined);
    if (feedback_rating != null && !isRating(feedback_rating)) throw IRREGULAR;
    if (this.#feedbackRating >= 0) this.#putNumber(this.#feedbackRating, INT, feedback_rating as number | null | undefined);
    if (this.#hasDraft >= 0) this.#putBool(this.#hasDraft, model_draft != null);
    let questionLength = 0;
    if (this.#tellsLength) {
      questionLength = lengthOf(user_question);
      if (this.#questionLength >= 0) this.#putNumber(this.#questionLength, INT, questionLength);
    }
    const evidenceCount = evidence == null ? 0 : (evidence as unknown[]).length;
    if (this.#evidenceCount >= 0) this.#putNumber(this.#evidenceCount, INT, evidenceCount);

    const toolResults = this.#tellsTools ? this.#readTools(tool_results) : NO_VALUES;
    const readings = this.#readSignals(signals);
    const ownFacts = this.#readFacts(facts);
    let model: unknown, prompt: unknown, index: unknown;
    if (release != null) {
      if (!isPlain(release)) throw IRREGULAR;
      ({ model, prompt, index } = release);
    }
    this.#putName(this.#model, model);
    this.#putName(this.#prompt, prompt);
    this.#putName(this.#index, index);
    return {
      riskLevel, readings, questionLength, evidenceCount, toolResults, facts: ownFacts,
      request_id: request_id ?? null, tenant_id, has_draft: model_draft != null, domain, intent, language, risk_level,
      asks_for_person, judge_score, feedback_rating, model, prompt, index,
    } as Read;
  }

  #readSignals(signals: unknown): readonly number[] {
    const f64 = this.#f64;
    const at = this.#readings;
    const none = this.#noReadings;
    for (let index = 0; index < none.length; index += 1) f64[at + index] = SIGNAL_MISSING;
    if (signals == null) return none;
    if (!isPlain(signals)) throw IRREGULAR;
    const readings = none.slice();
    const { keys, found } = this.#signalsSeen;
    let place = 0;
    for (const name in signals) {
      let index = found[place] as number;
      if (keys[place] !== name) {
        const known = this.#signals.get(name);
        // A signal that nobody declared is told of.
        if (known === undefined) throw IRREGULAR;
        index = known;
        keys[place] = name;
        found[place] = known;
      }
      place += 1;
      const value = signals[name];
      let reading: number;
      if (typeof value === "number") {
        if (!(value >= 0 && value <= 1)) throw IRREGULAR;
        reading = value + 0;
      } else if (value == null || value === "missing") continue;
      else if (value === "unavailable") reading = SIGNAL_UNAVAILABLE;
      else throw IRREGULAR;
      readings[index] = reading;
      f64[at + index] = reading;
    }
    if (place > FACTS_MAX) throw IRREGULAR;
    return readings;
  }

  /** Name and value of each, one after the other; lists are copied. */
  #readFacts(facts: unknown): readonly unknown[] {
    const slots = this.#ownSlots;
    for (let index = 0; index < slots.length; index += 1) this.#put(slots[index] as number, MISSING, 0);
    if (facts == null) return NO_VALUES;
    if (!isPlain(facts)) throw IRREGULAR;
    const read: unknown[] = [];
    const { keys, found } = this.#ownSeen;
    let place = 0;
    for (const name in facts) {
      let own = found[place] as OwnFact;
      if (keys[place] !== name) {
        const known = this.#own.get(name);
        if (known === undefined || place >= FACTS_MAX) throw IRREGULAR;
        own = known;
        keys[place] = name;
        found[place] = known;
      }
      place += 1;
      const value = facts[name];
      if (value !== undefined) read.push(name, value === null ? null : this.#readFact(own, value));
    }
    return read;
  }

  /** What is of another type counts as missing, or is no fact at all: the other path knows. */
  #readFact({ slot, type }: OwnFact, value: unknown): unknown {
    switch (type) {
      case "bool":
        if (typeof value !== "boolean") throw IRREGULAR;
        if (slot >= 0) this.#put(slot, BOOL, value ? 1 : 0);
        return value;
      case "int":
        if (!Number.isSafeInteger(value)) throw IRREGULAR;
        if (slot >= 0) this.#putNumber(slot, INT, value as number);
        return value;
      case "double":
        if (!isAdmitted(value)) throw IRREGULAR;
        if (slot >= 0) this.#putNumber(slot, DOUBLE, value);
        return value;
      case "string":
      case "time":
      case "money":
        if (!isText(value, NOTE_LENGTH_MAX / BYTES_PER_UNIT)) throw IRREGULAR;
        if (slot >= 0) this.#putText(slot, value);
        else if (!isWellFormed(value)) throw IRREGULAR;
        return value;
      default:
        return this.#readList(slot, type, value);
    }
  }

  #readList(slot: number, type: FactType, value: unknown): unknown[] {
    if (!isList(value, LIST_LENGTH_MAX)) throw IRREGULAR;
    const copy: unknown[] = [];
    const length = value.length;
    const start = slot >= 0 ? this.#openList(slot, length) : -1;
    for (let index = 0; index < length; index += 1) {
      const element = value[index];
      const at = start >= 0 ? start + index : -1;
      if (type === "string_list") {
        if (!isText(element, NOTE_LENGTH_MAX)) throw IRREGULAR;
        this.#putElement(at, element, slot);
      } else if (type === "int_list" ? Number.isSafeInteger(element) : isAdmitted(element)) {
        if (at >= 0) this.#putNumber(at, type === "int_list" ? INT : DOUBLE, element as number);
      } else throw IRREGULAR;
      copy.push(element);
    }
    return copy;
  }

  /** Tool and status of each, one after the other. */
  #readTools(results: unknown): readonly unknown[] {
    const given = results == null ? NO_VALUES : (results as unknown[]);
    const read: unknown[] = [];
    let failed = 0;
    let unavailable = 0;
    for (let index = 0; index < given.length; index += 1) {
      const result = given[index];
      if (!isPlain(result)) throw IRREGULAR;
      const { tool, status } = result;
      if (!isName(tool) || !isWellFormed(tool)) throw IRREGULAR;
      if (status === "failed") failed += 1;
      else if (status === "unavailable") unavailable += 1;
      else if (status !== "succeeded") throw IRREGULAR;
      read.push(tool, status);
    }
    if (this.#toolsFailed >= 0) this.#putTools(this.#toolsFailed, read, "failed", failed);
    if (this.#toolsUnavailable >= 0) this.#putTools(this.#toolsUnavailable, read, "unavailable", unavailable);
    return read;
  }

  #putTools(slot: number, read: readonly unknown[], status: string, count: number): void {
    let at = this.#openList(slot, count);
    for (let index = 0; index < read.length; index += 2) {
      if (read[index + 1] !== status) continue;
      this.#putElement(at, read[index] as string, slot);
      at += 1;
    }
  }

  #openList(slot: number, length: number): number {
    const start = this.#listAt;
    this.#listAt += length;
    if (this.#listAt > this.table.list_start + this.table.list_cells) throw IRREGULAR;
    this.#put(slot, LIST, start);
    this.#f64[this.#cells64 + slot * 2 + 1] = length;
    return start;
  }

  #put(slot: number, tag: number, extra: number): void {
    const at = this.#cells32 + slot * 4;
    this.#u32[at] = tag;
    this.#u32[at + 1] = extra;
  }

  #putBool(slot: number, value: boolean | null | undefined): void {
    if (value == null) this.#put(slot, MISSING, 0);
    else this.#put(slot, BOOL, value ? 1 : 0);
  }

  #putNumber(slot: number, tag: number, value: number | null | undefined): void {
    if (value == null) return this.#put(slot, MISSING, 0);
    this.#put(slot, tag, 0);
    // Adding zero turns -0 into 0.
    this.#f64[this.#cells64 + slot * 2 + 1] = value + 0;
  }

  #putName(slot: number, value: unknown): void {
    if (value == null) {
      if (slot >= 0) this.#put(slot, MISSING, 0);
      return;
    }
    if (!isName(value)) throw IRREGULAR;
    if (slot >= 0) this.#putText(slot, value);
    else if (!isWellFormed(value)) throw IRREGULAR;
  }

  /** A word's number; of any other text itself where a condition reads it, or that it is none. */
  #putText(slot: number, text: string): void {
    if (this.#lastText[slot] !== text || this.#lastTag[slot] === MISSING) {
      const word = this.#words.get(text);
      if (word === undefined) {
        if (!isWellFormed(text)) throw IRREGULAR;
        if (this.#textIsRead[slot]) return this.#putCharacters(slot, text);
      }
      this.#lastText[slot] = text;
      this.#lastTag[slot] = word === undefined ? OTHER : WORD;
      this.#lastWord[slot] = word ?? 0;
    }
    this.#put(slot, this.#lastTag[slot] as number, this.#lastWord[slot] as number);
  }

  /** An element of the list in a slot; -1 where nobody reads the list. */
  #putElement(at: number, text: string, slot: number): void {
    const word = this.#words.get(text);
    if (word === undefined && !isWellFormed(text)) throw IRREGULAR;
    if (at < 0) return;
    if (word !== undefined) this.#put(at, WORD, word);
    else if (this.#textIsRead[slot]) this.#putCharacters(at, text);
    else this.#put(at, OTHER, 0);
  }

  #putCharacters(at: number, text: string): void {
    const start = this.#textAt;
    if (start + text.length * BYTES_PER_UNIT > this.table.text_bytes) throw IRREGULAR;
    const from = this.table.texts + start;
    const { written } = encoder.encodeInto(text, this.#u8.subarray(from, this.table.texts + this.table.text_bytes));
    this.#textAt += written;
    this.#put(at, TEXT, start);
    this.#f64[this.#cells64 + at * 2 + 1] = written;
  }

  #isLanguage(tag: unknown): boolean {
    if (typeof tag !== "string") return false;
    if (this.#languages.has(tag)) return true;
    if (tag.length > 35 || !LANGUAGE.test(tag)) return false;
    if (this.#languages.size < TAGS_KEPT_MAX) this.#languages.add(tag);
    return true;
  }
}

/** An object as a literal or `JSON.parse` makes it; a proxy of one reads like it. */
function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Fields that are there and `undefined` are none. */
function hasOnlyKnown(given: Fields, present: number, keys: number): boolean {
  if (keys < present) return false;
  for (const key in given) if (!FIELDS.has(key)) return false;
  return true;
}

function isList(value: unknown, lengthMax: number): value is unknown[] {
  return Array.isArray(value) && value.length <= lengthMax;
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === "string" && value.length <= lengthMax;
}

function isName(value: unknown): value is string {
  return isText(value, NAME_LENGTH_MAX) && isFilled(value);
}

/** Whether a text begins with something visible; one that does not may still be filled. */
function isFilled(text: string): boolean {
  const first = text.charCodeAt(0);
  if (!(first >= 0x80)) return first > 0x20;
  return !(first === 0x85 || first === 0xa0 || first === 0x1680 || (first >= 0x2000 && first <= 0x205f) || first === 0x3000 || first === 0xfeff);
}

function isId(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > ID_LENGTH_MAX) return false;
  return ID.test(value);
}

function isScore(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isRating(value: unknown): value is number {
  return value === 1 || value === 2 || value === 3 || value === 4 || value === 5;
}

function isAdmitted(value: unknown): value is number {
  if (typeof value !== "number") return false;
  const magnitude = Math.abs(value);
  return magnitude <= Number.MAX_SAFE_INTEGER || (magnitude >= 1e21 && magnitude !== Infinity);
}

/** Characters, not units. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let index = 0; index + 1 < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      length -= 1;
      index += 1;
    }
  }
  return length;
}

function isWellFormed(text: string): boolean {
  const method = (text as { isWellFormed?: () => boolean }).isWellFormed;
  return method === undefined ? !/\p{Surrogate}/u.test(text) : method.call(text);
}
