import type { JSX } from "preact";
import { isOpen } from "../../../lib/desk-rules";
import { deadline, durationWords } from "../../../lib/duration";
import { now } from "../../../services/clock";
import { Moment, TimeLeft } from "../../common/Badges";
import { useCase, useDesk } from "../desk-context";
import { RailSection } from "../../common/RailSection";

/** The clock of the case, and that of the claim. */
export function ClockSection(): JSX.Element {
  const desk = useDesk();
  const subject = useCase();
  const { created_at, due_at, closed_at, lease_until } = subject;
  return (
    <RailSection title="Clock">
      {isOpen(subject) ? (
        <>
          <p class="clock__left">
            <TimeLeft createdAt={created_at} dueAt={due_at} />
          </p>
          <Elapsed createdAt={created_at} dueAt={due_at} />
        </>
      ) : (
        <p class="clock__left">{closedWords(due_at, closed_at ?? subject.decision?.decided_at ?? due_at)}</p>
      )}
      <p class="soft clock__ends">
        <span>
          arrived <Moment at={created_at} />
        </span>
        <span>
          due <Moment at={due_at} />
        </span>
      </p>
      {desk.holding.value && lease_until !== null && (
        <p class="soft">
          Your claim lasts another {durationWords(Date.parse(lease_until) - now.value)} and is renewed while you are here.
        </p>
      )}
    </RailSection>
  );
}

function Elapsed({ createdAt, dueAt }: { createdAt: string; dueAt: string }): JSX.Element {
  const start = Date.parse(createdAt);
  const due = Date.parse(dueAt);
  const share = Math.min(1, Math.max(0, (now.value - start) / Math.max(1, due - start)));
  const { urgency } = deadline(start, due, now.value);
  return (
    <svg class={`elapsed elapsed--${urgency}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="elapsed__track" width="100" height="4" />
      <rect class="elapsed__value" width={100 * share} height="4" />
    </svg>
  );
}

function closedWords(dueAt: string, closedAt: string): string {
  const spare_ms = Date.parse(dueAt) - Date.parse(closedAt);
  return spare_ms >= 0 ? `In time, ${durationWords(spare_ms)} before it was due` : `Late by ${durationWords(spare_ms)}`;
}
