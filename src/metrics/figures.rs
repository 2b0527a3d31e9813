//! From counted items to figures: sums, shares with their interval, means and percentiles.

use std::collections::BTreeMap;

use serde::Serialize;

use super::items::{Item, PartSign, Sign};
use super::{Metric, Unit};

/// The two-sided 95 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// What was counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Figures {
    /// Above the line: a count, or a sum in the measure's unit.
    pub numerator: f64,
    /// Below the line: a count.
    pub denominator: i64,
    /// One over the other; null where nothing was counted.
    pub value: Option<f64>,
    /// Where a share lies with 95 % confidence; null for other measures, and where nothing was counted.
    pub interval: Option<Interval>,
    /// How single values spread; null for shares, and where nothing was counted.
    pub spread: Option<Spread>,
    /// What is counted apart, or splits the whole, by name.
    pub parts: Vec<Part>,
}

/// Bounds of a share, after Wilson.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// How single values spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The value that half do not exceed.
    pub p50: f64,
    /// The value that nine in ten do not exceed.
    pub p90: f64,
}

/// Something counted beside the measure itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// What.
    pub name: &'static str,
    /// How many.
    pub numerator: i64,
    /// Of how many; null where it is a count alone.
    pub denominator: Option<i64>,
    /// The share; null where it is none, or nothing was counted.
    pub value: Option<f64>,
}

/// The figures of some items.
pub(super) fn figures(metric: Metric, items: &[Item<'_>]) -> Figures {
    // An item that stands for many is one amount, and is above the line of no measure with a spread.
    let mut amounts: Vec<f64> = Vec::new();
    let mut denominator: i64 = 0;
    for item in items {
        match item.sign {
            Some(Sign::Hit) => amounts.push(float(item.count)),
            Some(Sign::Miss) => amounts.push(0.0),
            Some(Sign::Amount(amount)) => amounts.push(amount),
            None => continue,
        }
        denominator = denominator.saturating_add(item.count);
    }
    amounts.sort_by(f64::total_cmp);
    let numerator: f64 = amounts.iter().sum();
    let is_share = metric.unit() == Unit::Share;
    let value = ratio(numerator, denominator);
    Figures {
        numerator,
        denominator,
        value,
        interval: if is_share { share_interval(numerator, denominator) } else { None },
        spread: if is_share { None } else { spread(&amounts, value) },
        parts: parts(items),
    }
}

/// The Wilson interval of a share at 95 %; `None` where nothing was counted.
#[must_use]
pub fn share_interval(hits: f64, total: i64) -> Option<Interval> {
    let share = ratio(hits, total)?;
    let (total, z2) = (float(total), Z_95 * Z_95);
    let middle = share + z2 / (2.0 * total);
    let half = Z_95 * (share * (1.0 - share) / total + z2 / (4.0 * total * total)).sqrt();
    let scale = 1.0 + z2 / total;
    let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
    Some(Interval { low: bound(middle - half), high: bound(middle + half) })
}

/// Mean and nearest-rank percentiles of sorted values.
fn spread(sorted: &[f64], mean: Option<f64>) -> Option<Spread> {
    let rank = |percent: usize| {
        let nearest = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(nearest - 1).copied()
    };
    Some(Spread { mean: mean?, p50: rank(50)?, p90: rank(90)? })
}

fn parts(items: &[Item<'_>]) -> Vec<Part> {
    // A part without a share has counts only.
    let mut found: BTreeMap<&'static str, (i64, Option<i64>)> = BTreeMap::new();
    for (count, name, sign) in
        items.iter().flat_map(|item| item.parts.iter().map(|(name, sign)| (item.count, name, sign)))
    {
        let (numerator, denominator) = found.entry(name).or_default();
        if *sign != PartSign::Miss {
            *numerator = numerator.saturating_add(count);
        }
        if *sign != PartSign::Count {
            *denominator = Some(denominator.unwrap_or(0).saturating_add(count));
        }
    }
    let part = |(name, (numerator, denominator)): (&'static str, (i64, Option<i64>))| {
        let value = denominator.and_then(|denominator| ratio(float(numerator), denominator));
        Part { name, numerator, denominator, value }
    };
    found.into_iter().map(part).collect()
}

fn ratio(numerator: f64, denominator: i64) -> Option<f64> {
    (denominator > 0).then(|| numerator / float(denominator))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn float(count: i64) -> f64 {
    count as f64
}
