import type { ErrorCode } from "./wire.js";

/**
 * The codes of the core and the host, and one of this package's own.
 *
 * `unreachable`: no countersign host answered. There was no connection, no answer in time, or an
 * answer that is none of the host's, such as a proxy's error page. Whether the host acted is unknown.
 * Also: a browser could not fetch the module.
 */
export type CountersignCode = ErrorCode | "unreachable";

/** What goes with a code; each is `undefined` where there is none. */
export interface CountersignErrorDetails {
  path?: string | undefined;
  help?: string | undefined;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/**
 * The one error that this package throws. Its message says what is wrong, `code` says so for programs.
 *
 * Only an aborted call throws something else: the reason of the signal that aborted it.
 */
export class CountersignError extends Error {
  override readonly name = "CountersignError";
  /** Stable; a host that is newer than this package may send others. */
  readonly code: CountersignCode;
  /** JSON Pointer to the fault. */
  readonly path: string | undefined;
  /** What to do. */
  readonly help: string | undefined;
  /** HTTP status, where a host or something before it answered. */
  readonly status: number | undefined;
  /** When to try again, in milliseconds from the answer. */
  readonly retryAfterMs: number | undefined;

  constructor(code: CountersignCode, message: string, details: CountersignErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.help = details.help;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}
