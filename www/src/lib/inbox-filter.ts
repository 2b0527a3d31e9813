/** The inbox's filters as they stand in the address, so that a view can be shared and the back button works. */

export const VIEWS = ["open", "mine", "overdue", "resolved"] as const;
export const RISK_LEVELS = ["low", "medium", "high", "critical"] as const;
export const ORDERS = ["due", "priority", "age"] as const;

export type InboxView = (typeof VIEWS)[number];
export type RiskLevel = (typeof RISK_LEVELS)[number];
export type InboxOrder = (typeof ORDERS)[number];

export interface InboxFilter {
  view: InboxView;
  queue: string | null;
  risk_level: RiskLevel | null;
  language: string | null;
  tenant_id: string | null;
  search: string;
  order: InboxOrder;
}

export const NO_FILTER: InboxFilter = {
  view: "open",
  queue: null,
  risk_level: null,
  language: null,
  tenant_id: null,
  search: "",
  order: "due",
};

/** Reads a filter; anything unknown in an address is left out, never guessed. */
export function parseFilter(query: string): InboxFilter {
  const params = new URLSearchParams(query);
  return {
    view: oneOf(VIEWS, params.get("view")) ?? NO_FILTER.view,
    queue: textOf(params.get("queue")),
    risk_level: oneOf(RISK_LEVELS, params.get("risk")),
    language: textOf(params.get("language")),
    tenant_id: textOf(params.get("tenant")),
    search: params.get("q") ?? "",
    order: oneOf(ORDERS, params.get("order")) ?? NO_FILTER.order,
  };
}

/** Writes a filter; what stands at its default is left out, so that addresses stay short. */
export function formatFilter(filter: InboxFilter): string {
  const params = new URLSearchParams();
  if (filter.view !== NO_FILTER.view) params.set("view", filter.view);
  if (filter.queue !== null) params.set("queue", filter.queue);
  if (filter.risk_level !== null) params.set("risk", filter.risk_level);
  if (filter.language !== null) params.set("language", filter.language);
  if (filter.tenant_id !== null) params.set("tenant", filter.tenant_id);
  if (filter.search !== "") params.set("q", filter.search);
  if (filter.order !== NO_FILTER.order) params.set("order", filter.order);
  return params.toString();
}

/** Whether anything narrows the view beyond the view and queue themselves. */
export function isNarrowed(filter: InboxFilter): boolean {
  return filter.risk_level !== null || filter.language !== null || filter.tenant_id !== null || filter.search !== "";
}

export function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}

export function textOf(value: string | null): string | null {
  return value === null || value === "" ? null : value;
}
