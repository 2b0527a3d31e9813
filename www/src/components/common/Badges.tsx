import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { clockWords, deadline } from "../../lib/duration";
import { RISK_WORDS, wordOf } from "../../lib/words";
import { now } from "../../services/clock";

/** A risk level: a filled scale and the word, so that it can be read without colour. */
export function RiskBadge({ level }: { level: string }): JSX.Element {
  return (
    <span class={`risk risk--${level}`}>
      <span class="risk__scale" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      {wordOf(RISK_WORDS, level).replace(/ risk$/, "")}
      <span class="heard-only"> risk</span>
    </span>
  );
}

/** The time to a deadline in words; it updates itself without redrawing what is around it. */
export function TimeLeft({ createdAt, dueAt }: { createdAt: string; dueAt: string }): JSX.Element {
  const createdAtMs = Date.parse(createdAt);
  const dueAtMs = Date.parse(dueAt);
  const words = useComputed(() => deadline(createdAtMs, dueAtMs, now.value).words);
  const look = useComputed(() => `time-left time-left--${deadline(createdAtMs, dueAtMs, now.value).urgency}`);
  return (
    <time class={look} dateTime={dueAt}>
      {words}
    </time>
  );
}

/** A moment on the reader's clock; the whole date is in its title. */
export function Moment({ at }: { at: string }): JSX.Element {
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={new Date(atMs).toLocaleString()}>
      {clockWords(atMs, now.peek())}
    </time>
  );
}
