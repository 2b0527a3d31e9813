/**
 * News from the host, as they happen: one stream for the whole page, open while somebody looks at it.
 *
 * News only say that something is to be read again; what is on screen always comes from the same calls.
 * While there is no stream, everything is polled as if there never were one.
 */
import { effect, signal } from "@preact/signals";
import { type Poll, poll } from "./poll";
import { session } from "./session";
import type { CaseEvent, HostEvent, MonitorEvent, ProposalEvent } from "./wire";

/** Whether news arrive by themselves. */
export const live = signal(false);

/** With news, polling only catches what time alone changes. */
const LIVE_POLL_MS = 30_000;
/** One change often comes as several events: they are answered with one call. */
const GATHER_MS = 150;
/** However much happens, the host is not asked more often than this. */
const REST_MS = 1_500;
const REOPEN_MS = 5_000;
const REOPEN_MS_MAX = 60_000;

/** Hears of an event, or of `null`: the stream began, broke, or may have left something out. */
type Listener = (event: HostEvent | null) => void;

const listeners = new Set<Listener>();

/** Polls at once when something happened that concerns the task; `interval_ms` holds where there are no news. */
export function pollLive(
  task: () => Promise<boolean>,
  interval_ms: () => number,
  concerns: (event: HostEvent) => boolean = () => true,
): Poll {
  const poller = poll(task, () => (live.peek() ? Math.max(interval_ms(), LIVE_POLL_MS) : interval_ms()));
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let asked_at = 0;
  const hear: Listener = (event) => {
    if (gathering !== undefined || (event !== null && !concerns(event))) return;
    gathering = setTimeout(() => {
      gathering = undefined;
      asked_at = Date.now();
      poller.now();
    }, Math.max(GATHER_MS, asked_at + REST_MS - Date.now()));
  };
  listeners.add(hear);
  return {
    now: poller.now,
    stop: () => {
      listeners.delete(hear);
      clearTimeout(gathering);
      poller.stop();
    },
  };
}

/** Whether an event changes a row or a count: a sign of life or saved work does not. */
export function showsInLists({ type }: HostEvent): boolean {
  return !type.endsWith(".lease_extended") && !type.endsWith(".work_saved");
}

export function isOfProposal(event: HostEvent): event is ProposalEvent {
  return "proposal_id" in event.data;
}

export function isOfMonitor(event: HostEvent): event is MonitorEvent {
  return "monitor_id" in event.data;
}

export function isOfCase(event: HostEvent): event is CaseEvent {
  return !isOfProposal(event) && !isOfMonitor(event);
}

/** Keeps the stream open while somebody is signed in and looks: a hidden page needs none of a browser's few connections. */
export function startLive(): () => void {
  if (typeof EventSource === "undefined") return () => undefined;
  let source: EventSource | null = null;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let reopen_ms = REOPEN_MS;

  const wanted = (): boolean => session.peek().status === "signed_in" && document.visibilityState === "visible";
  const close = (): void => {
    clearTimeout(reopening);
    source?.close();
    source = null;
    setLive(false);
  };
  const open = (): void => {
    clearTimeout(reopening);
    if (source !== null || !wanted()) return;
    const opened = new EventSource("/v1/events");
    source = opened;
    opened.onopen = () => {
      reopen_ms = REOPEN_MS;
      setLive(true);
      // What happened between the last look and now was not on this stream.
      tell(null);
    };
    opened.onmessage = ({ data }: MessageEvent<string>) => tell(JSON.parse(data) as HostEvent);
    opened.onerror = () => {
      setLive(false);
      // The browser comes back by itself from a break, not from a refusal.
      if (opened.readyState !== EventSource.CLOSED) return;
      close();
      reopening = setTimeout(open, reopen_ms);
      reopen_ms = Math.min(reopen_ms * 2, REOPEN_MS_MAX);
    };
  };
  const follow = (): void => (wanted() ? open() : close());
  const unfollow = effect(() => {
    void session.value;
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  return () => {
    unfollow();
    document.removeEventListener("visibilitychange", follow);
    close();
  };
}

function setLive(value: boolean): void {
  if (live.peek() === value) return;
  live.value = value;
  if (!value) tell(null);
}

function tell(event: HostEvent | null): void {
  for (const hear of listeners) hear(event);
}
