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
import {
  FACTS_MAX, ID_LENGTH_MAX, INT, DOUBLE, INTENTS, IRREGULAR, MISSING, NO_VALUES, NOTE_LENGTH_MAX, RISK_LEVELS, Writer,
  isFilled, isId, isList, isName, isPlain, isText, isWellFormed, type KeysSeen, type OwnFact, type Table,
} from "./hot-writer.js";

const TEXT_LENGTH_MAX = 64_000;
const NONE_FIRED: readonly number[] = [];
const NO_RISK_LEVEL = 4;
/** As in `src/flat/desk.rs`. */
const SIGNAL_MISSING = -2, SIGNAL_UNAVAILABLE = -1;

export class HotPath extends Writer {
  readonly #signals: ReadonlyMap<string, number>;
  readonly #signalsSeen: KeysSeen<number> = { keys: [], found: [] };
  readonly #noReadings: readonly number[];
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
  readonly #readings: number;
  readonly #answer: number;
  readonly #fired: number;
  #knownTenant = "";

  constructor(handle: Handle, memory: WebAssembly.Memory, table: Table, words: ReadonlyMap<string, number>) {
    const slots = new Map<string, number>();
    const own = new Map<string, OwnFact>();
    table.facts.forEach(({ path, type, is_used: isUsed }, index) => {
      const slot = isUsed ? index : -1;
      slots.set(path, slot);
      if (path.startsWith("facts.")) own.set(path.slice("facts.".length), { slot, type });
    });
    const textIsRead = [...table.facts.map((fact) => fact.text_is_read), false, false, table.language_is_read];
    const { cells, list_start: listStart, texts } = table;
    super(handle, memory, table, words, { cells, listStart, texts, own, textIsRead });
    this.#signals = new Map(table.signals.map((name, index) => [name, index]));
    const routed = table.facts.length;
    this.#routed = routed;
    // Kept as doubles from the start: else each reading written into a copy would change how the copy is kept.
    this.#noReadings = table.signals.map(() => 0.5).fill(SIGNAL_MISSING);
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
    this.#readings = table.readings >>> 3;
    this.#answer = table.answer >>> 3;
    this.#fired = table.fired >>> 2;
  }

  /** The verdict; `undefined` where the path over objects has to give it. */
  evaluate(request: unknown, now: number, kept: Kept): object | undefined {
    const read = this.reading<Read>(now, request, undefined);
    if (read === undefined) return undefined;
    const parts = this.#judge(read, now, kept);
    return parts === undefined ? undefined : lazy(parts);
  }

  #judge(read: Read, now: number, kept: Kept): VerdictParts | undefined {
    const at = this.#answer;
    const nonce = this.sign(at);
    const answer = this.handle.judge_flat(nonce, read.riskLevel, now);
    // Nothing was decided, or what was decided stands where this cannot see it.
    if (answer === 0 || this.f64.length === 0) return undefined;
    const count = answer >>> 16;
    let fired = NONE_FIRED;
    if (count > 0) {
      const from = this.#fired;
      const listed = [this.u32[from] as number];
      for (let index = 1; index < count; index += 1) listed.push(this.u32[from + index] as number);
      fired = listed;
    }
    const place = this.u32[this.#fired - 1] as number;
    return new VerdictParts(
      kept, this.table, read, now, answer, place, this.f64[at + 1] as number, this.f64[at + 2] as number, fired,
    );
  }

