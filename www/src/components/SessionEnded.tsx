import type { JSX } from "preact";
import type { Fault } from "../services/fault";
import { resumeSession } from "../services/session";
import { Button } from "./common/Button";
import { Dialog } from "./common/Dialog";
import { SignInForm } from "./SignInForm";

/** Over the screen, not instead of it: what the reviewer wrote stays where it is. */
export function SessionEnded({ refused }: { refused: Fault | null }): JSX.Element {
  return (
    <Dialog title="Your session has ended">
      <p>Nothing is lost: what you wrote is kept in this tab. Sign in again to go on where you are.</p>
      <SignInForm refused={refused} busy={false} />
      <p class="soft">
        Signed in again in another tab?{" "}
        <Button look="quiet" onPress={() => void resumeSession()}>
          Go on here
        </Button>
      </p>
    </Dialog>
  );
}
