//! The case as it stands: the record that is stored, sent, and shown on one screen.

use serde::Serialize;

use crate::case::rejudged::REJUDGINGS_MAX;
use crate::case::{Answer, CaseVote, Claimed, Decision, Mark, Rejudged, UserNotice, Waiting, Work};
use crate::confidence::Confidence;
use crate::json::{INTEGER_MAX, Json};
use crate::limits;
use crate::map::BTreeMap;
use crate::policy::{Authority, PolicyReference};
use crate::read::{self, Node, Read};
use crate::request::{
    Action, Evidence, Intent, Message, Release, Request, RiskLevel, Signal, ToolResult,
};
use crate::units::{Id, Score, TimestampMs};
use crate::verdict::FiredTrigger;
use crate::word::words;

/// Version of the case record that this code writes.
pub const CASE_VERSION: i64 = 1;

words! {
    /// Where a case stands.
    pub enum CaseState {
        /// Waiting for somebody.
        Ready = "ready",
        /// Held by one reviewer, for a while.
        Leased = "leased",
        /// Waiting for somebody outside, such as the customer.
        Waiting = "waiting",
        /// Put off until a time.
        Deferred = "deferred",
        /// Decided, and still to be taken back.
        Held = "held",
        /// Decided, and the answer released.
        Resolved = "resolved",
        /// Ended by time.
        Expired = "expired",
        /// Taken back by who sent it.
        Withdrawn = "withdrawn",
    }
}

impl CaseState {
    /// Whether somebody still has to work on it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Ready | Self::Leased | Self::Waiting | Self::Deferred)
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Resolved | Self::Expired | Self::Withdrawn)
    }
}

words! {
    /// Why a case exists.
    pub enum Purpose {
        /// A request that needs a person.
        Primary = "primary",
        /// A second, blind review.
        Second = "second",
        /// A random audit.
        Audit = "audit",
        /// A known answer, to measure reviewers.
        Canary = "canary",
        /// A quality review.
        Quality = "quality",
        /// An appeal against a decision.
        Appeal = "appeal",
        /// A label for a dataset.
        Label = "label",
        /// An execution whose outcome is not known.
        Reconcile = "reconcile",
        /// An answer that was delivered and is doubted.
        PostAnswer = "post_answer",
    }
}

impl Purpose {
    /// Whether the user has what they get already, and whoever judges is not to know that.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        matches!(self, Self::Audit | Self::Second)
    }
}

