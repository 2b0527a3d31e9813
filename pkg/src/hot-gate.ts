/** The hot path of `classify`: one action of a known tool, with arguments as its entry says. */
import type { Engine as Handle } from "./bindings.js";
import { lazy, Part, type Parts } from "./lazy.js";
import type { Kept } from "./hot-verdict.js";
import {
  DOUBLE, FACTS_MAX, INT, INTENTS, IRREGULAR, LIST_LENGTH_MAX, MISSING, RISK_LEVELS, Writer, isAdmitted, isId, isList,
  isName, isPlain, isText, isWellFormed, type OwnFact, type Table,
} from "./hot-writer.js";
import type { Gate, Tool } from "./wire.js";

/** What a policy says of one argument of one tool. */
interface Argument {
  isAmount: boolean;
  isCurrency: boolean;
  isTarget: boolean;
  isCount: boolean;
  isRequired: boolean;
  /** `undefined` where any will do. */
  type: string | undefined;
  /** Only the other path reads it. */
  isOdd: boolean;
}

interface KnownTool {
  index: number;
  tool: Tool;
  /** Whether its pointers name arguments, and no parts of them. */
  isUsual: boolean;
  arguments: Map<string, Argument>;
  requiredCount: number;
}

/** What was read of an action: nobody can change it any more. */
interface ReadAction {
  known: KnownTool;
  tool: string;
  /** Name and value of each argument, one after the other. */
  given: readonly unknown[];
  context: Record<string, unknown>;
}

const TEXT_LENGTH_MAX = 64_000;
const KEPT_MAX = 256;
/** Arguments whose texts are read for what they do, or that raise the gate by being there: see `src/inference/content.rs`. */
const ODD: ReadonlySet<string> = new Set(
  ("sql query statement statements queries ddl dml command commands cmd shell bash script cmdline powershell " +
    "requires_approval policy_basis").split(" "),
);

/** Facts that are the tool's name, or have it in a list. */
const NAMES: ReadonlySet<string> = new Set(["action.tool", "actions.tools"]);

export class HotGate extends Writer {
  readonly #tools = new Map<string, KnownTool | null>();
  readonly #currencies: ReadonlyMap<string, number>;
  readonly #tenant: number;
  readonly #domain: number;
  readonly #intent: number;
  readonly #language: number;
  readonly #riskLevel: number;
  readonly #asksForPerson: number;
  readonly #target: number;
  /** The first of the cells after the facts: amount, currency, count, tool. */
  readonly #first: number;
  readonly #nonceAt: number;
  readonly #fired: number;

  constructor(handle: Handle, memory: WebAssembly.Memory, table: Table, words: ReadonlyMap<string, number>) {
    const slots = new Map<string, number>();
    const own = new Map<string, OwnFact>();
    table.facts.forEach(({ path, type, is_used_by_rules: isUsed, is_of_host: isOfHost }, index) => {
      if (isUsed) slots.set(path, index);
      // What only the host knows is not believed of a caller.
      if (path.startsWith("facts.")) own.set(path.slice("facts.".length), { slot: isUsed && !isOfHost ? index : -1, type });
    });
    // An amount may be a decimal text, which the module reads; a condition may read the tool's name.
    const nameIsRead = table.facts.some(({ path, text_is_read: isRead }) => isRead && NAMES.has(path));
    const textIsRead = [...table.facts.map((fact) => fact.text_is_read), true, false, false, nameIsRead];
    const { action_cells: cells, action_list_start: listStart, action_texts: texts } = table;
    super(handle, memory, table, words, { cells, listStart, texts, own, textIsRead });
    this.#currencies = new Map(table.currencies.map(({ code, packed }) => [code, packed]));
    const slot = (path: string): number => slots.get(path) ?? -1;
    this.#tenant = slot("tenant_id");
    this.#domain = slot("request.domain");
    this.#intent = slot("request.intent");
    this.#language = slot("request.language");
    this.#riskLevel = slot("request.risk_level");
    this.#asksForPerson = slot("request.asks_for_person");
    this.#target = slot("action.target");
    this.#first = table.facts.length;
    this.#nonceAt = table.action_nonce >>> 3;
    this.#fired = table.action_fired >>> 2;
  }

