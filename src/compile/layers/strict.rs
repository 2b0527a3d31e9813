//! Whether what an overlay makes of its base could ever be less cautious than it.
//!
//! Conservative: a change passes only where no request and no action could come out of it with a
//! lesser disposition, risk level, deadline, gate or authority. What cannot be compared is refused.

use std::fmt::Display;

use super::read::{Head, MayLoosen, fault};
use super::{actions, routes, work};
use crate::certificate::Certificate;
use crate::compile::cel::direction::{Direction, direction};
use crate::error::Fault;
use crate::fact::FactRecord;
use crate::policy::{Bundle, Policy, Queue, Tier, Trigger, TriggerKind};
use crate::request::RiskLevel;
use crate::suppression::{LOW_CONFIDENCE, Suppression};
use crate::units::Score;
use crate::verdict::Disposition;

/// An item of a policy, as the overlay's author finds it.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) section: &'static str,
    pub(super) name: Option<&'a str>,
    /// Its pointer in what was put together.
    pub(super) pointer: &'a str,
}

/// What was found so far.
pub(super) struct Findings {
    may: MayLoosen,
    base_id: String,
    faults: Vec<Fault>,
}

impl Findings {
    fn of(base: &Policy, may: MayLoosen) -> Self {
        let base_id = base.reference().id.as_str().to_owned();
        Self { may, base_id, faults: Vec::new() }
    }

    pub(super) fn may(&self, item: Item<'_>) -> bool {
        self.may.allows(item.section, item.name)
    }

    /// Something that loosens the base, unless the base lets it.
    pub(super) fn loosens(
        &mut self,
        item: Item<'_>,
        field: &str,
        detail: impl Display,
        help: impl Display,
    ) {
        if self.may(item) {
            return;
        }
        let named = match item.name {
            Some(name) => format!("{}.{name}", item.section),
            None => item.section.to_owned(),
        };
        let help = format!(
            "{help}; only where `{}` has `{named}` under `may_loosen` of [overlays] is it taken",
            self.base_id
        );
        let pointer = match field {
            "" => item.pointer.to_owned(),
            field => format!("{}/{field}", item.pointer),
        };
        self.faults.push(fault(pointer, format!("{named} loosens the base: {detail}"), help));
    }

    /// A value that must not fall under the base's.
    pub(super) fn at_least<T: PartialOrd + Display>(
        &mut self,
        item: Item<'_>,
        field: &str,
        (was, is): (T, T),
    ) {
        if is < was {
            let detail = format!("`{field}` is `{is}`, the base has `{was}`");
            self.loosens(item, field, detail, format!("write at least `{was}`"));
        }
    }

    /// A length of time that must not be longer than the base's; `None` for any length.
    pub(super) fn at_most_ms(
        &mut self,
        item: Item<'_>,
        field: &str,
        (was, is): (Option<i64>, Option<i64>),
    ) {
        let Some(was) = was else { return };
        if is.is_none_or(|is| is > was) {
            let is = is.map_or("any time".to_owned(), duration);
            let detail = format!("`{field}` is {is}, the base has {}", duration(was));
            self.loosens(item, field, detail, format!("write at most `{}`", duration(was)));
        }
    }

    /// A value that the base's author chose and that nobody can put in an order.
    pub(super) fn same<T: PartialEq>(
        &mut self,
        item: Item<'_>,
        field: &str,
        (was, is): (&T, &T),
        help: &str,
    ) {
        if was != is {
            let detail = format!("`{field}` is another, and may let more through");
            self.loosens(item, field, detail, help);
        }
    }

    /// A list that must have all that the base's has.
    pub(super) fn all_of<T: PartialEq + Display>(
        &mut self,
        item: Item<'_>,
        field: &str,
        (was, is): (&[T], &[T]),
    ) {
        if let Some(gone) = was.iter().find(|one| !is.contains(one)) {
            let detail = format!("`{gone}` is not in `{field}` any more");
            self.loosens(item, field, detail, format!("keep `{gone}`"));
        }
    }
}

