//! Random audits: which share of what nobody looked at is looked at all the same.
//!
//! A model learns from what people judged, and people mostly see what the model was unsure of. A
//! constant share of everything else shows how often it is wrong where it was sure. The policy says
//! the shares, the same for every risk level; the host alone picks, by a key that no edge has.

use serde::Serialize;

use crate::certificate::share;
use crate::json::format_number;
use crate::limits::JUDGED_WITHIN_DAYS_MAX;
use crate::read::{Node, Read};
use crate::verdict::Disposition;

/// The smallest share that is not nothing: rarer picks would each outweigh a thousand rows.
pub const SHARE_MIN: f64 = 0.001;

/// How long an audit waits for its judgement where the policy does not say.
const JUDGED_WITHIN_DAYS: i64 = 14;

/// What is audited at random, and when the host raises the alarm over it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sampling {
    /// Share of the answers, in [0, 1].
    pub answer: f64,
    /// Share of the limited answers, in [0, 1].
    pub limited_answer: f64,
    /// Share of the refusals, in [0, 1].
    pub refuse: f64,
    /// Share of what a person judged that another judges too, without seeing what the first one said;
    /// in [0, 1].
    pub second_review: f64,
    /// Days after which an audit that nobody judged counts as a wrong answer for the alarm.
    pub judged_within_days: i64,
    /// The share of wrong answers above which the host raises the alarm, where a certificate does not
    /// say it; in (0, 1).
    pub tolerated_error: f64,
    /// The probability of ever raising an alarm over nothing, for each that watches; in (0, 1).
    pub false_alarm: f64,
}

impl Sampling {
    /// The probability with which a decision of this kind is audited. What a person decides anyway is
    /// not.
    #[must_use]
    pub const fn share(&self, disposition: Disposition) -> f64 {
        match disposition {
            Disposition::Answer => self.answer,
            Disposition::LimitedAnswer => self.limited_answer,
            Disposition::Refuse => self.refuse,
            Disposition::Escalate => 0.0,
        }
    }

    /// Reads the section, in a bundle as in a policy's text.
    ///
    /// # Errors
    /// `invalid_field` for what is no share.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let sampling = Self {
            answer: fields.required("answer", picked)?,
            limited_answer: fields.required("limited_answer", picked)?,
            refuse: fields.required("refuse", picked)?,
            // Bundles that were made before either of them have neither.
            second_review: fields.optional("second_review", picked)?.unwrap_or(0.0),
            judged_within_days: fields
                .optional("judged_within_days", |node| node.integer(1, JUDGED_WITHIN_DAYS_MAX))?
                .unwrap_or(JUDGED_WITHIN_DAYS),
            tolerated_error: fields.required("tolerated_error", share)?,
            false_alarm: fields.required("false_alarm", share)?,
        };
        fields.finish()?;
        Ok(sampling)
    }
}

/// Nothing, or a share from [`SHARE_MIN`] to all.
fn picked(node: Node<'_>) -> Read<f64> {
    let value = node.number()?;
    if value == 0.0 || (SHARE_MIN..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(node.invalid(
        format!("`{}` is neither 0 nor a share from 0.001 to 1", format_number(value)),
        "give a share such as 0.03, or 0 for none",
    ))
}
