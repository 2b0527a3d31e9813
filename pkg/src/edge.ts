/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The loop of an edge: decide, hand what needs a person to the host, report every decision.
 *
 * While the host is away, decisions go on. Cases and records are kept and sent by a later `flush`,
 * with the keys and sequences that they had, so that nothing is counted twice. Both are bounded: an
 * edge that has no room for another case says so and decides nothing more; of the records the oldest
 * are summed up in counts, which are sent in their place: the host counts those decisions, and still
 * sees by their missing sequences that it does not have them.
 */
import type { Client } from "./client.js";
import type { Decided, EvaluateOptions, LoadedPolicy } from "./engine.js";
import { DroppedCounts } from "./dropped.js";
import { CountersignError } from "./error.js";
import { isPassing } from "./http.js";
import { newId } from "./ids.js";
import type { CaseInput, DecisionBatch, DecisionReceipt, RequestInput } from "./records.js";
import type { PolicyTrust } from "./trust.js";
import type { Case, DecisionRecord, DroppedGroup, Verdict } from "./wire.js";

export interface EdgeOptions {
  engine: { readonly policy?: LoadedPolicy; decide(request: RequestInput, options?: EvaluateOptions): Decided };
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
  /** What `kept` gave to an earlier run, where it could not send it any more. */
  kept?: Kept | undefined;
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
  /** Records of which only a count is left, for want of room, and those that the host refused. */
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

/** What an edge has for the host, as plain data for a place that outlives it. */
export interface Kept {
  version: 1;
  cases: KeptCase[];
  reports: DecisionBatch[];
}

export interface KeptCase {
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
  /** What was dropped right before that one. */
  readonly #counts = new DroppedCounts();
  /** Reports that were put together, the oldest first: those of earlier runs, and at most one of this run. */
  readonly #reports: DecisionBatch[] = [];
  /** A report that the host may have: while its answer was not seen it is sent again unchanged. */
  #attempted: DecisionBatch | undefined;
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
    if (options.kept !== undefined) this.#restore(options.kept);
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
    const reported = this.#reports.reduce((sum, { records }) => sum + records.length, 0);
    return { cases: this.#cases.length, records: reported + this.#records.length, dropped: this.#dropped };
  }

