//! What a decided case teaches: question, draft and answer side by side, with every mark the
//! reviewer made. It says what happened; it is no training data until somebody labels it.

use serde::Serialize;

use crate::case::{Case, CaseState, IncorrectEvidence, Outcome, Purpose, ReviewVerdict};
use crate::policy::PolicyReference;
use crate::request::{Evidence, Release, RiskLevel};
use crate::units::{Id, TimestampMs};

/// Version of the correction record that this code writes.
pub const CORRECTION_VERSION: i64 = 1;

/// One resolved case as a correction of its draft.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correction {
    /// Version of this record; 1.
    pub version: i64,
    /// The tenant.
    pub tenant_id: Id,
    /// The case.
    pub case_id: Id,
    /// The request.
    pub request_id: Option<Id>,
    /// The conversation.
    pub conversation_id: Option<Id>,
    /// The queue that held it.
    pub queue: String,
    /// The subject.
    pub domain: Option<String>,
    /// The language.
    pub language: Option<String>,
    /// What was at stake.
    pub risk_level: RiskLevel,
    /// The rules that fired, by id.
    pub trigger_ids: Vec<String>,
    /// What the reviewer said of the draft.
    pub verdict: ReviewVerdict,
    /// What kind of answer the user got.
    pub outcome: Outcome,
    /// What the user asked.
    pub user_question: String,
    /// What the model would have answered.
    pub model_draft: Option<String>,
    /// What the user got.
    pub released_answer: Option<String>,
    /// What the draft stood on.
    pub evidence: Vec<Evidence>,
    /// What should have been found.
    pub missing_evidence: Vec<String>,
    /// What should not have been used.
    pub incorrect_evidence: Vec<IncorrectEvidence>,
    /// A query that finds better.
    pub better_retrieval_query: Option<String>,
    /// Which rule the decision rests on.
    pub policy_reason: Option<String>,
    /// Remarks for colleagues.
    pub notes: Option<String>,
    /// A short code for the reason.
    pub reason_code: Option<String>,
    /// Who decided.
    pub decided_by: Id,
    /// When.
    pub decided_at: TimestampMs,
    /// When the answer was released.
    pub released_at: TimestampMs,
    /// Which versions made the draft.
    pub release: Option<Release>,
    /// The policy that applied.
    pub policy: PolicyReference,
    /// Why the draft was not right; null until somebody says so, and null is no training data.
    pub label: Option<String>,
}

impl Correction {
    /// What a case teaches; `None` unless it is a primary one whose decision is final.
    #[must_use]
    pub fn of(case: Case) -> Option<Self> {
        if case.state != CaseState::Resolved || case.purpose != Purpose::Primary {
            return None;
        }
        let (decision, answer) = (case.decision?, case.answer?);
        Some(Self {
            version: CORRECTION_VERSION,
            tenant_id: case.tenant_id,
            case_id: case.case_id,
            request_id: case.request_id,
            conversation_id: case.conversation_id,
            queue: case.queue,
            domain: case.domain,
            language: case.language,
            risk_level: case.risk_level,
            trigger_ids: case.triggers.into_iter().map(|trigger| trigger.id).collect(),
            verdict: decision.verdict,
            outcome: decision.outcome,
            user_question: case.user_question,
            model_draft: case.model_draft,
            released_answer: answer.text,
            evidence: case.evidence,
            missing_evidence: decision.missing_evidence,
            incorrect_evidence: decision.incorrect_evidence,
            better_retrieval_query: decision.better_retrieval_query,
            policy_reason: decision.policy_reason,
            notes: decision.notes,
            reason_code: decision.reason_code,
            decided_by: decision.decided_by,
            decided_at: decision.decided_at,
            released_at: answer.released_at,
            release: case.release,
            policy: case.policy,
            label: None,
        })
    }
}
