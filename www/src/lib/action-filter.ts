/** The filters of the list of actions as they stand in the address. */
import { oneOf, RISK_LEVELS, type RiskLevel, textOf } from "./inbox-filter";

export const ACTION_VIEWS = ["open", "mine", "approved", "closed"] as const;
export const ACTION_ORDERS = ["expires", "age"] as const;

export type ActionView = (typeof ACTION_VIEWS)[number];
export type ActionOrder = (typeof ACTION_ORDERS)[number];

export interface ActionFilter {
  view: ActionView;
  risk_level: RiskLevel | null;
  tenant_id: string | null;
  search: string;
  order: ActionOrder;
}

export const NO_ACTION_FILTER: ActionFilter = { view: "open", risk_level: null, tenant_id: null, search: "", order: "expires" };

/** Reads a filter; anything unknown in an address is left out, never guessed. */
export function parseActionFilter(query: string): ActionFilter {
  const params = new URLSearchParams(query);
  return {
    view: oneOf(ACTION_VIEWS, params.get("view")) ?? NO_ACTION_FILTER.view,
    risk_level: oneOf(RISK_LEVELS, params.get("risk")),
    tenant_id: textOf(params.get("tenant")),
    search: params.get("q") ?? "",
    order: oneOf(ACTION_ORDERS, params.get("order")) ?? NO_ACTION_FILTER.order,
  };
}

/** Writes a filter; what stands at its default is left out, so that addresses stay short. */
export function formatActionFilter(filter: ActionFilter): string {
  const params = new URLSearchParams();
  if (filter.view !== NO_ACTION_FILTER.view) params.set("view", filter.view);
  if (filter.risk_level !== null) params.set("risk", filter.risk_level);
  if (filter.tenant_id !== null) params.set("tenant", filter.tenant_id);
  if (filter.search !== "") params.set("q", filter.search);
  if (filter.order !== NO_ACTION_FILTER.order) params.set("order", filter.order);
  return params.toString();
}

/** Whether anything narrows the view beyond the view itself. */
export function isActionNarrowed(filter: ActionFilter): boolean {
  return filter.risk_level !== null || filter.tenant_id !== null || filter.search !== "";
}
