/**
 * One call to the host: headers, time-out, retries, and problems as errors.
 *
 * A call is sent again only where that cannot do anything twice: the host is known not to have acted
 * (`store_busy`), or the call reads, or it carries an idempotency key.
 */
import { type CountersignCode, CountersignError } from "./error.js";

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Where the host is, such as `https://review.example.com`; a path in it is kept. */
  baseUrl: string | URL;
  /** A bearer token. Without one, a browser sends the session's cookie. */
  token?: string | undefined;
  /** Stands in for the global `fetch`. */
  fetch?: Fetch | undefined;
  /** How long one attempt may take, in milliseconds; 10,000 where none is given. */
  timeoutMs?: number | undefined;
  /** How often a call that is safe to repeat is sent again; 2 where none is given. */
  retries?: number | undefined;
}

export interface CallOptions {
  /** Ends the call, its retries included. */
  signal?: AbortSignal | undefined;
}

export interface KeyedCallOptions extends CallOptions {
  /** The same key and body give the same answer, once done; made where none is given. */
  idempotencyKey?: string | undefined;
}

export interface Call {
  method: "GET" | "POST" | "DELETE";
  path: string;
  body?: unknown;
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 10_000;
const RETRIES = 2;
const BACKOFF_MS = 100;
/** A host that asks for a longer pause is not pressed: the caller gets the error, and the pause in it. */
const PAUSE_MS_MAX = 5_000;

export class Http {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #retries: number;
  /** Proves that a write with the session's cookie comes from a page of the host. */
  csrfToken: string | undefined;

  constructor(options: ClientOptions) {
    this.#base = String(options.baseUrl).replace(/\/+$/, "");
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#retries = options.retries ?? RETRIES;
  }

  /** Sends a call, again where that is safe, and gives the answer's body; `undefined` where it has none. */
  async send(call: Call): Promise<unknown> {
    const repeatable = call.method === "GET" || call.idempotencyKey !== undefined;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        if (attempt >= this.#retries || !mayRepeat(error, repeatable)) throw error;
        const backoffMs = BACKOFF_MS * 2 ** attempt * (1 + Math.random());
        const pauseMs = Math.max(backoffMs, error.retryAfterMs ?? 0);
        if (pauseMs > PAUSE_MS_MAX) throw error;
        await pause(pauseMs, call.signal);
      }
    }
  }

  /** Opens an answer that goes on; the time-out is that of its beginning. Never sent again. */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<{ body: ReadableStream<Uint8Array> }> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#timeoutMs);
    let response: Response;
    let text = "";
    try {
      const init = this.#init({ method: "GET", path });
      const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
      response = await this.#fetch(this.#base + path, { ...init, headers: { ...init.headers, ...headers }, signal: either });
      if (!response.ok) text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.#unreachable(late.signal.aborted ? `no answer within ${this.#timeoutMs} ms` : "no connection", { cause });
    } finally {
      clearTimeout(timer);
    }
    if (response.ok && response.body !== null) return { body: response.body };
    throw problem(response.status, parse(text)) ??
      this.#unreachable(`status ${response.status}, in no form of a countersign host`, { status: response.status });
  }

  async #attempt(call: Call): Promise<unknown> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#base + call.path, { ...this.#init(call), signal });
      text = await response.text();
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw this.#unreachable(
        timeout.aborted ? `no answer within ${this.#timeoutMs} ms` : "no connection",
        { cause },
      );
    }
    if (response.ok && text === "") return undefined;
    const body = parse(text);
    if (response.ok && body !== undefined) return body;
    throw problem(response.status, body) ??
      this.#unreachable(`status ${response.status}, in no form of a countersign host`, { status: response.status });
  }

  #init(call: Call): RequestInit & { headers: Record<string, string> } {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    else if (call.method !== "GET" && this.csrfToken !== undefined) headers["x-csrf-token"] = this.csrfToken;
    if (call.idempotencyKey !== undefined) headers["idempotency-key"] = call.idempotencyKey;
    if (call.body === undefined) return { method: call.method, headers };
    headers["content-type"] = "application/json";
    return { method: call.method, headers, body: JSON.stringify(call.body) };
  }

  #unreachable(detail: string, more: { status?: number; cause?: unknown }): CountersignError {
    const message = `no countersign host answered at ${this.#base}: ${detail}`;
    return new CountersignError("unreachable", message, { help: "check the address, and that the host runs", ...more });
  }
}

/** Waits; an abort ends the wait with the signal's reason. */
export async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, durationMs);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

const PASSING: readonly CountersignCode[] = ["unreachable", "store_busy", "store_lost", "in_flight", "too_many"];

/** Whether the host may take the same call another time: it is away, busy, or at it. */
export function isPassing(error: unknown): error is CountersignError {
  return error instanceof CountersignError && PASSING.includes(error.code);
}

function mayRepeat(error: unknown, repeatable: boolean): error is CountersignError {
  // A host that is asked too much is not asked more; a busy store is known not to have written.
  return isPassing(error) && error.code !== "too_many" && (repeatable || error.code === "store_busy");
}

/** The problem in an answer (RFC 9457), if it is one of a host's. */
function problem(status: number, body: unknown): CountersignError | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const fields = body as Record<string, unknown>;
  const text = (name: string): string | undefined =>
    typeof fields[name] === "string" ? fields[name] : undefined;
  const code = text("code");
  if (code === undefined) return undefined;
  const retryAfterMs = fields["retry_after_ms"];
  return new CountersignError(code as CountersignCode, text("detail") ?? text("title") ?? code, {
    status,
    path: text("path"),
    help: text("help"),
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
