//! Confidence: one probability that the draft is right, from signals that may be missing.
//!
//! A monotone additive log-odds model: a base, one non-decreasing piecewise-linear curve per
//! signal, and non-positive offsets for signals that are missing or unavailable. The contributions
//! add up to the logit exactly, so the explanation *is* the computation. Raising a present signal
//! never lowers the probability. Whether *hiding* one can help depends on the signal: a `required`
//! one that is missing counts as its worst value, so that hiding it never helps; any other that is
//! missing costs its own offset, which a bad reading may undercut. Both promises at once, for every
//! signal, no sum of log-odds can keep.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::json::{Json, write_digits};
use crate::limits;
use crate::read::{self, Node, Read};
use crate::request::Signal;
use crate::word::words;

words! {
    /// Which end of a signal is good.
    pub enum Orientation {
        /// A higher reading is better evidence.
        HigherIsBetter = "higher_is_better",
        /// A lower reading is better evidence; the curve is over one minus the reading.
        LowerIsBetter = "lower_is_better",
    }
}

words! {
    /// How a signal arrived.
    pub enum SignalState {
        /// Measured.
        Present = "present",
        /// Not measured, or not applicable.
        Missing = "missing",
        /// Needed, and failed.
        Unavailable = "unavailable",
    }
}

/// The model in a policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfidenceModel {
    /// Names the fit: which judgement or which rows the numbers come from.
    pub model_version: String,
    /// What the numbers were learned from; absent while they are judgement alone.
    pub fit: Option<Fit>,
    /// Log-odds of a right draft whose signals are all typical, in nats.
    pub base: f64,
    /// One curve per signal, in the order in which they are explained.
    pub signals: Vec<SignalCurve>,
}

/// What a model was learned from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fit {
    /// Labelled rows.
    pub labels: i64,
    /// Digest of these rows and of how they were fitted: the same digest, the same numbers.
    pub hash: String,
    /// Share of the conversations that was held back, and may certify the model; in [0, 1].
    pub held_back: f64,
}

/// What one signal adds to the log-odds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalCurve {
    /// The signal's name in a request.
    pub name: String,
    /// Its name for the reviewer.
    pub label: String,
    /// Which end is good.
    pub orientation: Orientation,
    /// Ascending readings, after orientation, at which the curve bends; at least two, in [0, 1].
    pub knots: Vec<f64>,
    /// What each segment between two knots adds from its start to its end, in nats; never negative.
    pub weights: Vec<f64>,
    /// The typical share of each segment, in [0, 1]; there the segment adds nothing.
    pub centers: Vec<f64>,
    /// What a missing signal adds, in nats; never positive.
    pub missing: f64,
    /// What an unavailable signal adds on top of `missing`, in nats; never positive.
    pub unavailable: f64,
    /// Whether a missing reading counts as the worst one.
    pub required: bool,
    /// Words for the reviewer.
    pub words: SignalWords,
}

/// What a reviewer reads beside a signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalWords {
    /// It raises the odds.
    pub good: String,
    /// It hardly moves the odds.
    pub fair: String,
    /// It lowers the odds.
    pub weak: String,
    /// It was not measured.
    pub missing: String,
    /// It was needed and failed.
    pub unavailable: String,
}

/// A probability, and exactly what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Confidence {
    /// That the draft is right, in (0, 1).
    pub probability: f64,
    /// Its log-odds in nats: base and contributions added up in order.
    pub logit: f64,
    /// The log-odds before any signal.
    pub base: f64,
    /// What each signal of the model adds, in the model's order.
    pub contributions: Vec<Contribution>,
    /// The model that gave it.
    pub model_version: String,
}

/// What one signal adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contribution {
    /// The signal's name.
    pub signal: String,
    /// Its name for the reviewer.
    pub label: String,
    /// How it arrived.
    pub state: SignalState,
    /// The reading as it was sent, where there is one.
    pub value: Option<f64>,
    /// What it adds to the log-odds, in nats.
    pub contribution: f64,
    /// What that means, in a word or two.
    pub word: String,
}

/// The greatest effect of one segment or one offset, in nats: odds of a hundred million.
pub const EFFECT_NATS_MAX: f64 = 20.0;

/// A contribution within this distance of zero, in nats, is neither good nor weak: it changes the
/// odds by less than a sixth.
const FAIR_NATS: f64 = 0.15;

impl ConfidenceModel {
    /// The confidence that these signals give.
    #[must_use]
    pub fn assess(&self, signals: &BTreeMap<String, Signal>) -> Confidence {
        let contributions: Vec<Contribution> = self
            .signals
            .iter()
            .map(|curve| {
                curve.contribution(signals.get(&curve.name).copied().unwrap_or(Signal::Missing))
            })
            .collect();
        let logit = contributions.iter().fold(self.base, |sum, part| sum + part.contribution);
        Confidence {
            probability: 1.0 / (1.0 + libm::exp(-logit)),
            logit,
            base: self.base,
            contributions,
            model_version: self.model_version.clone(),
        }
    }

