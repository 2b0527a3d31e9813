//! From what people found to rows that a model learns from.
//!
//! Where several people judged one draft, what is probably true is learned from how far each of them
//! can be believed; where one did, their word stands. A random audit that nobody judged is a row too:
//! it has no label, and a certificate takes it for wrong.

use std::collections::BTreeMap;

use crate::host::confidence::reviewers::{Consensus, Judgement, consensus};
use crate::host::confidence::row::{Row, Rows};
use crate::json::Json;
use crate::label::Label;
use crate::request::{RiskLevel, Signal};
use crate::units::{Id, TimestampMs};
use crate::verdict::Disposition;
use crate::word::words;

words! {
    /// Why a random audit has no judgement.
    pub enum Unjudged {
        /// Not yet.
        Open = "open",
        /// It never will.
        Lost = "lost",
    }
}

/// What one person found of a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Who.
    pub reviewer: Id,
    /// What.
    pub label: Label,
}

/// One request that people judged, or that the host picked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub id: String,
    /// The conversation that it belongs to.
    pub conversation: String,
    /// What the user got without a person.
    pub disposition: Disposition,
    /// What was at stake.
    pub risk_level: RiskLevel,
    /// The signals as they were when it was decided.
    pub signals: BTreeMap<String, Signal>,
    /// Rules that fired besides that of confidence: no threshold would have let it through.
    pub rules: Vec<String>,
    /// The probability with which somebody was asked.
    pub propensity: f64,
    /// When it was decided.
    pub evaluated_at: TimestampMs,
    /// The policy that decided.
    pub policy_hash: String,
    /// Digest of what decides in that policy, where it is known here.
    pub decision_hash: Option<String>,
    /// What people found, in the order in which they did.
    pub found: Vec<Found>,
    /// Why nobody found anything, though somebody was to be asked.
    pub unjudged: Option<Unjudged>,
}

/// How labels of drafts that several people judged are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// As the probability that the draft was right.
    Soft,
    /// As the more probable of the two; where both are, wrong.
    Hard,
}

/// The people who judged, and every judgement by their place among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The people.
    pub reviewers: Vec<Id>,
    /// One judgement of each person on each draft: the last, where they judged it twice.
    pub judgements: Vec<Judgement>,
}

impl Panel {
    /// Who said what of which outcome. A label that says nothing of the draft is no judgement.
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut places: BTreeMap<&Id, usize> = BTreeMap::new();
        let mut reviewers = Vec::new();
        let mut judgements = Vec::new();
        for (item, outcome) in outcomes.iter().enumerate() {
            let mut said: BTreeMap<usize, bool> = BTreeMap::new();
            for found in &outcome.found {
                let next = reviewers.len();
                let reviewer = *places.entry(&found.reviewer).or_insert(next);
                if reviewer == next {
                    reviewers.push(found.reviewer.clone());
                }
                match found.label.is_right() {
                    Some(right) => said.insert(reviewer, right),
                    None => said.remove(&reviewer),
                };
            }
            judgements.extend(said.into_iter().map(|(reviewer, right)| Judgement {
                item,
                reviewer,
                right,
            }));
        }
        Self { reviewers, judgements }
    }
}

/// The rows, in the order of the outcomes.
#[must_use]
pub fn rows(outcomes: &[Outcome], labels: Labels) -> Rows {
    let panel = Panel::of(outcomes);
    let Consensus { probabilities, .. } =
        consensus(outcomes.len(), panel.reviewers.len(), &panel.judgements);
    let mut said: Vec<Vec<bool>> = vec![Vec::new(); outcomes.len()];
    for judgement in &panel.judgements {
        if let Some(said) = said.get_mut(judgement.item) {
            said.push(judgement.right);
        }
    }
    let mut rows = Rows::default();
    let mut index_of: BTreeMap<&str, usize> = BTreeMap::new();
    for ((outcome, said), probability) in outcomes.iter().zip(said).zip(probabilities) {
        let mut readings = Vec::new();
        for (name, signal) in &outcome.signals {
            let next = rows.names.len();
            let index = *index_of.entry(name).or_insert(next);
            if index == next {
                rows.names.push(name.clone());
            }
            if *signal != Signal::Missing {
                readings.push((index, *signal));
            }
        }
        let label = match said.as_slice() {
            [] => None,
            [right] => Some(f64::from(u8::from(*right))),
            _ if labels == Labels::Hard => Some(f64::from(u8::from(probability > 0.5))),
            _ => Some(probability),
        };
        rows.rows.push(Row {
            id: outcome.id.clone(),
            source: "rows".to_owned(),
            cluster: outcome.conversation.clone(),
            risk_level: Some(outcome.risk_level),
            readings,
            label,
            propensity: outcome.propensity,
            unjudged: outcome.unjudged.is_some(),
            by_rule: !outcome.rules.is_empty(),
            decision_hash: outcome.decision_hash.clone(),
        });
    }
    rows
}

/// One line of a file of rows.
#[must_use]
pub fn line(outcome: &Outcome, label: Option<f64>) -> Json {
    let text = |text: &str| Json::String(text.to_owned());
    let maybe = |value: Option<&str>| value.map_or(Json::Null, text);
    let signal = |signal: &Signal| match signal {
        Signal::Present(score) => Json::Number(score.get()),
        Signal::Missing => text("missing"),
        Signal::Unavailable => text("unavailable"),
    };
    let signals = outcome.signals.iter().map(|(name, value)| (name.clone(), signal(value)));
    let rules = outcome.rules.iter().map(|rule| text(rule)).collect();
    Json::object([
        ("id".to_owned(), text(&outcome.id)),
        ("conversation_id".to_owned(), text(&outcome.conversation)),
        ("evaluated_at".to_owned(), text(&outcome.evaluated_at.to_string())),
        ("disposition".to_owned(), text(outcome.disposition.as_str())),
        ("risk_level".to_owned(), text(outcome.risk_level.as_str())),
        ("signals".to_owned(), Json::object(signals)),
        ("label".to_owned(), label.map_or(Json::Null, Json::Number)),
        ("propensity".to_owned(), Json::Number(outcome.propensity)),
        ("rules".to_owned(), Json::Array(rules)),
        ("unjudged".to_owned(), maybe(outcome.unjudged.map(Unjudged::as_str))),
        ("decision_hash".to_owned(), maybe(outcome.decision_hash.as_deref())),
    ])
}