/// A file that came with the question; named, not carried.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Where it can be read; shown as text.
    pub url: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// What a person handles.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Case {
    /// Version of this record; 1.
    pub version: i64,
    /// Its id.
    pub case_id: Id,
    /// The tenant, from the credential of who sent it.
    pub tenant_id: Id,
    /// How often it changed; commands may name the one they saw.
    pub revision: i64,
    /// Where it stands.
    pub state: CaseState,
    /// How often it was claimed or taken away; a holder's commands name theirs.
    pub epoch: i64,
    /// Who holds it; there is a holder exactly where the state is `leased`.
    pub leased_by: Option<Id>,
    /// From this instant on, anybody else may claim.
    pub lease_until: Option<TimestampMs>,
    /// Why it exists.
    pub purpose: Purpose,
    /// The case that it follows from.
    pub parent_case_id: Option<Id>,
    /// What makes two cases the same.
    pub dedupe_key: Option<String>,

    /// The request that it comes from.
    pub request_id: Option<Id>,
    /// The conversation that it belongs to.
    pub conversation_id: Option<Id>,
    /// The principal that sent it.
    pub requested_by: Id,
    /// The person who answers for that principal.
    pub requested_by_person: Option<Id>,
    /// What the user asked.
    pub user_question: String,
    /// What the model would answer.
    pub model_draft: Option<String>,
    /// Earlier turns.
    pub messages: Vec<Message>,
    /// What the draft stands on.
    pub evidence: Vec<Evidence>,
    /// What tools said.
    pub tool_results: Vec<ToolResult>,
    /// Files that came with the question.
    pub attachments: Vec<Attachment>,
    /// What the model wants done.
    pub proposed_actions: Vec<Action>,
    /// Proposals that the answer depends on.
    pub proposal_ids: Vec<Id>,
    /// Where the trace can be read.
    pub trace_url: Option<String>,
    /// The subject.
    pub domain: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// What the user means to do with the answer.
    pub intent: Option<Intent>,
    /// Which versions made the draft.
    pub release: Option<Release>,
    /// The caller's own facts.
    pub facts: BTreeMap<String, Json>,
    /// The signals as they were sent.
    pub signals: BTreeMap<String, Signal>,

    /// What is at stake.
    pub risk_level: RiskLevel,
    /// Why it is here, in one sentence.
    pub reason_for_escalation: String,
    /// Every rule that fired.
    pub triggers: Vec<FiredTrigger>,
    /// How sure the system was, and why.
    pub confidence: Confidence,
    /// What could not be judged.
    pub unjudged: Vec<String>,
    /// The digest of the host's own decision.
    pub verdict_digest: String,
    /// The policy that applied.
    pub policy: PolicyReference,
    /// What the edge said, if it said anything.
    pub claimed: Option<Claimed>,
    /// Where edge and host differ, in words.
    pub differences: Vec<String>,

    /// The queue that holds it.
    pub queue: String,
    /// To whom alone it is offered, if to one.
    pub assigned_to: Option<Id>,
    /// Principals and people who may not work on it.
    pub excluded: Vec<Id>,
    /// From 0 to 3; higher is taken first.
    pub priority: i64,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
    /// When it was sent.
    pub created_at: TimestampMs,
    /// When it is to be resolved.
    pub due_at: TimestampMs,
    /// The same, under the name that senders use.
    pub sla_deadline: TimestampMs,
    /// Which deadline this is, from 1: each change of mind makes another one.
    pub deadline_version: i64,
    /// The first deadline, moved by pauses alone.
    pub original_due_at: TimestampMs,
    /// When somebody is to have looked at it.
    pub first_touch_due_at: Option<TimestampMs>,
    /// When somebody took it for the first time.
    pub first_touched_at: Option<TimestampMs>,
    /// What is done on the way to the deadlines and after them.
    pub marks: Vec<Mark>,
    /// Since when the clocks stand still.
    pub paused_at: Option<TimestampMs>,
    /// What the user was told about it.
    pub notices: Vec<UserNotice>,
    /// How long a decision can be taken back, in milliseconds.
    pub undo_window_ms: i64,

    /// The question to the customer, while an answer is waited for.
    pub waiting: Option<Waiting>,
    /// Until when it is put off.
    pub deferred_until: Option<TimestampMs>,
    /// The revision with which the user wrote again; the draft does not know of it.
    pub stale_since: Option<i64>,
    /// What a holder saved and did not decide yet.
    pub work: Option<Work>,
    /// How many reviewers are asked.
    pub reviewers_needed: i64,
    /// What those of several said who were asked already.
    pub votes: Vec<CaseVote>,
    /// Whether they disagreed, so that one more decides alone.
    pub adjudicating: bool,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The human being who decided.
    pub decided_by_person: Option<Id>,
    /// When the decision takes effect.
    pub effective_at: Option<TimestampMs>,
    /// What the user gets, once it is released.
    pub answer: Option<Answer>,
    /// When it ended.
    pub closed_at: Option<TimestampMs>,
    /// The case that it is the same as.
    pub merged_into: Option<Id>,
    /// Cases that were opened about what it ended with.
    pub reopened_as: Vec<Id>,

    /// What the caller said is at stake; with the next four, what the case needs to be judged again.
    pub claimed_risk_level: Option<RiskLevel>,
    /// Whether the user asked for a person.
    pub asks_for_person: Option<bool>,
    /// A judge's score of the draft, in [0, 1].
    pub judge_score: Option<Score>,
    /// The user's rating of an answer they got, 1 to 5.
    pub feedback_rating: Option<i64>,
    /// JSON Pointers of fields of the request that were not known.
    pub unknown_fields: Vec<String>,
    /// What policies raised that were released while it was open, oldest first, the last 20.
    pub rejudgings: Vec<Rejudged>,
}

impl Case {
    /// Whether what a reviewer says counts as one of several votes.
    #[must_use]
    pub const fn takes_votes(&self) -> bool {
        self.reviewers_needed > 1 && !self.adjudicating
    }

