import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ActionScreen } from "../routes/ActionScreen";
import { Actions } from "../routes/Actions";
import { CaseScreen } from "../routes/CaseScreen";
import { Inbox } from "../routes/Inbox";
import { Policy } from "../routes/Policy";
import { SignIn } from "../routes/SignIn";
import { Unknown } from "../routes/Unknown";
import { Workflow } from "../routes/Workflow";
import { watchOpenActions } from "../services/actions";
import { announcement } from "../services/announce";
import { watchQueues } from "../services/queues";
import { leaveSignIn, route } from "../services/router";
import { reachable, session } from "../services/session";
import { Loading } from "./common/Face";
import { GlobalKeys } from "./GlobalKeys";
import { SessionEnded } from "./SessionEnded";
import { UndoBar } from "./UndoBar";

export function App(): JSX.Element {
  return (
    <>
      <p class="heard-only" role="status" aria-live="polite">
        {announcement.value}
      </p>
      <Screen />
    </>
  );
}

function Screen(): JSX.Element {
  const current = session.value;
  switch (current.status) {
    case "starting":
      return (
        <main class="page-loading">
          <Loading what="countersign" lines={3} />
        </main>
      );
    case "signing_in":
    case "signed_out":
      return <SignIn />;
    case "signed_in":
    case "ended":
      return (
        <>
          <Counts />
          <GlobalKeys />
          {!reachable.value && <OfflineStrip />}
          <Route />
          <UndoBar />
          {current.status === "ended" && <SessionEnded refused={current.refused} />}
        </>
      );
  }
}

/** Titles of queues and counts are wanted on every screen, so they outlive each of them. */
function Counts(): null {
  useEffect(() => watchQueues(), []);
  useEffect(() => watchOpenActions(), []);
  return null;
}

function Route(): JSX.Element {
  const current = route.value;
  useSignalEffect(() => {
    // Somebody who is signed in has no business on the sign-in page.
    if (route.value.name === "sign_in" && session.value.status === "signed_in") leaveSignIn();
  });
  switch (current.name) {
    case "inbox":
      return <Inbox filter={current.filter} />;
    case "case":
      return <CaseScreen key={current.case_id} case_id={current.case_id} />;
    case "actions":
      return <Actions filter={current.filter} />;
    case "action":
      return <ActionScreen key={current.proposal_id} proposal_id={current.proposal_id} />;
    case "workflow":
      return <Workflow filter={current.filter} />;
    case "policy":
      return <Policy />;
    case "sign_in":
      return (
        <main class="page-loading">
          <Loading what="the inbox" lines={3} />
        </main>
      );
    case "unknown":
      return <Unknown />;
  }
}

function OfflineStrip(): JSX.Element {
  return (
    <p class="offline-strip" role="alert">
      No connection to the host. Your text is kept.
    </p>
  );
}
