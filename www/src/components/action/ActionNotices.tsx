import type { JSX } from "preact";
import { writtenAction } from "../../lib/action-form";
import { isLive } from "../../lib/action-rules";
import { differences } from "../../lib/argument-rows";
import { asSentence, plural } from "../../lib/words";
import { actionAddress } from "../../services/router";
import { currentMe } from "../../services/session";
import { undoFault } from "../../services/undoables";
import type { Proposal } from "../../services/wire";
import { Moment } from "../common/Badges";
import { Button } from "../common/Button";
import { Copy } from "../common/Copy";
import { Frame } from "../common/Frame";
import { Notice } from "../common/Notice";
import { VisibleLine } from "../common/VisibleText";
import { useActionDesk, useActionReply, useProposal } from "./desk-context";
import { Differences } from "./Differences";

/** What happened to the action while the reviewer was on it, each with a way on. */
export function ActionNotices(): JSX.Element {
  return (
    <>
      <ProblemNotice />
      <EndNotice />
      <VotedNotice />
      <EditedNotice />
      <TurnedNotice />
    </>
  );
}

function ProblemNotice(): JSX.Element | null {
  const desk = useActionDesk();
  const fault = desk.problem.value ?? undoFault.value;
  if (fault === null || fault.kind === "session_ended") return null;
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

const END_TITLES: Readonly<Partial<Record<Proposal["state"], string>>> = {
  rejected: "Rejected: nothing was done",
  expired: "Expired: nothing was done",
  withdrawn: "Withdrawn: nothing was done",
  superseded: "Edited: another proposal stands in the place of this one",
  void: "Void: what was proposed does not hold any more",
  revoked: "The approval was revoked: nothing was done",
};

/** Why nothing more comes of it, and where it went on. */
function EndNotice(): JSX.Element | null {
  const { proposal } = useActionReply();
  const title = END_TITLES[proposal.state];
  if (title === undefined) return null;
  const { closing, superseded_by } = proposal;
  return (
    <>
      <Notice
        tone={superseded_by === null ? "warn" : "info"}
        title={title}
        {...(superseded_by === null
          ? {}
          : {
              actions: (
                <a class="button button--primary" href={actionAddress(superseded_by)}>
                  Open the one in its place
                </a>
              ),
            })}
      >
        {closing !== null && (
          <p>
            {closing.by === null ? "The policy or the host’s clock" : <VisibleLine text={closing.by.name} />}, <Moment at={closing.closed_at} />:{" "}
            <VisibleLine text={asSentence(closing.reason)} />
          </p>
        )}
      </Notice>
      {closing?.message !== undefined && closing.message !== null && (
        <Frame author="reviewer" source={`Told to the agent by ${closing.by?.name ?? "a reviewer"}`} text={closing.message} />
      )}
    </>
  );
}

function VotedNotice(): JSX.Element | null {
  const { votes, state } = useProposal();
  const me = currentMe()?.principal.principal_id;
  const mine = votes.find(({ by }) => by.principal_id === me);
  if (mine === undefined || state !== "pending") return null;
  return (
    <Notice tone="good" title="You have approved this">
      Others must approve it too before anything is done.
    </Notice>
  );
}

/** What this proposal changed in the one before it, and whether its author may approve it. */
function EditedNotice(): JSX.Element | null {
  const desk = useActionDesk();
  const proposal = useProposal();
  if (proposal.supersedes === null) return null;
  const earlier = desk.earlier.value?.proposal ?? null;
  const changed = earlier === null ? null : differences(earlier.actions, proposal.actions);
  const me = currentMe()?.principal.principal_id;
  const author = proposal.authors.at(-1);
  const mine = proposal.authors.find(({ principal_id }) => principal_id === me);
  const by = author === undefined ? null : author.principal_id === me ? "you" : nameOf(earlier, author.principal_id);
  return (
    <section class="part edited" aria-labelledby="edited-title">
      <div class="part__head">
        <h2 id="edited-title">{changed?.length === 0 ? "Renewed" : "Edited"} from an earlier proposal</h2>
        <a href={actionAddress(proposal.supersedes)}>Open that one</a>
      </div>
      {changed !== null && changed.length > 0 && (
        <>
          <p class="soft">
            {plural(changed.length, "argument")} changed
            {by !== null && (
              <>
                {" "}
                by <VisibleLine text={by} />
              </>
            )}
            . Approvals of the earlier one do not count here.
          </p>
          <Differences changes={changed} chain={proposal.actions.length > 1} />
        </>
      )}
      {mine !== undefined && isLive(proposal) && (
        <p class="edited__right">
          {mine.may_approve
            ? "You may approve what you edited: little is at stake, and neither tool nor amount nor target changed."
            : "You edited what it does, or to whom: another person has to approve it."}
        </p>
      )}
    </section>
  );
}

/** It ended by another hand while the reviewer had written something. */
function TurnedNotice(): JSX.Element | null {
  const desk = useActionDesk();
  const proposal = useProposal();
  if (isLive(proposal)) return null;
  const text = writtenAction(desk.form.value, proposal);
  if (text === null) return null;
  return (
    <Notice tone="warn" title="It ended while you were writing" actions={<Copy text={text} label="Copy what I wrote" />}>
      What you wrote was not sent. It is kept in this tab, and you can copy it.
    </Notice>
  );
}

function nameOf(earlier: Proposal | null, principal_id: string): string {
  const by = earlier?.closing?.by;
  return by?.principal_id === principal_id ? by.name : principal_id;
}
