//! Routing: which queue a case goes to, how urgent it is, and what right deciding it needs.
//!
//! The policy decides from facts; nothing that a model wrote can lower the authority.

use serde::Serialize;

use crate::expr::{Program, Truth};
use crate::fact::Value;
use crate::policy::{Accepts, Authority, Policy, Queue, Trigger, TriggerKind};
use crate::request::{Request, RiskLevel};
use crate::units::TimestampMs;
use crate::verdict::FiredTrigger;

/// Where a case goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Routing {
    /// The queue.
    pub queue: String,
    /// Its name for people.
    pub title: String,
    /// When the case is to be resolved.
    pub due_at: TimestampMs,
    /// The same, in milliseconds from now.
    pub sla_ms: i64,
    /// From 0 (low risk) to 3 (critical); higher is taken first.
    pub priority: i64,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
}

/// What the rules that fired ask of a queue, beyond its own terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The latest deadline that all of them allow, in milliseconds.
    pub sla_ms_max: Option<i64>,
    /// The highest level of authority that one of them asks for.
    pub authority_level_min: i64,
}

impl Need {
    /// Nothing in particular.
    pub(crate) const NONE: Self = Self { sla_ms_max: None, authority_level_min: 0 };

    /// The shortest deadline and the highest authority among the rules.
    pub fn of<'a>(triggers: impl Iterator<Item = &'a Trigger>) -> Self {
        triggers.fold(Self::NONE, Self::with)
    }

    pub(crate) fn with(self, trigger: &Trigger) -> Self {
        Self {
            sla_ms_max: match (self.sla_ms_max, trigger.sla_ms_max) {
                (Some(left), Some(right)) => Some(left.min(right)),
                (left, right) => left.or(right),
            },
            authority_level_min: self.authority_level_min.max(trigger.authority_level_min),
        }
    }
}

/// What a place is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Routable<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its facts, by slot.
    pub facts: &'a [Value<'a>],
    /// What is at stake.
    pub risk_level: RiskLevel,
    /// The rules that fired.
    pub triggers: &'a [FiredTrigger],
    /// What they ask of a queue.
    pub need: Need,
}

/// Kinds of trigger, each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(kinds: impl Iterator<Item = TriggerKind>) -> Self {
        let mut all = Self::NONE;
        kinds.for_each(|kind| all.add(kind));
        all
    }

    pub(crate) const fn add(&mut self, kind: TriggerKind) {
        self.0 |= 1 << kind as u8;
    }

    pub(crate) const fn has(self, kind: TriggerKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// Where a case goes, in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// The queue's index.
    pub(crate) queue: usize,
    pub(crate) due_at: TimestampMs,
    pub(crate) sla_ms: i64,
    pub(crate) level: i64,
    /// Whether the queue's calendar reaches so far.
    pub(crate) is_known: bool,
}

/// The first queue that can serve and accepts, else the fallback.
pub(crate) fn find(
    policy: &Policy,
    need: Need,
    accepts: &dyn Fn(usize, &Accepts) -> bool,
    now: TimestampMs,
) -> Place {
    let mut queues = policy.bundle().queues.iter().enumerate();
    let takes =
        |(index, queue): &(usize, &Queue)| serves(queue, &need) && accepts(*index, &queue.accepts);
    let (index, queue) =
        queues.find(takes).unwrap_or_else(|| (policy.plan().fallback(), policy.fallback()));
    let calendar = queue.calendar.as_deref().and_then(|name| policy.calendar(name));
    let deadline = queue.sla.deadline(calendar, now);
    let asked =
        need.sla_ms_max.map_or(TimestampMs::MAX, |sla_ms_max| now.saturating_add(sla_ms_max));
    let due_at = deadline.due_at.min(asked);
    Place {
        queue: index,
        due_at,
        sla_ms: due_at.as_ms() - now.as_ms(),
        // The fallback takes everything, but the right to decide stays what the rules ask.
        level: queue.authority.level.max(need.authority_level_min),
        is_known: deadline.is_known,
    }
}

impl Place {
    /// The place in words. A deadline that the queue's calendar does not reach is the cautious one,
    /// and the calendar is added to `unjudged`.
    pub(crate) fn told(
        self,
        policy: &Policy,
        risk_level: RiskLevel,
        unjudged: &mut Vec<String>,
    ) -> Routing {
        let queue = policy.bundle().queues.get(self.queue).unwrap_or_else(|| policy.fallback());
        if let (false, Some(calendar)) = (self.is_known, &queue.calendar) {
            unjudged.push(format!("calendars.{calendar}"));
        }
        Routing {
            queue: queue.queue.clone(),
            title: queue.title.clone(),
            due_at: self.due_at,
            sla_ms: self.sla_ms,
            priority: priority(risk_level),
            authority: Authority { domain: queue.authority.domain.clone(), level: self.level },
            skills: queue.skills.clone(),
        }
    }
}

/// The first queue that accepts, else the fallback. A deadline that the queue's calendar does not
/// reach is the cautious one, and the calendar is added to `unjudged`.
#[must_use]
pub fn route(
    policy: &Policy,
    case: &Routable<'_>,
    now: TimestampMs,
    unjudged: &mut Vec<String>,
) -> Routing {
    let request = case.request;
    let kinds = Kinds::of(case.triggers.iter().map(|trigger| trigger.kind));
    let listed = |list: &[String], value: Option<&str>| {
        list.is_empty() || value.is_some_and(|value| list.iter().any(|item| item == value))
    };
    let holds = |when: &Program| when.evaluate(case.facts) == Truth::True;
    let takes = |_, accepts: &Accepts| {
        listed(&accepts.domains, request.domain.as_deref())
            && listed(&accepts.tenants, Some(request.tenant_id.as_str()))
            && speaks(&accepts.languages, request.language.as_deref())
            && accepts.takes(kinds, case.risk_level)
            && accepts.when.as_ref().is_none_or(holds)
    };
    find(policy, case.need, &takes, now).told(policy, case.risk_level, unjudged)
}

/// From 0 for low risk to 3 for critical.
#[must_use]
pub const fn priority(risk_level: RiskLevel) -> i64 {
    match risk_level {
        RiskLevel::Low => 0,
        RiskLevel::Medium => 1,
        RiskLevel::High => 2,
        RiskLevel::Critical => 3,
    }
}

/// Whether the queue can be as quick, and its people may decide as much, as the rules ask.
fn serves(queue: &Queue, need: &Need) -> bool {
    need.sla_ms_max.is_none_or(|sla_ms_max| queue.sla_ms_min <= sla_ms_max)
        && queue.authority.level >= need.authority_level_min
}

impl Accepts {
    /// Whether it takes what fired, and what is at stake.
    pub(crate) fn takes(&self, kinds: Kinds, risk_level: RiskLevel) -> bool {
        (self.triggers.is_empty() || self.triggers.iter().any(|kind| kinds.has(*kind)))
            && (self.risk_level_min..=self.risk_level_max).contains(&risk_level)
    }
}

/// Whether one of the languages takes the tag: `pt` takes `pt` and `pt-BR`, `pt-BR` only itself.
#[must_use]
pub fn speaks(languages: &[String], tag: Option<&str>) -> bool {
    let takes = |language: &String, tag: &str| {
        let split = tag.split_at_checked(language.len());
        split.is_some_and(|(head, rest)| {
            head.eq_ignore_ascii_case(language) && (rest.is_empty() || rest.starts_with('-'))
        })
    };
    languages.is_empty()
        || tag.is_some_and(|tag| languages.iter().any(|language| takes(language, tag)))
}
