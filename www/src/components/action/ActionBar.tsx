import type { JSX } from "preact";
import { progressWords, proposalStateWords } from "../../lib/action-words";
import { isLive } from "../../lib/action-rules";
import { missingCount } from "../../lib/approvals";
import { durationWords } from "../../lib/duration";
import { percentWords } from "../../lib/waterfall";
import { hostNow, now } from "../../services/clock";
import { Bar } from "../common/Bar";
import { Button, DECIDE_KEYS } from "../common/Button";
import { Icon } from "../common/Icon";
import { decideAction, decideAndNext, enter, goNextAction, leaveMode, REJECT_BUTTON_ID } from "./action-keys";
import { useActionDesk, useActionReply } from "./desk-context";

const WHY_ID = "why-not";
/** A countdown ends at one second, not at none. */
const ROUND_UP_MS = 999;

/** Always at hand: what can be decided, what it is called, and, where nothing can, why. */
export function ActionBar(): JSX.Element {
  const desk = useActionDesk();
  const { proposal } = useActionReply();
  const { mode } = desk.form.value;
  if (mode !== "approve") return <ModeBar />;
  if (proposal.state === "pending" || proposal.state === "previewing") return <ChoiceBar />;
  return <DoneBar />;
}

/** Nothing is begun yet: the ways to decide beside each other, the harmless ones first. */
function ChoiceBar(): JSX.Element {
  const desk = useActionDesk();
  const { proposal, may } = useActionReply();
  const whyNot = desk.whyNot("approve");
  const off = whyNot !== null && desk.whyNot("reject") !== null && desk.whyNot("edit") !== null;
  const name = desk.decision.value?.name ?? "Approve";
  return (
    <Bar words={whyNot === null ? <Consequence /> : <span id={WHY_ID}>{whyNot}</span>} quiet={whyNot !== null}>
      <span class={off ? "bar__choices bar__choices--off" : "bar__choices"}>
        <Button look="plain" keyName="w" whyNot={desk.whyNot("reject")} onPress={() => enter(desk, "respond")}>
          Respond
        </Button>
        <Button look="plain" keyName="e" whyNot={desk.whyNot("edit")} onPress={() => enter(desk, "edit")}>
          Edit
        </Button>
        <Button id={REJECT_BUTTON_ID} look="plain" keyName="r" whyNot={desk.whyNot("reject")} onPress={() => enter(desk, "reject")}>
          Reject
        </Button>
        <Button
          look={whyNot === null ? "primary" : "plain"}
          icon="check"
          keyName="a"
          whyNot={whyNot}
          {...(whyNot === null ? {} : { whyNotId: WHY_ID })}
          onPress={() => void decideAction(desk, "approve")}
        >
          {name}
        </Button>
      </span>
      {may.withdraw && isLive(proposal) && (
        <Button look="plain" onPress={() => enter(desk, "withdraw")}>
          Withdraw
        </Button>
      )}
      {off && (
        <Button look="primary" icon="next" keyName="n" onPress={() => void goNextAction(desk)}>
          Next action
        </Button>
      )}
    </Bar>
  );
}

/** One way is chosen: what is missing, or what is done with the press. */
function ModeBar(): JSX.Element {
  const desk = useActionDesk();
  const { mode } = desk.form.value;
  const decision = desk.decision.value;
  const whyNot = desk.whyNot(mode === "respond" ? "reject" : mode);
  const missing = decision?.complete === false ? decision.missing : null;
  const words = whyNot ?? missing;
  return (
    <Bar words={words === null ? <ModeWords /> : <span id={WHY_ID} class={desk.asked.value && whyNot === null ? "bar__missing" : ""}>{words}</span>}>
      <Button look="plain" onPress={() => leaveMode(desk)}>
        Cancel
      </Button>
      {/* A press on an incomplete decision shows what is missing, so the button stays alive. */}
      <Button look={mode === "edit" ? "primary" : "danger"} whyNot={whyNot} whyNotId={WHY_ID} onPress={() => void decideAction(desk)}>
        {decision?.name ?? ""}
      </Button>
      {mode !== "edit" && (
        <span class="bar__next">
          <Button look="plain" keyName={DECIDE_KEYS} whyNot={whyNot} whyNotId={WHY_ID} onPress={() => void decideAndNext(desk)}>
            and next
          </Button>
        </span>
      )}
    </Bar>
  );
}

function ModeWords(): JSX.Element {
  const { mode } = useActionDesk().form.value;
  switch (mode) {
    case "edit":
      return <span>The edit takes the place of this proposal, and is approved anew.</span>;
    case "revoke":
      return <span>Who proposed it is told.</span>;
    default:
      return <span>Nothing is done, and this cannot be undone.</span>;
  }
}

/** What happens after the press, before it is made. */
function Consequence(): JSX.Element {
  const desk = useActionDesk();
  const { proposal } = useActionReply();
  if (desk.askedToRead.value) {
    if (desk.seen.value >= 1) return <span>All of it has been on screen now.</span>;
    return <span class="bar__missing">Read what will be done first: {percentWords(desk.seen.value)} of it has been on screen.</span>;
  }
  const left = missingCount(proposal);
  const undo = proposal.undo_window_ms > 0 ? `You can undo it for ${durationWords(proposal.undo_window_ms)}.` : "It takes effect at once.";
  return (
    <span class="bar__consequence">
      {left > 1 ? `After you, ${left - 1 === 1 ? "one more person" : `${left - 1} more people`} must approve.` : undo}{" "}
      <span class="bar__chord">{DECIDE_KEYS} approves and goes on.</span>
    </span>
  );
}

function DoneBar(): JSX.Element {
  const desk = useActionDesk();
  const { proposal, executions, may } = useActionReply();
  const busy = desk.whyNot("undo");
  const finished = executions.length > 0 && executions.every(({ state }) => ["succeeded", "failed", "cancelled"].includes(state));
  const good = proposal.state === "approved" || (proposal.state === "consumed" && executions.every(({ state }) => state !== "failed" && state !== "unknown"));
  const effective_ms = proposal.effective_at === null ? null : Date.parse(proposal.effective_at) - Math.max(now.value, hostNow());
  return (
    <Bar
      done
      words={
        <span class={good ? "bar__held" : "bar__held bar__held--not"}>
          <Icon name={good ? "check" : proposal.state === "consumed" ? "alert" : "close"} />
          <span>
            <b>{proposalStateWords(proposal)}</b>
            {proposal.state === "approved" && effective_ms !== null && effective_ms > 0 && (
              <>
                : takes effect in <b class="bar__count">{durationWords(effective_ms + ROUND_UP_MS)}</b>
              </>
            )}
            {proposal.state === "approved" && (effective_ms === null || effective_ms <= 0) && ": not executed yet"}
            {proposal.state === "consumed" && `: ${progressWords(executions.map(({ state }) => state)) ?? "under way"}`}
          </span>
        </span>
      }
    >
      {may.undo && proposal.state === "approved" && (
        <Button look="plain" icon="undo" keyName="u" whyNot={busy} onPress={() => void desk.undo()}>
          Undo
        </Button>
      )}
      {may.revoke && !finished && (
        <Button look="plain" onPress={() => enter(desk, "revoke")}>
          {proposal.state === "consumed" ? "Ask to stop it" : "Revoke"}
        </Button>
      )}
      {may.withdraw && isLive(proposal) && (
        <Button look="plain" onPress={() => enter(desk, "withdraw")}>
          Withdraw
        </Button>
      )}
      <Button look="primary" icon="next" keyName="n" onPress={() => void goNextAction(desk)}>
        Next action
      </Button>
    </Bar>
  );
}
