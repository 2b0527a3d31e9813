//! What opens a case: a request that needs a person, with what the edge already said of it.

use serde::Serialize;

use crate::case::{Attachment, CASE_VERSION, Case, CaseState, Purpose};
use crate::error::{ErrorCode, Fault};
use crate::fact;
use crate::gate;
use crate::identity::Actor;
use crate::json::Json;
use crate::limits;
use crate::policy::Policy;
use crate::read::{self, Node, Read};
use crate::request::Request;
use crate::routing::{Need, Routable, Routing, route};
use crate::units::{Id, TimestampMs};
use crate::verdict::{Disposition, Verdict, evaluate};

/// What an edge said of a request: advice, checked by the host.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Claimed {
    /// What it decided.
    pub disposition: Disposition,
    /// Under which policy, by digest.
    pub policy_hash: String,
    /// The digest of its decision.
    pub digest: String,
    /// When it decided.
    pub evaluated_at: TimestampMs,
}

/// A request that needs a person, as it is sent to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// The id that the caller gave the case.
    pub case_id: Option<Id>,
    /// The request.
    pub request: Request,
    /// Why the caller sends it.
    pub reason_for_escalation: Option<String>,
    /// When the caller wants it resolved; it may only shorten.
    pub sla_deadline: Option<TimestampMs>,
    /// Files that came with the question.
    pub attachments: Vec<Attachment>,
    /// What makes two cases the same.
    pub dedupe_key: Option<String>,
    /// What the edge said.
    pub claimed: Option<Claimed>,
}

impl Escalation {
    /// Reads an escalation. The plain form without a `version`, as a queue of stored messages
    /// holds it, may carry a deadline that has passed: the case is then due at once. In the
    /// versioned form that is refused.
    ///
    /// # Errors
    /// `invalid_field` or `limit_exceeded`, with the path to the fault.
    pub fn read(value: &Json, now: TimestampMs) -> Read<Self> {
        let mut fields = Node::root(value).object()?;
        let versioned = fields.has("version");
        let mut request = Request::read_fields(&mut fields)?;
        let deadline = |node: Node<'_>| {
            let deadline = node.timestamp()?;
            if versioned && deadline <= now {
                return Err(node.invalid(
                    format!("the deadline {deadline} has passed, it is {now}"),
                    "send a deadline that lies ahead, or leave it to the policy",
                ));
            }
            Ok(deadline)
        };
        let escalation = Self {
            case_id: fields.optional("case_id", read::id)?,
            reason_for_escalation: fields.optional("reason_for_escalation", |node| {
                node.filled_text(limits::NOTE_LENGTH_MAX)
            })?,
            sla_deadline: fields.optional("sla_deadline", deadline)?,
            attachments: fields.list("attachments", limits::ATTACHMENTS_MAX, Attachment::read)?,
            dedupe_key: fields
                .optional("dedupe_key", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            claimed: fields.optional("claimed", Claimed::read)?,
            request: {
                request.unknown_fields = fields.finish_listing_unknown();
                request
            },
        };
        Ok(escalation)
    }

    /// What the host says of the request: the verdict of the policy in force, raised where the
    /// policy that the edge used is the more cautious.
    #[must_use]
    pub fn judge(&self, in_force: &Policy, claimed: Option<&Policy>, now: TimestampMs) -> Verdict {
        let verdict = evaluate(in_force, &self.request, now);
        match claimed {
            Some(claimed) if claimed.reference() != in_force.reference() => {
                raise(verdict, evaluate(claimed, &self.request, now), in_force)
            }
            _ => verdict,
        }
    }

