import type { JSX } from "preact";
import { clockStands, nextMarkWords, reviewWords } from "../../lib/clock-words";
import { hasUnseenTurns, isOpen } from "../../lib/desk-rules";
import { clockWords, momentWords } from "../../lib/duration";
import { now } from "../../services/clock";
import { currentMe } from "../../services/session";
import { Button } from "../common/Button";
import { Notice } from "../common/Notice";
import { VisibleLine } from "../common/VisibleText";
import { useCase, useDesk } from "./desk-context";
import { nameOf } from "./names";

/** How the case stands besides its state: who waits for what, and what the clock does next. */
export function StandNotices(): JSX.Element | null {
  const desk = useDesk();
  const subject = useCase();
  if (!isOpen(subject)) return null;
  const review = desk.reply.value?.review;
  const votes = review === undefined ? null : reviewWords(review);
  const mark = nextMarkWords(subject, now.value);
  const other = subject.assigned_to !== null && subject.assigned_to !== currentMe()?.principal.principal_id;
  return (
    <>
      {hasUnseenTurns(subject, desk.seenRevision.value) && (
        <Notice
          tone="warn"
          title="The user wrote again, and the draft does not know it"
          actions={
            <Button look="primary" onPress={() => desk.markTurnsSeen()}>
              I have read it
            </Button>
          }
        >
          It stands at the end of the conversation. Nothing can be decided before you have read it.
        </Notice>
      )}
      {subject.waiting !== null && (
        <Notice tone="info" title={clockStands(subject) ? "The customer was asked; the clock stands still" : "The customer is being asked"}>
          <VisibleLine text={subject.waiting.question} /> An answer is waited for until {clockWords(Date.parse(subject.waiting.until), now.value)}.
        </Notice>
      )}
      {subject.deferred_until !== null && (
        <Notice tone="info" title={`Put off until ${clockWords(Date.parse(subject.deferred_until), now.value)}`}>
          It comes back to the queue {momentWords(Date.parse(subject.deferred_until), now.value)}.
        </Notice>
      )}
      {other && <Notice tone="info" title={`Assigned to ${nameOf(desk.reply.value, subject.assigned_to)}`} />}
      {votes !== null && <Notice tone="info" title={votes} />}
      {mark !== null && <p class="soft case-clock">{mark}</p>}
    </>
  );
}