/// What is taken out and would be missed; only a suppression never is.
pub(super) fn taken_out(base: &Policy, head: &Head, may: MayLoosen) -> Vec<Fault> {
    let mut findings = Findings::of(base, may);
    for (index, (section, name)) in head.without.iter().enumerate() {
        let pointer = format!("/overlay/without/{index}");
        let item = Item { section, name: Some(name), pointer: &pointer };
        let is_suppression = *section == "suppress";
        if !(is_suppression && is_alone(base.bundle(), name)) {
            let help = "leave it in, or take the name out of `without`";
            findings.loosens(item, "", format!("{} is taken out", what(section)), help);
        }
    }
    findings.faults
}

/// Everything else in which the merged policy may be less cautious than the base.
pub(super) fn loosened(base: &Policy, merged: &Policy, may: MayLoosen) -> Vec<Fault> {
    let mut findings = Findings::of(base, may);
    of_head(&mut findings, base.bundle(), merged.bundle());
    of_sampling(&mut findings, base.bundle(), merged.bundle());
    of_facts(&mut findings, base.bundle(), merged.bundle());
    of_confidence(&mut findings, base, merged);
    of_triggers(&mut findings, base.bundle(), merged.bundle());
    of_suppressions(&mut findings, base.bundle(), merged.bundle());
    let shifts = actions::loosened(&mut findings, base, merged);
    of_conditions(&mut findings, base.bundle(), merged.bundle(), shifts);
    work::loosened(&mut findings, base, merged);
    routes::loosened(&mut findings, base, merged, shifts);
    findings.faults
}

/// What an overlay's changes of actions do to the facts that conditions read.
#[derive(Clone, Copy, Default)]
pub(super) struct Shifts {
    /// A gate may come out higher, by whatever.
    pub(super) gates: bool,
    /// An entry of a tool is another, so that rules over actions read other facts.
    pub(super) entries: bool,
    /// An amount may not be known any more.
    pub(super) amounts: bool,
}

fn what(section: &str) -> &'static str {
    match section {
        "trigger" => "a rule of the base",
        "suppress" => "what cancels before another does",
        "queue" => "a queue of the base",
        "tool" => "an entry of the base",
        "impact" => "a rule over actions",
        _ => "a part of the base",
    }
}

/// Whether no other suppression cancels what this one does: without it, nothing is cancelled.
fn is_alone(base: &Bundle, name: &str) -> bool {
    let Some(own) = base.suppressions.iter().find(|one| one.id == name) else { return false };
    let others = base.suppressions.iter().filter(|one| one.id != name);
    !others.into_iter().any(|other| other.cancels.iter().any(|id| own.cancels.contains(id)))
}

fn of_head(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    let item = |name| Item { section: "policy", name: Some(name), pointer: "/policy" };
    let risk = "risk_level_when_missing";
    let pair = (base.risk_level_when_missing, merged.risk_level_when_missing);
    findings.at_least(item(risk), risk, pair);
    // Who leaves a case lying keeps it from others for so long.
    let lease = (Some(base.lease_duration_ms), Some(merged.lease_duration_ms));
    findings.at_most_ms(item("lease"), "lease", lease);
    // A shorter time to take a decision back leaves a mistake standing.
    let (was, is) = (base.undo_window_ms, merged.undo_window_ms);
    if is < was {
        let detail = format!("`undo_window` is {}, the base has {}", duration(is), duration(was));
        let help = format!("write at least `{}`", duration(was));
        findings.loosens(item("undo_window"), "undo_window", detail, help);
    }
}

/// Fewer random audits, or a later alarm, leave mistakes unseen.
fn of_sampling(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    let item = Item { section: "sampling", name: None, pointer: "/sampling" };
    let Some(was) = &base.sampling else { return };
    let Some(is) = &merged.sampling else {
        return findings.loosens(item, "", "nothing is audited any more", "keep it");
    };
    findings.at_least(item, "answer", (was.answer, is.answer));
    findings.at_least(item, "limited_answer", (was.limited_answer, is.limited_answer));
    findings.at_least(item, "refuse", (was.refuse, is.refuse));
    findings.at_least(item, "second_review", (was.second_review, is.second_review));
    findings.at_least(item, "false_alarm", (was.false_alarm, is.false_alarm));
    if is.judged_within_days > was.judged_within_days {
        let (is, was) = (is.judged_within_days, was.judged_within_days);
        let detail = format!("`judged_within_days` is {is}, the base has {was}");
        findings.loosens(item, "judged_within_days", detail, format!("write at most {was}"));
    }
    if is.tolerated_error > was.tolerated_error {
        let (is, was) = (is.tolerated_error, was.tolerated_error);
        let detail = format!("`tolerated_error` is {is}, the base has {was}");
        findings.loosens(item, "tolerated_error", detail, format!("write at most {was}"));
    }
}

