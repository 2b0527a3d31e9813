//! The decision over flat facts. Whoever decides, the host as an edge, decides here; what is told
//! about it is made from the answer afterwards.

use crate::certificate::CertificateState;
use crate::expr::Truth;
use crate::flat::cell::{Cell, FlatFacts, tag};
use crate::flat::condition::Condition;
use crate::flat::desk::{Desk, Fired, Odds};
use crate::policy::{Policy, Trigger, TriggerKind};
use crate::request::RiskLevel;
use crate::routing::{self, Kinds, Need, Place, Wanted};
use crate::units::TimestampMs;
use crate::verdict::{Disposition, certificate, tier_disposition};

/// What is decided of one request, in numbers; which rules fired lies on the desk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) disposition: Disposition,
    pub(crate) risk_level: RiskLevel,
    pub(crate) odds: Odds,
    pub(crate) certificate: Option<CertificateState>,
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
    let odds = Odds::of(&bundle.confidence, &desk.signals);
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

    let standing = || {
        let standing = fired.iter().filter(|one| one.cancelled_by.is_none());
        standing.filter_map(|one| {
            bundle.triggers.get(usize::from(one.trigger)).map(|trigger| (one.trigger, trigger))
        })
    };
    let claimed = desk.risk_level.unwrap_or(bundle.risk_level_when_missing);
    let raised = standing().filter_map(|(_, trigger)| trigger.risk_level);
    let risk_level = raised.fold(claimed, RiskLevel::max);
    let certificate = certificate(policy, risk_level, now);
    let low = tier_disposition(policy, odds, risk_level, certificate);
    let low = (low != Disposition::Answer).then(|| Low {
        disposition: low,
        cancelled_by: cancelling(&|by| cancels(by).is_some_and(|cancels| cancels.low_confidence)),
    });

    let standing_low = low.filter(|low| low.cancelled_by.is_none());
    let mut kinds = Kinds::of(standing().map(|(_, trigger)| trigger.kind));
    let mut most = standing().map(|(_, trigger)| trigger.then).max().unwrap_or(Disposition::Answer);
    if let Some(low) = standing_low {
        kinds.add(TriggerKind::LowConfidence);
        most = most.max(low.disposition);
    }
    let refuses = |trigger: &Trigger| trigger.then == Disposition::Refuse && trigger.is_final;
    let refusal_is_final = standing().any(|(_, trigger)| refuses(trigger));

    let cancelled = || {
        let of_rules = fired.iter().filter_map(|one| one.cancelled_by);
        of_rules.chain(low.and_then(|low| low.cancelled_by))
    };
    let suppression = |by: u16| bundle.suppressions.get(usize::from(by));
    let instead = cancelled().filter_map(suppression).map(|one| one.then).max();
    let disposition =
        fold(most, kinds, refusal_is_final).max(instead.unwrap_or(Disposition::Answer));
    let of_suppressions = cancelled()
        .find(|by| suppression(*by).is_some_and(|one| one.template.is_some()))
        .map(TemplateOf::Suppression);
    let limited = |trigger: &Trigger| {
        trigger.then == Disposition::LimitedAnswer && trigger.template.is_some()
    };
    let of_triggers = || {
        let found = standing().find(|(_, trigger)| limited(trigger));
        found.map(|(index, _)| TemplateOf::Trigger(index))
    };

    let place = (disposition == Disposition::Escalate).then(|| {
        let routed = |index: usize| {
            let cell = facts.cell(bundle.facts.len() + index);
            if cell.tag == tag::MISSING { None } else { facts.text(cell) }
        };
        let wanted = Wanted {
            tenant: routed(0),
            domain: routed(1),
            language: routed(2),
            kinds,
            risk_level,
            need: Need::of(standing().map(|(_, trigger)| trigger)),
        };
        let holds = |index: usize, when: &crate::expr::Program| {
            plan.queue(index).is_some_and(|one| one.evaluate(when, facts) == Truth::True)
        };
        routing::find(policy, &wanted, &holds, now)
    });
    Answer {
        disposition,
        risk_level,
        odds,
        certificate,
        low,
        template: of_suppressions.or_else(of_triggers),
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

/// The most cautious wins; a refusal that is not final gives way to a person, and nothing keeps a
/// user from a person they asked for.
fn fold(most: Disposition, kinds: Kinds, refusal_is_final: bool) -> Disposition {
    match most {
        _ if kinds.has(TriggerKind::UserEscalation) => Disposition::Escalate,
        Disposition::Refuse if !refusal_is_final => Disposition::Escalate,
        other => other,
    }
}
