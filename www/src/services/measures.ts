/** The measures of the work: fetched for a filter, kept fresh, and never mixed with an older filter's. */
import { batch, signal } from "@preact/signals";
import { dimensionsOf, type MeasureFilter, periodStart } from "../lib/measure-filter";
import { plural } from "../lib/words";
import { announce } from "./announce";
import { api } from "./api";
import { hostNow, learnHostTime } from "./clock";
import { type Fault, faultOf } from "./fault";
import { type Poll, poll } from "./poll";
import { noteReachability } from "./session";
import type { Correction, MetricsReply } from "./wire";

const POLL_MS = 60_000;
const EXPORT_PAGE_LENGTH = 500;

export type MeasuresStatus = { name: "loading" } | { name: "ready"; reply: MetricsReply } | { name: "fault"; fault: Fault };

export const measures = signal<MeasuresStatus>({ name: "loading" });
/** What is shown belongs to another filter and is about to be replaced. */
export const measuresStale = signal(false);
/** Subjects and releases that occur in the period. */
export const domains = signal<string[]>([]);
export const releases = signal<string[]>([]);
export const exportFault = signal<Fault | null>(null);
export const exporting = signal(false);

let generation = 0;
let poller: Poll | null = null;

/** Shows a filter's measures and keeps them fresh until the returned function is called. */
export function watchMeasures(filter: MeasureFilter): () => void {
  generation += 1;
  const mine = generation;
  measuresStale.value = measures.value.name === "ready";
  const watching = poll(() => refresh(filter, mine), () => POLL_MS);
  poller = watching;
  return () => watching.stop();
}

export function retryMeasures(): void {
  measures.value = { name: "loading" };
  poller?.now();
}

async function refresh(filter: MeasureFilter, mine: number): Promise<boolean> {
  const from = periodStart(filter.period, hostNow());
  const tenant = filter.tenant_id === null ? {} : { tenant_id: filter.tenant_id };
  try {
    const [reply, byDomain, byRelease] = await Promise.all([
      api.metrics({ ...dimensionsOf(filter), from, by: "day" }),
      api.metric("escalation_rate", { ...tenant, from, by: "domain" }),
      api.metric("escalation_rate", { ...tenant, from, by: "release" }),
    ]);
    if (mine !== generation) return true;
    learnHostTime(reply.now);
    batch(() => {
      measures.value = { name: "ready", reply };
      measuresStale.value = false;
      domains.value = keysOf(byDomain);
      releases.value = keysOf(byRelease);
    });
    noteReachability(null);
    return true;
  } catch (error) {
    if (mine !== generation) return true;
    const fault = faultOf(error);
    noteReachability(fault);
    if (measures.value.name !== "ready" || measuresStale.value) measures.value = { name: "fault", fault };
    return false;
  }
}

function keysOf({ metrics }: MetricsReply): string[] {
  const keys = metrics[0]?.groups?.map(({ key }) => key) ?? [];
  return keys.filter((key) => key !== null);
}

/** Every correction of the period, tenant and queue as lines of JSON, saved as a file. */
export async function exportCorrections(filter: MeasureFilter): Promise<void> {
  if (exporting.value) return;
  const { tenant_id, queue } = dimensionsOf(filter);
  const from = periodStart(filter.period, hostNow());
  batch(() => {
    exporting.value = true;
    exportFault.value = null;
  });
  try {
    const rows: Correction[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.corrections({ tenant_id, queue, from, cursor, limit: EXPORT_PAGE_LENGTH });
      rows.push(...page.corrections);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    save(linesOf(rows), `corrections-${from.slice(0, 10)}.jsonl`);
    announce(`${plural(rows.length, "correction")} exported.`);
  } catch (error) {
    const fault = faultOf(error);
    noteReachability(fault);
    exportFault.value = fault;
  } finally {
    exporting.value = false;
  }
}

function linesOf(rows: readonly Correction[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after the click, so it may go only later.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
