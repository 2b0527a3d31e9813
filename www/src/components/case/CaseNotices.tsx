import type { JSX } from "preact";
import { isOpen } from "../../lib/desk-rules";
import { momentWords } from "../../lib/duration";
import { now } from "../../services/clock";
import { currentMe } from "../../services/session";
import { caseAddress } from "../../services/router";
import { undoFault } from "../../services/undoables";
import { Button } from "../common/Button";
import { Copy } from "../common/Copy";
import { Notice } from "../common/Notice";
import { VisibleLine } from "../common/VisibleText";
import { writtenText } from "../../lib/work-form";
import { claim } from "./case-keys";
import { useCase, useDesk } from "./desk-context";
import { nameOf } from "./names";
import { StandNotices } from "./StandNotices";

/** What happened to the case while the reviewer was on it, each with a way on. */
export function CaseNotices(): JSX.Element {
  return (
    <>
      <ProblemNotice />
      <ClaimNotice />
      <OfferedNotice />
      <DraftNotice />
      <TurnedNotice />
      <MergedNotice />
      <StandNotices />
    </>
  );
}

function ProblemNotice(): JSX.Element | null {
  const desk = useDesk();
  const fault = desk.problem.value ?? undoFault.value;
  // A lost claim has its own notice, which can do something about it.
  if (fault === null || fault.kind === "lease_lost" || fault.kind === "session_ended") return null;
  const unsure = fault.kind === "offline";
  return (
    <Notice
      tone="bad"
      title={unsure ? "No answer from the host" : fault.title}
      actions={
        <Button look="quiet" onPress={() => desk.dismissProblem()}>
          Dismiss
        </Button>
      }
    >
      {unsure ? "It is not known whether this arrived. Trying again is safe: it will be done once." : fault.detail}
    </Notice>
  );
}

function ClaimNotice(): JSX.Element | null {
  const desk = useDesk();
  const subject = useCase();
  if (!desk.claimLost.value || !isOpen(subject)) return null;
  const holder = subject.state === "leased" && subject.leased_by !== currentMe()?.principal.principal_id;
  return (
    <Notice
      tone="warn"
      title="Your claim on this case has ended"
      actions={
        <>
          <Button look="primary" whyNot={desk.whyNotClaim.value} onPress={() => void claim(desk)}>
            Claim again
          </Button>
          <CopyWritten />
        </>
      }
    >
      Your text is kept as you left it.{" "}
      {holder ? `${nameOf(desk.reply.value, subject.leased_by)} holds the case now.` : "Claim the case again to go on."}
    </Notice>
  );
}

function OfferedNotice(): JSX.Element | null {
  const desk = useDesk();
  const offered = desk.text.offered.value;
  if (offered === null) return null;
  return (
    <Notice
      tone="info"
      icon="edit"
      title={`${nameOf(desk.reply.value, offered.by)} started on this case`}
      actions={
        <>
          <Button whyNot={desk.holding.value ? null : "Claim the case first."} onPress={() => desk.takeOffered()}>
            Go on from there
          </Button>
          <Button look="quiet" onPress={() => (desk.text.offered.value = null)}>
            Start fresh
          </Button>
        </>
      }
    >
      Their work was saved {momentWords(Date.parse(offered.saved_at), now.value)}.
    </Notice>
  );
}

function DraftNotice(): JSX.Element | null {
  const desk = useDesk();
  if (!desk.text.draftReplaced.value) return null;
  return (
    <Notice
      tone="warn"
      title="The draft is not the one you started from"
      actions={
        <Button look="quiet" onPress={() => (desk.text.draftReplaced.value = false)}>
          I have seen it
        </Button>
      }
    >
      Read the new draft before you decide. Your text is kept.
    </Notice>
  );
}

/** The case ended by another hand while the reviewer had text of their own. */
function TurnedNotice(): JSX.Element | null {
  const desk = useDesk();
  const subject = useCase();
  const me = currentMe()?.principal.principal_id;
  if (isOpen(subject) || subject.decision?.decided_by === me) return null;
  if (writtenText(desk.text.form.value, subject.model_draft) === null) return null;
  const who = subject.decision === null ? null : nameOf(desk.reply.value, subject.decision.decided_by);
  const title = who === null ? "The case ended while you were writing" : `${who} decided this case`;
  return (
    <Notice tone="warn" title={title} actions={<CopyWritten />}>
      Your text was not sent. You can still copy it.
    </Notice>
  );
}

/** A duplicate points to the case that goes on. */
function MergedNotice(): JSX.Element | null {
  const { merged_into } = useCase();
  if (merged_into === null) return null;
  return (
    <Notice tone="info" title="This case was a duplicate">
      It goes on in{" "}
      <a href={caseAddress(merged_into)}>
        <VisibleLine text={merged_into} />
      </a>
      .
    </Notice>
  );
}

function CopyWritten(): JSX.Element | null {
  const desk = useDesk();
  const text = writtenText(desk.text.form.value, desk.subject.value?.model_draft ?? null);
  return text === null ? null : <Copy text={text} label="Copy my text" />;
}
