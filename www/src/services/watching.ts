/** What watches over decisions: fetched while the screen that shows it is open. */
import { batch, signal } from "@preact/signals";
import { api } from "./api";
import { type Fault, faultOf } from "./fault";
import { poll } from "./poll";
import { session } from "./session";
import type { MonitorsReply, ReviewersReply } from "./wire";

const POLL_MS = 60_000;
/** Who judges does not see how others judge. */
const SEE_REVIEWERS: readonly string[] = ["auditor", "policy_owner", "admin"];

export const watching = signal<MonitorsReply | null>(null);
export const reviewers = signal<ReviewersReply | null>(null);
export const watchFault = signal<Fault | null>(null);

export function watchMonitors(): () => void {
  const watch = poll(refresh, () => POLL_MS);
  return () => watch.stop();
}

async function refresh(): Promise<boolean> {
  try {
    const [found, people] = await Promise.all([api.monitors(), seesReviewers() ? api.reviewers() : null]);
    batch(() => {
      watching.value = found;
      reviewers.value = people;
      watchFault.value = null;
    });
    return true;
  } catch (error) {
    watchFault.value = faultOf(error);
    return false;
  }
}

function seesReviewers(): boolean {
  const { value } = session;
  return value.status === "signed_in" && value.me.grants.some(({ role }) => SEE_REVIEWERS.includes(role));
}
