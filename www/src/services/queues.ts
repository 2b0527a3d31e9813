/** The queues that the reviewer serves, with what waits in them; kept fresh beside the list. */
import { batch, computed, signal } from "@preact/signals";
import { api } from "./api";
import { learnHostTime } from "./clock";
import { faultOf } from "./fault";
import { isOfCase, pollLive, showsInLists } from "./live";
import { noteReachability } from "./session";
import type { QueueSummary } from "./wire";

const POLL_MS = 10_000;
const MINE_LENGTH_MAX = 100;

export const queues = signal<QueueSummary[] | null>(null);
export const mineCount = signal<number | null>(null);

/** Those from which the reviewer may claim come first in the list; the others are only readable. */
export const servedQueues = computed(() => (queues.value ?? []).filter(({ mine }) => mine));

export const openCount = computed(() => sum((queue) => queue.counts.ready + queue.counts.leased));
export const overdueCount = computed(() => sum((queue) => queue.counts.overdue));

export function watchQueues(): () => void {
  return pollLive(refreshQueues, () => POLL_MS, (event) => isOfCase(event) && showsInLists(event)).stop;
}

/** Whether the reviewer may claim from a queue, as far as is known yet. */
export function serves(queue: string): boolean {
  return queues.value?.find((candidate) => candidate.queue === queue)?.mine ?? true;
}

/** The title that people know a queue by. */
export function queueTitle(queue: string): string | null {
  return queues.value?.find((candidate) => candidate.queue === queue)?.title ?? null;
}

export async function refreshQueues(): Promise<boolean> {
  try {
    const [all, mine] = await Promise.all([api.queues(), api.cases({ view: "mine", limit: MINE_LENGTH_MAX })]);
    learnHostTime(all.now);
    batch(() => {
      queues.value = all.queues;
      mineCount.value = mine.cases.length;
    });
    noteReachability(null);
    return true;
  } catch (error) {
    noteReachability(faultOf(error));
    return false;
  }
}

function sum(count: (queue: QueueSummary) => number): number | null {
  if (queues.value === null) return null;
  return queues.value.reduce((total, queue) => total + count(queue), 0);
}
