/** Starts the review UI: the clock, the keys, the address, the session, and then the screen. */
import { render } from "preact";
import { App } from "./components/App";
import { startClock } from "./services/clock";
import { startKeys } from "./services/keys";
import { startLive } from "./services/live";
import { leaveSignIn, startRouter } from "./services/router";
import { resumeSession, session, signIn } from "./services/session";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/text.css";
import "./styles/faces.css";
import "./styles/sign-in.css";
import "./styles/inbox.css";
import "./styles/case.css";
import "./styles/decide.css";
import "./styles/action.css";
import "./styles/rail.css";
import "./styles/workflow.css";
import "./styles/policy.css";

async function useToken(token: string): Promise<void> {
  if (await signIn(token)) leaveSignIn();
}

startClock();
startKeys();
startLive();
let tokenSeen = false;
startRouter((token) => {
  tokenSeen = true;
  void useToken(token);
});
if (!tokenSeen) void resumeSession();

document.addEventListener("visibilitychange", () => {
  // Signed in again in another tab: the cookie is shared, so this tab only has to ask.
  if (document.visibilityState === "visible" && session.value.status === "ended") void resumeSession();
});

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