    /// Reads a stored case.
    ///
    /// # Errors
    /// `invalid_field` with the path to what does not fit, or `unknown_field` where it was written
    /// by a later version.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let counter = |node: Node<'_>| node.integer(0, INTEGER_MAX);
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let text = |node: Node<'_>| node.text(limits::TEXT_LENGTH_MAX);
        let mut fields = node.object()?;
        let request = Request::read_fields(&mut fields)?;
        let case = Self {
            version: request.version,
            case_id: fields.required("case_id", read::id)?,
            tenant_id: request.tenant_id,
            revision: fields.required("revision", counter)?,
            state: fields.required("state", CaseState::read)?,
            epoch: fields.required("epoch", counter)?,
            leased_by: fields.optional("leased_by", read::id)?,
            lease_until: fields.optional("lease_until", read::timestamp)?,
            purpose: fields.required("purpose", Purpose::read)?,
            parent_case_id: fields.optional("parent_case_id", read::id)?,
            dedupe_key: fields.optional("dedupe_key", name)?,
            request_id: request.request_id,
            conversation_id: request.conversation_id,
            requested_by: fields.required("requested_by", read::id)?,
            requested_by_person: fields.optional("requested_by_person", read::id)?,
            user_question: request.user_question,
            messages: request.messages,
            evidence: request.evidence,
            tool_results: request.tool_results,
            attachments: fields.list("attachments", limits::ATTACHMENTS_MAX, Attachment::read)?,
            proposed_actions: request.proposed_actions,
            proposal_ids: fields.list("proposal_ids", limits::PROPOSED_ACTIONS_MAX, read::id)?,
            trace_url: request.trace_url,
            domain: request.domain,
            language: request.language,
            intent: request.intent,
            release: request.release,
            facts: request.facts,
            signals: request.signals,
            risk_level: fields.required("risk_level", RiskLevel::read)?,
            reason_for_escalation: fields.required("reason_for_escalation", text)?,
            triggers: fields.list("triggers", limits::TRIGGERS_MAX, FiredTrigger::read)?,
            confidence: fields.required("confidence", Confidence::read)?,
            unjudged: fields.list("unjudged", limits::POLICY_FACTS_MAX, text)?,
            verdict_digest: fields.required("verdict_digest", name)?,
            policy: fields.required("policy", PolicyReference::read)?,
            claimed: fields.optional("claimed", Claimed::read)?,
            differences: fields.list("differences", limits::MARKS_MAX, text)?,
            queue: fields.required("queue", name)?,
            assigned_to: fields.optional("assigned_to", read::id)?,
            excluded: fields.list("excluded", limits::LIST_LENGTH_MAX, read::id)?,
            priority: fields.required("priority", counter)?,
            authority: fields.required("authority", Authority::read)?,
            skills: fields.list("skills", limits::LIST_LENGTH_MAX, name)?,
            created_at: fields.required("created_at", read::timestamp)?,
            due_at: fields.required("due_at", read::timestamp)?,
            sla_deadline: fields.required("sla_deadline", read::timestamp)?,
            deadline_version: fields.required("deadline_version", counter)?,
            original_due_at: fields.required("original_due_at", read::timestamp)?,
            first_touch_due_at: fields.optional("first_touch_due_at", read::timestamp)?,
            first_touched_at: fields.optional("first_touched_at", read::timestamp)?,
            marks: fields.list("marks", limits::SLA_STEPS_MAX, Mark::read)?,
            paused_at: fields.optional("paused_at", read::timestamp)?,
            notices: fields.list("notices", limits::NOTICES_MAX, UserNotice::read)?,
            undo_window_ms: fields.required("undo_window_ms", counter)?,
            waiting: fields.optional("waiting", Waiting::read)?,
            deferred_until: fields.optional("deferred_until", read::timestamp)?,
            stale_since: fields.optional("stale_since", counter)?,
            work: fields.optional("work", Work::read_stored)?,
            reviewers_needed: fields
                .required("reviewers_needed", |node| node.integer(1, limits::REVIEWERS_MAX))?,
            votes: fields.list("votes", limits::LIST_LENGTH_MAX, |node| {
                CaseVote::read(node, request.model_draft.as_deref())
            })?,
            adjudicating: fields.required("adjudicating", read::bool)?,
            decision: fields.optional("decision", |node| {
                Decision::read(node, request.model_draft.as_deref())
            })?,
            decided_by_person: fields.optional("decided_by_person", read::id)?,
            effective_at: fields.optional("effective_at", read::timestamp)?,
            answer: fields.optional("answer", Answer::read)?,
            closed_at: fields.optional("closed_at", read::timestamp)?,
            claimed_risk_level: fields.optional("claimed_risk_level", RiskLevel::read)?,
            asks_for_person: request.asks_for_person,
            judge_score: request.judge_score,
            feedback_rating: request.feedback_rating,
            unknown_fields: fields.list("unknown_fields", limits::UNKNOWN_FIELDS_MAX, text)?,
            rejudgings: fields.list("rejudgings", REJUDGINGS_MAX, Rejudged::read)?,
            merged_into: fields.optional("merged_into", read::id)?,
            reopened_as: fields.list("reopened_as", limits::FOLLOW_UPS_MAX, read::id)?,
            model_draft: request.model_draft,
        };
        fields.finish()?;
        Ok(case)
    }
}

impl Attachment {
    /// Reads an attachment.
    ///
    /// # Errors
    /// `invalid_field` or `limit_exceeded`.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        Ok(Self {
            name: fields.required("name", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            url: fields.optional("url", |node| node.text(limits::NOTE_LENGTH_MAX))?,
            media_type: fields
                .optional("media_type", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
        })
    }
}
