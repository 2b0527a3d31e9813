//! How good probabilities are: at ordering (AURC, AUGRC, AUROC), at being probabilities (Brier, ECE),
//! and how much can be answered at a given risk.
//!
//! Rows of equal probability stand in no order: each counts with the mean label of all of them.

use serde::Serialize;

use crate::host::confidence::chance::Chance;

/// Bins of the calibration error, each with as many rows as the next.
pub const CALIBRATION_BINS: usize = 15;
/// Draws from which the calibration error of chance is computed.
const CHANCE_DRAWS: u8 = 20;

/// The figures of one set of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Mean over all coverages of the share of wrong drafts among those answered.
    pub aurc: f64,
    /// Mean over all coverages of the share of drafts that are answered and wrong.
    pub augrc: f64,
    /// Probability that a right draft stands above a wrong one; absent where all are of one kind.
    pub auroc: Option<f64>,
    /// Mean squared distance of probability and label.
    pub brier: f64,
    /// Mean distance of probability and share over bins of equal mass.
    pub ece: f64,
    /// Largest coverage with at most 5 % wrong.
    pub coverage_at_5: f64,
    /// Largest coverage with at most 10 % wrong.
    pub coverage_at_10: f64,
}

/// One row's probability, label, and how often it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The probability that the model gave.
    pub probability: f64,
    /// Whether the draft was right, in [0, 1].
    pub label: f64,
    /// How often it counts: a resample counts some rows twice and others not at all.
    pub times: u32,
}

/// One point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: f64,
}

/// Rows in descending order of probability: what all figures begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked(Vec<Judged>);

/// Rows of equal probability.
#[derive(Clone, Copy, Debug, Default)]
struct Tie {
    rows: f64,
    wrong: f64,
}

impl Ranked {
    /// Puts rows in order; of equal ones, those that stood first stay first.
    #[must_use]
    pub fn new(probabilities: &[f64], labels: &[f64]) -> Self {
        let judged = probabilities.iter().zip(labels);
        let mut rows: Vec<Judged> = judged
            .map(|(probability, label)| Judged {
                probability: *probability,
                label: *label,
                times: 1,
            })
            .collect();
        rows.sort_by(|left, right| right.probability.total_cmp(&left.probability));
        Self(rows)
    }

    /// The rows in descending order.
    #[must_use]
    pub fn rows(&self) -> &[Judged] {
        &self.0
    }

    /// Every figure; absent without rows.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        figures(&self.0)
    }

    /// The calibration error that chance alone gives so many rows, if every probability were exactly
    /// right: what a measured one is to be held against.
    #[must_use]
    pub fn ece_by_chance(&self) -> f64 {
        let mut chance = Chance::new(15);
        let mut drawn = self.0.clone();
        let mut sum = 0.0;
        for _ in 0..CHANCE_DRAWS {
            for row in &mut drawn {
                row.label = f64::from(u8::from(chance.share() < row.probability));
            }
            sum += calibration_error(&drawn);
        }
        sum / f64::from(CHANCE_DRAWS)
    }

    /// Share of wrong drafts over coverage, at the ends of ties.
    #[must_use]
    pub fn risk_coverage(&self) -> Vec<Point> {
        let total: f64 = self.0.iter().map(|row| f64::from(row.times)).sum();
        let (mut rows, mut wrong) = (0.0, 0.0);
        let point = |tie: Tie| {
            rows += tie.rows;
            wrong += tie.wrong;
            Point { x: rows / total, y: wrong / rows }
        };
        ties(&self.0).into_iter().map(point).collect()
    }

    /// Share of right drafts over mean probability, a point a bin.
    #[must_use]
    pub fn reliability(&self) -> Vec<Point> {
        bins(&self.0).into_iter().map(|bin| Point { x: bin.probability, y: bin.right }).collect()
    }
}

