//! What a newly released policy makes of an open case: it raises, and never lowers.
//!
//! The case's own request is judged again, from what is stored. Risk level, level of authority and
//! reasons can only grow, the deadline can only come earlier; where nothing does, nothing happens.

use serde::Serialize;

use crate::case::{Case, Timing};
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::policy::{Authority, Policy, PolicyReference};
use crate::read::{self, Node, Read};
use crate::request::{Request, RiskLevel};
use crate::routing::priority;
use crate::units::TimestampMs;
use crate::verdict::{Disposition, FiredTrigger, evaluate};

/// How many a case keeps; the audit log has them all.
pub(super) const REJUDGINGS_MAX: usize = 20;

/// What was raised about a case, and under which policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rejudged {
    /// The policy that came into force.
    pub policy: PolicyReference,
    /// Its place among the releases for the case's tenant.
    pub sequence: i64,
    /// When the case was judged by it.
    pub judged_at: TimestampMs,
    /// What is at stake from here on.
    pub risk_level: RiskLevel,
    /// Where the case waits from here on.
    pub queue: String,
    /// From 0 to 3; higher is taken first.
    pub priority: i64,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
    /// The clocks, where the deadline is earlier; absent where it stays.
    pub timing: Option<Timing>,
    /// Rules that fire now and did not.
    pub triggers: Vec<FiredTrigger>,
    /// Each difference in words.
    pub changes: Vec<String>,
}

impl Case {
    /// The request that it was opened for, as it was judged.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            version: self.version,
            request_id: self.request_id.clone(),
            tenant_id: self.tenant_id.clone(),
            conversation_id: self.conversation_id.clone(),
            user_question: self.user_question.clone(),
            model_draft: self.model_draft.clone(),
            messages: self.messages.clone(),
            evidence: self.evidence.clone(),
            tool_results: self.tool_results.clone(),
            domain: self.domain.clone(),
            intent: self.intent,
            language: self.language.clone(),
            risk_level: self.claimed_risk_level,
            asks_for_person: self.asks_for_person,
            signals: self.signals.clone(),
            judge_score: self.judge_score,
            feedback_rating: self.feedback_rating,
            proposed_actions: self.proposed_actions.clone(),
            facts: self.facts.clone(),
            release: self.release.clone(),
            trace_url: self.trace_url.clone(),
            unknown_fields: self.unknown_fields.clone(),
        }
    }

    /// What a policy that came into force raises; `None` where it raises nothing.
    #[must_use]
    pub fn rejudge(&self, policy: &Policy, sequence: i64, now: TimestampMs) -> Option<Rejudged> {
        let request = self.request();
        let verdict = evaluate(policy, &request, now);
        let risk_level = self.risk_level.max(verdict.risk_level);
        let is_new = |fired: &FiredTrigger| {
            fired.disposition > Disposition::Answer
                && self.triggers.iter().all(|known| known.id != fired.id)
        };
        let triggers: Vec<FiredTrigger> = verdict.triggers.into_iter().filter(is_new).collect();
        let (mut due_at, mut authority) = (self.due_at, self.authority.clone());
        let (mut queue, mut skills) = (self.queue.clone(), self.skills.clone());
        if let Some(routing) = verdict.routing {
            // The clock began when the case came; a deadline is never set into the past.
            let at_first = evaluate(policy, &request, self.created_at).routing;
            let due = at_first.map_or(routing.due_at, |routing| routing.due_at).max(now);
            due_at = due_at.min(due);
            let higher = routing.authority.level > authority.level;
            let sooner = due_at < self.due_at && routing.authority == authority;
            if higher || sooner {
                (queue, skills) = (routing.queue, routing.skills);
            }
            if higher {
                authority = routing.authority;
            }
        }
        let mut changes = Vec::new();
        if risk_level != self.risk_level {
            changes.push(format!("risk level `{}` becomes `{risk_level}`", self.risk_level));
        }
        if due_at != self.due_at {
            changes.push(format!("due at {due_at} instead of {}", self.due_at));
        }
        if queue != self.queue {
            changes.push(format!("from the queue `{}` to `{queue}`", self.queue));
        }
        if authority != self.authority {
            let Authority { domain, level } = &authority;
            changes.push(format!(
                "level {level} of `{domain}` decides instead of level {} of `{}`",
                self.authority.level, self.authority.domain
            ));
        }
        changes.extend(triggers.iter().map(|fired| format!("`{}`: {}", fired.id, fired.reason)));
        let calendar = policy.queue(&queue).and_then(|queue| queue.calendar.as_deref());
        let calendar = calendar.and_then(|name| policy.calendar(name));
        let timing = (due_at < self.due_at).then(|| self.retimed(calendar, due_at, now));
        (!changes.is_empty()).then(|| Rejudged {
            policy: policy.reference().clone(),
            sequence,
            judged_at: now,
            risk_level,
            queue,
            priority: self.priority.max(priority(risk_level)),
            authority,
            skills,
            timing,
            triggers,
            changes,
        })
    }

    /// The case with what was raised; nothing of it can lower anything.
    pub(super) fn raise(&mut self, rejudged: &Rejudged) {
        self.risk_level = self.risk_level.max(rejudged.risk_level);
        self.priority = self.priority.max(rejudged.priority);
        if rejudged.authority.level >= self.authority.level {
            self.authority = rejudged.authority.clone();
            self.queue.clone_from(&rejudged.queue);
            self.skills.clone_from(&rejudged.skills);
        }
        self.deadline_version += i64::from(rejudged.timing.is_some());
        self.triggers.extend(rejudged.triggers.iter().cloned());
        if self.rejudgings.len() >= REJUDGINGS_MAX {
            self.rejudgings.remove(0);
        }
        self.rejudgings.push(rejudged.clone());
    }
}

impl Rejudged {
    /// Reads a stored record.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let text = |node: Node<'_>| node.text(limits::TEXT_LENGTH_MAX);
        let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
        let mut fields = node.object()?;
        let rejudged = Self {
            policy: fields.required("policy", PolicyReference::read)?,
            sequence: fields.required("sequence", counter)?,
            judged_at: fields.required("judged_at", read::timestamp)?,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            queue: fields.required("queue", name)?,
            priority: fields.required("priority", counter)?,
            authority: fields.required("authority", Authority::read)?,
            skills: fields.list("skills", limits::LIST_LENGTH_MAX, name)?,
            timing: fields.optional("timing", Timing::read)?,
            triggers: fields.list("triggers", limits::TRIGGERS_MAX, FiredTrigger::read)?,
            changes: fields.list("changes", limits::TRIGGERS_MAX + 4, text)?,
        };
        fields.finish()?;
        Ok(rejudged)
    }
}