    /// Reads a model from a bundle.
    ///
    /// # Errors
    /// `invalid_field` if a curve falls, an offset is positive, or lengths do not match.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let model = Self {
            model_version: fields
                .required("model_version", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            fit: fields.optional("fit", Fit::read)?,
            base: fields.required("base", read::number)?,
            signals: fields.list("signals", limits::SIGNALS_MAX, SignalCurve::read)?,
        };
        fields.finish()?;
        // A comparison of each with each: there are few, and a set would bring code into the module.
        let named = |name: &str| model.signals.iter().filter(|curve| curve.name == name).count();
        match model.signals.iter().map(|curve| &curve.name).find(|name| named(name) > 1) {
            Some(name) => Err(node.invalid(
                format!("the signal `{}` stands twice", read::excerpt(name)),
                "take one of them out: it would count twice",
            )),
            None => Ok(model),
        }
    }
}

impl Fit {
    /// Reads what a model was learned from.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let fit = Self {
            labels: fields.required("labels", |node| node.integer(0, crate::json::INTEGER_MAX))?,
            hash: fields.required("hash", |node| node.filled_text(limits::NAME_LENGTH_MAX))?,
            held_back: fields.required("held_back", read::score)?.get(),
        };
        fields.finish()?;
        Ok(fit)
    }
}

impl SignalCurve {
    /// What the curve adds at a reading, in nats.
    #[must_use]
    pub fn at(&self, reading: f64) -> f64 {
        let oriented = match self.orientation {
            Orientation::HigherIsBetter => reading,
            Orientation::LowerIsBetter => 1.0 - reading,
        };
        let segments = self.knots.iter().zip(self.knots.iter().skip(1));
        let parts = segments.zip(&self.weights).zip(&self.centers);
        parts.fold(0.0, |sum, (((from, to), weight), center)| {
            // Outside of a segment the division would come to 0 or 1, and takes longer than the rest.
            let share = match () {
                () if oriented <= *from => 0.0,
                () if oriented >= *to => 1.0,
                () => (oriented - from) / (to - from),
            };
            sum + weight * (share - center)
        })
    }

    fn worst(&self) -> f64 {
        self.weights
            .iter()
            .zip(&self.centers)
            .fold(0.0, |sum, (weight, center)| sum - weight * center)
    }

    /// What the curve adds for a signal as it arrived, in nats.
    #[must_use]
    pub fn adds(&self, signal: Signal) -> f64 {
        let missing = if self.required { self.worst().min(self.missing) } else { self.missing };
        match signal {
            Signal::Present(score) => self.at(score.get()),
            Signal::Missing => missing,
            Signal::Unavailable => missing + self.unavailable,
        }
    }

    fn contribution(&self, signal: Signal) -> Contribution {
        let contribution = self.adds(signal);
        let (state, value) = match signal {
            Signal::Present(score) => (SignalState::Present, Some(score.get())),
            Signal::Missing => (SignalState::Missing, None),
            Signal::Unavailable => (SignalState::Unavailable, None),
        };
        let word = match state {
            SignalState::Missing => &self.words.missing,
            SignalState::Unavailable => &self.words.unavailable,
            SignalState::Present if contribution >= FAIR_NATS => &self.words.good,
            SignalState::Present if contribution <= -FAIR_NATS => &self.words.weak,
            SignalState::Present => &self.words.fair,
        };
        Contribution {
            signal: self.name.clone(),
            label: self.label.clone(),
            state,
            value,
            contribution,
            word: word.clone(),
        }
    }

    fn read(node: Node<'_>) -> Read<Self> {
        let name = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let curve = Self {
            name: fields.required("name", name)?,
            label: fields.required("label", name)?,
            orientation: fields.required("orientation", Orientation::read)?,
            knots: fields.list("knots", limits::KNOTS_MAX, read::number)?,
            weights: fields.list("weights", limits::KNOTS_MAX, read::number)?,
            centers: fields.list("centers", limits::KNOTS_MAX, read::number)?,
            missing: fields.required("missing", read::number)?,
            unavailable: fields.required("unavailable", read::number)?,
            required: fields.required("required", read::bool)?,
            words: fields.required("words", SignalWords::read)?,
        };
        fields.finish()?;
        let problem = curve.problem();
        problem.map_or(Ok(curve), |(detail, help)| Err(node.invalid(detail, help)))
    }

