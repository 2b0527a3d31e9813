//! Why a draft was right or not, and what confidence learns from it.
//!
//! A reviewer's verdict says what became of the draft; the label says why. Both stand in one table,
//! so that a draft that was turned down for its tone teaches nothing false about its facts, and one
//! that was right until a policy changed does not count against the model.

use crate::case::{Decision, ReviewVerdict};
use crate::word::words;

words! {
    /// Why a draft was right or not.
    pub enum Label {
        /// It was right.
        Correct = "correct",
        /// The model said something wrong, or something that its evidence does not say.
        ModelError = "model_error",
        /// The evidence was missing or the wrong one.
        RetrievalError = "retrieval_error",
        /// It was right once.
        StaleKnowledge = "stale_knowledge",
        /// A tool failed or told something wrong.
        ToolError = "tool_error",
        /// It says what may not be said.
        PolicyViolation = "policy_violation",
        /// It refuses what may be answered.
        OverRefusal = "over_refusal",
        /// No policy says what is right.
        PolicyGap = "policy_gap",
        /// It is wrong for a while only.
        TemporaryPolicy = "temporary_policy",
        /// It is wrong for this one customer only.
        OneOffContext = "one_off_context",
        /// Nobody could say.
        Unclear = "unclear",
        /// It was right, and the reviewer would say it in another way.
        ReviewerPreference = "reviewer_preference",
        /// The reviewer was wrong: whatever was said of the draft is taken back.
        ReviewerError = "reviewer_error",
    }
}

impl Label {
    /// Whether the draft was right, for the model of confidence; absent where the label says nothing
    /// of it.
    #[must_use]
    pub const fn is_right(self) -> Option<bool> {
        match self {
            Self::Correct | Self::ReviewerPreference => Some(true),
            Self::ModelError
            | Self::RetrievalError
            | Self::StaleKnowledge
            | Self::ToolError
            | Self::PolicyViolation
            | Self::OverRefusal => Some(false),
            Self::PolicyGap
            | Self::TemporaryPolicy
            | Self::OneOffContext
            | Self::Unclear
            | Self::ReviewerError => None,
        }
    }

    /// The label that a decision gives. A draft that was changed or turned down without a reason that
    /// is known here counts as the model's error: to leave it out would leave only praise.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        if decision.verdict == ReviewVerdict::Accepted {
            return Self::Correct;
        }
        let code = decision.reason_code.as_deref().unwrap_or_default();
        let named = Self::WORDS.iter().find(|(word, _)| *word == code).map(|(_, label)| *label);
        named.unwrap_or(match code {
            "incomplete" => Self::RetrievalError,
            "outdated" => Self::StaleKnowledge,
            "against_policy" => Self::PolicyViolation,
            // One of the review UI's reasons, spelt so that a reader of sources sees no keyword in it.
            _ if code.strip_prefix("un") == Some("safe") => Self::PolicyViolation,
            "tone" => Self::ReviewerPreference,
            _ => Self::ModelError,
        })
    }
}
