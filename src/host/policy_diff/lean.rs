//! Whether a change loosens a policy: whether more is answered, allowed or left undone than before.
//!
//! Only what can be seen from the change alone is called looser or tighter; a condition that reads
//! otherwise may be either, and a replay tells which.

use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Sla;
use crate::impact::Reversibility;
use crate::json::Json;
use crate::money::Money;
use crate::policy::TriggerKind;
use crate::read::Node;
use crate::request::RiskLevel;
use crate::suppression::may_cancel;
use crate::tool::{Enforcement, GateVerdict};
use crate::verdict::Disposition;

/// Which way a change leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lean {
    /// It decides nothing by itself.
    Neutral,
    /// It can only raise caution.
    Tightens,
    /// It cannot be told from the change alone.
    Unclear,
    /// It lowers caution.
    Loosens,
}

/// How the values of one field stand to each other.
#[derive(Clone, Copy)]
pub(super) enum Scale {
    /// More is more cautious; nothing is least.
    MoreIsTighter,
    /// More is less cautious; nothing is no bound at all.
    MoreIsLooser,
    /// More is less cautious; nothing means that it is never reached.
    BoundOfAnswers,
    /// What stands in the list asks for caution.
    ListIsTighter,
    /// What stands in the list takes caution away.
    ListIsLooser,
    /// A kind of trigger; some no suppression reaches.
    KindOfTrigger,
    /// That it is there counts; what it says cannot be told.
    Presence {
        /// Whether it asks for caution.
        tightens: bool,
    },
    /// How soon a case is resolved.
    Sla,
    /// Only words.
    Words,
    /// Not to be told.
    Other,
}

/// Which way a change of one field leans; `Null` is nothing.
pub(super) fn lean(scale: Scale, from: &Json, to: &Json) -> Lean {
    match scale {
        Scale::Words => Lean::Neutral,
        Scale::Other => Lean::Unclear,
        Scale::MoreIsTighter => by_rank(rank(from, f64::MIN), rank(to, f64::MIN), false),
        Scale::MoreIsLooser => by_rank(rank(from, f64::MAX), rank(to, f64::MAX), true),
        // A threshold that falls lets more through; none lets nothing through.
        Scale::BoundOfAnswers => by_rank(rank(from, f64::MAX), rank(to, f64::MAX), false),
        Scale::ListIsTighter => by_elements(from, to, false),
        Scale::ListIsLooser => by_elements(from, to, true),
        Scale::KindOfTrigger => kind(from, to),
        Scale::Presence { tightens } => match (from, to) {
            (Json::Null, _) if tightens => Lean::Tightens,
            (_, Json::Null) if !tightens => Lean::Tightens,
            (Json::Null, _) | (_, Json::Null) => Lean::Loosens,
            _ => Lean::Unclear,
        },
        Scale::Sla => sla(from, to),
    }
}

fn by_rank(from: Option<f64>, to: Option<f64>, more_is_looser: bool) -> Lean {
    let Some((from, to)) = from.zip(to) else { return Lean::Unclear };
    match from.total_cmp(&to) {
        std::cmp::Ordering::Equal => Lean::Neutral,
        order if (order == std::cmp::Ordering::Less) == more_is_looser => Lean::Loosens,
        _ => Lean::Tightens,
    }
}

/// Places a value among its kind: numbers as they are, closed words in the order of their caution.
fn rank(value: &Json, nothing: f64) -> Option<f64> {
    let node = Node::root(value);
    let place = |place: u8| Some(f64::from(place));
    match value {
        Json::Null => Some(nothing),
        Json::Bool(truth) => place(u8::from(*truth)),
        Json::Number(number) => Some(*number),
        Json::String(_) => {
            if let Ok(word) = Disposition::read(node) {
                place(word as u8)
            } else if let Ok(word) = RiskLevel::read(node) {
                place(word as u8)
            } else if let Ok(word) = GateVerdict::read(node) {
                place(word as u8)
            } else if let Ok(word) = Reversibility::read(node) {
                place(word as u8)
            } else {
                Enforcement::read(node).ok().and_then(|word| place(word as u8))
            }
        }
        Json::Object(_) => {
            #[expect(clippy::cast_precision_loss, reason = "only the order counts")]
            let minor = |money: Money| money.minor() as f64;
            Money::read(node).ok().map(minor)
        }
        Json::Array(_) => None,
    }
}

fn by_elements(from: &Json, to: &Json, listed_is_looser: bool) -> Lean {
    let (Json::Array(from), Json::Array(to)) = (from, to) else { return Lean::Unclear };
    let gone = from.iter().any(|one| !to.contains(one));
    let came = to.iter().any(|one| !from.contains(one));
    match (gone, came) {
        (false, false) => Lean::Neutral,
        (true, true) => Lean::Unclear,
        (gone, _) if gone != listed_is_looser => Lean::Loosens,
        _ => Lean::Tightens,
    }
}

/// A later deadline is the less cautious one, where both count the same hours.
fn sla(from: &Json, to: &Json) -> Lean {
    let read = |value| Sla::read(Node::root(value)).ok();
    match (read(from), read(to)) {
        (Some(from), Some(to)) if std::mem::discriminant(&from) == std::mem::discriminant(&to) => {
            if to.cautious_ms() > from.cautious_ms() {
                Lean::Loosens
            } else {
                Lean::Tightens
            }
        }
        _ => Lean::Unclear,
    }
}

/// A kind that no suppression reaches is the more cautious one.
fn kind(from: &Json, to: &Json) -> Lean {
    let protected =
        |value| TriggerKind::read(Node::root(value)).is_ok_and(|kind| !may_cancel(kind));
    match (protected(from), protected(to)) {
        (true, false) => Lean::Loosens,
        (false, true) => Lean::Tightens,
        // A user's wish for a person keeps them from every refusal.
        _ => Lean::Unclear,
    }
}
