/** What is in force, what waits for a second person, and what came before; for owners of policies. */
import { batch, signal } from "@preact/signals";
import { announce } from "./announce";
import { api } from "./api";
import { type Fault, faultOf } from "./fault";
import { type Poll, poll } from "./poll";
import { noteReachability } from "./session";
import type { PolicyInForce, PolicyRelease, PolicyReplayReply, ReleaseDetails } from "./wire";

const POLL_MS = 30_000;

export type PoliciesStatus =
  | { name: "loading" }
  | { name: "ready"; inForce: PolicyInForce[]; releases: PolicyRelease[] }
  | { name: "fault"; fault: Fault };

export const policies = signal<PoliciesStatus>({ name: "loading" });
/** What a release changes, by its id, once somebody asked to see it. */
export const details = signal<Readonly<Record<string, ReleaseDetails>>>({});
export const replays = signal<Readonly<Record<string, PolicyReplayReply | "working">>>({});
export const releaseFault = signal<Fault | null>(null);
/** The release that is being confirmed or withdrawn. */
export const working = signal<string | null>(null);

let poller: Poll | null = null;

/** Keeps the page fresh until the returned function is called. */
export function watchPolicies(): () => void {
  const watching = poll(refresh, () => POLL_MS);
  poller = watching;
  return () => watching.stop();
}

export function retryPolicies(): void {
  policies.value = { name: "loading" };
  poller?.now();
}

async function refresh(): Promise<boolean> {
  try {
    const [{ policies: inForce }, { releases }] = await Promise.all([api.policiesInForce(), api.releases()]);
    policies.value = { name: "ready", inForce, releases };
    noteReachability(null);
    return true;
  } catch (error) {
    const fault = faultOf(error);
    noteReachability(fault);
    if (policies.value.name !== "ready") policies.value = { name: "fault", fault };
    return false;
  }
}

/** Runs one call about a release; what went wrong is shown on the page. */
async function attempt<T>(call: () => Promise<T>): Promise<T | null> {
  releaseFault.value = null;
  try {
    return await call();
  } catch (error) {
    const fault = faultOf(error);
    noteReachability(fault);
    releaseFault.value = fault;
    return null;
  }
}

export async function showChanges(release_id: string): Promise<void> {
  const found = await attempt(() => api.policyRelease(release_id));
  if (found !== null) details.value = { ...details.value, [release_id]: found };
}

export async function replayRelease(release_id: string): Promise<void> {
  replays.value = { ...replays.value, [release_id]: "working" };
  const found = await attempt(() => api.replayRelease(release_id));
  const { [release_id]: _, ...others } = replays.value;
  replays.value = found === null ? others : { ...others, [release_id]: found };
}

/** Confirms what was looked at, and nothing else: its digest goes with it. */
export async function confirmRelease(release: PolicyRelease): Promise<void> {
  await settle(release, "The policy is in force.", () => api.approveRelease(release.release_id, { changes_hash: release.changes_hash }));
}

export async function withdrawRelease(release: PolicyRelease): Promise<void> {
  await settle(release, "The release is withdrawn.", () => api.withdrawRelease(release.release_id));
}

async function settle(release: PolicyRelease, done: string, call: () => Promise<unknown>): Promise<void> {
  if (working.value !== null) return;
  working.value = release.release_id;
  const answer = await attempt(call);
  if (answer !== null) announce(done);
  batch(() => {
    working.value = null;
  });
  poller?.now();
}
