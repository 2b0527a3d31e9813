//! Smaller records of a case: its place, a question to the customer, votes, and what the user was told.

use serde::Serialize;

use crate::case::Decision;
use crate::json::INTEGER_MAX;
use crate::limits;
use crate::policy::Authority;
use crate::read::{self, Node, Read};
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// Why a case went to another place.
    pub enum RerouteKind {
        /// A lead gave it to somebody.
        Assigned = "assigned",
        /// It went to another queue.
        Transferred = "transferred",
        /// Its holder gave it to a colleague.
        Delegated = "delegated",
        /// It needs a higher authority.
        Escalated = "escalated",
        /// Its holder's shift ended.
        HandedOver = "handed_over",
        /// Its queue was too full.
        Overflowed = "overflowed",
        /// Time was running out.
        Reassigned = "reassigned",
    }
}

words! {
    /// What makes another case follow from a resolved one.
    pub enum FollowUp {
        /// It turned out not to be finished.
        Reopen = "reopen",
        /// The user does not accept the decision; somebody else looks at it.
        Appeal = "appeal",
        /// The answer that was released is wrong.
        CorrectReleased = "correct_released",
        /// Somebody else checks how it was decided.
        QualityReview = "quality_review",
    }
}

words! {
    /// What a user is told about a case.
    pub enum NoticeKind {
        /// It arrived, and by when an answer is expected.
        Received = "received",
        /// The answer is expected at another time.
        Expected = "expected",
        /// The answer is late.
        Overdue = "overdue",
    }
}

/// Where a case is offered, and to whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The queue.
    pub queue: String,
    /// What a reviewer must be allowed to decide.
    pub authority: Authority,
    /// What a reviewer must be able to do.
    pub skills: Vec<String>,
    /// To whom alone, if to one.
    pub assigned_to: Option<Id>,
}

/// A question to the customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiting {
    /// What is asked.
    pub question: String,
    /// Who asked.
    pub asked_by: Id,
    /// When.
    pub asked_at: TimestampMs,
    /// When it reached the customer; the clocks stand still from then on.
    pub delivered_at: Option<TimestampMs>,
    /// How long an answer is waited for.
    pub until: TimestampMs,
}

/// What one of several reviewers said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaseVote {
    /// The human being.
    pub person_id: Option<Id>,
    /// What they would decide.
    pub decision: Decision,
}

/// What the user was told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The text, in the user's language where the policy has it.
    pub text: String,
    /// When an answer is expected.
    pub expected_at: TimestampMs,
    /// For which deadline.
    pub deadline_version: i64,
}

impl Place {
    /// Reads a stored place.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let place = Self {
            queue: fields.required("queue", name)?,
            authority: fields.required("authority", Authority::read)?,
            skills: fields.list("skills", limits::LIST_LENGTH_MAX, name)?,
            assigned_to: fields.optional("assigned_to", read::id)?,
        };
        fields.finish()?;
        Ok(place)
    }
}

impl Waiting {
    /// Reads a stored question.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let waiting = Self {
            question: fields
                .required("question", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
            asked_by: fields.required("asked_by", read::id)?,
            asked_at: fields.required("asked_at", read::timestamp)?,
            delivered_at: fields.optional("delivered_at", read::timestamp)?,
            until: fields.required("until", read::timestamp)?,
        };
        fields.finish()?;
        Ok(waiting)
    }
}

impl CaseVote {
    /// Whether the user would get the same.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let text = |vote: &Self| vote.decision.answer.as_deref().map(|text| text.trim().to_owned());
        self.decision.outcome == other.decision.outcome && text(self) == text(other)
    }

    /// Whether it is of this principal, or of the same human being.
    #[must_use]
    pub fn is_of(&self, principal_id: &Id, person_id: Option<&Id>) -> bool {
        self.decision.decided_by == *principal_id
            || (person_id.is_some() && self.person_id.as_ref() == person_id)
    }

    /// Reads a stored vote.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>, model_draft: Option<&str>) -> Read<Self> {
        let mut fields = node.object()?;
        let vote = Self {
            person_id: fields.optional("person_id", read::id)?,
            decision: fields.required("decision", |node| Decision::read(node, model_draft))?,
        };
        fields.finish()?;
        Ok(vote)
    }
}

impl UserNotice {
    /// Reads a stored notice.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let notice = Self {
            kind: fields.required("kind", NoticeKind::read)?,
            text: fields.required("text", |node| node.filled_text(limits::NOTE_LENGTH_MAX))?,
            expected_at: fields.required("expected_at", read::timestamp)?,
            deadline_version: fields
                .required("deadline_version", |node| node.integer(1, INTEGER_MAX))?,
        };
        fields.finish()?;
        Ok(notice)
    }
}
