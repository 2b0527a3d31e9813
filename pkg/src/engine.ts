/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A policy that was read once, ready to decide. The decision is the module's; nothing is decided here.
 */
import { canonicalize, Engine as Handle, shared_memory as sharedMemory } from "./bindings.js";
import { CountersignError } from "./error.js";
import type { Kept } from "./hot-verdict.js";
import { HotGate } from "./hot-gate.js";
import type { Table } from "./hot-writer.js";
import { HotPath } from "./hot.js";
import { parseJson } from "./json.js";
import type { ActionInput, BundleInput, ContextInput, RequestInput } from "./records.js";
import type { DecisionRecord, ErrorCode, Gate, PolicyImage, PolicyReference, Verdict } from "./wire.js";

export interface LoadOptions {
  /**
   * What is used in place of the package's own copy of the module: a `WebAssembly.Module` or its bytes, and
   * for `load` outside of Node also a URL of it, a `Response`, or a promise of one of these. Bundlers give
   * one of them for `import module from "countersign/module.wasm"`. Only the first call looks at it.
   */
  module?: object | string | undefined;
  /**
   * As `module`, for the one that reads bundles, `countersign/reader.wasm`. It is needed where a bundle in JSON
   * is loaded, and never for an image.
   */
  reader?: object | string | undefined;
}

/** What a policy is called, and by which digest a manifest has to name its image. */
export interface LoadedPolicy extends PolicyReference {
  /** The image that was loaded; absent where a bundle was, which proves its own hash. */
  image_hash?: string;
}

export interface EvaluateOptions {
  /** The instant of the decision: a date, or whole milliseconds since 1970. The present where none is given. */
  now?: Date | number | undefined;
}

export interface ClassifyOptions extends EvaluateOptions {
  /** For whom the action is proposed, and what is known around it. */
  context: ContextInput;
}

export interface Decided {
  verdict: Verdict;
  /** What is kept of the verdict for metrics and replay: features, no text. */
  record: DecisionRecord;
}

/** What was given, in no part of which anybody can change anything. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Actions that nobody can change any more, and what the policy says of exactly them. */
export interface Bound<A extends ActionInput | readonly ActionInput[] = ActionInput | readonly ActionInput[]> {
  /** A deeply frozen copy, with its keys in canonical order. */
  readonly actions: Frozen<A>;
  readonly gate: Gate;
  /** Digest over tenant, tool, arguments and target, as in the gate. */
  readonly action_digest: string;
}

/** What every environment's `Engine` can do; each adds how the module gets there. */
export abstract class LoadedEngine {
  /** What the policy is called: id, version and hash. */
  readonly policy: LoadedPolicy;
  #handle: Handle | undefined;
  #hot: HotPath | undefined;
  #gate: HotGate | undefined;
  #kept: Explainer | undefined;

  /** Loads an image, or the bundle whose image `read` makes. The module must have been instantiated. */
  protected constructor(bundle: BundleInput, read: (bundle: unknown) => Uint8Array) {
    const given = asImage(bundle);
    const image = given ?? read(parse(bundle));
    const handle = guard(() => new Handle(image));
    this.#handle = handle;
    const reference = this.#use((handle) => handle.policy()) as PolicyReference;
    this.policy = given === undefined ? reference : { ...reference, image_hash: nameOf(given) };
    const memory = sharedMemory() as WebAssembly.Memory;
    const table = guard(() => handle.table()) as Table;
    const words = new Map(table.words.map((word, index) => [word, index]));
    this.#hot = new HotPath(handle, memory, table, words);
    this.#gate = new HotGate(handle, memory, table, words);
    this.#kept = new Explainer(handle, reference);
  }

  /**
   * Says what happens with the draft: answer, limited answer, a person, or a refusal, and why.
   *
   * What decides is read at once, and each property once. Reasons, contributions, texts and the digest are made when
   * they are read, from what was read then: the verdict stays what it was, whatever becomes of the request. Fields that
   * take no part in a decision (texts of evidence and messages, say) are not looked into; `decide` reads them all.
   */
  evaluate(request: RequestInput, options: EvaluateOptions = {}): Verdict {
    return this.#evaluateAt(request, instant(options));
  }

