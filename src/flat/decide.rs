//! The decision over flat facts. Whoever decides, the host as an edge, decides here; what is told
//! about it is made from the answer afterwards.

use crate::expr::Truth;
use crate::flat::cell::{Cell, FlatFacts, tag};
use crate::flat::condition::Condition;
use crate::flat::curve::Odds;
use crate::flat::desk::{Desk, Fired};
use crate::policy::{Accepts, Policy, Trigger, TriggerKind};
use crate::request::RiskLevel;
use crate::routing::{self, Kinds, Need, Place};
use crate::units::TimestampMs;
use crate::verdict::{Certificates, Disposition, certificates, tier_disposition};

/// What is decided of one request, in numbers; which rules fired lies on the desk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) disposition: Disposition,
    pub(crate) risk_level: RiskLevel,
    pub(crate) odds: Odds,
    pub(crate) certificates: Certificates,
    /// What the confidence asks for, where that is more than an answer.
    pub(crate) low: Option<Low>,
    /// Where the texts of a limited answer stand, where not in the policy's own.
    pub(crate) template: Option<TemplateOf>,
    pub(crate) place: Option<Place>,
}

/// Too little confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Low {
    pub(crate) disposition: Disposition,
    pub(crate) cancelled_by: Option<u16>,
}

/// The rule whose texts the user gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TemplateOf {
    Trigger(u16),
    Suppression(u16),
}

/// Decides what lies on the desk.
pub(crate) fn decide(policy: &Policy, desk: &mut Desk, now: TimestampMs) -> Answer {
    let (bundle, plan) = (policy.bundle(), policy.plan());
    let odds = Odds::of(bundle.confidence.base, plan.curves(), &desk.signals);
    for slot in plan.confidence() {
        desk.buffer.set(usize::from(*slot), Cell::double(odds.probability));
    }
    let Desk { buffer, fired, shadow, unknown, holding, .. } = desk;
    let facts = &buffer.facts(plan.words());
    fired.clear();
    shadow.clear();
    unknown.clear();
    holding.clear();

    for (index, (trigger, condition)) in (0_u16..).zip(bundle.triggers.iter().zip(plan.triggers()))
    {
        let truth = condition.evaluate(&trigger.when, facts);
        if truth == Truth::False {
            continue;
        }
        let is_unknown = truth == Truth::Unknown;
        if is_unknown && !trigger.shadow {
            unknown.push(index);
        }
        if !is_unknown || fires_for_want(trigger, condition, facts) {
            let into = if trigger.shadow { &mut *shadow } else { &mut *fired };
            into.push(Fired { trigger: index, is_unknown, cancelled_by: None });
        }
    }

    for (index, (one, condition)) in
        (0_u16..).zip(bundle.suppressions.iter().zip(plan.suppressions()))
    {
        if condition.evaluate(&one.when, facts) == Truth::True {
            holding.push(index);
        }
    }
    let cancelling = |takes: &dyn Fn(u16) -> bool| holding.iter().copied().find(|by| takes(*by));
    let cancels = |by: u16| plan.cancels().get(usize::from(by));
    if !holding.is_empty() {
        for one in fired.iter_mut() {
            one.cancelled_by =
                cancelling(&|by| cancels(by).is_some_and(|cancels| cancels.takes(one.trigger)));
        }
    }

    let claimed = desk.risk_level.unwrap_or(bundle.risk_level_when_missing);
    let mut standing = Standing {
        risk_level: claimed,
        most: Disposition::Answer,
        kinds: Kinds::NONE,
        need: Need::NONE,
        refusal_is_final: false,
        template: None,
    };
    for one in fired.iter().filter(|one| one.cancelled_by.is_none()) {
        if let Some(trigger) = bundle.triggers.get(usize::from(one.trigger)) {
            standing.add(one.trigger, trigger);
        }
    }
    let risk_level = standing.risk_level;
    let certificates = certificates(policy, risk_level, now);
    let low = tier_disposition(policy, odds, risk_level, certificates);
    let low = (low != Disposition::Answer).then(|| Low {
        disposition: low,
        cancelled_by: cancelling(&|by| cancels(by).is_some_and(|cancels| cancels.low_confidence)),
    });

    if let Some(low) = low.filter(|low| low.cancelled_by.is_none()) {
        standing.kinds.add(TriggerKind::LowConfidence);
        standing.most = standing.most.max(low.disposition);
    }

    let cancelled = || {
        let of_rules = fired.iter().filter_map(|one| one.cancelled_by);
        of_rules.chain(low.and_then(|low| low.cancelled_by))
    };
    let suppression = |by: u16| bundle.suppressions.get(usize::from(by));
    let instead = cancelled().filter_map(suppression).map(|one| one.then).max();
    let disposition = standing.disposition().max(instead.unwrap_or(Disposition::Answer));
    let of_suppressions = cancelled()
        .find(|by| suppression(*by).is_some_and(|one| one.template.is_some()))
        .map(TemplateOf::Suppression);
    let place = (disposition == Disposition::Escalate).then(|| {
        let routed = bundle.facts.len();
        let takes = |index: usize, accepts: &Accepts| {
            plan.entries().get(index).is_some_and(|entry| {
                entry.takes(accepts, standing.kinds, risk_level, facts, routed)
            })
        };
        routing::find(policy, standing.need, &takes, now)
    });
    Answer {
        disposition,
        risk_level,
        odds,
        certificates,
        low,
        template: of_suppressions.or(standing.template.map(TemplateOf::Trigger)),
        place,
    }
}

/// Facts that are there and come to nothing (an overflow, a foreign currency) are not missing: nobody
/// could judge them, so a person does. Of missing ones only those count that the rule may not do
/// without.
fn fires_for_want(trigger: &Trigger, condition: &Condition, facts: &FlatFacts<'_>) -> bool {
    let is_missing = |slot: &u16| facts.cell(usize::from(*slot)).tag == tag::MISSING;
    !condition.slots().iter().any(is_missing) || trigger.required.iter().any(is_missing)
}

/// What the rules that fired, and were not cancelled, come to together.
struct Standing {
    risk_level: RiskLevel,
    most: Disposition,
    kinds: Kinds,
    need: Need,
    refusal_is_final: bool,
    template: Option<u16>,
}

impl Standing {
    fn add(&mut self, index: u16, trigger: &Trigger) {
        self.risk_level = self.risk_level.max(trigger.risk_level.unwrap_or(RiskLevel::Low));
        self.most = self.most.max(trigger.then);
        self.kinds.add(trigger.kind);
        self.need = self.need.with(trigger);
        self.refusal_is_final |= trigger.then == Disposition::Refuse && trigger.is_final;
        if trigger.then == Disposition::LimitedAnswer && trigger.template.is_some() {
            self.template = self.template.or(Some(index));
        }
    }

    /// The most cautious wins; a refusal that is not final gives way to a person, and nothing keeps a
    /// user from a person they asked for.
    fn disposition(&self) -> Disposition {
        match self.most {
            _ if self.kinds.has(TriggerKind::UserEscalation) => Disposition::Escalate,
            Disposition::Refuse if !self.refusal_is_final => Disposition::Escalate,
            other => other,
        }
    }
}