  /** The gate; `undefined` where the path over objects has to give it. */
  classify(action: unknown, context: unknown, now: number, kept: Kept): object | undefined {
    const read = this.reading<ReadAction>(now, action, context);
    if (read === undefined) return undefined;
    const nonce = this.sign(this.#nonceAt);
    const answer = this.handle.judge_action(nonce, read.known.index, now) >>> 0;
    if (answer === 0 || this.f64.length === 0) return undefined;
    const fired: number[] = [];
    const from = this.#fired;
    for (let index = 0; index < answer >>> 20; index += 1) fired.push(this.u32[from + index] as number);
    return lazy(new GateParts(kept, this.table, read, now, answer, this.u32[from - 1] as number, fired));
  }

  protected read(action: unknown, context: unknown): ReadAction {
    if (!isPlain(action)) throw IRREGULAR;
    let name: unknown, given: unknown;
    for (const field in action) {
      if (field === "tool") name = action[field];
      else if (field === "arguments") given = action[field];
      else throw IRREGULAR;
    }
    if (!isName(name)) throw IRREGULAR;
    let known = this.#tools.get(name);
    if (known === undefined) known = this.#find(name);
    if (known === null || !known.isUsual) throw IRREGULAR;
    this.putText(this.#first + 3, name);
    return { known, tool: name, given: this.#readArguments(known, given), context: this.#readContext(context) };
  }

  #find(name: string): KnownTool | null {
    const index = isWellFormed(name) ? this.handle.tool_index(name) : -1;
    const tool = this.table.tools[index];
    let known: KnownTool | null = null;
    if (tool !== undefined) {
      const { amount, target, count } = tool;
      const pointers = [amount?.pointer, amount?.currency_pointer, target, count].filter((pointer) => pointer != null);
      // A currency that is fixed needs no argument; one that nobody names is for the other path.
      const isUsual = pointers.every((pointer) => /^\/[^/~]+$/.test(pointer))
        && (amount == null || amount.currency !== null || amount.currency_pointer !== null);
      const requiredCount = Object.values(tool.arguments ?? {}).filter((rule) => rule?.required).length;
      known = { index, tool, isUsual, arguments: new Map(), requiredCount };
    }
    if (this.#tools.size < KEPT_MAX) this.#tools.set(name, known);
    return known;
  }

  #argument(known: KnownTool, name: string): Argument {
    const { amount, target, count, arguments: rules } = known.tool;
    const rule = rules != null && Object.hasOwn(rules, name) ? rules[name] : undefined;
    const argument: Argument = {
      isAmount: amount?.pointer === `/${name}`,
      isCurrency: amount != null && amount.currency === null && amount.currency_pointer === `/${name}`,
      isTarget: target === `/${name}`,
      isCount: count === `/${name}`,
      isRequired: rule?.required === true,
      type: rule?.type,
      isOdd: ODD.has(name.toLowerCase()) || !isWellFormed(name) || (rules != null && rule === undefined),
    };
    if (known.arguments.size < KEPT_MAX) known.arguments.set(name, argument);
    return argument;
  }

  /** A copy, while what decides is written. */
  #readArguments(known: KnownTool, given: unknown): readonly unknown[] {
    const first = this.#first;
    this.put(first, MISSING, 0);
    this.put(first + 1, MISSING, 0);
    if (this.#target >= 0) this.put(this.#target, MISSING, 0);
    const { amount, target, count } = known.tool;
    let wantsAmount = amount !== null;
    let wantsCurrency = amount !== null && amount.currency === null;
    let wantsTarget = target !== null;
    let wantsCount = count !== null;
    if (!wantsCount) this.putNumber(first + 2, INT, 1);
    const copy: unknown[] = [];
    let required = 0;
    let places = 0;
    if (given != null) {
      if (!isPlain(given)) throw IRREGULAR;
      for (const name in given) {
        const value = given[name];
        const argument = known.arguments.get(name) ?? this.#argument(known, name);
        if (argument.isOdd || name === "__proto__" || (places += 1) > FACTS_MAX) throw IRREGULAR;
        if (value === undefined) continue;
        const kept = copyOf(value);
        copy.push(name, kept);
        if (kept === null) continue;
        if (argument.type !== undefined && !isOfType(argument.type, kept)) throw IRREGULAR;
        if (argument.isRequired) required += 1;
        if (argument.isAmount) {
          this.#putAmount(kept);
          wantsAmount = false;
        }
        if (argument.isCurrency) {
          const packed = this.#currencies.get(kept as string);
          if (packed === undefined) throw IRREGULAR;
          this.put(first + 1, INT, packed);
          wantsCurrency = false;
        }
        if (argument.isTarget) {
          const text = Array.isArray(kept) && kept.length === 1 ? (kept[0] as unknown) : kept;
          if (typeof text !== "string") throw IRREGULAR;
          if (this.#target >= 0) this.putText(this.#target, text);
          wantsTarget = false;
        }
        if (argument.isCount) {
          this.putNumber(first + 2, INT, countOf(kept));
          wantsCount = false;
        }
      }
    }
    if (wantsAmount || wantsCurrency || wantsTarget || wantsCount || required !== known.requiredCount) throw IRREGULAR;
    return copy;
  }

  #putAmount(value: unknown): void {
    if (typeof value === "number") this.putNumber(this.#first, DOUBLE, value);
    else if (typeof value === "string") this.putText(this.#first, value);
    else throw IRREGULAR;
  }

  #readContext(given: unknown): Record<string, unknown> {
    if (!isPlain(given)) throw IRREGULAR;
    let tenant_id: unknown, domain: unknown, intent: unknown, language: unknown, risk_level: unknown,
      asks_for_person: unknown, facts: unknown;
    for (const field in given) {
      const value = given[field];
      switch (field) {
        case "tenant_id":
          tenant_id = value;
          break;
        case "domain":
          domain = value;
          break;
        case "facts":
          facts = value;
          break;
        case "intent":
          intent = value;
          break;
        case "language":
          language = value;
          break;
        case "risk_level":
          risk_level = value;
          break;
        case "asks_for_person":
          asks_for_person = value;
          break;
        default:
          throw IRREGULAR;
      }
    }
    if (!isId(tenant_id)) throw IRREGULAR;
    if (this.#tenant >= 0) this.putText(this.#tenant, tenant_id);
    if (domain != null && !isName(domain)) throw IRREGULAR;
    if (intent != null && !INTENTS.has(intent as string)) throw IRREGULAR;
    if (language != null && !this.isLanguage(language)) throw IRREGULAR;
    if (risk_level != null && !RISK_LEVELS.has(risk_level as string)) throw IRREGULAR;
    this.putName(this.#domain, domain);
    this.putName(this.#intent, intent);
    this.putName(this.#language, language);
    this.putName(this.#riskLevel, risk_level);
    if (asks_for_person != null && typeof asks_for_person !== "boolean") throw IRREGULAR;
    if (this.#asksForPerson >= 0) this.putBool(this.#asksForPerson, asks_for_person as boolean | null | undefined);
    const read = this.readFacts(facts);
    return { tenant_id, domain, intent, language, risk_level, asks_for_person, read };
  }
}

/** What has these names and values, one after the other. */
function objectOf(listed: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let index = 0; index < listed.length; index += 2) {
    const property = { value: listed[index + 1], enumerable: true, configurable: true, writable: true };
    Object.defineProperty(object, listed[index] as string, property);
  }
  return object;
}

/** A copy of a single value, or of a list of such. */
function copyOf(value: unknown): unknown {
  if (typeof value === "string") {
    if (!isText(value, TEXT_LENGTH_MAX) || !isWellFormed(value)) throw IRREGULAR;
    return value;
  }
  if (typeof value === "boolean" || value === null) return value;
  if (isAdmitted(value)) return value + 0;
  if (!isList(value, LIST_LENGTH_MAX)) throw IRREGULAR;
  const copy: unknown[] = [];
  const length = value.length;
  for (let index = 0; index < length; index += 1) {
    const element = value[index];
    if (Array.isArray(element) || element === undefined) throw IRREGULAR;
    copy.push(copyOf(element));
  }
  return copy;
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isSafeInteger(value);
    case "bool":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "object":
      return false;
    default:
      return true;
  }
}

function countOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") return 1;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw IRREGULAR;
}

const FIELDS: ReadonlySet<string> = new Set([
  "version", "verdict", "impact", "authority", "further_authorities", "quorum", "expires_at", "preview_required",
  "enforcement", "provisional", "reason", "reasons", "unjudged", "amount_is_known", "actions", "policy", "action_digest",
  "evaluated_at",
]);
const REASON_FIELDS: ReadonlySet<string> = new Set(["rule", "reason", "path"]);
const IMPACT_FIELDS: ReadonlySet<string> = new Set(["effects", "reversibility", "magnitude", "target", "tier"]);
const VERDICTS = ["allow", "require_approval", "deny"];
const TIERS = ["low", "medium", "high", "critical"];

/** Not private to the language but to TypeScript: one is made for every gate. */
class GateParts implements Parts {
  private record: Gate | undefined = undefined;
  /** Parts that were handed out. */
  private reasons: object[] | undefined = undefined;
  private lazyReasons: readonly object[] = [];
  private further: object[] | undefined = undefined;
  private authority: object | undefined = undefined;
  private impact: object | undefined = undefined;
  private policy: object | undefined = undefined;

  /** The bits of `answer` are those of `src/wasm/hot_action.rs`. */
  constructor(
    private readonly kept: Kept,
    private readonly table: Table,
    private readonly read: ReadAction,
    private readonly now: number,
    private readonly answer: number,
    private readonly domain: number,
    private readonly fired: readonly number[],
  ) {
    kept.opened();
  }

  get fields(): ReadonlySet<string> {
    return FIELDS;
  }

  cheap(field: string): unknown {
    const { answer } = this;
    switch (field) {
      case "verdict":
        return VERDICTS[(answer >>> 1) & 3];
      case "version":
        return 1;
      case "reasons":
        return (this.reasons ??= this.toldReasons());
      case "authority":
        if ((answer & HAS_AUTHORITY) === 0) return null;
        return (this.authority ??= { domain: this.table.domains[this.domain], level: (answer >>> 13) & 15 });
      case "further_authorities":
        return (answer & HAS_FURTHER) === 0 ? (this.further ??= []) : undefined;
      case "quorum":
        return (answer >>> 8) & 15;
      case "preview_required":
        return (answer & PREVIEW) !== 0;
      case "provisional":
        return (answer & PROVISIONAL) !== 0;
      case "amount_is_known":
        return (answer & AMOUNT_KNOWN) !== 0;
      case "enforcement":
        return this.read.known.tool.enforcement;
      case "impact":
        return (this.impact ??= lazy(
          new Part(
            IMPACT_FIELDS,
            { tier: TIERS[(answer >>> 3) & 3], reversibility: this.read.known.tool.reversibility },
            () => this.full().impact,
          ),
        ));
      case "expires_at":
        return ((answer >>> 1) & 3) === 1 ? undefined : null;
      case "policy":
        return (this.policy ??= { ...this.kept.policy });
      default:
        return undefined;
    }
  }

  full(): Gate {
    if (this.record !== undefined) return this.record;
    const { read, ...context } = this.read.context;
    const action = { tool: this.read.tool, arguments: objectOf(this.read.given) };
    const facts = objectOf(read as readonly unknown[]);
    return (this.record = this.kept.explainGate(action, { ...context, facts }, this.now) as Gate);
  }

  handedOut(field: string): unknown {
    switch (field) {
      case "reasons":
        this.reasons?.forEach((told, at, all) => {
          const whole = this.lazyReasons.indexOf(told);
          if (whole >= 0) all[at] = this.full().reasons[whole] as object;
        });
        return this.reasons;
      case "authority":
        return this.authority;
      case "further_authorities":
        return this.further;
      case "policy":
        return this.policy;
      default:
        return undefined;
    }
  }

  filled(): void {
    this.kept.closed();
  }

  private toldReasons(): object[] {
    const told: object[] = [];
    const { tool } = this.read.known;
    const tell = (rule: string | undefined): void => {
      const at = told.length;
      told.push(lazy(new Part(REASON_FIELDS, { rule, path: null }, () => this.full().reasons[at] as object)));
    };
    if (tool.verdict !== "allow") tell(tool.names[0]);
    for (const index of this.fired) tell(this.table.rules[index]);
    if ((this.answer & CLIMBS) !== 0) tell("authority");
    this.lazyReasons = [...told];
    return told;
  }
}

const AMOUNT_KNOWN = 1 << 5;
const PROVISIONAL = 1 << 6;
const PREVIEW = 1 << 7;
const HAS_AUTHORITY = 1 << 12;
const HAS_FURTHER = 1 << 17;
const CLIMBS = 1 << 18;
