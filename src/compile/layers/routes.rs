//! Whether an overlay could send a case to a queue that takes longer, or asks for less authority,
//! than the one it goes to in the base.
//!
//! A rule that fires besides others can take a case out of its queue (too urgent, too much at stake,
//! too high an authority) or let an earlier queue take it. Each such move is looked at for every rule
//! of the base that may have asked for a person, with what both rules ask of any queue. Languages and
//! further conditions of queues are taken for whatever makes the move possible. Domains of authority
//! have no order; levels are compared.

use std::collections::BTreeMap;

use super::strict::{Findings, Item, Shifts, TIERS, duration, escalates, place_of};
use super::work;
use crate::calendar::{Calendar, Sla};
use crate::json::Json;
use crate::policy::{Bundle, Policy, Queue, Trigger, TriggerKind};
use crate::request::RiskLevel;
use crate::units::TimestampMs;
use crate::work::WorkPolicy;

/// More than this is not looked through; who has so many queues and rules asks for `queue`.
const MOVES_MAX: usize = 20_000_000;

/// What a rule asks of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asks {
    kind: Option<TriggerKind>,
    risk_level: Option<RiskLevel>,
    sla_ms: Option<i64>,
    level: i64,
}

const NOTHING: Asks = Asks { kind: None, risk_level: None, sla_ms: None, level: 0 };

/// A rule that may fire besides what fires in the base, and where the overlay makes it.
struct Cause {
    asks: Asks,
    section: &'static str,
    name: String,
    pointer: String,
}

impl Cause {
    fn item(&self) -> Item<'_> {
        let name = Some(self.name.as_str()).filter(|name| !name.is_empty());
        Item { section: self.section, name, pointer: &self.pointer }
    }
}

impl Asks {
    fn of(trigger: &Trigger) -> Self {
        Self {
            kind: Some(trigger.kind),
            risk_level: trigger.risk_level,
            sla_ms: trigger.sla_ms_max,
            level: trigger.authority_level_min,
        }
    }

    fn and(self, other: Self) -> Self {
        let sla_ms = match (self.sla_ms, other.sla_ms) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        Self {
            kind: self.kind,
            risk_level: self.risk_level.max(other.risk_level),
            sla_ms,
            level: self.level.max(other.level),
        }
    }

    /// Whether a queue could take a case of which this is asked.
    fn fits(self, queue: &Queue) -> bool {
        self.risk_level.is_none_or(|risk| risk <= queue.accepts.risk_level_max)
            && self.sla_ms.is_none_or(|sla| sla >= queue.sla_ms_min)
            && self.level <= queue.authority.level
    }
}

/// Tells the moves to a lesser queue.
pub(super) fn loosened(findings: &mut Findings, base: &Policy, merged: &Policy, shifts: Shifts) {
    of_queues(findings, base.bundle(), merged.bundle());
    let (old, new) = (base.bundle(), merged.bundle());
    let causes = causes(base, merged, shifts);
    let mut witnesses: BTreeMap<Asks, &str> = BTreeMap::new();
    for trigger in old.triggers.iter().filter(|trigger| escalates(trigger)) {
        witnesses.entry(Asks::of(trigger)).or_insert(&trigger.id);
    }
    witnesses.entry(Asks { kind: Some(TriggerKind::LowConfidence), ..NOTHING }).or_insert(TIERS);
    let moves = old.queues.len() * new.queues.len() * witnesses.len() * (causes.len() + 1);
    if moves > MOVES_MAX {
        let item = Item { section: "queue", name: None, pointer: "/overlay" };
        let detail = "there are too many queues and rules to look through";
        return findings.loosens(item, "", detail, "make them fewer");
    }
    let (Ok(old_work), Ok(new_work)) = (WorkPolicy::of(base), WorkPolicy::of(merged)) else {
        return;
    };
    let work = (&old_work, &new_work);
    let lookout = Lookout { old, new, work, witnesses: &witnesses };
    lookout.queues_that_came(findings);
    for cause in &causes {
        if !findings.may(cause.item())
            && let Some((detail, help)) = lookout.harm_of(cause)
        {
            findings.loosens(cause.item(), "", detail, help);
        }
    }
}