fn of_facts(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    for (index, is) in merged.facts.iter().enumerate() {
        let Some(was) = base.facts.iter().find(|was| was.path == is.path) else { continue };
        let pointer = format!("/fact/{index}");
        let item = Item { section: "fact", name: Some(&was.path), pointer: &pointer };
        let help = "leave `type` and `source` as the base has them";
        findings.same(item, "type", (&was.fact_type, &is.fact_type), help);
        findings.same(item, "source", (&was.source, &is.source), help);
        if (was.record, is.record) == (FactRecord::Nothing, FactRecord::Value) {
            let detail = "decision records keep its value, which the base keeps out of them";
            findings.loosens(item, "record", detail, "leave `record` out");
        }
    }
}

fn of_confidence(findings: &mut Findings, base: &Policy, merged: &Policy) {
    let (old, new) = (base.bundle(), merged.bundle());
    let item = Item { section: "confidence", name: None, pointer: "/confidence" };
    let help = "raise the thresholds under [confidence.tiers] instead";
    let model = |bundle: &Bundle| (bundle.confidence.base, bundle.confidence.fit.clone());
    findings.same(item, "base", (&model(old), &model(new)), help);
    let version = (&old.confidence.model_version, &new.confidence.model_version);
    findings.same(item, "model_version", version, help);
    for (index, is) in new.confidence.signals.iter().enumerate() {
        let pointer = format!("/confidence/signal/{index}");
        let item = Item { section: "signal", name: Some(&is.name), pointer: &pointer };
        let was = old.confidence.signals.iter().find(|was| was.name == is.name);
        if was != Some(is) {
            let detail = "another curve may make a draft look surer than it is";
            findings.loosens(item, "", detail, help);
        }
    }
    for (word, risk_level) in RiskLevel::WORDS {
        let pointer = format!("/confidence/tiers/{word}");
        let item = Item { section: "tier", name: Some(word), pointer: &pointer };
        let (was, is) = (old.tiers.of(*risk_level), new.tiers.of(*risk_level));
        of_tier(findings, item, was, is);
        let shown = |policy: &Policy, certificate: &Option<Certificate>| {
            let hash = policy.decision_hash();
            certificate.as_ref().is_some_and(|shown| shown.decision_hash == hash)
        };
        let certificates = [
            ("certificate", &was.certificate, &is.certificate),
            ("limited_certificate", &was.limited_certificate, &is.limited_certificate),
        ];
        for (field, was, is) in certificates {
            if shown(merged, is) && !(shown(base, was) && was == is) {
                let detail = "a certificate lets drafts through that the base sends to a person";
                findings.loosens(item, field, detail, "leave certificates to the base");
            }
        }
    }
}

/// A bound that is absent is never reached.
fn of_tier(findings: &mut Findings, item: Item<'_>, was: &Tier, is: &Tier) {
    let bound = |score: Option<Score>| score.map_or(f64::INFINITY, Score::get);
    let mut bounds = |field: &str, was: Option<Score>, is: Option<Score>| {
        if bound(is) < bound(was) {
            let (is, was) = (bound(is), bound(was));
            let base =
                if was.is_finite() { format!("needs {was}") } else { "asks a person".into() };
            let detail = format!("`{field}` is {is}, the base {base}");
            let help = if was.is_finite() {
                format!("write at least {was}")
            } else {
                format!("take `{field}` out")
            };
            findings.loosens(item, field, detail, help);
        }
    };
    // A certificate's own threshold takes the place of the base's bound.
    let threshold = |shown: &Option<Certificate>| shown.as_ref().map(|one| one.threshold);
    match (&was.limited_certified, &is.limited_certified) {
        (None, None) => bounds("limited_answer", was.limited_answer, is.limited_answer),
        (None, Some(_)) => {
            bounds("limited_certificate", was.limited_answer, threshold(&is.limited_certificate));
        }
        (Some(_), None) => bounds("limited_answer", None, is.limited_answer),
        (Some(_), Some(_)) => {}
    }
    match (&was.certified, &is.certified) {
        (None, None) => bounds("answer", was.answer, is.answer),
        (None, Some(_)) => bounds("certificate", was.answer, threshold(&is.certificate)),
        (Some(_), None) => {
            let detail = "an answer needs no certificate any more";
            findings.loosens(item, "answer", detail, "keep `certified`");
        }
        (Some(_), Some(_)) => {}
    }
    let demands = [
        ("certified", was.certified, is.certified),
        ("limited_certified", was.limited_certified, is.limited_certified),
    ];
    for (field, was, is) in demands {
        let weaker = was.zip(is).is_some_and(|(was, is)| {
            is.tolerated_error > was.tolerated_error
                || is.failure_probability > was.failure_probability
        });
        if weaker {
            let detail = "a certificate has to show less than the base demands";
            findings.loosens(item, field, detail, "demand at least as much");
        }
    }
    findings.at_least(item, "without_signals", (was.without_signals, is.without_signals));
}

