//! From rows to the numbers that the solver sees: knots at quantiles, centres, one column for each
//! number of the model, and the prior as a quadratic form.

use crate::confidence::{EFFECT_NATS_MAX, Orientation, SignalCurve, SignalWords};
use crate::host::confidence::row::Row;
use crate::request::Signal;

/// How strongly the numbers are held to what an expert would say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Standard deviation of a signal's total effect around the prior's, in nats.
    pub effect_deviation: f64,
    /// How strongly a curve is held to a straight line over its quantiles.
    pub straightness: f64,
    /// How strongly the base is held to the base rate.
    pub base_strength: f64,
    /// Segments of a curve at most.
    pub segments_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { effect_deviation: 1.5, straightness: 2.0, base_strength: 0.01, segments_max: 6 }
    }
}

/// Total effect of a signal about which nobody said anything, in nats.
const EFFECT_NATS: f64 = 1.0;
/// What an unavailable signal costs where nobody said anything, in nats.
const UNAVAILABLE_NATS: f64 = -1.5;

/// Distinct values under which a curve is one straight line, and under which it has one bend.
const ONE_SEGMENT_BELOW: usize = 20;
const TWO_SEGMENTS_BELOW: usize = 60;

/// The curve that stands for a signal before any row was seen.
#[must_use]
pub fn expert_curve(name: &str) -> SignalCurve {
    SignalCurve {
        name: name.to_owned(),
        label: name.replace('_', " "),
        orientation: Orientation::HigherIsBetter,
        knots: vec![0.0, 1.0],
        weights: vec![EFFECT_NATS],
        centers: vec![0.5],
        missing: 0.0,
        unavailable: UNAVAILABLE_NATS,
        required: false,
        words: SignalWords::default(),
    }
}

/// One signal as it is fitted: a curve whose numbers are still the prior's, and its column of readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Index of the signal's name in the rows.
    pub name: usize,
    /// Knots and centres from the rows; weights and offsets from the prior.
    pub curve: SignalCurve,
    /// How many rows have a reading.
    pub present: usize,
    /// How many have none because it failed.
    pub unavailable: usize,
    /// Whether the readings tell nothing about the curve: fewer than two distinct ones.
    pub constant: bool,
}

impl Column {
    /// Puts the knots at quantiles of the readings, and the centres at the mean shares.
    #[must_use]
    pub fn new(
        name: usize,
        prior: &SignalCurve,
        rows: &[&Row],
        weights: &[f64],
        segments_max: usize,
    ) -> Self {
        let mut readings: Vec<f64> = Vec::new();
        let mut weighted: Vec<(f64, f64)> = Vec::new();
        let mut unavailable = 0;
        for (row, weight) in rows.iter().zip(weights) {
            match row.reading(name) {
                Signal::Present(score) => {
                    let reading = oriented(prior.orientation, score.get());
                    readings.push(reading);
                    weighted.push((reading, *weight));
                }
                Signal::Unavailable => unavailable += 1,
                Signal::Missing => {}
            }
        }
        readings.sort_by(f64::total_cmp);
        let segments = match readings.len() {
            count if count < ONE_SEGMENT_BELOW => 1,
            count if count < TWO_SEGMENTS_BELOW => 2,
            _ => segments_max,
        };
        let mut knots: Vec<f64> =
            (0..=segments).filter_map(|step| quantile(&readings, step, segments)).collect();
        knots.dedup();
        let mut curve = prior.clone();
        if curve.required {
            // It counts as the worst reading, which has no offset of its own.
            curve.missing = 0.0;
        }
        let constant = knots.len() < 2;
        if !constant {
            let total: f64 = prior.weights.iter().sum();
            let segments = knots.len() - 1;
            curve.weights = (0..segments).map(|_| total / count(segments)).collect();
            curve.knots = knots;
        }
        if !readings.is_empty() {
            curve.centers = centers(&curve.knots, &weighted);
        }
        Self { name, curve, present: readings.len(), unavailable, constant }
    }

    /// How many numbers the solver finds for it: one a segment, and two offsets.
    #[must_use]
    pub fn width(&self) -> usize {
        self.curve.weights.len() + 2
    }

    /// Adds the multipliers of these numbers for one reading.
    fn write(&self, signal: Signal, into: &mut Vec<f64>) {
        let centered = |into: &mut Vec<f64>, reading: Option<f64>| {
            let segments = self.curve.knots.iter().zip(self.curve.knots.iter().skip(1));
            into.extend(segments.zip(&self.curve.centers).map(|((from, to), center)| {
                reading.map_or(0.0, |reading| segment_share(reading, *from, *to)) - center
            }));
        };
        let nothing = |into: &mut Vec<f64>| into.extend(self.curve.weights.iter().map(|_| 0.0));
        let offset = if self.curve.required { 0.0 } else { 1.0 };
        match signal {
            Signal::Present(score) => {
                centered(into, Some(oriented(self.curve.orientation, score.get())));
                into.extend([0.0, 0.0]);
            }
            // A required signal that is not there counts as its worst reading.
            Signal::Missing | Signal::Unavailable if self.curve.required => centered(into, None),
            Signal::Missing | Signal::Unavailable => nothing(into),
        }
        match signal {
            Signal::Present(_) => {}
            Signal::Missing => into.extend([offset, 0.0]),
            Signal::Unavailable => into.extend([offset, 1.0]),
        }
    }
}