/// Queues that the base has: their own terms.
fn of_queues(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    for was in &base.queues {
        let Some(is) = merged.queues.iter().find(|is| is.queue == was.queue) else { continue };
        let pointer = place_of(&merged.queues, &was.queue);
        let item = Item { section: "queue", name: Some(&was.queue), pointer: &pointer };
        let help = "leave it as it is, and add a queue of your own";
        let words = |queue: &Queue| {
            let when = queue.accepts.when.as_ref().map(|when| when.cel().to_owned());
            (crate::policy::Accepts { when: None, ..queue.accepts.clone() }, when)
        };
        findings.same(item, "accepts", (&words(was), &words(is)), help);
        findings.same(item, "sla_min", (&was.sla_ms_min, &is.sla_ms_min), help);
        findings.same(item, "calendar", (&was.calendar, &is.calendar), help);
        // Other open hours are told where they are written.
        let same = (&was.sla, &was.calendar) == (&is.sla, &is.calendar);
        if !same && !is_no_later((is, merged), (was, base)) {
            let detail = format!("its cases may wait for {}, in the base {}", said(is), said(was));
            findings.loosens(item, "sla", detail, "write no longer time, of the same kind");
        }
        if was.authority.domain != is.authority.domain {
            let help = format!("keep `{}`", was.authority.domain);
            findings.loosens(item, "authority", "people of another domain decide", help);
        }
        if is.authority.level < was.authority.level {
            let (is, was) = (is.authority.level, was.authority.level);
            let detail = format!("level {is} is enough, the base asks for {was}");
            findings.loosens(item, "authority", detail, format!("write at least level {was}"));
        }
        findings.all_of(item, "skills", (&was.skills, &is.skills));
        let work = (work_of(base, &was.queue), work_of(merged, &was.queue));
        if work.0 != work.1 {
            let detail = "its reviewers, or what is done as its deadline comes, are others";
            findings.loosens(item, "steps", detail, help);
        }
    }
    for (index, is) in merged.calendars.iter().enumerate() {
        let was = base.calendars.iter().find(|was| was.calendar == is.calendar);
        if was.is_some_and(|was| was != is) {
            let pointer = format!("/calendar/{index}");
            let item = Item { section: "calendar", name: Some(&is.calendar), pointer: &pointer };
            let help = "add a calendar under another name, for queues of your own";
            findings.loosens(item, "", "other open hours make other deadlines", help);
        }
    }
}

/// What is said of the work in a queue.
fn work_of<'a>(bundle: &'a Bundle, queue: &str) -> Option<&'a Json> {
    let Some(Json::Object(work)) = &bundle.work else { return None };
    let Some(Json::Array(queues)) = work.get("queues") else { return None };
    let is_named = |one: &&Json| match one {
        Json::Object(fields) => fields.get("queue") == Some(&Json::String(queue.to_owned())),
        _ => false,
    };
    queues.iter().find(is_named)
}

fn causes(base: &Policy, merged: &Policy, shifts: Shifts) -> Vec<Cause> {
    let (old, new) = (base.bundle(), merged.bundle());
    let mut causes: Vec<Cause> = Vec::new();
    for (index, is) in new.triggers.iter().enumerate().filter(|(_, is)| !is.shadow) {
        let was = old.triggers.iter().find(|was| was.id == is.id);
        let same = |was: &Trigger| {
            let asks = Asks::of(was) == Asks::of(is);
            asks && (was.then, was.shadow, was.required.len())
                == (is.then, is.shadow, is.required.len())
        };
        if was.is_none_or(|was| !same(was)) {
            let (asks, name) = (Asks::of(is), is.id.clone());
            causes.push(Cause {
                asks,
                section: "trigger",
                name,
                pointer: format!("/trigger/{index}"),
            });
        }
    }
    let reads_actions = |trigger: &Trigger| {
        let mut slots = trigger.when.mentioned();
        let path = |slot: u16| old.facts.get(usize::from(slot)).map(|fact| fact.path.as_str());
        slots.any(|slot| path(slot).is_some_and(|path| path.starts_with("actions.")))
    };
    let mut by_gates: Vec<Asks> = Vec::new();
    if shifts.gates || shifts.entries || shifts.amounts {
        let more = old.triggers.iter().filter(|one| !one.shadow && reads_actions(one));
        by_gates.extend(more.map(Asks::of));
    }
    by_gates.sort_unstable();
    by_gates.dedup();
    causes.extend(by_gates.into_iter().map(|asks| Cause {
        asks,
        section: "tool",
        name: String::new(),
        pointer: "/overlay".to_owned(),
    }));
    if old.suppressions != new.suppressions {
        let freed = |trigger: &&Trigger| {
            old.suppressions.iter().any(|was| was.cancels.contains(&trigger.id))
        };
        causes.extend(old.triggers.iter().filter(freed).map(|trigger| Cause {
            asks: Asks::of(trigger),
            section: "suppress",
            name: String::new(),
            pointer: "/overlay".to_owned(),
        }));
    }
    if old.risk_level_when_missing != new.risk_level_when_missing {
        let name = "risk_level_when_missing".to_owned();
        let asks = Asks { risk_level: Some(new.risk_level_when_missing), ..NOTHING };
        let pointer = format!("/policy/{name}");
        causes.push(Cause { asks, section: "policy", name, pointer });
    }
    causes.extend(less_sure(base, merged, &causes));
    causes
}