    /// What makes this curve no curve, and the mend; the compiler asks too.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let ascending =
            self.knots.iter().zip(self.knots.iter().skip(1)).all(|(from, to)| from < to);
        let in_range = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
        if self.knots.len() < 2 || !ascending || !in_range(&self.knots) {
            return Some((
                "the knots do not ascend",
                "give at least two ascending numbers in [0, 1]",
            ));
        }
        if self.weights.len() + 1 != self.knots.len() || self.centers.len() != self.weights.len() {
            return Some(("segments and knots do not match", "give one weight between two knots"));
        }
        if !self.weights.iter().all(|weight| (0.0..=EFFECT_NATS_MAX).contains(weight))
            || !in_range(&self.centers)
        {
            return Some((
                "a segment falls",
                "more evidence may not lower confidence: use 0 to 20 nats",
            ));
        }
        let offset = -EFFECT_NATS_MAX..=0.0;
        if !offset.contains(&self.missing) || !offset.contains(&self.unavailable) {
            return Some((
                "an offset is positive",
                "a missing signal may not help: use -20 to 0 nats",
            ));
        }
        None
    }
}

impl Default for SignalWords {
    /// The words of a signal for which nobody chose others.
    fn default() -> Self {
        Self {
            good: "good".to_owned(),
            fair: "fair".to_owned(),
            weak: "weak".to_owned(),
            missing: "not measured".to_owned(),
            unavailable: "cannot verify".to_owned(),
        }
    }
}

impl SignalWords {
    fn read(node: Node<'_>) -> Read<Self> {
        let word = |node: Node<'_>| node.filled_text(limits::NAME_LENGTH_MAX);
        let mut fields = node.object()?;
        let words = Self {
            good: fields.required("good", word)?,
            fair: fields.required("fair", word)?,
            weak: fields.required("weak", word)?,
            missing: fields.required("missing", word)?,
            unavailable: fields.required("unavailable", word)?,
        };
        fields.finish()?;
        Ok(words)
    }
}

/// A number in [0, 1] with two decimals, half to even, from its exact value: what `{:.2}` gives, and
/// without the code that it would bring into the module.
fn hundredths(value: f64) -> String {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7ff, bits & ((1 << 52) - 1));
    // The value is `fraction` × 2^-`shift`; what is smaller than 2^-12 shows nothing.
    let scaled = (fraction | (1 << 52)) * 100;
    let shift = 1_075_u64.saturating_sub(exponent);
    let (mut whole, mut rest, mut half) = (0, 0, 1);
    if let 1..64 = shift {
        (whole, rest, half) = (scaled >> shift, scaled & ((1 << shift) - 1), 1 << (shift - 1));
    }
    if rest > half || (rest == half && whole % 2 == 1) {
        whole += 1;
    }
    let mut out = String::new();
    write_digits(whole / 100, 1, &mut out);
    out.push('.');
    write_digits(whole % 100, 2, &mut out);
    out
}

impl Confidence {
    /// The probability with two decimals, for a reason that a person reads.
    #[must_use]
    pub fn percent(&self) -> String {
        hundredths(self.probability)
    }

    /// Whether any signal was measured at all.
    #[must_use]
    pub fn has_signals(&self) -> bool {
        self.contributions.iter().any(|part| part.state == SignalState::Present)
    }

    /// Reads a stored confidence.
    ///
    /// # Errors
    /// `invalid_field` if the record is not one.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        Ok(Self {
            probability: fields.required("probability", read::number)?,
            logit: fields.required("logit", read::number)?,
            base: fields.required("base", read::number)?,
            contributions: fields.list("contributions", limits::SIGNALS_MAX, |node| {
                let mut fields = node.object()?;
                Ok(Contribution {
                    signal: fields.required("signal", |node| node.text(limits::NAME_LENGTH_MAX))?,
                    label: fields.required("label", |node| node.text(limits::NAME_LENGTH_MAX))?,
                    state: fields.required("state", SignalState::read)?,
                    value: fields.optional("value", read::number)?,
                    contribution: fields.required("contribution", read::number)?,
                    word: fields.required("word", |node| node.text(limits::NAME_LENGTH_MAX))?,
                })
            })?,
            model_version: fields
                .required("model_version", |node| node.text(limits::NAME_LENGTH_MAX))?,
        })
    }

    /// The readings by name, as a decision's digest covers them.
    #[must_use]
    pub fn readings(&self) -> Json {
        let reading = |part: &Contribution| {
            let value =
                part.value.map_or_else(|| Json::String(part.state.to_string()), Json::Number);
            (part.signal.clone(), value)
        };
        Json::object(self.contributions.iter().map(reading))
    }
}

#[cfg(test)]
mod tests {
    use super::hundredths;

    #[test]
    fn a_probability_is_told_with_two_decimals_as_the_standard_library_tells_it() {
        let mut values = vec![0.0, 1.0, 0.125, 0.375, 0.005, 0.015, 0.995, 0.9949999, 1e-9, 5e-324];
        values.extend((0..200_000).map(|step| f64::from(step) / 200_000.0));
        for value in values {
            assert_eq!(hundredths(value), format!("{value:.2}"), "{value:?}");
        }
    }
}