/// Every figure of rows in descending order of probability.
#[must_use]
pub fn figures(descending: &[Judged]) -> Option<Figures> {
    let total: f64 = descending.iter().map(|row| f64::from(row.times)).sum();
    if total <= 0.0 {
        return None;
    }
    let ties = ties(descending);
    let all_wrong: f64 = ties.iter().map(|tie| tie.wrong).sum();
    let all_right = total - all_wrong;
    let (mut rows, mut wrong) = (0.0, 0.0);
    let (mut risk_sum, mut joint_sum, mut pairs) = (0.0, 0.0, 0.0);
    let (mut coverage_at_5, mut coverage_at_10) = (0.0, 0.0);
    for Tie { rows: tied, wrong: tied_wrong } in ties {
        let mut inside = 1.0;
        while inside <= tied {
            let wrong_so_far = wrong + tied_wrong * inside / tied;
            risk_sum += wrong_so_far / (rows + inside);
            joint_sum += wrong_so_far / total;
            inside += 1.0;
        }
        // Right drafts of this tie stand above every wrong one below, and beside half of those within.
        pairs += (tied - tied_wrong) * (all_wrong - wrong - 0.5 * tied_wrong);
        rows += tied;
        wrong += tied_wrong;
        if wrong <= 0.05 * rows {
            coverage_at_5 = rows / total;
        }
        if wrong <= 0.10 * rows {
            coverage_at_10 = rows / total;
        }
    }
    let squares: f64 = descending
        .iter()
        .map(|row| {
            f64::from(row.times) * (row.probability - row.label) * (row.probability - row.label)
        })
        .sum();
    let ece = calibration_error(descending);
    let both = all_right > 0.0 && all_wrong > 0.0;
    Some(Figures {
        aurc: risk_sum / total,
        augrc: joint_sum / total,
        auroc: both.then(|| pairs / (all_right * all_wrong)),
        brier: squares / total,
        ece,
        coverage_at_5,
        coverage_at_10,
    })
}

/// How far probabilities are from shares, on average over bins of as many rows.
fn calibration_error(descending: &[Judged]) -> f64 {
    bins(descending).iter().map(|bin| bin.share * (bin.probability - bin.right).abs()).sum()
}

fn same(left: &Judged, right: &Judged) -> bool {
    left.probability.total_cmp(&right.probability).is_eq()
}

fn times(row: &Judged) -> usize {
    usize::try_from(row.times).unwrap_or(0)
}

fn ties(descending: &[Judged]) -> Vec<Tie> {
    let tie = |rows: &[Judged]| {
        rows.iter().fold(Tie::default(), |tie, row| Tie {
            rows: tie.rows + f64::from(row.times),
            wrong: tie.wrong + f64::from(row.times) * (1.0 - row.label),
        })
    };
    descending.chunk_by(same).map(tie).filter(|tie| tie.rows > 0.0).collect()
}

/// One bin: its share of the rows, mean probability, and share of right drafts.
#[derive(Clone, Copy, Debug)]
struct Bin {
    share: f64,
    probability: f64,
    right: f64,
}

/// As many rows in each as in the next, but for one; the first bins take the rest.
fn bins(descending: &[Judged]) -> Vec<Bin> {
    let mut single: Vec<(f64, f64)> = Vec::new();
    for tied in descending.chunk_by(same).rev() {
        let rows: usize = tied.iter().map(times).sum();
        let right: f64 = tied.iter().map(|row| f64::from(row.times) * row.label).sum();
        let probability = tied.first().map_or(0.0, |row| row.probability);
        single.extend(std::iter::repeat_n((probability, right / real(rows)), rows));
    }
    let (each, larger) = (single.len() / CALIBRATION_BINS, single.len() % CALIBRATION_BINS);
    let mut rest = single.as_slice();
    let mut bins = Vec::new();
    for number in 0..CALIBRATION_BINS {
        let (rows, after) = rest.split_at((each + usize::from(number < larger)).min(rest.len()));
        rest = after;
        if rows.is_empty() {
            continue;
        }
        let mean =
            |value: fn(&(f64, f64)) -> f64| rows.iter().map(value).sum::<f64>() / real(rows.len());
        bins.push(Bin {
            share: real(rows.len()) / real(single.len()),
            probability: mean(|row| row.0),
            right: mean(|row| row.1),
        });
    }
    bins
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
const fn real(count: usize) -> f64 {
    count as f64
}