/// What makes drafts fall under their tier's thresholds that did not in the base.
fn less_sure(base: &Policy, merged: &Policy, others: &[Cause]) -> Option<Cause> {
    let (old, new) = (base.bundle(), merged.bundle());
    let asks = Asks { kind: Some(TriggerKind::LowConfidence), ..NOTHING };
    let changed =
        RiskLevel::WORDS.iter().find(|(_, risk)| old.tiers.of(*risk) != new.tiers.of(*risk));
    if let Some((word, _)) = changed {
        let pointer = format!("/confidence/tiers/{word}");
        return Some(Cause { asks, section: "tier", name: (*word).to_owned(), pointer });
    }
    let raises = others.iter().find(|cause| cause.asks.risk_level.is_some());
    let has_certificate = RiskLevel::WORDS
        .iter()
        .map(|(_, risk)| old.tiers.of(*risk))
        .any(|tier| tier.certificate.is_some() || tier.limited_certificate.is_some());
    let void = has_certificate && base.decision_hash() != merged.decision_hash();
    let by = raises.map(|cause| (cause.section, cause.name.clone(), cause.pointer.clone()));
    let by = by.or_else(|| void.then(|| ("tier", String::new(), "/overlay".to_owned())));
    by.map(|(section, name, pointer)| Cause { asks, section, name, pointer })
}

struct Lookout<'a> {
    old: &'a Bundle,
    new: &'a Bundle,
    work: (&'a WorkPolicy, &'a WorkPolicy),
    witnesses: &'a BTreeMap<Asks, &'a str>,
}

impl Lookout<'_> {
    /// The first move to a lesser queue that a rule makes possible, and what would prevent it.
    fn harm_of(&self, cause: &Cause) -> Option<(String, String)> {
        for (place, to) in self.new.queues.iter().enumerate() {
            for from in &self.old.queues {
                let now = self.new.queues.iter().position(|queue| queue.queue == from.queue);
                let (Some(now), false) = (now, from.queue == to.queue) else { continue };
                let still = self.new.queues.get(now).unwrap_or(from);
                let leaves = !cause.asks.fits(still);
                let begins = place < now && begins(to, cause.asks);
                let later = place > now || to.queue == self.new.fallback_queue;
                if !(begins || (leaves && later)) {
                    continue;
                }
                let by_kind = !leaves && to.accepts.risk_level_min == RiskLevel::Low;
                let found = self.lesser((from, to), cause.asks, by_kind);
                if let Some(told) = found {
                    return Some(told);
                }
            }
        }
        None
    }

    /// Queues of the overlay's own, and queues that serve more than they did.
    fn queues_that_came(&self, findings: &mut Findings) {
        for (place, to) in self.new.queues.iter().enumerate() {
            let was = self.old.queues.iter().find(|was| was.queue == to.queue);
            if was.is_some_and(|was| was.authority.level >= to.authority.level) {
                continue;
            }
            let later = self.new.queues.iter().skip(place + 1);
            let mut later = later
                .filter_map(|queue| self.old.queues.iter().find(|was| was.queue == queue.queue));
            let found = later.find_map(|from| self.lesser((from, to), NOTHING, false));
            if let Some((detail, help)) = found {
                let pointer = place_of(&self.new.queues, &to.queue);
                let item = Item { section: "queue", name: Some(&to.queue), pointer: &pointer };
                findings.loosens(item, "", detail, help);
            }
        }
        if self.old.fallback_queue != self.new.fallback_queue {
            let from = self.old.queues.iter().find(|one| one.queue == self.old.fallback_queue);
            let to = self.new.queues.iter().find(|one| one.queue == self.new.fallback_queue);
            let found = from.zip(to).and_then(|pair| self.lesser(pair, NOTHING, false));
            if let Some((detail, _)) = found {
                let (name, pointer) = (Some("fallback_queue"), "/policy");
                let item = Item { section: "policy", name, pointer };
                findings.loosens(item, "fallback_queue", detail, "keep the base's");
            }
        }
    }

    /// Whether a case could be worse off in the other queue; `by_kind` where nothing but a further
    /// kind of rule can be what lets that queue take it.
    fn lesser(
        &self,
        (from, to): (&Queue, &Queue),
        cause: Asks,
        by_kind: bool,
    ) -> Option<(String, String)> {
        let is_fallback = |queue: &Queue, bundle: &Bundle| queue.queue == bundle.fallback_queue;
        let takes_all = is_fallback(to, self.new);
        if !takes_all
            && (apart(&from.accepts.domains, &to.accepts.domains)
                || apart(&from.accepts.tenants, &to.accepts.tenants))
        {
            return None;
        }
        let in_time = is_no_later((to, self.new), (from, self.old));
        let least_ms = least_ms(from, self.old);
        let lost = work::lost((from, self.work.0), (to, self.work.1));
        for (witness, id) in self.witnesses {
            let listed = |queue: &Queue, asks: Asks| {
                asks.kind.is_some_and(|kind| queue.accepts.triggers.contains(&kind))
            };
            let both = witness.and(cause);
            let was_there = is_fallback(from, self.old) || witness.fits(from);
            let is_there = takes_all || both.fits(to);
            let came_before = by_kind && listed(to, *witness) && listed(to, cause);
            if !was_there || !is_there || came_before {
                continue;
            }
            let due = in_time || both.sla_ms.is_some_and(|sla| sla <= least_ms);
            let level = both.level.max(to.authority.level) >= from.authority.level;
            if due && level && lost.is_none() {
                continue;
            }
            let place = |queue: &Queue| {
                format!("`{}` ({}, level {})", queue.queue, said(queue), queue.authority.level)
            };
            let detail =
                format!("a case of `{id}` may go from the queue {} to {}", place(from), place(to));
            if let (Some((what, mend)), true) = (&lost, due && level) {
                return Some((format!("{detail}: {what}"), format!("what would help is {mend}")));
            }
            let mut mends = Vec::new();
            if !due {
                mends.push(format!("`sla = \"{}\"`", duration(least_ms)));
            }
            if !level {
                mends.push(format!("`authority_level_min = {}`", from.authority.level));
            }
            let mends = mends.join(" and ");
            return Some((
                detail,
                format!("what would help is {mends} on it, or on the base's `{id}`"),
            ));
        }
        None
    }
}

