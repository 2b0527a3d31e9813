import type { JSX } from "preact";
import { movesOf } from "../../lib/case-moves";
import { sentenceCase, STATE_WORDS, wordOf } from "../../lib/words";
import { inbox } from "../../services/inbox";
import { queueTitle } from "../../services/queues";
import { inboxAddress } from "../../services/router";
import { currentMe } from "../../services/session";
import { RiskBadge, TimeLeft } from "../common/Badges";
import { Button } from "../common/Button";
import { Icon } from "../common/Icon";
import { VisibleLine } from "../common/VisibleText";
import { showKeys } from "../GlobalKeys";
import { goNext } from "./case-keys";
import { useCase, useDesk } from "./desk-context";
import { nameOf } from "./names";
import { SaveWords } from "./SaveWords";
import { isOpen } from "../../lib/desk-rules";

/** What this case is, whose it is, and the way out. */
export function CaseHeader(): JSX.Element {
  const desk = useDesk();
  const subject = useCase();
  const open = isOpen(subject);
  const reply = desk.reply.value;
  const moves = reply !== null && movesOf(reply, desk.holding.value).length > 0;
  return (
    <header class="case-head">
      <a class="button button--quiet case-head__back" href={inboxAddress(inbox.filter.value)} aria-label="Back to the inbox">
        <Icon name="back" />
        <span class="button__label">Inbox</span>
      </a>
      <div class="case-head__title">
        <h1>{queueTitle(subject.queue) ?? sentenceCase(subject.queue)}</h1>
        <code class="case-head__id">
          <VisibleLine text={subject.case_id} />
        </code>
      </div>
      <div class="case-head__facts">
        <RiskBadge level={subject.risk_level} />
        {open && subject.paused_at === null && <TimeLeft createdAt={subject.created_at} dueAt={subject.due_at} />}
        {open && subject.paused_at !== null && <span class="soft">clock stands still</span>}
        <span class="case-head__holder">{holderWords(desk.holding.value, subject.state, subject.leased_by, () => nameOf(desk.reply.value, subject.leased_by))}</span>
        {desk.holding.value && <SaveWords />}
      </div>
      <div class="case-head__actions">
        {desk.holding.value && (
          <Button look="quiet" onPress={() => void desk.release()}>
            Give back
          </Button>
        )}
        <Button look="quiet" keyName="m" whyNot={moves ? null : "Nothing else can be done with this case now."} onPress={() => (desk.moving.value = "any")}>
          More
        </Button>
        <Button look="quiet" icon="next" keyName="n" onPress={() => void goNext(desk)}>
          Next
        </Button>
        <span class="case-head__keys">
          <Button look="quiet" icon="keys" keyName="?" label="Keys" onPress={showKeys}>
            {""}
          </Button>
        </span>
      </div>
    </header>
  );
}

function holderWords(holding: boolean, state: string, leasedBy: string | null, name: () => string): string {
  if (holding) return "Yours";
  if (state === "leased" && leasedBy !== null) {
    return leasedBy === currentMe()?.principal.principal_id ? "Yours until a moment ago" : `With ${name()}`;
  }
  return wordOf(STATE_WORDS, state);
}