  protected read(given: unknown): Read {
    if (!isPlain(given)) throw IRREGULAR;
    let version: unknown, request_id: unknown, tenant_id: unknown, conversation_id: unknown, user_question: unknown,
      model_draft: unknown, messages: unknown, evidence: unknown, tool_results: unknown, domain: unknown, intent: unknown,
      language: unknown, risk_level: unknown, asks_for_person: unknown, signals: unknown, judge_score: unknown,
      feedback_rating: unknown, proposed_actions: unknown, facts: unknown, release: unknown, trace_url: unknown;
    // A loop reads what is there; asking requests of many shapes for all that could be there takes twice as long.
    for (const field in given) {
      const value = given[field];
      switch (field) {
        case "tenant_id":
          tenant_id = value;
          break;
        case "user_question":
          user_question = value;
          break;
        case "model_draft":
          model_draft = value;
          break;
        case "domain":
          domain = value;
          break;
        case "signals":
          signals = value;
          break;
        case "risk_level":
          risk_level = value;
          break;
        case "request_id":
          request_id = value;
          break;
        case "conversation_id":
          conversation_id = value;
          break;
        case "evidence":
          evidence = value;
          break;
        case "intent":
          intent = value;
          break;
        case "language":
          language = value;
          break;
        case "asks_for_person":
          asks_for_person = value;
          break;
        case "judge_score":
          judge_score = value;
          break;
        case "feedback_rating":
          feedback_rating = value;
          break;
        case "facts":
          facts = value;
          break;
        case "tool_results":
          tool_results = value;
          break;
        case "messages":
          messages = value;
          break;
        case "release":
          release = value;
          break;
        case "proposed_actions":
          proposed_actions = value;
          break;
        case "trace_url":
          trace_url = value;
          break;
        case "version":
          version = value;
          break;
        default:
          throw IRREGULAR;
      }
    }

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
    if (this.table.tenant_is_read) this.putText(routed, tenant_id as string);
    if (this.#tenant >= 0) this.putText(this.#tenant, tenant_id as string);
    if (domain == null) {
      this.put(routed + 1, MISSING, 0);
      if (this.#domain >= 0) this.put(this.#domain, MISSING, 0);
    } else {
      if (!isName(domain)) throw IRREGULAR;
      this.putText(routed + 1, domain);
      if (this.#domain >= 0) {
        if (this.textIsRead[this.#domain]) this.putText(this.#domain, domain);
        else this.put(this.#domain, this.lastTag[routed + 1] as number, this.lastWord[routed + 1] as number);
      }
    }
    if (language == null) {
      this.put(routed + 2, MISSING, 0);
      if (this.#language >= 0) this.put(this.#language, MISSING, 0);
    } else {
      if (!this.isLanguage(language)) throw IRREGULAR;
      if (this.table.language_is_read) this.putText(routed + 2, language as string);
      if (this.#language >= 0) this.putText(this.#language, language as string);
    }
    if (intent == null) {
      if (this.#intent >= 0) this.put(this.#intent, MISSING, 0);
    } else {
      if (typeof intent !== "string" || !INTENTS.has(intent)) throw IRREGULAR;
      if (this.#intent >= 0) this.putText(this.#intent, intent);
    }
    let riskLevel = NO_RISK_LEVEL;
    if (risk_level == null) {
      if (this.#riskLevel >= 0) this.put(this.#riskLevel, MISSING, 0);
    } else {
      const level = RISK_LEVELS.get(risk_level as string);
      if (level === undefined) throw IRREGULAR;
      riskLevel = level;
      if (this.#riskLevel >= 0) this.putText(this.#riskLevel, risk_level as string);
    }
    if (asks_for_person != null && typeof asks_for_person !== "boolean") throw IRREGULAR;
    if (this.#asksForPerson >= 0) this.putBool(this.#asksForPerson, asks_for_person as boolean | null | undefined);
    if (judge_score != null && !isScore(judge_score)) throw IRREGULAR;
    if (this.#judgeScore >= 0) this.putNumber(this.#judgeScore, DOUBLE, judge_score as number | null | undefined);
    if (feedback_rating != null && !isRating(feedback_rating)) throw IRREGULAR;
    if (this.#feedbackRating >= 0) this.putNumber(this.#feedbackRating, INT, feedback_rating as number | null | undefined);
    if (this.#hasDraft >= 0) this.putBool(this.#hasDraft, model_draft != null);
    let questionLength = 0;
    if (this.#tellsLength) {
      questionLength = lengthOf(user_question);
      if (this.#questionLength >= 0) this.putNumber(this.#questionLength, INT, questionLength);
    }
    const evidenceCount = evidence == null ? 0 : (evidence as unknown[]).length;
    if (this.#evidenceCount >= 0) this.putNumber(this.#evidenceCount, INT, evidenceCount);

    const toolResults = this.#tellsTools ? this.#readTools(tool_results) : NO_VALUES;
    const readings = this.#readSignals(signals);
    const ownFacts = this.readFacts(facts);
    let model: unknown, prompt: unknown, index: unknown;
    if (release != null) {
      if (!isPlain(release)) throw IRREGULAR;
      ({ model, prompt, index } = release);
    }
    this.putName(this.#model, model);
    this.putName(this.#prompt, prompt);
    this.putName(this.#index, index);
    return {
      riskLevel, readings, questionLength, evidenceCount, toolResults, facts: ownFacts,
      request_id: request_id ?? null, tenant_id, has_draft: model_draft != null, domain, intent, language, risk_level,
      asks_for_person, judge_score, feedback_rating, model, prompt, index,
    } as Read;
  }

  #readSignals(signals: unknown): readonly number[] {
    const f64 = this.f64;
    const at = this.#readings;
    const none = this.#noReadings;
    for (let index = 0; index < none.length; index += 1) f64[at + index] = SIGNAL_MISSING;
    if (signals == null) return none;
    if (!isPlain(signals)) throw IRREGULAR;
    const readings = none.slice();
    const { keys, found } = this.#signalsSeen;
    let place = 0;
    for (const name in signals) {
      const value = signals[name];
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
    let at = this.openList(slot, count);
    for (let index = 0; index < read.length; index += 2) {
      if (read[index + 1] !== status) continue;
      this.putElement(at, read[index] as string, slot);
      at += 1;
    }
  }
}

function isScore(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isRating(value: unknown): value is number {
  return value === 1 || value === 2 || value === 3 || value === 4 || value === 5;
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
