/** The address after the hash, read into a route; every screen and filter can be linked to. */
import { signal } from "@preact/signals";
import { type ActionFilter, formatActionFilter, parseActionFilter } from "../lib/action-filter";
import { formatFilter, type InboxFilter, NO_FILTER, parseFilter } from "../lib/inbox-filter";
import { formatMeasureFilter, type MeasureFilter, parseMeasureFilter } from "../lib/measure-filter";

export type Route =
  | { name: "sign_in" }
  | { name: "inbox"; filter: InboxFilter }
  | { name: "case"; case_id: string }
  | { name: "actions"; filter: ActionFilter }
  | { name: "action"; proposal_id: string }
  | { name: "workflow"; filter: MeasureFilter }
  | { name: "policy" }
  | { name: "unknown" };

export const route = signal<Route>({ name: "inbox", filter: NO_FILTER });

/** The last screen other than sign-in, to come back to. */
let returnAddress = "#/inbox";

/** Follows the address. A one-time token is taken out of it before anything else can see it, and handed over once. */
export function startRouter(onToken: (token: string) => void): () => void {
  const read = (): void => {
    const token = takeToken();
    if (token !== null) onToken(token);
    route.value = parseRoute(location.hash);
    if (["inbox", "case", "actions", "action", "workflow", "policy"].includes(route.value.name)) returnAddress = location.hash;
  };
  window.addEventListener("hashchange", read);
  read();
  return () => window.removeEventListener("hashchange", read);
}

/** Leaves sign-in for the screen that was open before it, or for the inbox. */
export function leaveSignIn(): void {
  if (route.peek().name === "sign_in") go(returnAddress === "" ? "#/inbox" : returnAddress);
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [name = "", ...rest] = path.split("/");
  const argument = decoded(rest.join("/"));
  if (name === "" || name === "inbox") return { name: "inbox", filter: parseFilter(query) };
  if (name === "workflow") return { name: "workflow", filter: parseMeasureFilter(query) };
  if (name === "policy") return { name: "policy" };
  if (name === "actions" && rest.length === 0) return { name: "actions", filter: parseActionFilter(query) };
  if (name === "actions" && argument !== null && argument !== "") return { name: "action", proposal_id: argument };
  if (name === "sign-in") return { name: "sign_in" };
  if (name === "case" && argument !== null && argument !== "") return { name: "case", case_id: argument };
  return { name: "unknown" };
}

export function inboxAddress(filter: InboxFilter): string {
  const query = formatFilter(filter);
  return query === "" ? "#/inbox" : `#/inbox?${query}`;
}

export function workflowAddress(filter: MeasureFilter): string {
  const query = formatMeasureFilter(filter);
  return query === "" ? "#/workflow" : `#/workflow?${query}`;
}

export function actionsAddress(filter: ActionFilter): string {
  const query = formatActionFilter(filter);
  return query === "" ? "#/actions" : `#/actions?${query}`;
}

export function actionAddress(proposal_id: string): string {
  return `#/actions/${encodeURIComponent(proposal_id)}`;
}

export function caseAddress(case_id: string): string {
  return `#/case/${encodeURIComponent(case_id)}`;
}

export function go(address: string): void {
  location.hash = address;
}

/** Changes the address without a new entry in the history, as typing in a filter should not fill it. */
export function replace(address: string): void {
  history.replaceState(null, "", address);
  route.value = parseRoute(address);
}

/** The token in a sign-in link, or in a pasted address or bare token; null where there is none. */
export function tokenIn(text: string): string | null {
  const trimmed = text.trim();
  const linked = /#\/sign-in\/([^/?#\s]+)/.exec(trimmed);
  if (linked?.[1] !== undefined) return decoded(linked[1]);
  return /^[\w.~-]{8,512}$/.test(trimmed) ? trimmed : null;
}

function takeToken(): string | null {
  const token = /^#\/sign-in\/.+/.test(location.hash) ? tokenIn(location.hash) : null;
  if (token !== null) history.replaceState(null, "", "#/sign-in");
  return token;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
