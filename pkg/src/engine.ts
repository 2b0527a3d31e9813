/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A policy that was read once, ready to decide. The decision is the module's; nothing is decided here.
 */
import { canonicalize, Engine as Handle, shared_memory as sharedMemory } from "./bindings.js";
import { CountersignError } from "./error.js";
import type { Kept } from "./hot-verdict.js";
import { HotPath } from "./hot.js";
import type { ActionInput, BundleInput, ContextInput, RequestInput } from "./records.js";
import type { DecisionRecord, ErrorCode, Gate, PolicyReference, Verdict } from "./wire.js";

export interface LoadOptions {
  /**
   * What is used in place of the package's own copy of the module: a `WebAssembly.Module` or its bytes, and
   * for `load` outside of Node also a URL of it, a `Response`, or a promise of one of these. Bundlers give
   * one of them for `import module from "countersign/module.wasm"`. Only the first call looks at it.
   */
  module?: object | string | undefined;
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

/** What every environment's `Engine` can do; each adds how the module gets there. */
export abstract class LoadedEngine {
  /** What the policy is called: id, version and hash. */
  readonly policy: PolicyReference;
  #handle: Handle | undefined;
  #hot: HotPath | undefined;
  #kept: Explainer | undefined;

  /** The module must have been instantiated. */
  protected constructor(bundle: BundleInput) {
    const value = parse(bundle);
    const handle = guard(() => new Handle(value));
    this.#handle = handle;
    this.policy = this.#use((handle) => handle.policy()) as PolicyReference;
    this.#hot = guard(() => new HotPath(handle, sharedMemory() as WebAssembly.Memory));
    this.#kept = new Explainer(handle, this.policy);
  }

  /**
   * Says what happens with the draft: answer, limited answer, a person, or a refusal, and why.
   *
   * What decides is read at once, and each property once. Reasons, contributions, texts and the digest are made when
   * they are read, from what was read then: the verdict stays what it was, whatever becomes of the request. Fields that
   * take no part in a decision (texts of evidence and messages, say) are not looked into; `decide` reads them all.
   */
  evaluate(request: RequestInput, options: EvaluateOptions = {}): Verdict {
    const hot = this.#hot;
    const kept = this.#kept;
    const now = instant(options);
    if (hot !== undefined && kept !== undefined && trap === undefined) {
      let verdict: object | undefined;
      try {
        verdict = hot.evaluate(request, now, kept);
      } catch (thrown) {
        trap = thrown;
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
    return this.#use((handle) => handle.classify(actions, options.context, instant(options))) as Gate;
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
    this.#handle = this.#hot = this.#kept = undefined;
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
    return guard(() => work(handle));
  }
}

/** Keeps a policy for the verdicts that were given, also after their engine was freed. */
class Explainer implements Kept {
  readonly policy: PolicyReference;
  readonly #handle: Handle;
  /** Verdicts whose reasons were not read yet. Those that are thrown away unread are never taken off. */
  #open = 0;
  #isFreed = false;

  constructor(handle: Handle, policy: PolicyReference) {
    this.#handle = handle;
    this.policy = policy;
  }

  explain(request: object, now: number): object {
    return guard(() => this.#handle.evaluate(request, now)) as object;
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

interface Fault {
  code: ErrorCode;
  path: string;
  detail: string;
  help: string;
}

function isFault(thrown: unknown): thrown is Fault {
  return thrown instanceof Error && "code" in thrown && "detail" in thrown;
}

function instant({ now }: EvaluateOptions): number {
  if (now === undefined) return Date.now();
  return typeof now === "number" ? now : now.getTime();
}

function parse(bundle: BundleInput): unknown {
  if (typeof bundle !== "string" && !(bundle instanceof Uint8Array)) return bundle;
  try {
    const text = typeof bundle === "string" ? bundle : new TextDecoder("utf-8", { fatal: true }).decode(bundle);
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CountersignError("invalid_json", `the bundle is not JSON: ${(cause as Error).message}`, {
      help: "pass what the policy compiler wrote",
      cause,
    });
  }
}
