//! A small linear model that orders tools by what they could do. Its weights are whole numbers in the
//! policy's bundle, so that it gives the same number everywhere; it never lowers what rules raised.

use serde::Serialize;

use crate::inference::features::{BUCKETS, Feature};
use crate::read::{self, Fields, Node, Read};

/// One step of a weight, in thousandths of a nat.
const STEP_THOUSANDTHS: i64 = 40;

/// What one vector of weights answers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Weights {
    /// What is added to every tool.
    pub bias: i8,
    /// One a bucket.
    pub steps: Vec<i8>,
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Weights {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Weights".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string",
            "description": "A bias and one weight a bucket; a run of zeros is a number."})
    }
}

/// The model: how likely a tool changes something, and so on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImpactModel {
    /// It changes something.
    pub changes: Weights,
    /// If it changes something, that is of high impact.
    pub high_if_changes: Weights,
    /// It destroys.
    pub destructive: Weights,
    /// It changes rights.
    pub permissions: Weights,
    /// It reaches outside.
    pub open_world: Weights,
    /// From which score on a tool is taken for one of high impact.
    pub high_from: f64,
}

/// What the model says of a tool, each in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihoods {
    /// It changes something.
    pub changes: f64,
    /// If it changes something, that is of high impact.
    pub high_if_changes: f64,
    /// It destroys.
    pub destructive: f64,
    /// It changes rights.
    pub permissions: f64,
    /// It reaches outside.
    pub open_world: f64,
}

impl ImpactModel {
    /// Reads the model of a bundle.
    ///
    /// # Errors
    /// `invalid_field` or `unknown_field`, with the path to the fault.
    pub fn read(node: Node<'_>) -> Read<Self> {
        let mut fields = node.object()?;
        let model = Self::read_fields(&mut fields)?;
        fields.finish()?;
        Ok(model)
    }

    /// Reads the fields of a model from a section that may have more of its own.
    ///
    /// # Errors
    /// As [`ImpactModel::read`].
    pub fn read_fields(fields: &mut Fields<'_>) -> Read<Self> {
        Ok(Self {
            changes: fields.required("changes", Weights::read)?,
            high_if_changes: fields.required("high_if_changes", Weights::read)?,
            destructive: fields.required("destructive", Weights::read)?,
            permissions: fields.required("permissions", Weights::read)?,
            open_world: fields.required("open_world", Weights::read)?,
            high_from: fields.required("high_from", read::score)?.get(),
        })
    }

    /// What it says of a tool with these features.
    #[must_use]
    pub fn judge(&self, features: &[Feature]) -> Likelihoods {
        Likelihoods {
            changes: self.changes.likelihood(features),
            high_if_changes: self.high_if_changes.likelihood(features),
            destructive: self.destructive.likelihood(features),
            permissions: self.permissions.likelihood(features),
            open_world: self.open_world.likelihood(features),
        }
    }
}

impl Likelihoods {
    /// One number that orders tools by impact. What the rules take for a change stands at
    /// [`HIGH_SCORE_MIN_OF_CHANGES`](super::HIGH_SCORE_MIN_OF_CHANGES) at least.
    #[must_use]
    pub fn high_score(&self, rules_say_it_changes: bool) -> f64 {
        let changes = if rules_say_it_changes { self.changes.max(0.5) } else { self.changes / 4.0 };
        let score = changes * (0.4 + 0.6 * self.high_if_changes);
        libm::round(score * 10_000.0) / 10_000.0
    }
}

impl Weights {
    /// The nearest whole steps of weights in nats.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what an i8 holds")]
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    pub fn of_nats(bias: f64, weights: &[f64]) -> Self {
        let step = |weight: f64| {
            libm::round(weight * 1_000.0 / STEP_THOUSANDTHS as f64).clamp(-127.0, 127.0) as i8
        };
        // A single step is within the noise, and costs as much as a large weight.
        let kept = |weight: &f64| {
            let step = step(*weight);
            if step.unsigned_abs() < 2 { 0 } else { step }
        };
        Self { bias: step(bias), steps: weights.iter().map(kept).collect() }
    }

    /// The logistic function of the sum.
    #[expect(clippy::cast_precision_loss, reason = "far under 2^53")]
    fn likelihood(&self, features: &[Feature]) -> f64 {
        let steps = features.iter().map(|(bucket, count)| {
            i64::from(self.steps.get(*bucket).copied().unwrap_or(0)) * i64::from(*count)
        });
        let sum = i64::from(self.bias) + steps.sum::<i64>();
        let nats = (sum * STEP_THOUSANDTHS) as f64 / 1_000.0;
        1.0 / (1.0 + libm::exp(-nats))
    }

    /// Bytes as two letters of `a` to `p` each, and a run of zeros as its length: `pa12ab`.
    fn read(node: Node<'_>) -> Read<Self> {
        let text = node.str()?;
        let fault = || node.invalid("not a vector of weights", "write what `impact train` wrote");
        let mut values: Vec<i8> = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte.is_ascii_digit() {
                let mut run = usize::from(byte - b'0');
                while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
                    run = (run * 10 + usize::from(digit - b'0')).min(BUCKETS + 1);
                }
                values.resize((values.len() + run).min(BUCKETS + 2), 0);
                continue;
            }
            let nibble = |byte: u8| (b'a'..=b'p').contains(&byte).then(|| byte - b'a');
            let high = nibble(byte).ok_or_else(fault)?;
            let low = bytes.next().and_then(nibble).ok_or_else(fault)?;
            values.push((high << 4 | low).cast_signed());
            if values.len() > BUCKETS + 1 {
                return Err(fault());
            }
        }
        let (Some(bias), BUCKETS) = (values.first().copied(), values.len().saturating_sub(1))
        else {
            return Err(fault());
        };
        Ok(Self { bias, steps: values.into_iter().skip(1).collect() })
    }

    /// As [`Weights::read`] takes it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut zeros = 0_usize;
        let flush = |text: &mut String, zeros: &mut usize| {
            if *zeros > 0 {
                text.push_str(&zeros.to_string());
            }
            *zeros = 0;
        };
        for value in std::iter::once(&self.bias).chain(&self.steps) {
            if *value == 0 {
                zeros += 1;
                continue;
            }
            flush(&mut text, &mut zeros);
            let byte = value.cast_unsigned();
            text.push(char::from(b'a' + (byte >> 4)));
            text.push(char::from(b'a' + (byte & 15)));
        }
        flush(&mut text, &mut zeros);
        text
    }
}

impl Serialize for Weights {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}