/// Everything that the solver needs, one column a number: the base, then each signal's.
///
/// The multipliers of a row are made when they are asked for: all of them would be many times as large
/// as the readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Design<'a> {
    columns: &'a [Column],
    rows: &'a [&'a Row],
    /// How many numbers there are.
    pub width: usize,
    /// The prior's quadratic form, lower triangle row by row.
    pub quadratic: Vec<Vec<f64>>,
    /// The prior's linear form.
    pub linear: Vec<f64>,
    /// The least value of each number.
    pub lower: Vec<f64>,
    /// The greatest.
    pub upper: Vec<f64>,
    /// Where the solver begins: the prior's own values.
    pub start: Vec<f64>,
}

impl<'a> Design<'a> {
    /// Lays the numbers out.
    #[must_use]
    pub fn new(columns: &'a [Column], rows: &'a [&'a Row], base: f64, settings: &Settings) -> Self {
        let width = 1 + columns.iter().map(Column::width).sum::<usize>();
        let mut design = Self {
            columns,
            rows,
            width,
            quadratic: vec![vec![settings.base_strength]],
            linear: vec![settings.base_strength * base],
            lower: vec![f64::NEG_INFINITY],
            upper: vec![f64::INFINITY],
            start: vec![base],
        };
        for column in columns {
            design.add_prior(column, settings);
        }
        design
    }

    /// Calls with each row's multipliers, in the order of the rows, and its place.
    pub fn each_row(&self, mut take: impl FnMut(usize, &[f64])) {
        let mut multipliers = Vec::with_capacity(self.width);
        for (place, row) in self.rows.iter().enumerate() {
            multipliers.clear();
            multipliers.push(1.0);
            for column in self.columns {
                column.write(row.reading(column.name), &mut multipliers);
            }
            take(place, &multipliers);
        }
    }

    fn add_prior(&mut self, column: &Column, settings: &Settings) {
        let curve = &column.curve;
        let segments = curve.weights.len();
        let total: f64 = curve.weights.iter().sum();
        let certainty = 1.0 / (settings.effect_deviation * settings.effect_deviation);
        let bend = settings.straightness * count(segments);
        for segment in 0..segments {
            // From the total effect, and from the distance to a straight line.
            let coupled = certainty - bend / count(segments);
            let before = self.quadratic.len() - segment;
            let mut line: Vec<f64> = vec![0.0; before];
            line.extend((0..segment).map(|_| coupled));
            line.push(coupled + bend);
            self.quadratic.push(line);
            self.linear.push(certainty * total);
            self.lower.push(0.0);
            self.upper.push(EFFECT_NATS_MAX);
        }
        self.start.extend(&curve.weights);
        for offset in [curve.missing, curve.unavailable] {
            let mut line: Vec<f64> = vec![0.0; self.quadratic.len()];
            line.push(1.0);
            self.quadratic.push(line);
            self.linear.push(offset);
            self.lower.push(-EFFECT_NATS_MAX);
            self.upper.push(0.0);
            self.start.push(offset);
        }
    }
}

/// A reading turned so that higher is better.
#[must_use]
pub fn oriented(orientation: Orientation, reading: f64) -> f64 {
    match orientation {
        Orientation::HigherIsBetter => reading,
        Orientation::LowerIsBetter => 1.0 - reading,
    }
}

fn segment_share(reading: f64, from: f64, to: f64) -> f64 {
    ((reading - from) / (to - from)).clamp(0.0, 1.0)
}

/// The `step`-th of `steps` quantiles of ascending values, between neighbours in proportion.
fn quantile(ascending: &[f64], step: usize, steps: usize) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let (place, rest) = (last * step / steps, last * step % steps);
    let (from, to) = (ascending.get(place)?, ascending.get(place + 1).or(ascending.last())?);
    Some(from + (to - from) * count(rest) / count(steps))
}

fn centers(knots: &[f64], weighted: &[(f64, f64)]) -> Vec<f64> {
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let segments = knots.iter().zip(knots.iter().skip(1));
    let mean = |(from, to): (&f64, &f64)| {
        let sum =
            weighted.iter().map(|(reading, weight)| weight * segment_share(*reading, *from, *to));
        (sum.sum::<f64>() / total).clamp(0.0, 1.0)
    };
    segments.map(mean).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
const fn count(number: usize) -> f64 {
    number as f64
}
