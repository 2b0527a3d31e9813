//! What is known of the built-in facts beyond their types: their words, and their range.

use crate::fact::SIGNAL_PREFIX;
use crate::impact::{Effect, Reversibility};
use crate::request::{Intent, RiskLevel};
use crate::tool::GateVerdict;

/// The words of which a fact, or each element of a list, is one; `None` for free text.
pub(super) fn words(path: &str) -> Option<Vec<&'static str>> {
    fn of<T>(words: &[(&'static str, T)]) -> Option<Vec<&'static str>> {
        Some(words.iter().map(|(word, _)| *word).collect())
    }
    match path {
        "request.intent" => of(Intent::WORDS),
        "request.risk_level" | "actions.tier" | "action.tier" => of(RiskLevel::WORDS),
        "actions.verdict" => of(GateVerdict::WORDS),
        "actions.reversibility" | "action.reversibility" => of(Reversibility::WORDS),
        "actions.effects" | "action.effects" => of(Effect::WORDS),
        _ => None,
    }
}

/// The least and the greatest that a fact can be.
pub(super) fn range(path: &str) -> Option<(f64, f64)> {
    match path {
        "confidence" | "request.judge_score" => Some((0.0, 1.0)),
        "request.feedback_rating" => Some((1.0, 5.0)),
        "request.question_length"
        | "evidence.count"
        | "actions.count"
        | "actions.quorum"
        | "actions.authority_level"
        | "action.count" => Some((0.0, f64::INFINITY)),
        _ if path.starts_with(SIGNAL_PREFIX) => Some((0.0, 1.0)),
        _ => None,
    }
}
