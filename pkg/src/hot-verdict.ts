/** A verdict of the hot path: its numbers in words at once, its reasons when they are read. */
import { lazy, Part, type Parts } from "./lazy.js";
import type { Table } from "./hot.js";
import type { PolicyReference, Verdict } from "./wire.js";

/** What was read of a request: values that nobody can change any more. */
export interface Read {
  riskLevel: number;
  readings: number[];
  questionLength: number;
  evidenceCount: number;
  toolResults: readonly unknown[];
  facts: readonly unknown[];
  request_id: string | null;
  tenant_id: string;
  has_draft: boolean;
  domain: unknown;
  intent: unknown;
  language: unknown;
  risk_level: unknown;
  asks_for_person: unknown;
  judge_score: unknown;
  feedback_rating: unknown;
  model: unknown;
  prompt: unknown;
  index: unknown;
}

/** What a verdict needs of its engine later on. */
export interface Kept {
  readonly policy: PolicyReference;
  /** The path over objects. */
  explain(request: object, now: number): object;
  opened(): void;
  closed(): void;
}

const FIELDS: ReadonlySet<string> = new Set([
  "version", "request_id", "tenant_id", "disposition", "user_message", "risk_level", "confidence", "certificate",
  "triggers", "suppressed", "shadow", "routing", "reason", "unjudged", "policy", "evaluated_at", "digest",
]);
const FIRED_FIELDS: ReadonlySet<string> = new Set(["id", "kind", "disposition", "risk_level", "reason", "unjudged"]);
const ROUTING_FIELDS: ReadonlySet<string> = new Set([
  "queue", "title", "due_at", "sla_ms", "priority", "authority", "skills",
]);
const CONFIDENCE_FIELDS: ReadonlySet<string> = new Set(["probability", "logit", "base", "contributions", "model_version"]);
const DISPOSITIONS = ["answer", "limited_answer", "escalate", "refuse"];
const RISK_LEVELS = ["low", "medium", "high", "critical"];
const CERTIFICATES = ["in_force", "absent", "other_decisions", "expired", "too_weak"];
const ESCALATE = 2;

export class VerdictParts implements Parts {
  readonly fields = FIELDS;
  readonly #kept: Kept;
  readonly #table: Table;
  readonly #read: Read;
  readonly #now: number;
  readonly #fired: readonly number[];
  readonly #disposition: number;
  readonly #riskLevel: number;
  readonly #probability: number;
  readonly #low: number;
  readonly #certificate: number;
  readonly #queue: number;
  readonly #slaMs: number;
  readonly #level: number;
  readonly #suppressed: number;
  readonly #shadow: number;
  #record: Verdict | undefined;
  /** Parts that were handed out. */
  #triggers: object[] | undefined;
  #routing: object | undefined;
  #confidence: object | undefined;
  #policy: object | undefined;
  #none: Record<string, unknown> | undefined;

  /** The numbers stand as `src/wasm/hot.rs` says. */
  constructor(kept: Kept, table: Table, read: Read, now: number, f64: Float64Array, at: number, fired: readonly number[]) {
    this.#kept = kept;
    this.#table = table;
    this.#read = read;
    this.#now = now;
    this.#fired = fired;
    this.#disposition = f64[at + 1] as number;
    this.#riskLevel = f64[at + 2] as number;
    this.#probability = f64[at + 3] as number;
    this.#low = f64[at + 4] as number;
    this.#certificate = f64[at + 5] as number;
    this.#queue = f64[at + 6] as number;
    this.#slaMs = f64[at + 7] as number;
    this.#level = f64[at + 8] as number;
    this.#suppressed = f64[at + 9] as number;
    this.#shadow = f64[at + 10] as number;
    kept.opened();
  }