  #evaluateAt(request: RequestInput, now: number): Verdict {
    const hot = this.#hot;
    const kept = this.#kept;
    if (hot !== undefined && kept !== undefined && trap === undefined) {
      let verdict: object | undefined;
      kept.opened();
      try {
        verdict = hot.evaluate(request, now, kept);
      } catch (thrown) {
        trap = thrown;
      } finally {
        kept.closed();
      }
      if (verdict !== undefined) return verdict as Verdict;
    }
    return this.#use((handle) => handle.evaluate(request, now)) as Verdict;
  }

  /** As `evaluate`, with the record to report to the host. */
  decide(request: RequestInput, options: EvaluateOptions = {}): Decided {
    return this.#use((handle) => handle.decide(request, instant(options))) as Decided;
  }

  /**
   * Says whether an action may be done, must be approved and by whom, or may not be done, and why.
   * A list is one chain that is approved as one: nothing about it is less than about any of its parts.
   */
  classify(actions: ActionInput | readonly ActionInput[], options: ClassifyOptions): Gate {
    const hot = this.#gate;
    const kept = this.#kept;
    // Outside of `guard`, where nobody's getter is taken for a trap.
    const context = (options as ClassifyOptions | undefined)?.context;
    const now = instant(options);
    if (hot !== undefined && kept !== undefined && trap === undefined) {
      let gate: object | undefined;
      try {
        gate = hot.classify(actions, context, now, kept);
      } catch (thrown) {
        trap = thrown;
      }
      if (gate !== undefined) return gate as Gate;
    }
    return this.#use((handle) => handle.classify(actions, context, now)) as Gate;
  }

  /**
   * As `evaluate` for each, at one instant, in the same order.
   *
   * Throws for the first that is not a request; the path begins with its index.
   */
  evaluateBatch(requests: readonly RequestInput[], options: EvaluateOptions = {}): Verdict[] {
    const now = instant(options);
    const verdicts: Verdict[] = [];
    let index = 0;
    try {
      for (; index < requests.length; index += 1) verdicts.push(this.#evaluateAt(requests[index] as RequestInput, now));
    } catch (thrown) {
      throw below(`/${index}`, thrown);
    }
    return verdicts;
  }

  /**
   * Takes a copy of an action, or of a chain, and classifies that copy: what is done later has to be `actions`, as
   * `action_digest` says, and nobody can change it any more. A digest over an object that can still change would sign
   * something that was never judged.
   */
  bind<A extends ActionInput | readonly ActionInput[]>(actions: A, options: ClassifyOptions): Bound<A> {
    // Each property is read once, and what is no plain data is refused with its path.
    const copy = JSON.parse(under("/actions", () => this.canonicalize(actions))) as ActionInput | ActionInput[];
    const gate = this.classify(freeze(copy), options);
    return { actions: copy as Frozen<A>, gate, action_digest: gate.action_digest };
  }

  /** The canonical JSON text of a value (RFC 8785): what the digests are made over. */
  canonicalize(value: unknown): string {
    return this.#use(() => canonicalize(value));
  }

  /**
   * Gives the policy's memory back: now, or as soon as no verdict stands whose reasons were not read yet. Without it
   * that happens some time after the last use.
   */
  free(): void {
    const kept = this.#kept;
    this.#handle = this.#hot = this.#gate = this.#kept = undefined;
    kept?.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #use<T>(work: (handle: Handle) => T): T {
    const handle = this.#handle;
    if (handle === undefined) {
      throw new CountersignError("invalid_state", "this engine was freed", { help: "load the policy again" });
    }
    const kept = this.#kept;
    kept?.opened();
    try {
      return guard(() => work(handle));
    } finally {
      kept?.closed();
    }
  }
}

/** Keeps a policy for the verdicts that were given, also after their engine was freed. */
class Explainer implements Kept {
  readonly policy: PolicyReference;
  readonly #handle: Handle;
  /**
   * Verdicts whose reasons were not read yet, and calls under way: a getter of a request may free its engine. Verdicts
   * that are thrown away unread are never taken off.
   */
  #open = 0;
  #isFreed = false;

