//! What texts stand for in conditions, and what is known of the built-in facts beyond their types:
//! their words, and their range.

use crate::compile::cel::Told;
use crate::expr::Const;
use crate::fact::SIGNAL_PREFIX;
use crate::impact::{Effect, Reversibility};
use crate::json::Json;
use crate::money::Money;
use crate::read::{self, Node};
use crate::request::{Intent, RiskLevel};
use crate::tool::GateVerdict;
use crate::units::TimestampMs;

/// The amount or the instant that a text stands for; `None` for any other function.
pub(super) fn constant(name: &str, text: &str, at: usize) -> Option<Result<Const, Told>> {
    match name {
        "money" => {
            let json = Json::String(text.to_owned());
            let money = Money::read_text(Node::root(&json)).map(Const::Money);
            Some(money.map_err(|fault| Told::new(at, fault.detail, fault.help)))
        }
        "timestamp" => Some(TimestampMs::parse(text).map(Const::Time).ok_or_else(|| {
            let detail = format!("`{}` is not a time in RFC 3339", read::excerpt(text));
            Told::new(at, detail, "write `timestamp(\"2026-05-09T18:00:00Z\")`")
        })),
        _ => None,
    }
}

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
