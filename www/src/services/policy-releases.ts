/** What is in force, what waits for a second person, and what came before; for owners of policies. */
import { batch, signal } from "@preact/signals";
import { announce } from "./announce";
import { api } from "./api";
import { type Fault, faultOf } from "./fault";
import { type Poll, poll } from "./poll";
import { noteReachability } from "./session";
import type { PolicyInForce, PolicyRelease, PolicyReplayReply, ReleaseDetails, ReleaseInput } from "./wire";
import { visibleString } from "../lib/visible-text";

const POLL_MS = 30_000;

export type PoliciesStatus =
  | { name: "loading" }
  | { name: "ready"; inForce: PolicyInForce[]; releases: PolicyRelease[]; people: Readonly<Record<string, string>> }
  | { name: "fault"; fault: Fault };

export const policies = signal<PoliciesStatus>({ name: "loading" });
/** What a release changes, by its id, once somebody asked to see it. */
export const details = signal<Readonly<Record<string, ReleaseDetails>>>({});
export const replays = signal<Readonly<Record<string, PolicyReplayReply | "working">>>({});
export const releaseFault = signal<Fault | null>(null);
/** What the host says against a policy that was to be proposed. */
export const proposeFault = signal<Fault | null>(null);
/** The release that is being confirmed or withdrawn, or `propose` while one is sent. */
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
    const [{ policies: inForce, people }, listed] = await Promise.all([api.policiesInForce(), api.releases()]);
    policies.value = { name: "ready", inForce, releases: listed.releases, people: { ...people, ...listed.people } };
    noteReachability(null);
    return true;
  } catch (error) {
    const fault = faultOf(error, "release");
    noteReachability(fault);
    if (policies.value.name !== "ready") policies.value = { name: "fault", fault };
    return false;
  }
}

/** Runs one call about a release; what went wrong is shown on the page. */
async function attempt<T>(call: () => Promise<T>, shown = releaseFault): Promise<T | null> {
  shown.value = null;
  try {
    return await call();
  } catch (error) {
    const fault = faultOf(error, "release");
    noteReachability(fault);
    shown.value = fault;
    return null;
  }
}

/** The name of whoever had a hand in a release; the id where the host does not know one. */
export function personName(principal_id: string | null): string {
  if (principal_id === null) return "nobody";
  const status = policies.value;
  const name = status.name === "ready" ? status.people[principal_id] : undefined;
  return visibleString(name === undefined || name === "" ? principal_id : name);
}

/** Proposes a policy; resolves to whether the host took it. */
export async function proposeRelease(body: ReleaseInput): Promise<boolean> {
  if (working.value !== null) return false;
  working.value = "propose";
  const answer = await attempt(() => api.proposeRelease(body), proposeFault);
  working.value = null;
  if (answer === null) return false;
  announce("Proposed. Another owner of policies confirms it.");
  poller?.now();
  return true;
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