  /**
   * What the host does not have yet, to be put where a later run finds it: `new Edge({ …, kept })` sends it.
   * Saving it after each `handle` that leaves something waiting loses no case when the process ends.
   */
  kept(): Kept {
    const reports = [...this.#reports];
    for (let start = 0; start < this.#records.length; start += this.#batchLength) {
      const records = this.#records.slice(start, start + this.#batchLength);
      reports.push(this.#report(this.#sequence + start, start === 0 ? this.#counts.groups() : [], records));
    }
    return structuredClone({ version: 1, cases: this.#cases, reports });
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
    const doubt = this.#options.trust?.doubt({ ...this.#options.engine.policy, ...verdict.policy }, Date.parse(verdict.evaluated_at), certified) ?? null;
    // A limited answer sends a text of the policy: it is relied on where it took a certificate.
    const relied = verdict.disposition === "answer" || (verdict.disposition === "limited_answer" && verdict.limited_certificate !== null);
    if (doubt === null || !relied) return { ...decided, doubt: null };
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
    for (let report = this.#nextReport(); report !== undefined; report = this.#nextReport()) {
      this.#attempted = report;
      const { boot, records, sequence } = report;
      const call = this.#options.client.reportDecisions(report, { idempotencyKey: keyOf(report) });
      const { error, isFinal } = await outcomeOf(call.then(({ wanted }) => this.#want(boot, wanted ?? [])));
      if (error !== undefined) {
        if (!isFinal) throw error;
        this.#refusals.push({ case: null, records, error });
        this.#dropped += records.length;
      }
      if (boot === this.boot) records.forEach((_, index) => this.#requests.delete(sequence + index));
      this.#attempted = undefined;
      this.#reports.shift();
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

  /**
   * The case's id is the key too: sent twice, it is opened once. A claim under a policy that the host never
   * released proves nothing to it; the person is needed all the same, so that the case is sent without one.
   */
  async #open({ caseId, body }: KeptCase): Promise<Case> {
    const { client } = this.#options;
    try {
      return (await client.createCase(body, { idempotencyKey: caseId })).case;
    } catch (error) {
      const { claimed, ...rest } = body;
      if (claimed === undefined || !(error instanceof CountersignError) || error.code !== "unknown_policy") throw error;
      const reason = `the edge decided by a policy that was not released here (${claimed.policy_hash})`;
      const unclaimed = { ...rest, reason_for_escalation: [body.reason_for_escalation, reason].filter(Boolean).join("; ") };
      return (await client.createCase(unclaimed, { idempotencyKey: `${caseId}:unclaimed` })).case;
    }
  }

  /** Keeps what the host asks for before the requests of the report are forgotten. */
  #want(boot: string, wanted: DecisionReceipt["wanted"]): void {
    for (const { audit_id: auditId, sequence } of wanted) {
      if (this.#audits.has(auditId)) continue;
      // The requests of an earlier run went with it, and its sequences are none of this one.
      const request = boot === this.boot ? this.#requests.get(sequence) : undefined;
      this.#audits.set(auditId, { auditId, request: request ?? null });
    }
  }

  #deliver({ auditId, request }: WantedAudit): Promise<unknown> {
    const { client } = this.#options;
    if (request === null) return client.loseAudit(auditId, { idempotencyKey: `${auditId}:lose` });
    return client.deliverAudit(auditId, request, { idempotencyKey: auditId });
  }

  #nextReport(): DecisionBatch | undefined {
    if (this.#reports.length === 0 && this.#records.length > 0) {
      const records = this.#records.splice(0, this.#batchLength);
      this.#reports.push(this.#report(this.#sequence, this.#counts.take(), records));
      this.#sequence += records.length;
    }
    return this.#reports[0];
  }

  #report(sequence: number, dropped: DroppedGroup[], records: DecisionRecord[]): DecisionBatch {
    const report = { version: 1, edge: this.#options.edge, boot: this.boot, sequence, records } as const;
    return dropped.length === 0 ? report : { ...report, dropped };
  }

  #keepRecord(record: DecisionRecord): void {
    this.#records.push(record);
    while (this.waiting.records > this.#recordsMax) {
      const index = this.#reports.findIndex((report) => report !== this.#attempted && report.records.length > 0);
      if (index >= 0) this.#sumUp(index);
      else if (!this.#dropOldest()) return;
    }
  }

  /** `false` where all that is kept is on its way. */
  #dropOldest(): boolean {
    const oldest = this.#records.shift();
    if (oldest === undefined) return false;
    this.#counts.add(oldest);
    this.#requests.delete(this.#sequence);
    this.#sequence += 1;
    this.#dropped += 1;
    return true;
  }

  /** Puts counts in the place of a report of an earlier run. */
  #sumUp(index: number): void {
    const report = this.#reports[index];
    if (report === undefined) return;
    const counts = new DroppedCounts();
    for (const group of report.dropped ?? []) counts.addGroup(group);
    for (const record of report.records) counts.add(record);
    const sequence = report.sequence + report.records.length;
    this.#reports[index] = { ...report, sequence, dropped: counts.groups(), records: [] };
    this.#dropped += report.records.length;
  }

  #restore(kept: Kept): void {
    const { version, cases, reports } = structuredClone(kept);
    if (version !== 1) {
      throw new CountersignError("invalid_field", "what was kept is of another form", { path: "/kept/version", help: "give what `kept` of this version gave" });
    }
    this.#cases.push(...cases);
    this.#reports.push(...reports);
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

/** The same for the same report: a run before may have put the same records together in another way. */
function keyOf({ boot, sequence, dropped, records }: DecisionBatch): string {
  const count = dropped?.reduce((sum, group) => sum + group.count, 0) ?? 0;
  return `${boot}:${sequence}:${records.length}:${count}`;
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
