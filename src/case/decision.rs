//! What a reviewer decides, and what they saved before deciding.

use serde::Serialize;

use crate::error::ErrorCode;
use crate::limits;
use crate::read::{self, Fields, Node, Read};
use crate::units::{Id, TimestampMs};
use crate::word::words;

words! {
    /// What the reviewer says of the draft.
    pub enum ReviewVerdict {
        /// Right as it is.
        Accepted = "accepted",
        /// Right after a change.
        Edited = "edited",
        /// Wrong, and the user does not get an answer from it.
        Rejected = "rejected",
        /// Wrong or absent, and the reviewer answers in their own words.
        Replaced = "replaced",
    }
}

words! {
    /// What the user gets.
    pub enum Outcome {
        /// The answer.
        Send = "send",
        /// A limited answer.
        Limited = "limited",
        /// A refusal.
        Refuse = "refuse",
        /// A question back.
        Ask = "ask",
        /// A new draft from the model.
        Regenerate = "regenerate",
        /// Nothing.
        Nothing = "nothing",
    }
}

words! {
    /// What is wrong with a piece of evidence.
    pub enum IncorrectReason {
        /// It has nothing to do with the question.
        Irrelevant = "irrelevant",
        /// It is no longer so.
        Outdated = "outdated",
        /// The document does not say that.
        Misquoted = "misquoted",
        /// It holds elsewhere: another product, country, customer.
        WrongScope = "wrong_scope",
    }
}

/// A piece of evidence that does not support the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IncorrectEvidence {
    /// The document.
    pub document_id: String,
    /// What is wrong with it.
    pub reason: IncorrectReason,
}

/// What a reviewer decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// What they say of the draft.
    pub verdict: ReviewVerdict,
    /// What the user gets.
    pub outcome: Outcome,
    /// The text that the user gets, where there is one.
    pub answer: Option<String>,
    /// A short code for the reason.
    pub reason_code: Option<String>,
    /// Which rule it rests on.
    pub policy_reason: Option<String>,
    /// Remarks for colleagues.
    pub notes: Option<String>,
    /// What should have been found.
    pub missing_evidence: Vec<String>,
    /// What should not have been used.
    pub incorrect_evidence: Vec<IncorrectEvidence>,
    /// A query that finds better.
    pub better_retrieval_query: Option<String>,
    /// Visible, active time that the reviewer spent, in milliseconds.
    pub active_ms: i64,
    /// Who decided.
    pub decided_by: Id,
    /// When.
    pub decided_at: TimestampMs,
}

/// What a holder saved; the next holder finds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Work {
    /// Who saved it.
    pub by: Id,
    /// The text as it stands.
    pub text: Option<String>,
    /// Remarks.
    pub notes: Option<String>,
    /// What should have been found.
    pub missing_evidence: Vec<String>,
    /// What should not have been used.
    pub incorrect_evidence: Vec<IncorrectEvidence>,
    /// A query that finds better.
    pub better_retrieval_query: Option<String>,
    /// When it was saved.
    pub saved_at: TimestampMs,
}

/// What the user gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Answer {
    /// The text, where there is one.
    pub text: Option<String>,
    /// What kind of answer it is.
    pub outcome: Outcome,
    /// When it was released.
    pub released_at: TimestampMs,
}

impl Decision {
    /// Reads a decision's fields, as a command carries them, and says who decided and when.
    ///
    /// # Errors
    /// `invalid_field` where verdict, outcome and answer contradict each other.
    pub fn read_fields(
        fields: &mut Fields<'_>,
        model_draft: Option<&str>,
        decided_by: Id,
        decided_at: TimestampMs,
    ) -> Read<Self> {
        let verdict = fields.required("verdict", ReviewVerdict::read)?;
        let outcome = fields.required("outcome", Outcome::read)?;
        let answer = fields.optional("answer", |node| node.filled_text(limits::TEXT_LENGTH_MAX))?;
        let node = fields.node();
        let answer = settle(node, verdict, outcome, answer, model_draft)?;
        let remarks = Remarks::read(fields)?;
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        Ok(Self {
            verdict,
            outcome,
            answer,
            reason_code: fields
                .optional("reason_code", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            policy_reason: fields.optional("policy_reason", note)?,
            notes: remarks.notes,
            missing_evidence: remarks.missing_evidence,
            incorrect_evidence: remarks.incorrect_evidence,
            better_retrieval_query: remarks.better_retrieval_query,
            active_ms: fields
                .optional("active_ms", |node| node.integer(0, limits::LEASE_DURATION_MS_MAX))?
                .unwrap_or(0),
            decided_by,
            decided_at,
        })
    }

    /// Reads a stored decision.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>, model_draft: Option<&str>) -> Read<Self> {
        let mut fields = node.object()?;
        let decided_by = fields.required("decided_by", read::id)?;
        let decided_at = fields.required("decided_at", read::timestamp)?;
        let decision = Self::read_fields(&mut fields, model_draft, decided_by, decided_at)?;
        fields.finish()?;
        Ok(decision)
    }
}

