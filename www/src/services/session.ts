/** Who is signed in, and what happened to the session. */
import { signal } from "@preact/signals";
import { api } from "./api";
import { learnHostTime } from "./clock";
import { type Fault, faultOf } from "./fault";
import type { Me } from "./wire";

export type Session =
  | { status: "starting" }
  | { status: "signing_in" }
  | { status: "signed_out"; refused: Fault | null }
  | { status: "signed_in"; me: Me }
  /** Signed in before: what is on screen stays there until the reviewer is back. */
  | { status: "ended"; me: Me; refused: Fault | null };

export const session = signal<Session>({ status: "starting" });

/** Whether the host answered the last time it was asked. */
export const reachable = signal(true);

export async function signIn(token: string): Promise<boolean> {
  const before = session.value;
  if (before.status !== "ended") session.value = { status: "signing_in" };
  try {
    await api.signIn(token);
    return await resumeSession();
  } catch (error) {
    const refused = faultOf(error);
    noteReachability(refused);
    session.value = before.status === "ended" ? { ...before, refused } : { status: "signed_out", refused };
    return false;
  }
}

/** Asks the host who this is; the cookie that answers it cannot be read from here. */
export async function resumeSession(): Promise<boolean> {
  try {
    const me = await api.me();
    learnHostTime(me.now);
    reachable.value = true;
    session.value = { status: "signed_in", me };
    return true;
  } catch (error) {
    const fault = faultOf(error);
    noteReachability(fault);
    const before = session.value;
    if (before.status === "ended" || before.status === "signed_in") return false;
    session.value = { status: "signed_out", refused: fault.kind === "session_ended" ? null : fault };
    return false;
  }
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut();
  } catch (error) {
    const fault = faultOf(error);
    // A session that is gone already is what was asked for; anything else must not look like success.
    if (fault.kind !== "session_ended") {
      noteReachability(fault);
      return;
    }
  }
  session.value = { status: "signed_out", refused: null };
}

/** Every service reports its faults here, so that a lost session or connection shows in one place. */
export function noteReachability(fault: Fault | null): void {
  reachable.value = fault?.kind !== "offline";
  const current = session.value;
  if (fault?.kind === "session_ended" && current.status === "signed_in") {
    session.value = { status: "ended", me: current.me, refused: null };
  }
}

export function currentMe(): Me | null {
  const current = session.value;
  return current.status === "signed_in" || current.status === "ended" ? current.me : null;
}