  constructor(handle: Handle, policy: PolicyReference) {
    this.#handle = handle;
    this.policy = policy;
  }

  explain(request: object, now: number): object {
    return guard(() => this.#handle.evaluate(request, now)) as object;
  }

  explainGate(action: object, context: object, now: number): object {
    return guard(() => this.#handle.classify(action, context, now)) as object;
  }

  opened(): void {
    this.#open += 1;
  }

  closed(): void {
    this.#open -= 1;
    if (this.#isFreed) this.free();
  }

  /** Where a verdict is still open, the runtime frees the policy after the last of them is gone. */
  free(): void {
    this.#isFreed = true;
    if (this.#open === 0) guard(() => this.#handle.free());
  }
}

/** Set by the first trap: the module's memory may be in any state, so that it decides nothing more. */
let trap: unknown;

/** Calls the module; its faults and its traps become errors of this package. */
function guard<T>(call: () => T): T {
  if (trap === undefined) {
    try {
      return call();
    } catch (thrown) {
      if (isFault(thrown)) {
        throw new CountersignError(thrown.code, thrown.detail, { path: thrown.path, help: thrown.help });
      }
      trap = thrown;
    }
  }
  throw new CountersignError("internal", "the module has failed, and decides nothing more", {
    help: "send the request to a person, start a new process or page, and report the cause",
    cause: trap,
  });
}

/** Tells a fault as lying under a path. */
function under<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw below(path, thrown);
  }
}

/** The same fault, told as lying under a path. */
function below(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof CountersignError) || thrown.path === undefined) return thrown;
  return new CountersignError(thrown.code, thrown.message, { path: path + thrown.path, help: thrown.help });
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

interface Fault {
  code: ErrorCode;
  path: string;
  detail: string;
  help: string;
}

function isFault(thrown: unknown): thrown is Fault {
  return thrown instanceof Error && "code" in thrown && "detail" in thrown;
}

/** Throws nothing, whatever it is given: inside of `guard` that would be taken for a trap. */
function instant(options: EvaluateOptions | null): number {
  try {
    const now = options?.now;
    if (now === undefined) return Date.now();
    if (typeof now === "number") return now;
    // A date of another realm is a date too; what is none is no instant, which the module tells.
    return Date.prototype.getTime.call(now);
  } catch {
    return Number.NaN;
  }
}

/** What an image begins with, and no text; behind it its version and its digest. */
const IMAGE_MARK = 0x89;
const DIGEST_AT = 9;
const DIGEST_END = 41;

/** A copy of the image; `undefined` where it is a bundle. */
export function asImage(bundle: BundleInput): Uint8Array | undefined {
  const text = imageIn(bundle);
  if (text !== undefined) return Uint8Array.from(text, (character) => character.charCodeAt(0));
  const bytes = bundle instanceof ArrayBuffer ? new Uint8Array(bundle) : bundle;
  return bytes instanceof Uint8Array && bytes[0] === IMAGE_MARK ? bytes.slice() : undefined;
}

/** What the host's record of an image has in base 64; what throws while it is looked at is for the reader to refuse. */
function imageIn(bundle: BundleInput): string | undefined {
  try {
    const image: unknown = (bundle as Partial<PolicyImage> | null | undefined)?.image;
    return typeof image === "string" ? atob(image) : undefined;
  } catch {
    return undefined;
  }
}

/** The digest that the image carries, which the module has verified. */
function nameOf(image: Uint8Array): string {
  const digits = Array.from(image.subarray(DIGEST_AT, DIGEST_END), (byte) => byte.toString(16).padStart(2, "0"));
  return `sha256:${digits.join("")}`;
}

function parse(given: BundleInput): unknown {
  const bundle = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
  if (typeof bundle !== "string" && !(bundle instanceof Uint8Array)) return bundle;
  try {
    const text = typeof bundle === "string" ? bundle : new TextDecoder("utf-8", { fatal: true }).decode(bundle);
    return parseJson(text);
  } catch (cause) {
    throw new CountersignError("invalid_json", `the bundle is not JSON: ${(cause as Error).message}`, {
      help: "pass what the policy compiler wrote",
      cause,
    });
  }
}
