import type { JSX } from "preact";
import { isLive } from "../../lib/action-rules";
import { proposalStateWords, titlesWords } from "../../lib/action-words";
import { actions } from "../../services/actions";
import { actionsAddress } from "../../services/router";
import { RiskBadge, TimeLeft } from "../common/Badges";
import { Button } from "../common/Button";
import { Icon } from "../common/Icon";
import { VisibleLine } from "../common/VisibleText";
import { showKeys } from "../GlobalKeys";
import { goNextAction } from "./action-keys";
import { useActionDesk, useProposal } from "./desk-context";

/** What is proposed, where it stands, and the way out. */
export function ActionHeader(): JSX.Element {
  const desk = useActionDesk();
  const proposal = useProposal();
  return (
    <header class="case-head">
      <a class="button button--quiet case-head__back" href={actionsAddress(actions.filter.value)} aria-label="Back to the actions">
        <Icon name="back" />
        <span class="button__label">Actions</span>
      </a>
      <div class="case-head__title">
        <h1>{titlesWords(proposal.gate.actions.map(({ title, entry, tool }) => (entry === null ? tool : title)))}</h1>
        <code class="case-head__id">
          <VisibleLine text={proposal.proposal_id} />
        </code>
      </div>
      <div class="case-head__facts">
        <RiskBadge level={proposal.required.tier} />
        {isLive(proposal) && <TimeLeft createdAt={proposal.created_at} dueAt={proposal.expires_at} />}
        <span class="case-head__holder">{proposalStateWords(proposal)}</span>
      </div>
      <div class="case-head__actions">
        <Button look="quiet" icon="next" keyName="n" onPress={() => void goNextAction(desk)}>
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
