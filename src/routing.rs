//! Routing: which queue a case goes to, how urgent it is, and what right deciding it needs.
//!
//! The policy decides from facts; nothing that a model wrote can lower the authority.

use serde::Serialize;

use crate::expr::Truth;
use crate::fact::Value;
use crate::policy::{Accepts, Authority, Policy, Queue, Trigger};
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
    /// The shortest deadline and the highest authority among the rules.
    pub fn of<'a>(triggers: impl Iterator<Item = &'a Trigger>) -> Self {
        let nothing = Self { sla_ms_max: None, authority_level_min: 0 };
        triggers.fold(nothing, |need, trigger| Self {
            sla_ms_max: match (need.sla_ms_max, trigger.sla_ms_max) {
                (Some(left), Some(right)) => Some(left.min(right)),
                (left, right) => left.or(right),
            },
            authority_level_min: need.authority_level_min.max(trigger.authority_level_min),
        })
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

/// The first queue that accepts, else the fallback. A deadline that the queue's calendar does not
/// reach is the cautious one, and the calendar is added to `unjudged`.
#[must_use]
pub fn route(
    policy: &Policy,
    case: &Routable<'_>,
    now: TimestampMs,
    unjudged: &mut Vec<String>,
) -> Routing {
    let need = case.need;
    let takes = |queue: &&Queue| serves(queue, &need) && accepts(&queue.accepts, case);
    let queues = &policy.bundle().queues;
    let queue = queues.iter().find(takes).unwrap_or_else(|| policy.fallback());
    let calendar = queue.calendar.as_deref().and_then(|name| policy.calendar(name));
    let deadline = queue.sla.deadline(calendar, now);
    if let (false, Some(calendar)) = (deadline.is_known, calendar) {
        unjudged.push(format!("calendars.{}", calendar.calendar));
    }
    let asked =
        need.sla_ms_max.map_or(TimestampMs::MAX, |sla_ms_max| now.saturating_add(sla_ms_max));
    let due_at = deadline.due_at.min(asked);
    Routing {
        queue: queue.queue.clone(),
        title: queue.title.clone(),
        due_at,
        sla_ms: due_at.as_ms() - now.as_ms(),
        priority: priority(case.risk_level),
        authority: Authority {
            domain: queue.authority.domain.clone(),
            // The fallback takes everything, but the right to decide stays what the rules ask.
            level: queue.authority.level.max(need.authority_level_min),
        },
        skills: queue.skills.clone(),
    }
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

fn accepts(accepts: &Accepts, case: &Routable<'_>) -> bool {
    let request = case.request;
    let listed = |list: &[String], value: Option<&str>| {
        list.is_empty() || value.is_some_and(|value| list.iter().any(|item| item == value))
    };
    listed(&accepts.domains, request.domain.as_deref())
        && listed(&accepts.tenants, Some(request.tenant_id.as_str()))
        && speaks(&accepts.languages, request.language.as_deref())
        && (accepts.triggers.is_empty()
            || case.triggers.iter().any(|trigger| accepts.triggers.contains(&trigger.kind)))
        && (accepts.risk_level_min..=accepts.risk_level_max).contains(&case.risk_level)
        && accepts.when.as_ref().is_none_or(|when| when.evaluate(case.facts) == Truth::True)
}

/// Whether one of the languages takes the tag: `pt` takes `pt` and `pt-BR`, `pt-BR` only itself.
#[must_use]
pub fn speaks(languages: &[String], tag: Option<&str>) -> bool {
    let takes = |language: &String, tag: &str| {
        let (language, tag) = (language.to_ascii_lowercase(), tag.to_ascii_lowercase());
        tag.strip_prefix(&language).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    languages.is_empty()
        || tag.is_some_and(|tag| languages.iter().any(|language| takes(language, tag)))
}
