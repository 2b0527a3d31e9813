/** What went wrong, in the words and with the choices that a reviewer needs; made from any thrown value. */
import { asSentence } from "../lib/words";
import { CountersignError } from "./wire";

export type FaultKind =
  | "offline"
  | "session_ended"
  | "not_permitted"
  | "not_found"
  | "lease_lost"
  | "changed"
  | "decided"
  | "expired"
  | "withdrawn"
  | "busy"
  | "invalid"
  | "failed";

export interface Fault {
  kind: FaultKind;
  title: string;
  detail: string;
  /** The stable code of the host, for a report to the people who run it. */
  code: string;
}

const KINDS: Readonly<Record<string, FaultKind>> = {
  unauthenticated: "session_ended",
  not_permitted: "not_permitted",
  self_approval: "not_permitted",
  not_found: "not_found",
  unreachable: "offline",
  lease_lost: "lease_lost",
  stale_version: "changed",
  invalid_state: "changed",
  already_decided: "decided",
  quorum_closed: "decided",
  proposal_void: "changed",
  expired: "expired",
  withdrawn: "withdrawn",
  in_flight: "busy",
  too_many: "busy",
  store_busy: "busy",
  store_lost: "busy",
};

/** What the fault is about. */
export type Subject = "case" | "action" | "release";

const TITLES: Readonly<Record<FaultKind, string>> = {
  offline: "No connection to the host",
  session_ended: "Your session has ended",
  not_permitted: "You may not do this",
  not_found: "There is no such case, or it is not yours to see",
  lease_lost: "Your claim on this case has ended",
  changed: "The case changed while you were working",
  decided: "Somebody else has decided this case",
  expired: "The time for this case has run out",
  withdrawn: "The case was withdrawn",
  busy: "The host is busy",
  invalid: "The host refused what was sent",
  failed: "Something went wrong",
};

/** The titles are written for cases; the same goes for actions. */
export function faultOf(error: unknown, subject: Subject = "case"): Fault {
  if (!(error instanceof CountersignError)) {
    return { kind: "failed", title: TITLES.failed, detail: error instanceof Error ? error.message : String(error), code: "unknown" };
  }
  const kind = kindOf(error);
  const help = error.help === undefined ? "" : ` ${asSentence(error.help)}`;
  const detail = kind === "offline" ? "What is on screen may be out of date. Your text is kept." : `${asSentence(error.message)}${help}`;
  return { kind, title: TITLES[kind].replace(/\bcase\b/, subject), detail, code: error.code };
}

function kindOf(error: CountersignError): FaultKind {
  const known = KINDS[error.code];
  if (known !== undefined) return known;
  if (error.status === undefined || error.status === 0) return "offline";
  if (error.status === 401) return "session_ended";
  if (error.status === 403) return "not_permitted";
  if (error.status === 404) return "not_found";
  if (error.status === 429 || error.status === 503) return "busy";
  return error.status < 500 ? "invalid" : "failed";
}