fn of_triggers(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    for (index, is) in merged.triggers.iter().enumerate() {
        let pointer = format!("/trigger/{index}");
        let item = Item { section: "trigger", name: Some(&is.id), pointer: &pointer };
        match base.triggers.iter().find(|was| was.id == is.id) {
            Some(was) => of_trigger(findings, item, base, merged, (was, is)),
            None => of_new_trigger(findings, item, is),
        }
    }
}

fn of_trigger(
    findings: &mut Findings,
    item: Item<'_>,
    base: &Bundle,
    merged: &Bundle,
    (was, is): (&Trigger, &Trigger),
) {
    let help = "leave it as it is, and add a rule under another id";
    findings.same(item, "kind", (&was.kind, &is.kind), help);
    same_condition(findings, item, (was.when.cel(), is.when.cel()));
    let paths = |bundle: &Bundle, slots: &[u16]| -> Vec<String> {
        let path = |slot: &u16| bundle.facts.get(usize::from(*slot)).map(|fact| fact.path.clone());
        slots.iter().filter_map(path).collect()
    };
    let required = (paths(base, &was.required), paths(merged, &is.required));
    findings.all_of(item, "required", (&required.0, &required.1));
    findings.at_least(item, "then", (was.then, is.then));
    if was.is_final != is.is_final {
        let detail = match is.is_final {
            true => "a final refusal keeps a case from people",
            false => "the refusal is not final any more, and leaves it to people",
        };
        findings.loosens(item, "final", detail, "leave `final` as the base has it");
    }
    if is.shadow && !was.shadow {
        let detail = "a rule on trial changes nothing";
        findings.loosens(item, "shadow", detail, "take `shadow` out");
    }
    let risk = (was.risk_level, is.risk_level);
    if let (Some(was), is) = risk
        && is.is_none_or(|is| is < was)
    {
        let is = is.map_or("nothing".to_owned(), |is| format!("`{is}`"));
        let detail = format!("`risk_level` is {is}, the base has `{was}`");
        findings.loosens(item, "risk_level", detail, format!("write at least `{was}`"));
    }
    findings.at_most_ms(item, "sla", (was.sla_ms_max, is.sla_ms_max));
    let levels = (was.authority_level_min, is.authority_level_min);
    findings.at_least(item, "authority_level_min", levels);
}

/// What a new rule may not do: it raises whatever it fires on, but for these.
fn of_new_trigger(findings: &mut Findings, item: Item<'_>, is: &Trigger) {
    if is.is_final {
        let detail = "a final refusal keeps a case from people";
        findings.loosens(item, "final", detail, "take `final` out: a person decides then");
    }
    if is.kind == TriggerKind::UserEscalation && !is.shadow {
        let detail = "a user's wish for a person outweighs every refusal";
        findings.loosens(item, "kind", detail, "give it another kind");
    }
}

fn same_condition(findings: &mut Findings, item: Item<'_>, (was, is): (&str, &str)) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words(was) != words(is) {
        let detail = "its condition is another, and may hold less often";
        let help = "leave `when` out, and add a rule of your own under another id";
        findings.loosens(item, "when", detail, help);
    }
}

