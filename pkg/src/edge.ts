/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The loop of an edge: decide, hand what needs a person to the host, report every decision.
 *
 * While the host is away, decisions go on. Cases and records are kept and sent by a later `flush`,
 * with the keys and sequences that they had, so that nothing is counted twice. Both are bounded: an
 * edge that has no room for another case says so and decides nothing more; of the records the oldest
 * are dropped and counted, and their missing sequences show the host the gap.
 */
import type { Client } from "./client.js";
import type { Decided, EvaluateOptions } from "./engine.js";
import { CountersignError } from "./error.js";
import { isPassing } from "./http.js";
import { newId } from "./ids.js";
import type { CaseInput, DecisionBatch, DecisionReceipt, RequestInput } from "./records.js";
import type { PolicyTrust } from "./trust.js";
import type { Case, DecisionRecord, Verdict } from "./wire.js";

export interface EdgeOptions {
  engine: { decide(request: RequestInput, options?: EvaluateOptions): Decided };
  client: Pick<Client, "createCase" | "reportDecisions" | "deliverAudit" | "loseAudit">;
  /** The edge's name in records: the same for every run. */
  edge: string;
  /** Names this run; no two runs of an edge may share it. A new id where none is given. */
  boot?: string | undefined;
  /**
   * What says whether the policy still holds. Where it does not, a draft that would be answered goes to a
   * person: the verdict's disposition is then `escalate`, whatever the policy said.
   */
  trust?: Pick<PolicyTrust, "doubt"> | undefined;
  /** Records that are kept for the host; 10,000 where none is given. */
  recordsMax?: number | undefined;
  /** Cases that are kept for the host; 1,000 where none is given. */
  casesMax?: number | undefined;
  /**
   * Requests that no person decides are kept, in memory alone, until the host has said whether it wants one of
   * them for a random audit: 1,000 where none is given, the oldest go first. With 0 none is kept, and every
   * audit of this edge is lost; the host counts those, and takes them for wrong where it certifies.
   */
  requestsMax?: number | undefined;
  /** Records of one report, at most 1,000; 200 where none is given. */
  batchLength?: number | undefined;
}

export interface HandleOptions extends EvaluateOptions {
  /** The id that a case gets; a new one where none is given. */
  caseId?: string | undefined;
}

export interface Handled {
  verdict: Verdict;
  /** The case's id, where a person decides. */
  caseId: string | null;
  /** The case as the host opened it; `null` where none is needed, or while the host is away. */
  case: Case | null;
}

/** What the host does not have yet, and what it will never get. */
export interface Waiting {
  cases: number;
  records: number;
  /** Records dropped for want of room, or refused by the host. */
  dropped: number;
}

/** What the host will not take, this time or any other. */
export interface Refusal {
  /** The case, or `null` where it was a report of records. */
  case: CaseInput | null;
  records: DecisionRecord[];
  /** Why, as the host said it. */
  error: unknown;
}

interface KeptCase {
  caseId: string;
  body: CaseInput;
}

/** A request that the host wants to see, or `null` where it is kept no more. */
interface WantedAudit {
  auditId: string;
  request: RequestInput | null;
}

const RECORDS_MAX = 10_000;
const CASES_MAX = 1_000;
const REQUESTS_MAX = 1_000;
const BATCH_LENGTH = 200;
const BATCH_LENGTH_MAX = 1_000;

