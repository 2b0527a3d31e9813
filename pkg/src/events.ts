/**
 * The host's stream of events: server-sent events over `fetch`, resumed by itself where it breaks.
 *
 * Not `EventSource`, which Node has not and which sends no bearer token.
 */
import { CountersignError } from "./error.js";
import { type CallOptions, type Http, isPassing, pause } from "./http.js";
import type { CaseEvent, MonitorEvent, ProposalEvent } from "./wire.js";

export interface EventsOptions extends CallOptions {
  /** The cursor of the last event that was handled, or `"0"` for everything; the present where none is given. */
  after?: string | undefined;
  /** Only this tenant's events. */
  tenantId?: string | undefined;
}

/**
 * What happened to a case, or to a proposal or an execution of it, or that an alarm was raised:
 * `"proposal_id" in event.data` and `"monitor_id" in event.data` tell them apart.
 */
export type HostEvent = CaseEvent | ProposalEvent | MonitorEvent;

/** An event, and where to go on after it. */
export interface StreamedEvent {
  /** Opaque; keep it once the event is handled, and pass it as `after` to go on from there. */
  cursor: string;
  event: HostEvent;
}

interface Frame {
  id: string | undefined;
  data: string | undefined;
}

const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 30_000;
/** The host gives a sign of life every 15 seconds; after so much silence the connection is dead. */
const SILENCE_MS_MAX = 45_000;

/** Goes on until it is left, aborted, or refused; a host that is away is waited for. */
export async function* streamEvents(http: Http, options: EventsOptions): AsyncGenerator<StreamedEvent, void, undefined> {
  const { signal, tenantId } = options;
  const path = tenantId === undefined ? "/v1/events" : `/v1/events?${new URLSearchParams({ tenant_id: tenantId }).toString()}`;
  let cursor = options.after;
  for (let failures = 0; ; failures += 1) {
    let away: CountersignError | undefined;
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (cursor !== undefined) headers["last-event-id"] = cursor;
      const { body } = await http.open(path, headers, signal);
      for await (const { id, data } of frames(body, signal)) {
        failures = 0;
        cursor = id ?? cursor;
        if (data !== undefined) yield { cursor: cursor ?? "0", event: JSON.parse(data) as HostEvent };
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      away = error;
    }
    const backoffMs = Math.min(BACKOFF_MS * 2 ** failures, BACKOFF_MS_MAX) * (0.5 + Math.random() / 2);
    await pause(Math.max(backoffMs, away?.retryAfterMs ?? 0), signal);
  }
}

/** The blocks of a stream, each complete; what was cut off at its end is left out. */
async function* frames(body: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Frame, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const chunk = await read(reader, signal);
      if (chunk === undefined) return;
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) yield parse(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`silent for ${SILENCE_MS_MAX} ms`)), SILENCE_MS_MAX);
  });
  try {
    return (await Promise.race([reader.read(), silence])).value;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new CountersignError("unreachable", "the stream of events broke", { cause, help: "check that the host runs" });
  } finally {
    clearTimeout(timer);
  }
}

function parse(block: string): Frame {
  const frame: Frame = { id: undefined, data: undefined };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) frame.id = line.slice("id: ".length);
    else if (line.startsWith("data: ")) frame.data = line.slice("data: ".length);
  }
  return frame;
}
