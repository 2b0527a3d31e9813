import { knownSummary } from "../../services/inbox";
import { currentMe } from "../../services/session";
import type { CaseReply } from "../../services/wire";
import { visibleString } from "../../lib/visible-text";

/** The name of a principal as far as this case tells it; its id otherwise. */
export function nameOf(reply: CaseReply | null, principal_id: string | null): string {
  if (principal_id === null) return "nobody";
  const me = currentMe()?.principal;
  if (me?.principal_id === principal_id) return me.name;
  const entry = reply?.history.find(({ actor }) => actor.principal_id === principal_id);
  const listed = reply === null ? null : knownSummary(reply.case.case_id);
  const name = entry?.actor.name ?? (listed?.leased_by === principal_id ? listed.leased_by_name : null);
  return visibleString(name === null || name === undefined || name === "" ? principal_id : name);
}
