//! The section `[confidence]`: curves by what an owner can judge, or as they were fitted.

use crate::compile::source::name;
use crate::confidence::{ConfidenceModel, Fit, Orientation, SignalCurve, SignalWords};
use crate::limits;
use crate::policy::{Tier, Tiers};
use crate::read::{self, Fields, Node, Read};
use crate::request::RiskLevel;

/// Reads the section.
pub(super) fn read(node: Node<'_>) -> Read<(ConfidenceModel, Tiers)> {
    let mut fields = node.object()?;
    let model = ConfidenceModel {
        model_version: fields.required("model_version", name)?,
        fit: fields.optional("fit", Fit::read)?,
        base: fields.required("base", read::number)?,
        signals: fields.list("signal", limits::SIGNALS_MAX, read_signal)?,
    };
    let tiers = fields.required("tiers", |node| {
        let mut fields = node.object()?;
        let tiers = Tiers {
            low: fields.required("low", |node| Tier::read(node, RiskLevel::Low))?,
            medium: fields.required("medium", |node| Tier::read(node, RiskLevel::Medium))?,
            high: fields.required("high", |node| Tier::read(node, RiskLevel::High))?,
            critical: fields.required("critical", |node| Tier::read(node, RiskLevel::Critical))?,
        };
        fields.finish()?;
        Ok(tiers)
    })?;
    fields.finish()?;
    Ok((model, tiers))
}

/// A curve: the knots, what each segment gains, and where it neither raises nor lowers the odds.
fn read_signal(node: Node<'_>) -> Read<SignalCurve> {
    let mut fields = node.object()?;
    let signal_name = fields.required("name", name)?;
    let label = fields.required("label", name)?;
    let orientation =
        fields.optional("orientation", Orientation::read)?.unwrap_or(Orientation::HigherIsBetter);
    let knots = fields.list("knots", limits::KNOTS_MAX, read::number)?;
    let weights = fields.list("gains", limits::KNOTS_MAX, read::number)?;
    let centers = read_centers(&mut fields, orientation, &knots)?;
    let curve = SignalCurve {
        name: signal_name,
        label,
        orientation,
        knots,
        weights,
        centers,
        missing: fields.required("missing", read::number)?,
        unavailable: fields.required("unavailable", read::number)?,
        required: fields.optional("required", read::bool)?.unwrap_or(false),
        words: fields.required("words", read_words)?,
    };
    fields.finish()?;
    match curve.problem() {
        Some((detail, help)) => {
            Err(node.invalid(format!("signal `{}`: {detail}", curve.name), help))
        }
        None => Ok(curve),
    }
}

/// An owner names the `typical` reading; a fit gives the mean share of each segment, `centers`, which
/// no single reading need have.
fn read_centers(
    fields: &mut Fields<'_>,
    orientation: Orientation,
    knots: &[f64],
) -> Read<Vec<f64>> {
    if fields.has("centers") {
        if fields.has("typical") {
            let node = fields.node();
            return Err(node.invalid(
                "`typical` and `centers` both say where the curve adds nothing",
                "keep `typical`; `centers` is what a fit writes",
            ));
        }
        return fields.list("centers", limits::KNOTS_MAX, read::number);
    }
    let typical = fields.required("typical", read::score)?.get();
    let oriented = match orientation {
        Orientation::HigherIsBetter => typical,
        Orientation::LowerIsBetter => 1.0 - typical,
    };
    let segments = knots.iter().zip(knots.iter().skip(1));
    Ok(segments.map(|(from, to)| ((oriented - from) / (to - from)).clamp(0.0, 1.0)).collect())
}

fn read_words(node: Node<'_>) -> Read<SignalWords> {
    let mut fields = node.object()?;
    let defaults = SignalWords::default();
    let mut word = |key, default: String| Ok(fields.optional(key, name)?.unwrap_or(default));
    let words = SignalWords {
        good: word("good", defaults.good)?,
        fair: word("fair", defaults.fair)?,
        weak: word("weak", defaults.weak)?,
        missing: word("missing", defaults.missing)?,
        unavailable: word("unavailable", defaults.unavailable)?,
    };
    fields.finish()?;
    Ok(words)
}