/// Whether a rule that fires besides can make a queue take what it did not.
fn begins(queue: &Queue, asks: Asks) -> bool {
    let accepts = &queue.accepts;
    asks.kind.is_some_and(|kind| accepts.triggers.contains(&kind))
        || (accepts.risk_level_min > RiskLevel::Low
            && asks.risk_level.is_some_and(|risk| risk >= accepts.risk_level_min))
}

/// Whether no value is in both lists; an empty one has all.
fn apart(left: &[String], right: &[String]) -> bool {
    !left.is_empty() && !right.is_empty() && !left.iter().any(|one| right.contains(one))
}

/// Whether every deadline of the one queue is at most the other's.
fn is_no_later((queue, bundle): (&Queue, &Bundle), (than, base): (&Queue, &Bundle)) -> bool {
    let hours = |queue: &Queue, bundle: &Bundle| -> Option<Calendar> {
        let named = |calendar: &&Calendar| Some(&calendar.calendar) == queue.calendar.as_ref();
        bundle.calendars.iter().find(named).cloned()
    };
    let same_hours = || hours(queue, bundle) == hours(than, base);
    match (&queue.sla, &than.sla) {
        (Sla::DurationMs(is), Sla::DurationMs(was) | Sla::BusinessMs(was)) => is <= was,
        (Sla::DurationMs(is), Sla::BusinessDays(_)) => *is <= least_ms(than, base),
        (Sla::BusinessMs(is), Sla::BusinessMs(was)) => is <= was && same_hours(),
        (Sla::BusinessDays(is), Sla::BusinessDays(was)) => is <= was && same_hours(),
        _ => false,
    }
}

/// The shortest time that any of its cases gets.
fn least_ms(queue: &Queue, bundle: &Bundle) -> i64 {
    let Sla::BusinessDays(_) = queue.sla else { return queue.sla.cautious_ms() };
    let named = |calendar: &&Calendar| Some(&calendar.calendar) == queue.calendar.as_ref();
    let Some(calendar) = bundle.calendars.iter().find(named) else { return 0 };
    // Within open hours the time left is least right before they end.
    let ends = calendar.open.as_chunks().0.iter().filter_map(|[day, opens, length, offset]| {
        TimestampMs::new((day * 24 * 60 + opens - offset + length) * 60_000 - 1)
    });
    let left = ends.map(|now| {
        let deadline = queue.sla.deadline(Some(calendar), now);
        deadline.due_at.as_ms() - now.as_ms()
    });
    left.min().unwrap_or(0).min(queue.sla.cautious_ms())
}

fn said(queue: &Queue) -> String {
    match &queue.sla {
        Sla::DurationMs(ms) => duration(*ms),
        Sla::BusinessMs(ms) => format!("{} of open time", duration(*ms)),
        Sla::BusinessDays(1) => "1 business day".to_owned(),
        Sla::BusinessDays(days) => format!("{days} business days"),
    }
}
