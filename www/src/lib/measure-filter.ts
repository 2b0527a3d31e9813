/** What the measures are narrowed to, as it stands in the address. */

export const PERIODS = ["7", "30", "90"] as const;

export type Period = (typeof PERIODS)[number];

export interface MeasureFilter {
  /** Days up to now. */
  period: Period;
  tenant_id: string | null;
  queue: string | null;
  domain: string | null;
  /** Model, prompt and index as the host names them together. */
  release: string | null;
}

export const NO_MEASURE_FILTER: MeasureFilter = { period: "30", tenant_id: null, queue: null, domain: null, release: null };

const DAY_MS = 24 * 60 * 60 * 1_000;
const RELEASE_SEPARATOR = " · ";
const UNKNOWN_PART = "–";

/** Reads a filter; anything unknown in an address is left out, never guessed. */
export function parseMeasureFilter(query: string): MeasureFilter {
  const params = new URLSearchParams(query);
  const text = (name: string): string | null => params.get(name) || null;
  return {
    period: PERIODS.find((period) => period === params.get("days")) ?? NO_MEASURE_FILTER.period,
    tenant_id: text("tenant"),
    queue: text("queue"),
    domain: text("domain"),
    release: releaseParts(text("release")) === null ? null : text("release"),
  };
}

/** Writes a filter; what stands at its default is left out. */
export function formatMeasureFilter(filter: MeasureFilter): string {
  const params = new URLSearchParams();
  if (filter.period !== NO_MEASURE_FILTER.period) params.set("days", filter.period);
  if (filter.tenant_id !== null) params.set("tenant", filter.tenant_id);
  if (filter.queue !== null) params.set("queue", filter.queue);
  if (filter.domain !== null) params.set("domain", filter.domain);
  if (filter.release !== null) params.set("release", filter.release);
  return params.toString();
}

export function isMeasureNarrowed({ tenant_id, queue, domain, release }: MeasureFilter): boolean {
  return tenant_id !== null || queue !== null || domain !== null || release !== null;
}

/** The first instant of the period, at the start of a day in UTC, so that the first day is a whole one. */
export function periodStart(period: Period, nowMs: number): string {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return new Date(today - (Number(period) - 1) * DAY_MS).toISOString();
}

/** The filter as the host's query, without the period. */
export function dimensionsOf({ tenant_id, queue, domain, release }: MeasureFilter): Record<string, string> {
  const query: Record<string, string> = {};
  if (tenant_id !== null) query["tenant_id"] = tenant_id;
  if (queue !== null) query["queue"] = queue;
  if (domain !== null) query["domain"] = domain;
  for (const [name, part] of Object.entries(releaseParts(release) ?? {})) {
    if (part !== UNKNOWN_PART) query[`release.${name}`] = part;
  }
  return query;
}

/** Every day of a period, the first and the last included, as the host names days. */
export function daysOf(from: string, until: string): string[] {
  const days: string[] = [];
  for (let ms = Math.floor(Date.parse(from) / DAY_MS) * DAY_MS; ms < Date.parse(until); ms += DAY_MS) {
    days.push(new Date(ms).toISOString().slice(0, 10));
  }
  return days;
}

function releaseParts(release: string | null): { model: string; prompt: string; index: string } | null {
  const [model, prompt, index, more] = release?.split(RELEASE_SEPARATOR) ?? [];
  if (model === undefined || prompt === undefined || index === undefined || more !== undefined) return null;
  return { model, prompt, index };
}
