import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { CaseActions } from "../components/case/CaseActions";
import { CaseHeader } from "../components/case/CaseHeader";
import { CaseNotices } from "../components/case/CaseNotices";
import { Conversation } from "../components/case/Conversation";
import { Corrections } from "../components/case/Corrections";
import { DecidedCard } from "../components/case/DecidedCard";
import { DecisionBar } from "../components/case/DecisionBar";
import { DeskContext, useDesk } from "../components/case/desk-context";
import { Draft } from "../components/case/Draft";
import { EvidenceList } from "../components/case/EvidenceList";
import { MoveDialog } from "../components/case/MoveDialog";
import { ProposedActions, ToolResults } from "../components/case/Tools";
import { Rail } from "../components/case/Rail";
import { useCaseKeys } from "../components/case/case-keys";
import { Button } from "../components/common/Button";
import { FaultFace, Loading } from "../components/common/Face";
import { useTitle } from "../components/useTitle";
import { CaseDesk } from "../services/case-desk";
import { holdKeysWhileLoading } from "../services/keys";
import { takeClaimWish } from "../services/open-case";

/** One case on one screen: everything a decision needs, and the decision. */
export function CaseScreen({ case_id }: { case_id: string }): JSX.Element {
  const [desk] = useState(() => new CaseDesk(case_id));
  // At once: the work must be saved, and the heartbeat must end, before the next case asks for anything.
  useLayoutEffect(() => () => desk.close(), [desk]);
  useTitle("Case");
  useEffect(() => window.scrollTo({ top: 0 }), []);
  return (
    <DeskContext.Provider value={desk}>
      <Screen desk={desk} />
    </DeskContext.Provider>
  );
}

function Screen({ desk }: { desk: CaseDesk }): JSX.Element {
  const status = desk.status.value;
  const loading = status.name === "loading";
  // In layout effects, so that the case that leaves lets go before the one that comes takes hold.
  useLayoutEffect(() => {
    holdKeysWhileLoading(loading);
    return () => holdKeysWhileLoading(false);
  }, [loading]);
  useCaseKeys(desk);
  useEffect(() => {
    if (status.name !== "ready" || !takeClaimWish(desk.case_id)) return;
    if (desk.whyNotClaim.peek() === null) void desk.claim();
  }, [status.name]);

  if (status.name === "loading") {
    return (
      <main class="case-page">
        <Loading what="the case" lines={10} />
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
              <a class="button button--plain" href="#/inbox">
                Go to the inbox
              </a>
            </>
          }
        />
      </main>
    );
  }
  return <CaseBody />;
}

function Moves(): JSX.Element | null {
  const desk = useDesk();
  const moving = desk.moving.value;
  if (moving === null) return null;
  return <MoveDialog first={moving === "any" ? null : moving} onClose={() => (desk.moving.value = null)} />;
}

function CaseBody(): JSX.Element {
  return (
    <div class="case">
      <CaseHeader />
      <div class="case__columns">
        <main class="case__main" id="main" tabIndex={-1}>
          <CaseNotices />
          <DecidedCard />
          <Conversation />
          <Draft />
          <EvidenceList />
          <ToolResults />
          <ProposedActions />
          <CaseActions />
          <Corrections />
        </main>
        <Rail />
      </div>
      <DecisionBar />
      <Moves />
    </div>
  );
}
