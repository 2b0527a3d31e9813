import type { JSX } from "preact";
import { Mark } from "../components/common/Icon";
import { SignInForm } from "../components/SignInForm";
import { useTitle } from "../components/useTitle";
import { session } from "../services/session";

export function SignIn(): JSX.Element {
  useTitle("Sign in");
  const current = session.value;
  const busy = current.status === "signing_in";
  return (
    <main class="sign-in">
      <div class="sign-in__card">
        <Mark />
        <h1>{busy ? "Signing you in…" : "Sign in to countersign"}</h1>
        <p class="sign-in__lead">
          {busy ? (
            "Your link is being checked."
          ) : (
            <>
              There are no passwords here: you sign in with a link that works once. Whoever runs countersign makes it with{" "}
              <code>countersign sign-in-link</code>.
            </>
          )}
        </p>
        <SignInForm refused={current.status === "signed_out" ? current.refused : null} busy={busy} />
      </div>
      <p class="sign-in__foot">The human’s second signature on what a model drafts.</p>
    </main>
  );
}
