//! Confidence from readings: the curves of the model, with what stays the same worked out before.

use crate::confidence::{Orientation, SignalCurve};
use crate::request::Signal;

/// A signal that was not measured, where a reading would stand.
pub(crate) const SIGNAL_MISSING: f64 = -2.0;
/// A signal that was needed and failed.
pub(crate) const SIGNAL_UNAVAILABLE: f64 = -1.0;

/// A curve, as [`SignalCurve::adds`] explains it to the bit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    lower_is_better: bool,
    missing: f64,
    unavailable: f64,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq)]
struct Segment {
    from: f64,
    to: f64,
    weight: f64,
    center: f64,
    /// What it adds below its start, and from its end on.
    below: f64,
    above: f64,
}

impl Curve {
    pub(crate) fn of(curve: &SignalCurve) -> Self {
        let ends = curve.knots.iter().zip(curve.knots.iter().skip(1));
        let parts = ends.zip(&curve.weights).zip(&curve.centers);
        Self {
            lower_is_better: curve.orientation == Orientation::LowerIsBetter,
            missing: curve.adds(Signal::Missing),
            unavailable: curve.adds(Signal::Unavailable),
            segments: parts
                .map(|(((from, to), weight), center)| Segment {
                    from: *from,
                    to: *to,
                    weight: *weight,
                    center: *center,
                    below: weight * (0.0 - center),
                    above: weight * (1.0 - center),
                })
                .collect(),
        }
    }

    /// What it adds for a reading in [0, 1], or one of the two numbers above.
    fn adds(&self, reading: f64) -> f64 {
        if reading < 0.0 {
            return if reading < -1.5 { self.missing } else { self.unavailable };
        }
        let oriented = if self.lower_is_better { 1.0 - reading } else { reading };
        let mut sum = 0.0;
        for segment in &self.segments {
            sum += if oriented <= segment.from {
                segment.below
            } else if oriented >= segment.to {
                segment.above
            } else {
                let share = (oriented - segment.from) / (segment.to - segment.from);
                segment.weight * (share - segment.center)
            };
        }
        sum
    }
}

/// A confidence without its explanation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Odds {
    pub(crate) probability: f64,
    pub(crate) has_signals: bool,
}

impl Odds {
    /// What readings come to: the same sum as [`crate::confidence::ConfidenceModel::assess`] explains.
    pub(crate) fn of(base: f64, curves: &[Curve], readings: &[f64]) -> Self {
        let mut has_signals = false;
        let mut logit = base;
        for (curve, reading) in curves.iter().zip(readings) {
            has_signals |= *reading >= 0.0;
            logit += curve.adds(*reading);
        }
        Self { probability: 1.0 / (1.0 + libm::exp(-logit)), has_signals }
    }
}