export class Edge {
  readonly boot: string;
  readonly #options: EdgeOptions;
  readonly #recordsMax: number;
  readonly #casesMax: number;
  readonly #batchLength: number;
  readonly #requestsMax: number;
  /** By the sequence of the record, until the record is reported. */
  readonly #requests = new Map<number, RequestInput>();
  readonly #audits = new Map<string, WantedAudit>();
  readonly #cases: KeptCase[] = [];
  readonly #records: DecisionRecord[] = [];
  /** Sequence of the first record that is kept. */
  #sequence = 0;
  /** A report whose answer was not seen: it is sent again unchanged, before anything else. */
  #unconfirmed: DecisionBatch | undefined;
  #dropped = 0;
  /** Refusals that no call of `flush` has given yet. */
  readonly #refusals: Refusal[] = [];
  #flushing: Promise<Refusal[]> | undefined;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.boot = options.boot ?? newId("boot", Date.now());
    this.#recordsMax = atLeastOne("recordsMax", options.recordsMax ?? RECORDS_MAX);
    this.#casesMax = atLeastOne("casesMax", options.casesMax ?? CASES_MAX);
    this.#requestsMax = options.requestsMax === 0 ? 0 : atLeastOne("requestsMax", options.requestsMax ?? REQUESTS_MAX);
    this.#batchLength = Math.min(
      atLeastOne("batchLength", options.batchLength ?? BATCH_LENGTH),
      BATCH_LENGTH_MAX,
    );
  }

  /**
   * Decides one request, and opens a case where a person is needed.
   *
   * Throws what the engine throws; `limit_exceeded` where a case is needed and no more can be kept;
   * and the host's error where it refuses the case. After an error nothing may be sent to the user.
   */
  async handle(request: RequestInput, options: HandleOptions = {}): Promise<Handled> {
    const { verdict, record, doubt } = this.#decide(request, options);
    this.#keepRecord(record);
    if (verdict.disposition !== "escalate") {
      this.#keepRequest(request);
      return { verdict, caseId: null, case: null };
    }

    const caseId = options.caseId ?? newId("case", Date.parse(verdict.evaluated_at));
    const kept = { caseId, body: caseOf(request, caseId, verdict, doubt) };
    try {
      return { verdict, caseId, case: await this.#open(kept) };
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#keepCase(kept, error);
      return { verdict, caseId, case: null };
    }
  }

  get waiting(): Waiting {
    const unconfirmed = this.#unconfirmed?.records.length ?? 0;
    return { cases: this.#cases.length, records: unconfirmed + this.#records.length, dropped: this.#dropped };
  }

  /**
   * Sends what is kept: cases first, then records, then what the host wants to audit. Call it every few
   * seconds, and before the end.
   *
   * Gives what the host refused for good, which is not kept. Throws where the host is away, fails, or does
   * not admit this edge; what it did not take is kept then, and refusals are given by the next call.
   */
  flush(): Promise<Refusal[]> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  /** The engine's decision, where an answer needs a policy that may be relied on. */
  #decide(request: RequestInput, options: EvaluateOptions): Decided & { doubt: string | null } {
    const decided = this.#options.engine.decide(request, options);
    const { verdict, record } = decided;
    const certified = verdict.certificate === null ? undefined : verdict.risk_level;
    const doubt = this.#options.trust?.doubt(verdict.policy, Date.parse(verdict.evaluated_at), certified) ?? null;
    if (doubt === null || verdict.disposition !== "answer") return { ...decided, doubt: null };
    const disposition = "escalate";
    const reason = `${doubt}; ${verdict.reason}`;
    return { verdict: { ...verdict, disposition, reason }, record: { ...record, disposition }, doubt };
  }

  async #flush(): Promise<Refusal[]> {
    let failure: unknown;
    for (const kept of [...this.#cases]) {
      const { error, isFinal } = await outcomeOf(this.#open(kept));
      if (error === undefined || isFinal) this.#cases.splice(this.#cases.indexOf(kept), 1);
      if (error === undefined) continue;
      if (isFinal) this.#refusals.push({ case: kept.body, records: [], error });
      // One case that the host cannot digest must not hold up the others.
      else if (isInternal(error)) failure ??= error;
      else throw error;
    }
    for (let batch = this.#nextBatch(); batch !== undefined; batch = this.#nextBatch()) {
      const { records } = batch;
      const idempotencyKey = `${batch.boot}:${batch.sequence}`;
      const reported = this.#options.client.reportDecisions(batch, { idempotencyKey }).then((receipt) => {
        this.#want(receipt.wanted ?? []);
      });
      const { error, isFinal } = await outcomeOf(reported);
      if (error !== undefined) {
        if (!isFinal) throw error;
        this.#refusals.push({ case: null, records, error });
        this.#dropped += records.length;
      }
      records.forEach((_, index) => this.#requests.delete(batch.sequence + index));
      this.#unconfirmed = undefined;
    }
    for (const audit of [...this.#audits.values()]) {
      const { error, isFinal } = await outcomeOf(this.#deliver(audit));
      if (error === undefined || (isFinal && audit.request === null)) this.#audits.delete(audit.auditId);
      if (error === undefined) continue;
      if (!isFinal && !isInternal(error)) throw error;
      // What the host does not take is lost to it; the next call says so.
      if (isFinal) audit.request = null;
      else failure ??= error;
    }
    if (failure !== undefined) throw failure;
    return this.#refusals.splice(0);
  }

  /** The case's id is the key too: sent twice, it is opened once. */
  async #open({ caseId, body }: KeptCase): Promise<Case> {
    return (await this.#options.client.createCase(body, { idempotencyKey: caseId })).case;
  }

  /** Keeps what the host asks for before the requests of the report are forgotten. */
  #want(wanted: DecisionReceipt["wanted"]): void {
    for (const { audit_id: auditId, sequence } of wanted) {
      if (this.#audits.has(auditId)) continue;
      this.#audits.set(auditId, { auditId, request: this.#requests.get(sequence) ?? null });
    }
  }

  #deliver({ auditId, request }: WantedAudit): Promise<unknown> {
    const { client } = this.#options;
    if (request === null) return client.loseAudit(auditId, { idempotencyKey: `${auditId}:lose` });
    return client.deliverAudit(auditId, request, { idempotencyKey: auditId });
  }

  #nextBatch(): DecisionBatch | undefined {
    if (this.#unconfirmed === undefined && this.#records.length > 0) {
      const records = this.#records.splice(0, this.#batchLength);
      const { edge } = this.#options;
      this.#unconfirmed = { version: 1, edge, boot: this.boot, sequence: this.#sequence, records };
      this.#sequence += records.length;
    }
    return this.#unconfirmed;
  }

  #keepRecord(record: DecisionRecord): void {
    this.#records.push(record);
    if (this.waiting.records <= this.#recordsMax) return;
    this.#records.shift();
    this.#sequence += 1;
    this.#dropped += 1;
  }

  /** A copy of what was judged by the record that was just kept. */
  #keepRequest(request: RequestInput): void {
    if (this.#requestsMax === 0) return;
    this.#requests.set(this.#sequence + this.#records.length - 1, structuredClone(request));
    if (this.#requests.size <= this.#requestsMax) return;
    for (const oldest of this.#requests.keys()) {
      this.#requests.delete(oldest);
      return;
    }
  }

  #keepCase(kept: KeptCase, cause: unknown): void {
    if (this.#cases.length >= this.#casesMax) {
      throw new CountersignError("limit_exceeded", `${this.#casesMax} cases wait for the host already`, {
        help: "do not answer the user; try again when the host is back",
        cause,
      });
    }
    this.#cases.push(kept);
  }
}