  cheap(field: string): unknown {
    switch (field) {
      case "version":
        return 1;
      case "request_id":
        return this.#read.request_id;
      case "tenant_id":
        return this.#read.tenant_id;
      case "disposition":
        return DISPOSITIONS[this.#disposition];
      case "risk_level":
        return RISK_LEVELS[this.#riskLevel];
      case "certificate":
        return this.#certificate === 0 ? null : CERTIFICATES[this.#certificate - 1];
      case "triggers":
        return (this.#triggers ??= this.#toldTriggers());
      case "suppressed":
        return this.#suppressed === 0 ? this.#nothing(field) : undefined;
      case "shadow":
        return this.#shadow === 0 ? this.#nothing(field) : undefined;
      case "routing":
        return this.#queue < 0 ? null : (this.#routing ??= this.#toldRouting());
      case "confidence":
        return (this.#confidence ??= lazy(
          new Part(CONFIDENCE_FIELDS, { probability: this.#probability }, () => this.full().confidence),
        ));
      case "user_message":
        // A limited answer and a refusal have texts.
        return this.#disposition === 0 || this.#disposition === ESCALATE ? null : undefined;
      case "policy":
        return (this.#policy ??= { ...this.#kept.policy });
      default:
        return undefined;
    }
  }

  full(): Verdict {
    return (this.#record ??= this.#kept.explain(requestOf(this.#read, this.#table), this.#now) as Verdict);
  }

  filled(): void {
    this.#kept.closed();
  }

  #nothing(field: string): unknown {
    this.#none ??= {};
    return (this.#none[field] ??= []);
  }

  #toldTriggers(): object[] {
    const told: object[] = [];
    for (const index of this.#fired) {
      const rule = this.#table.triggers[index];
      const at = told.length;
      if (rule !== undefined) told.push(lazy(new Part(FIRED_FIELDS, rule, () => this.full().triggers[at] as object)));
    }
    if (this.#low > 0) {
      const at = told.length;
      const rule = { id: "low_confidence", kind: "low_confidence", disposition: DISPOSITIONS[this.#low], risk_level: null };
      told.push(lazy(new Part(FIRED_FIELDS, rule, () => this.full().triggers[at] as object)));
    }
    return told;
  }

  #toldRouting(): object {
    const queue = this.#table.queues[this.#queue];
    if (queue === undefined) return this.full().routing as object;
    const known = {
      queue: queue.queue,
      title: queue.title,
      sla_ms: this.#slaMs,
      priority: this.#riskLevel,
      authority: { domain: queue.domain, level: this.#level },
      skills: [...queue.skills],
    };
    return lazy(new Part(ROUTING_FIELDS, known, () => this.full().routing as object));
  }
}

/** A request of which the verdict is the same: everything that takes part in it, and nothing else. */
function requestOf(read: Read, table: Table): object {
  const signals: Record<string, unknown> = {};
  table.signals.forEach((name, index) => {
    const reading = read.readings[index] as number;
    if (reading >= 0) define(signals, name, reading);
    else if (reading === -1) define(signals, name, "unavailable");
  });
  const facts: Record<string, unknown> = {};
  for (let index = 0; index < read.facts.length; index += 2) {
    define(facts, read.facts[index] as string, read.facts[index + 1]);
  }
  const results: object[] = [];
  for (let index = 0; index < read.toolResults.length; index += 2) {
    results.push({ tool: read.toolResults[index], status: read.toolResults[index + 1] });
  }
  const { request_id, tenant_id, domain, intent, language, risk_level, asks_for_person, judge_score, feedback_rating } = read;
  return {
    request_id, tenant_id, domain, intent, language, risk_level, asks_for_person, judge_score, feedback_rating,
    user_question: "?".repeat(read.questionLength || 1),
    model_draft: read.has_draft ? "" : undefined,
    evidence: Array.from({ length: read.evidenceCount }, () => ({ document_id: "-", quote: "" })),
    tool_results: results,
    signals,
    facts,
    release: { model: read.model, prompt: read.prompt, index: read.index },
  };
}

/** As assigning, also for `__proto__`. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
