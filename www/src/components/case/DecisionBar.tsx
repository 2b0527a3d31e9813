import type { JSX } from "preact";
import { isOpen } from "../../lib/desk-rules";
import { durationWords } from "../../lib/duration";
import { percentWords } from "../../lib/waterfall";
import { decisionWords, OUTCOME_WORDS, STATE_WORDS, VERDICT_WORDS, wordOf } from "../../lib/words";
import { hostNow, now } from "../../services/clock";
import { currentMe } from "../../services/session";
import type { Case } from "../../services/wire";
import { Bar } from "../common/Bar";
import { Button, DECIDE_KEYS } from "../common/Button";
import { Icon } from "../common/Icon";
import { claim, decideAndNext, decideNow, enterMode, goNext, leaveMode } from "./case-keys";
import { useCase, useDesk } from "./desk-context";
import { nameOf } from "./names";

const WHY_ID = "why-not";
/** A countdown ends at one second, not at none. */
const ROUND_UP_MS = 999;

/** Always at hand: what can be decided, what it is called, and, where nothing can, why. */
export function DecisionBar(): JSX.Element {
  const subject = useCase();
  if (!isOpen(subject)) return <ClosedBar subject={subject} />;
  return <OpenBar />;
}

function OpenBar(): JSX.Element {
  const desk = useDesk();
  const { mode } = desk.text.form.value;
  const whyNot = desk.whyNotDecide.value;
  if (!desk.holding.value) return <UnclaimedBar />;
  const decision = desk.decision.value;
  const missing = decision.complete ? null : decision.missing;
  if (mode === "approve") {
    return (
      <Bar words={desk.text.askedToRead.value ? <ReadFirst /> : <Consequence />}>
        <DecideButtons whyNot={whyNot} missing={missing} />
      </Bar>
    );
  }
  return (
    <Bar words={missing !== null ? <span class={desk.text.asked.value ? "bar__missing" : ""}>{missing}</span> : <Consequence />}>
      <Button look="plain" keyName="Esc" onPress={() => leaveMode(desk)}>
        Cancel
      </Button>
      {/* A press on an incomplete decision shows what is missing, so the button stays alive. */}
      <Button look={mode === "reject" ? "danger" : "primary"} whyNot={whyNot} whyNotId={WHY_ID} onPress={() => void decideNow(desk)}>
        {decision.name}
      </Button>
      <span class="bar__next">
        <Button look="plain" keyName={DECIDE_KEYS} whyNot={whyNot} whyNotId={WHY_ID} onPress={() => void decideAndNext(desk)}>
          and next
        </Button>
      </span>
    </Bar>
  );
}

function UnclaimedBar(): JSX.Element {
  const desk = useDesk();
  const whyNotClaim = desk.whyNotClaim.value;
  const whyNot = desk.whyNotDecide.value ?? "Claim the case to decide.";
  return (
    <Bar words={<span id={WHY_ID}>{whyNotClaim ?? whyNot}</span>} quiet>
      <DecideButtons whyNot={whyNot} missing={null} />
      <Button look="primary" keyName="c" whyNot={whyNotClaim} whyNotId={WHY_ID} onPress={() => void claim(desk)}>
        {desk.claimLost.value ? "Claim again" : "Claim"}
      </Button>
    </Bar>
  );
}

function DecideButtons({ whyNot, missing }: { whyNot: string | null; missing: string | null }): JSX.Element {
  const desk = useDesk();
  const noDraft = (desk.subject.value?.model_draft ?? null) === null;
  return (
    <span class={whyNot === null ? "bar__choices" : "bar__choices bar__choices--off"}>
      <Button look="plain" keyName="w" whyNot={whyNot} whyNotId={WHY_ID} onPress={() => enterMode(desk, "replace")}>
        Answer in own words
      </Button>
      <Button look="plain" keyName="r" whyNot={whyNot} whyNotId={WHY_ID} onPress={() => enterMode(desk, "reject")}>
        Reject
      </Button>
      <Button
        look="plain"
        keyName="e"
        whyNot={whyNot ?? (noDraft ? "There is no draft to edit." : null)}
        {...(whyNot === null ? {} : { whyNotId: WHY_ID })}
        onPress={() => enterMode(desk, "edit")}
      >
        Edit
      </Button>
      <Button
        look={whyNot === null ? "primary" : "plain"}
        icon="check"
        keyName="a"
        whyNot={whyNot ?? missing}
        {...(whyNot === null ? {} : { whyNotId: WHY_ID })}
        onPress={() => void decideNow(desk, "approve")}
      >
        Approve and send the draft
      </Button>
    </span>
  );
}

/** What happens after the press, before it is made. */
function Consequence(): JSX.Element {
  const desk = useDesk();
  const { undo_window_ms } = useCase();
  const why = desk.whyNotDecide.value;
  if (why !== null) return <span id={WHY_ID}>{why}</span>;
  const undo = undo_window_ms > 0 ? `You can undo it for ${durationWords(undo_window_ms)}.` : "It takes effect at once.";
  return (
    <span class="bar__consequence">
      {undo} <span class="bar__chord">{DECIDE_KEYS} decides and goes on.</span>
    </span>
  );
}

/** Said after a press that came too early, until the draft is sent or put aside. */
function ReadFirst(): JSX.Element {
  const seen = useDesk().text.draftSeen.value;
  if (seen >= 1) return <span>The whole draft has been on screen now.</span>;
  return <span class="bar__missing">Read the draft first: {percentWords(seen)} of it has been on screen.</span>;
}

function ClosedBar({ subject }: { subject: Case }): JSX.Element {
  const desk = useDesk();
  const mayUndo = desk.reply.value?.may.undo === true;
  return (
    <Bar words={<ClosedWords subject={subject} />} done>
      {subject.state === "held" && mayUndo && (
        <Button look="plain" icon="undo" keyName="u" whyNot={desk.busy.value === null ? null : "One moment."} onPress={() => void desk.undo()}>
          Undo
        </Button>
      )}
      <Button look="primary" icon="next" keyName="n" onPress={() => void goNext(desk)}>
        Next case
      </Button>
    </Bar>
  );
}

function ClosedWords({ subject }: { subject: Case }): JSX.Element {
  const desk = useDesk();
  const { decision, effective_at } = subject;
  const by = decision === null || decision.decided_by === currentMe()?.principal.principal_id ? "" : ` by ${nameOf(desk.reply.value, decision.decided_by)}`;
  if (subject.state === "held" && decision !== null && effective_at !== null) {
    const left_ms = Date.parse(effective_at) - Math.max(now.value, hostNow());
    return (
      <span class="bar__held">
        <Icon name="check" />
        <span>
          <b>{wordOf(VERDICT_WORDS, decision.verdict)}</b>
          {by}: {wordOf(OUTCOME_WORDS, decision.outcome).toLowerCase()}{" "}
          {left_ms > 0 ? (
            <>
              in <b class="bar__count">{durationWords(left_ms + ROUND_UP_MS)}</b>
            </>
          ) : (
            "now"
          )}
        </span>
      </span>
    );
  }
  const decided = decision === null ? "" : `${by}: ${decisionWords(decision, ", ").toLowerCase()}`;
  return (
    <span class="bar__held">
      <Icon name={subject.state === "resolved" ? "check" : "close"} />
      <span>
        <b>{wordOf(STATE_WORDS, subject.state)}</b>
        {decided}.
      </span>
    </span>
  );
}