function caseOf(request: RequestInput, caseId: string, verdict: Verdict, doubt: string | null): CaseInput {
  const { disposition, digest, evaluated_at } = verdict;
  const claimed = { disposition, policy_hash: verdict.policy.hash, digest, evaluated_at };
  // A copy: the caller may change the request while the case waits, and this is what was judged.
  const body: CaseInput = { ...structuredClone(request), version: 1, case_id: caseId, claimed };
  return doubt === null ? body : { ...body, reason_for_escalation: doubt };
}

/** What became of a call: nothing wrong, an error to be tried again, or a refusal for good. */
async function outcomeOf(call: Promise<unknown>): Promise<{ error?: unknown; isFinal: boolean }> {
  try {
    await call;
    return { isFinal: true };
  } catch (error) {
    // An expired token says nothing about what was sent.
    const notAdmitted = error instanceof CountersignError && (error.status === 401 || error.status === 403);
    return { error, isFinal: !isAway(error) && !notAdmitted };
  }
}

function isInternal(error: unknown): boolean {
  return error instanceof CountersignError && error.code === "internal";
}

/** Whether the host cannot take it now: it is not there, busy, or has a fault of its own. */
function isAway(error: unknown): boolean {
  return isPassing(error) || (error instanceof CountersignError && (error.status ?? 0) >= 500);
}

function atLeastOne(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new CountersignError("invalid_field", `\`${name}\` must be a whole number of at least 1, got ${value}`, {
    path: `/${name}`,
    help: "leave it out for the default",
  });
}
