/** A verdict of the hot path: its numbers in words at once, its reasons when they are read. */
import { lazy, Part, type Parts } from "./lazy.js";
import type { Table } from "./hot-writer.js";
import type { PolicyReference, Verdict } from "./wire.js";

/** What was read of a request: values that nobody can change any more. */
export interface Read {
  riskLevel: number;
  readings: readonly number[];
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
  /** The same for an action in its context. */
  explainGate(action: object, context: object, now: number): object;
  opened(): void;
  closed(): void;
}

const FIELDS: ReadonlySet<string> = new Set([
  "version", "request_id", "tenant_id", "disposition", "user_message", "risk_level", "confidence", "certificate",
  "limited_certificate", "triggers", "suppressed", "shadow", "routing", "reason", "unjudged", "policy", "evaluated_at", "digest",
]);
const FIRED_FIELDS: ReadonlySet<string> = new Set(["id", "kind", "disposition", "risk_level", "reason", "unjudged"]);
const ROUTING_FIELDS: ReadonlySet<string> = new Set([
  "queue", "title", "due_at", "sla_ms", "priority", "authority", "skills",
]);
const CONFIDENCE_FIELDS: ReadonlySet<string> = new Set(["probability", "logit", "base", "contributions", "model_version"]);
const DISPOSITIONS = ["answer", "limited_answer", "escalate", "refuse"];
const RISK_LEVELS = ["low", "medium", "high", "critical"];
const CERTIFICATES = [null, "in_force", "absent", "other_decisions", "expired", "too_weak"];
const HAS_SUPPRESSED = 1 << 11;
const HAS_SHADOW = 1 << 12;

/** Not private to the language but to TypeScript: one is made for every decision. */
export class VerdictParts implements Parts {
  private record: Verdict | undefined = undefined;
  /** Parts that were handed out. */
  private triggers: object[] | undefined = undefined;
  private lazyTriggers: readonly object[] = [];
  private routing: object | undefined = undefined;
  private confidence: object | undefined = undefined;
  private policy: object | undefined = undefined;
  private suppressed: object[] | undefined = undefined;
  private shadow: object[] | undefined = undefined;

  /** `answer` and `place` hold several numbers each, as `src/wasm/hot.rs` says. */
  constructor(
    private readonly kept: Kept,
    private readonly table: Table,
    private readonly read: Read,
    private readonly now: number,
    private readonly answer: number,
    private readonly place: number,
    private readonly probability: number,
    private readonly slaMs: number,
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
      case "disposition":
        return DISPOSITIONS[(answer >>> 1) & 3];
      case "version":
        return 1;
      case "request_id":
        return this.read.request_id;
      case "tenant_id":
        return this.read.tenant_id;
      case "risk_level":
        return RISK_LEVELS[(answer >>> 3) & 3];
      case "certificate":
        return CERTIFICATES[(answer >>> 8) & 7];
      case "limited_certificate":
        return CERTIFICATES[(answer >>> 13) & 7];
      case "triggers":
        return (this.triggers ??= this.toldTriggers());
      case "suppressed":
        return (answer & HAS_SUPPRESSED) === 0 ? (this.suppressed ??= []) : undefined;
      case "shadow":
        return (answer & HAS_SHADOW) === 0 ? (this.shadow ??= []) : undefined;
      case "routing":
        return this.place === 0 ? null : (this.routing ??= this.toldRouting());
      case "confidence":
        return (this.confidence ??= lazy(
          new Part(CONFIDENCE_FIELDS, { probability: this.probability }, () => this.full().confidence),
        ));
      case "user_message":
        // A limited answer and a refusal have texts.
        return ((answer >>> 1) & 1) === 0 ? null : undefined;
      case "policy":
        return (this.policy ??= { ...this.kept.policy });
      default:
        return undefined;
    }
  }

  full(): Verdict {
    return (this.record ??= this.kept.explain(requestOf(this.read, this.table), this.now) as Verdict);
  }

  handedOut(field: string): unknown {
    switch (field) {
      case "triggers":
        // The same array, of plain objects from now on: so a copy of the verdict is plain throughout.
        this.triggers?.forEach((told, at, all) => {
          const whole = this.lazyTriggers.indexOf(told);
          if (whole >= 0) all[at] = this.full().triggers[whole] as object;
        });
        return this.triggers;
      case "suppressed":
        return this.suppressed;
      case "shadow":
        return this.shadow;
      case "policy":
        return this.policy;
      default:
        return undefined;
    }
  }

  filled(): void {
    this.kept.closed();
  }

  private toldTriggers(): object[] {
    const told: object[] = [];
    for (const index of this.fired) {
      const rule = this.table.triggers[index];
      if (rule !== undefined) told.push(this.toldTrigger(rule, told.length));
    }
    const low = (this.answer >>> 5) & 7;
    if (low > 0) {
      const rule = { id: "low_confidence", kind: "low_confidence", disposition: DISPOSITIONS[low], risk_level: null };
      told.push(this.toldTrigger(rule, told.length));
    }
    this.lazyTriggers = [...told];
    return told;
  }

  private toldTrigger(rule: Readonly<Record<string, unknown>>, at: number): object {
    return lazy(new Part(FIRED_FIELDS, rule, () => this.full().triggers[at] as object));
  }

  private toldRouting(): object {
    const queue = this.table.queues[(this.place >>> 4) - 1];
    if (queue === undefined) return this.full().routing as object;
    const known = {
      queue: queue.queue,
      title: queue.title,
      sla_ms: this.slaMs,
      priority: (this.answer >>> 3) & 3,
      authority: { domain: queue.domain, level: this.place & 15 },
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