fn of_suppressions(findings: &mut Findings, base: &Bundle, merged: &Bundle) {
    for (index, is) in merged.suppressions.iter().enumerate() {
        let pointer = format!("/suppress/{index}");
        let item = Item { section: "suppress", name: Some(&is.id), pointer: &pointer };
        let Some(was) = base.suppressions.iter().find(|was| was.id == is.id) else {
            let detail = "a suppression cancels rules that the base wants to fire";
            findings.loosens(item, "", detail, "take it out");
            continue;
        };
        same_condition(findings, item, (was.when.cel(), is.when.cel()));
        if let Some(more) = is.cancels.iter().find(|id| !was.cancels.contains(id)) {
            let detail = format!("it cancels `{more}` too");
            findings.loosens(item, "cancels", detail, format!("take `{more}` out"));
        }
        let fewer = was.cancels.iter().any(|id| !is.cancels.contains(id));
        if fewer && !is_alone(base, &is.id) {
            let detail = "what it leaves, another suppression cancels instead";
            findings.loosens(item, "cancels", detail, "leave `cancels` as the base has it");
        }
        findings.at_least(item, "then", (was.then, is.then));
    }
}

/// Conditions of the base over what the overlay changes about actions.
fn of_conditions(findings: &mut Findings, base: &Bundle, merged: &Bundle, shifts: Shifts) {
    let of_gate = |path: &str| {
        let name = path.strip_prefix("actions.");
        let shared = shifts.entries && matches!(name, Some("effects" | "reversibility"));
        let raised = matches!(
            name,
            Some("verdict" | "tier" | "authority_level" | "quorum" | "provisional" | "reason")
        );
        shared || (shifts.gates && raised) || (shifts.amounts && name == Some("amount"))
    };
    let of_entry = |path: &str| {
        shifts.entries && matches!(path, "action.effects" | "action.reversibility" | "action.tier")
    };
    // An amount that is not known any more makes a condition unknown, whichever way it goes.
    let goes = |text: &str| {
        let amounts = |path: &str| shifts.amounts && path == "actions.amount";
        match direction(text, &amounts) {
            Direction::Still => direction(text, &of_gate),
            _ => Direction::Either,
        }
    };
    let mut tell = |section, name: &str, when: &str, found: Direction, fine: Direction| {
        if found != Direction::Still && found != fine {
            let detail = format!(
                "`{when}` of {section} `{name}` in the base may change its answer as gates get stricter"
            );
            let help = "change no tool, rule over actions or ladder, or ask for a condition that only grows with them";
            // The cause is the overlay's whole say about actions.
            let item = Item { section: "tool", name: None, pointer: "/overlay" };
            findings.loosens(item, "", detail, help);
        }
    };
    for was in base.triggers.iter().filter(|was| !was.shadow) {
        tell("trigger", &was.id, was.when.cel(), goes(was.when.cel()), Direction::Up);
    }
    for was in kept(base, merged) {
        tell("suppress", &was.id, was.when.cel(), goes(was.when.cel()), Direction::Down);
    }
    for queue in &base.queues {
        if let Some(when) = &queue.accepts.when {
            tell("queue", &queue.queue, when.cel(), goes(when.cel()), Direction::Still);
        }
    }
    for rule in &base.actions.rules {
        let found = direction(rule.when.cel(), &of_entry);
        tell("impact", &rule.id, rule.when.cel(), found, Direction::Up);
    }
}

fn kept<'a>(base: &'a Bundle, merged: &'a Bundle) -> impl Iterator<Item = &'a Suppression> {
    let is_kept = |was: &&Suppression| merged.suppressions.iter().any(|is| is.id == was.id);
    base.suppressions.iter().filter(is_kept)
}

/// Whether a rule asks for a person by itself.
pub(super) fn escalates(trigger: &Trigger) -> bool {
    let by_person = trigger.then == Disposition::Escalate
        || (trigger.then == Disposition::Refuse && !trigger.is_final);
    !trigger.shadow && (by_person || trigger.kind == TriggerKind::UserEscalation)
}

/// The rule that every policy has, by the name that witnesses are told under.
pub(super) const TIERS: &str = LOW_CONFIDENCE;

/// A length of time as an author writes it.
pub(super) fn duration(ms: i64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let unit = units.into_iter().find(|(_, scale)| ms >= *scale && ms % scale == 0);
    unit.map_or_else(|| format!("{ms} ms"), |(name, scale)| format!("{} {name}", ms / scale))
}

/// The queue's place in what was put together.
pub(super) fn place_of(queues: &[Queue], name: &str) -> String {
    let index = queues.iter().position(|queue| queue.queue == name).unwrap_or(0);
    format!("/queue/{index}")
}
