/** What watches over decisions, in words. */
import type { AuditTally, CaseCertificate, CertificateView, Monitor, ReviewersReply } from "../services/wire";
import { plural, RISK_WORDS, wordOf } from "./words";

/** "37.5 %", with one digit after the point below ten. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} %`;
}

/** "High risk", or "Limited answers, high risk". */
export function certificateTitle({ disposition, risk_level }: CaseCertificate): string {
  const level = wordOf(RISK_WORDS, risk_level);
  return disposition === "limited_answer" ? `Limited answers, ${level.toLowerCase()}` : level;
}

/** How a certificate stands, and what is missing where it does not hold. */
export function standingWords(standing: CaseCertificate): { state: string; detail: string } {
  const { state, answers, errors, threshold, expires_at, answers_min, demand, disposition } = standing;
  const until = expires_at === null ? "" : ` until ${expires_at.slice(0, 10)}`;
  if (state === "in_force") {
    const what = disposition === "limited_answer" ? "Limited answers" : "Answers";
    const shown = `${errors ?? 0} of ${answers ?? 0} reviewed answers were wrong`;
    return { state: `In force${until}`, detail: `${what} from confidence ${threshold ?? 0} on: ${shown}, at most ${percent(demand.tolerated_error)} may be.` };
  }
  const why: Readonly<Record<string, string>> = {
    absent: "No certificate: a person decides",
    expired: `Expired${until.replace(" until", " on")}: a person decides`,
    other_decisions: "Made for other decisions: a person decides",
    too_weak: "Shows less than is demanded: a person decides",
    ended: "Ended by an alarm over wrong answers: a person decides",
  };
  const needed = `At least ${plural(answers_min, "reviewed answer")} without an error ${answers_min === 1 ? "is" : "are"} needed to show that at most ${percent(demand.tolerated_error)} are wrong.`;
  return { state: why[state] ?? "Not in force: a person decides", detail: needed };
}

/** The same with what was reviewed, and with what watches over a certificate that holds. */
export function certificateWords(view: CertificateView): { state: string; detail: string } {
  const { state, detail } = standingWords(view);
  if (view.state !== "in_force") {
    const left = view.reviews_needed > 0 ? `, ${view.reviews_needed} more at least` : "";
    return { state, detail: `${detail} Reviewed so far: ${plural(view.reviewed, "draft")}${left}.` };
  }
  if (view.ended_for.length > 0) {
    return { state: `Ended by an alarm for ${view.ended_for.join(", ")}`, detail: "A person decides there until another certificate is released." };
  }
  const unjudged = view.unjudged > 0 ? ` ${plural(view.unjudged, "random audit")} ${view.unjudged === 1 ? "was" : "were"} not judged in time, and count as wrong.` : "";
  const watched = view.audited > 0 ? ` Since then people judged ${plural(view.audited, "random audit")}.` : " No random audit was judged yet: nothing shows that it still holds.";
  return { state, detail: `${detail}${watched}${unjudged}` };
}

/** What a monitor has seen. */
export function monitorWords(monitor: Monitor): string {
  const { kind, seen, baseline, tolerated_error, unjudged } = monitor;
  const share = seen.items === 0 ? "" : `, ${percent(seen.events / seen.items)}`;
  if (kind !== "escalation_rate") {
    const late = unjudged > 0 ? `, ${unjudged} of them because nobody judged in time` : "";
    return `${seen.events} of ${plural(seen.items, "audited answer")} wrong${share}${late}; ${percent(tolerated_error ?? 0)} are tolerated`;
  }
  if (baseline === null) return `${plural(seen.items, "decision")} so far; the rate is still being learned`;
  return `${seen.events} of ${plural(seen.items, "decision")} to people${share}; ${percent(baseline.events / Math.max(baseline.items, 1))} before`;
}

export function monitorName({ kind, risk_level, tenant_id }: Monitor): string {
  const names = { wrong_answers: "Wrong answers", wrong_sent: "Wrong answers, limited ones too", escalation_rate: "Escalation rate" };
  const name = names[kind];
  return `${name}, ${wordOf(RISK_WORDS, risk_level).toLowerCase()}, ${tenant_id}`;
}

/** The head of an alarm: what happened, and where. */
export function alarmWords(monitor: Monitor): string {
  const { kind, risk_level, tenant_id, change } = monitor;
  const where = `at ${wordOf(RISK_WORDS, risk_level).toLowerCase()} for ${tenant_id}`;
  if (kind === "wrong_answers") return `Too many answers are wrong, or were not judged, ${where}`;
  if (kind === "wrong_sent") return `Too many answers, limited ones included, are wrong, or were not judged, ${where}`;
  return `The escalation rate ${change === "fell" ? "fell" : "rose"} ${where}`;
}

/** How many random audits stand where, over all tenants: "12 judged, 3 open, 1 lost". */
export function auditWords(audits: readonly AuditTally[]): string {
  const states = ["judged", "open", "wanted", "lost"] as const;
  const names = { judged: "judged", open: "open", wanted: "waited for", lost: "lost" };
  const count = (state: string): number => audits.filter((one) => one.state === state).reduce((sum, one) => sum + one.count, 0);
  const told = states.map((state) => [count(state), names[state]] as const).filter(([number]) => number > 0);
  return told.length === 0 ? "Nothing was picked yet" : told.map(([number, name]) => `${number} ${name}`).join(", ");
}

/** Krippendorff's alpha, and what it rests on. */
export function agreementWords({ agreement, judged_by_several }: ReviewersReply): string {
  if (agreement === null) return "No draft was judged by several people who could have disagreed";
  return `Alpha ${agreement.toFixed(2)}, over ${plural(judged_by_several, "draft")} that several people judged`;
}
