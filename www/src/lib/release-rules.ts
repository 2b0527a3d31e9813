/** Who may do what with a release, as the host will say it; and releases in words. */
import type { Me, PolicyChange, PolicyRelease, PolicyReplay } from "../services/wire";
import { plural } from "./words";

/** Tenants whose policies somebody owns; `*` for every one. */
export function ownedTenants(me: Me): string[] {
  return me.grants.filter(({ role }) => role === "policy_owner").flatMap(({ tenants }) => tenants);
}

export function ownsPolicies(me: Me | null): boolean {
  return me !== null && ownedTenants(me).length > 0;
}

function owns(me: Me, tenant: string): boolean {
  const owned = ownedTenants(me);
  return owned.includes("*") || owned.includes(tenant);
}

/** Why somebody cannot confirm a release; `null` where they can, as far as this page knows. */
export function whyNotConfirm(release: PolicyRelease, me: Me | null, seen: boolean): string | null {
  if (me === null) return "Sign in first.";
  if (release.proposed_by === me.principal.principal_id) return "You proposed it. Another owner of policies confirms it.";
  if (!owns(me, release.tenant_id)) return `You do not own the policies of ${tenantWords(release.tenant_id)}.`;
  if (me.principal.kind !== "person") return "Only a person confirms a release.";
  return seen ? null : "Look at what it changes first.";
}

export function whyNotWithdraw(release: PolicyRelease, me: Me | null): string | null {
  if (me === null) return "Sign in first.";
  const own = release.proposed_by === me.principal.principal_id;
  return own || owns(me, release.tenant_id) ? null : "Only who proposed it, or an owner of these policies, takes it back.";
}

export function tenantWords(tenant: string): string {
  return tenant === "*" ? "every tenant" : tenant;
}

/** The changes that need a look first: what loosens, then what may, then the rest. */
export function inOrder(changes: readonly PolicyChange[]): PolicyChange[] {
  const order = ["loosens", "unclear", "tightens", "neutral"];
  return [...changes].sort((left, right) => order.indexOf(left.lean) - order.indexOf(right.lean));
}

export const LEAN_WORDS: Readonly<Record<string, string>> = {
  loosens: "loosens",
  unclear: "may loosen",
  tightens: "tightens",
  neutral: "neutral",
};

const figure = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 1 });

/** A section of a bundle as its reader knows it. */
export function sectionWords(name: string): string {
  return name.replace(/_ms$/, "").replaceAll("_", " ");
}

/** Why a policy cannot be proposed yet; `null` where it can. */
export function whyNotPropose(source: string, busy: boolean): string | null {
  if (busy) return "One moment.";
  return source.trim() === "" ? "Choose a file, or paste the policy." : null;
}

/** How many of the changes ask for a closer look, after their number. */
export function leanWords({ loosening, unclear }: { loosening: number; unclear: number }): string {
  const loosen = loosening === 0 ? "none loosens" : loosening === 1 ? "1 loosens" : `${loosening} loosen`;
  return unclear === 0 ? `: ${loosen}.` : `: ${loosen}, ${unclear} may; a replay tells.`;
}

/** What a replay says, in a few lines. */
export function replayLines({ judged, unjudged, changed, escalation, transitions, staffing, never_fired, changes_nothing }: PolicyReplay): string[] {
  if (judged === 0) return ["No recorded decision could be judged by it."];
  const percent = (value: number | null): string => (value === null ? "–" : `${(value * 100).toFixed(1)} %`);
  const lines = [`${changed.toLocaleString("en")} of ${plural(judged, "recorded decision")} would come out otherwise.`];
  lines.push(`To people: ${percent(escalation.before.value)} before, ${percent(escalation.after.value)} after.`);
  for (const { from, to, count } of transitions) lines.push(`${count.toLocaleString("en")} go from ${from} to ${to}.`);
  if (staffing !== null) {
    const { cases_per_day_before, cases_per_day_after, hours_per_day_before, hours_per_day_after } = staffing;
    lines.push(`Cases a day: ${figure(cases_per_day_before)} before, ${figure(cases_per_day_after)} after; hours of work: ${figure(hours_per_day_before)} before, ${figure(hours_per_day_after)} after.`);
  }
  if (never_fired.length > 0) lines.push(`Never fired: ${never_fired.join(", ")}.`);
  if (changes_nothing.length > 0) lines.push(`Fired, and changed no decision: ${changes_nothing.join(", ")}.`);
  if (unjudged > 0) lines.push(`${plural(unjudged, "record")} could not be judged: facts were not recorded.`);
  return lines;
}
