import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { ActionBar } from "../components/action/ActionBar";
import { ActionFacts } from "../components/action/ActionFacts";
import { ActionHeader } from "../components/action/ActionHeader";
import { ActionNotices } from "../components/action/ActionNotices";
import { ActionRail } from "../components/action/ActionRail";
import { REJECT_BUTTON_ID, useActionKeys } from "../components/action/action-keys";
import { ActionDeskContext, useActionDesk, useProposal } from "../components/action/desk-context";
import { EditForm } from "../components/action/EditForm";
import { Executions } from "../components/action/Executions";
import { ApprovalNote, DecisionPanel } from "../components/action/Panels";
import { PreviewPart } from "../components/action/PreviewPart";
import { Button } from "../components/common/Button";
import { FaultFace, Loading } from "../components/common/Face";
import { Frame } from "../components/common/Frame";
import { useTitle } from "../components/useTitle";
import { ActionDesk } from "../services/action-desk";
import { holdKeysWhileLoading } from "../services/keys";

/** One proposed action, or a chain of them: what will be done, and the decision about it. */
export function ActionScreen({ proposal_id }: { proposal_id: string }): JSX.Element {
  const [desk] = useState(() => new ActionDesk(proposal_id));
  useLayoutEffect(() => () => desk.close(), [desk]);
  useTitle("Action");
  useEffect(() => window.scrollTo({ top: 0 }), []);
  return (
    <ActionDeskContext.Provider value={desk}>
      <Screen desk={desk} />
    </ActionDeskContext.Provider>
  );
}

function Screen({ desk }: { desk: ActionDesk }): JSX.Element {
  const status = desk.status.value;
  const loading = status.name === "loading";
  // In layout effects, so that the screen that leaves lets go before the one that comes takes hold.
  useLayoutEffect(() => {
    holdKeysWhileLoading(loading);
    return () => holdKeysWhileLoading(false);
  }, [loading]);
  useActionKeys(desk);
  useEffect(() => {
    // Enter on what has the focus must not approve anything.
    if (status.name === "ready") document.getElementById(REJECT_BUTTON_ID)?.focus({ preventScroll: true });
  }, [status.name]);

  if (status.name === "loading") {
    return (
      <main class="case-page">
        <Loading what="the action" lines={10} />
      </main>
    );
  }
  if (status.name === "fault") {
    return (
      <main class="page-face">
        <FaultFace
          whole
          fault={status.fault}
          actions={
            <>
              <Button look="primary" onPress={() => desk.retry()}>
                Try again
              </Button>
              <a class="button button--plain" href="#/actions">
                Go to the actions
              </a>
            </>
          }
        />
      </main>
    );
  }
  return <ActionBody />;
}

function ActionBody(): JSX.Element {
  const desk = useActionDesk();
  const editing = desk.form.value.mode === "edit";
  return (
    <div class="case">
      <ActionHeader />
      <div class="case__columns case__columns--action">
        <main class="case__main" id="main" tabIndex={-1}>
          <ActionNotices />
          <Executions />
          {editing && <EditForm />}
          <ActionFacts />
          <PreviewPart />
          <DecisionPanel />
          <ApprovalNote />
        </main>
        <ActionRail />
        <Summary />
      </div>
      <ActionBar />
    </div>
  );
}

/** The agent's own words, last and apart: nobody decides from these. */
function Summary(): JSX.Element | null {
  const { summary } = useProposal();
  if (summary === null) return null;
  return (
    <section class="part case__last" aria-labelledby="summary-title">
      <div class="part__head">
        <h2 id="summary-title">What the agent says of it</h2>
        <span class="soft">not checked by anybody; decide from the facts above</span>
      </div>
      <Frame author="model" source="Written by the agent" text={summary} />
    </section>
  );
}