impl Work {
    /// Reads what a holder saves, and says who and when.
    ///
    /// # Errors
    /// `invalid_field`, `limit_exceeded` or `unknown_field`.
    pub fn read(node: Node<'_>, by: Id, saved_at: TimestampMs) -> Read<Self> {
        let mut fields = node.object()?;
        let work = Self::read_fields(&mut fields, by, saved_at)?;
        fields.finish()?;
        Ok(work)
    }

    /// Reads stored work.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read_stored(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let by = fields.required("by", read::id)?;
        let saved_at = fields.required("saved_at", read::timestamp)?;
        let work = Self::read_fields(&mut fields, by, saved_at)?;
        fields.finish()?;
        Ok(work)
    }

    fn read_fields(fields: &mut Fields<'_>, by: Id, saved_at: TimestampMs) -> Read<Self> {
        let text = fields.optional("text", |node| node.text(limits::TEXT_LENGTH_MAX))?;
        let remarks = Remarks::read(fields)?;
        Ok(Self {
            by,
            text,
            notes: remarks.notes,
            missing_evidence: remarks.missing_evidence,
            incorrect_evidence: remarks.incorrect_evidence,
            better_retrieval_query: remarks.better_retrieval_query,
            saved_at,
        })
    }
}

impl Answer {
    /// Reads a stored answer.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        Ok(Self {
            text: fields.optional("text", |node| node.text(limits::TEXT_LENGTH_MAX))?,
            outcome: fields.required("outcome", Outcome::read)?,
            released_at: fields.required("released_at", read::timestamp)?,
        })
    }
}

/// What a reviewer says besides the decision.
struct Remarks {
    notes: Option<String>,
    missing_evidence: Vec<String>,
    incorrect_evidence: Vec<IncorrectEvidence>,
    better_retrieval_query: Option<String>,
}

impl Remarks {
    fn read(fields: &mut Fields<'_>) -> Read<Self> {
        let note = |node: Node<'_>| node.text(limits::NOTE_LENGTH_MAX);
        Ok(Self {
            notes: fields.optional("notes", note)?,
            missing_evidence: fields.list("missing_evidence", limits::MARKS_MAX, |node| {
                node.filled_text(limits::NOTE_LENGTH_MAX)
            })?,
            incorrect_evidence: fields.list("incorrect_evidence", limits::MARKS_MAX, |node| {
                let mut fields = node.object()?;
                let mark = IncorrectEvidence {
                    document_id: fields.required("document_id", |node| {
                        node.filled_text(limits::NAME_LENGTH_MAX)
                    })?,
                    reason: fields.required("reason", IncorrectReason::read)?,
                };
                fields.finish()?;
                Ok(mark)
            })?,
            better_retrieval_query: fields.optional("better_retrieval_query", note)?,
        })
    }
}

/// The text that goes with a verdict and an outcome, or why they contradict each other.
fn settle(
    node: Node<'_>,
    verdict: ReviewVerdict,
    outcome: Outcome,
    answer: Option<String>,
    model_draft: Option<&str>,
) -> Read<Option<String>> {
    let fault = |path: &str, detail: &str, help: &str| {
        let at = format!("{}{path}", node.pointer());
        Err(crate::error::Fault::new(ErrorCode::InvalidField, at, detail, help))
    };
    match (verdict, outcome, answer) {
        (ReviewVerdict::Accepted, Outcome::Send, given) => match (model_draft, given) {
            (None, _) => {
                fault("/verdict", "there is no draft to accept", "answer in your own words")
            }
            (Some(draft), Some(text)) if text != draft => {
                fault("/answer", "the answer is not the draft", "use the verdict `edited`")
            }
            (Some(draft), _) => Ok(Some(draft.to_owned())),
        },
        (ReviewVerdict::Accepted, _, _) => {
            fault("/outcome", "an accepted draft is sent", "use the outcome `send`, or reject it")
        }
        (ReviewVerdict::Edited, Outcome::Send | Outcome::Limited, Some(text)) => {
            if Some(text.as_str()) == model_draft {
                return fault("/answer", "nothing was changed", "use the verdict `accepted`");
            }
            Ok(Some(text))
        }
        (ReviewVerdict::Replaced, Outcome::Regenerate | Outcome::Nothing, _)
        | (ReviewVerdict::Edited, _, Some(_)) => fault(
            "/outcome",
            "this text is meant for the user",
            "use `send` or `limited`, or reject",
        ),
        (ReviewVerdict::Replaced, _, Some(text)) => Ok(Some(text)),
        (ReviewVerdict::Edited | ReviewVerdict::Replaced, _, None) => {
            fault("/answer", "`answer` is missing", "add the text that the user gets")
        }
        (ReviewVerdict::Rejected, Outcome::Send, _) => fault(
            "/outcome",
            "a rejected draft is not sent",
            "edit it, or answer in your own words",
        ),
        (ReviewVerdict::Rejected, Outcome::Regenerate | Outcome::Nothing, Some(_)) => {
            fault("/answer", "the user gets no text with this outcome", "leave `answer` out")
        }
        (ReviewVerdict::Rejected, _, text) => Ok(text),
    }
}