    /// The case that follows: what the host's own verdict says, where it is more cautious than the
    /// caller, and a place in a queue whatever the verdict, because somebody asked for a person.
    ///
    /// # Errors
    /// `not_permitted` where the actor may not send cases for this tenant.
    pub fn open(
        self,
        case_id: Id,
        actor: &Actor,
        policy: &Policy,
        verdict: Verdict,
        now: TimestampMs,
    ) -> Result<Case, Fault> {
        let mut unjudged = verdict.unjudged.clone();
        let routing = match verdict.routing.clone() {
            Some(routing) => routing,
            None => self.place(policy, &verdict, now, &mut unjudged),
        };
        let due_at = self
            .sla_deadline
            .map_or(routing.due_at, |claimed| claimed.min(routing.due_at).max(now));
        if self.sla_deadline.is_some_and(|deadline| deadline <= now) {
            unjudged.push("/sla_deadline".to_owned());
        }
        let differences = self.differences(&verdict);
        let reason = match self.reason_for_escalation {
            Some(claimed) if verdict.disposition != Disposition::Escalate => {
                format!("the caller says: {claimed}")
            }
            Some(claimed) => format!("{}; the caller says: {claimed}", verdict.reason),
            None => verdict.reason.clone(),
        };
        let request = self.request;
        Ok(Case {
            version: CASE_VERSION,
            case_id,
            tenant_id: request.tenant_id,
            revision: 1,
            state: CaseState::Ready,
            epoch: 0,
            leased_by: None,
            lease_until: None,
            purpose: Purpose::Primary,
            parent_case_id: None,
            dedupe_key: self.dedupe_key,
            request_id: request.request_id,
            conversation_id: request.conversation_id,
            requested_by: actor.principal.principal_id.clone(),
            requested_by_person: actor
                .principal
                .owner_person
                .clone()
                .or_else(|| actor.principal.person_id.clone()),
            user_question: request.user_question,
            model_draft: request.model_draft,
            messages: request.messages,
            evidence: request.evidence,
            tool_results: request.tool_results,
            attachments: self.attachments,
            proposed_actions: request.proposed_actions,
            proposal_ids: Vec::new(),
            trace_url: request.trace_url,
            domain: request.domain,
            language: request.language,
            intent: request.intent,
            release: request.release,
            facts: request.facts,
            signals: request.signals,
            risk_level: verdict.risk_level,
            reason_for_escalation: reason,
            triggers: verdict.triggers,
            confidence: verdict.confidence,
            unjudged,
            verdict_digest: verdict.digest,
            policy: verdict.policy,
            claimed: self.claimed,
            differences,
            queue: routing.queue,
            assigned_to: None,
            excluded: Vec::new(),
            priority: routing.priority,
            authority: routing.authority,
            skills: routing.skills,
            created_at: now,
            due_at,
            sla_deadline: due_at,
            deadline_version: 1,
            original_due_at: due_at,
            first_touch_due_at: None,
            first_touched_at: None,
            marks: Vec::new(),
            paused_at: None,
            notices: Vec::new(),
            undo_window_ms: policy.bundle().undo_window_ms,
            waiting: None,
            deferred_until: None,
            stale_since: None,
            work: None,
            reviewers_needed: 1,
            votes: Vec::new(),
            adjudicating: false,
            decision: None,
            decided_by_person: None,
            effective_at: None,
            answer: None,
            closed_at: None,
            claimed_risk_level: request.risk_level,
            asks_for_person: request.asks_for_person,
            judge_score: request.judge_score,
            feedback_rating: request.feedback_rating,
            unknown_fields: request.unknown_fields,
            rejudgings: Vec::new(),
            merged_into: None,
            reopened_as: Vec::new(),
        })
    }

    /// A place for a case that the host alone would not have escalated.
    fn place(
        &self,
        policy: &Policy,
        verdict: &Verdict,
        now: TimestampMs,
        unjudged: &mut Vec<String>,
    ) -> Routing {
        let gate = gate::of_request(policy, &self.request, verdict.evaluated_at);
        let facts = fact::extract(policy, &self.request, &verdict.confidence, gate.as_ref());
        let case = Routable {
            request: &self.request,
            facts: &facts,
            risk_level: verdict.risk_level,
            triggers: &verdict.triggers,
            need: Need { sla_ms_max: None, authority_level_min: 0 },
        };
        route(policy, &case, now, unjudged)
    }

    fn differences(&self, verdict: &Verdict) -> Vec<String> {
        let mut differences = Vec::new();
        let Some(claimed) = &self.claimed else {
            return differences;
        };
        if claimed.policy_hash != verdict.policy.hash {
            differences.push("the edge used another policy than the one in force".to_owned());
        }
        if claimed.disposition != verdict.disposition {
            differences.push(format!(
                "the edge said `{}`, the host says `{}`",
                claimed.disposition, verdict.disposition
            ));
        }
        differences
    }
}

/// Takes from the other verdict whatever is more cautious; policy and digest stay those in force.
fn raise(mut verdict: Verdict, other: Verdict, in_force: &Policy) -> Verdict {
    if other.disposition > verdict.disposition || other.risk_level > verdict.risk_level {
        verdict.reason = format!("{}; the edge's policy says: {}", verdict.reason, other.reason);
    }
    if other.disposition > verdict.disposition {
        verdict.disposition = other.disposition;
        verdict.user_message = other.user_message;
    }
    verdict.risk_level = verdict.risk_level.max(other.risk_level);
    for trigger in other.triggers {
        if verdict.triggers.iter().all(|known| known.id != trigger.id) {
            verdict.triggers.push(trigger);
        }
    }
    verdict.unjudged.extend(other.unjudged);
    verdict.unjudged.sort();
    verdict.unjudged.dedup();
    // A queue that the policy in force does not have would hide the case.
    let other = other.routing.filter(|other| in_force.queue(&other.queue).is_some());
    verdict.routing = match (verdict.routing, other) {
        (Some(mut routing), Some(other)) => {
            routing.sla_ms = routing.sla_ms.min(other.sla_ms);
            routing.due_at = routing.due_at.min(other.due_at);
            routing.authority.level = routing.authority.level.max(other.authority.level);
            routing.priority = routing.priority.max(other.priority);
            Some(routing)
        }
        (routing, other) => routing.or(other),
    };
    verdict
}

impl Claimed {
    /// Reads what an edge said.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let claimed = Self {
            disposition: fields.required("disposition", Disposition::read)?,
            policy_hash: fields.required("policy_hash", name)?,
            digest: fields.required("digest", name)?,
            evaluated_at: fields.required("evaluated_at", read::timestamp)?,
        };
        fields.finish()?;
        Ok(claimed)
    }
}

impl Case {
    /// The fault of a case id that is in use.
    #[must_use]
    pub fn duplicate(case_id: &Id) -> Fault {
        Fault::new(
            ErrorCode::Duplicate,
            "/case_id",
            format!("the case `{case_id}` exists already"),
            "use another id, or the same idempotency key for the same request",
        )
    }
}
