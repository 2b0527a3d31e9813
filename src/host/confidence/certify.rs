//! A threshold with a finite-sample guarantee: Learn-then-Test with a start that the rows of the fit
//! choose.
//!
//! The thresholds are fixed before a calibration row is looked at. Beginning where the rows of the
//! fit say that the test is easiest, looser thresholds are tested one after the other with exact
//! binomial p-values, until one fails: in such a sequence no correction for testing many is needed.
//! The last that passed is the certificate's. What is shown holds for rows like these, one of each
//! conversation; it does not survive a change of traffic, so a certificate ends.

use serde::Serialize;

use crate::certificate::CertificateDemand;
use crate::host::confidence::binomial::ln_at_most;

/// Thresholds that are tested at most.
const THRESHOLDS_MAX: usize = 60;
/// Thresholds have six decimals, so that a score is never one by rounding.
const THRESHOLD_SCALE: f64 = 1e6;
/// Reviewed answers past which nobody is told to wait for more.
const ANSWERS_MAX: u64 = 10_000_000;

/// One reviewed row: its probability, and whether the draft was wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// The probability that the model gave.
    pub probability: f64,
    /// Whether the draft was wrong.
    pub wrong: bool,
}

/// Where the test of one threshold stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Test {
    /// The threshold.
    pub threshold: f64,
    /// Calibration rows at or above it.
    pub answers: u64,
    /// How many of them were wrong.
    pub errors: u64,
    /// Probability of so few errors or fewer, if the risk were the greatest tolerated.
    pub p_value: f64,
    /// Share of the calibration rows at or above it.
    pub coverage: f64,
}

/// What the test showed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Finding {
    /// The risk at or above this threshold is bounded.
    Certified(Test),
    /// There is no certificate, and this is what is missing.
    NoCertificate {
        /// The test that failed; absent where there was no row to test.
        failed: Option<Test>,
        /// Reviewed answers without one error that are needed at least.
        answers_min: i64,
        /// Reviewed rows that are still needed if drafts go on like those of the fit; absent where
        /// even the best of them are wrong too often for any number to do.
        rows_needed: Option<u64>,
    },
}

/// Rows in descending order, with the errors up to each.
struct Ranked {
    probabilities: Vec<f64>,
    errors: Vec<u64>,
}

impl Ranked {
    fn new(rows: &[Tested]) -> Self {
        let mut rows = rows.to_vec();
        rows.sort_by(|left, right| right.probability.total_cmp(&left.probability));
        let mut errors = 0;
        let mut count = |row: &Tested| {
            errors += u64::from(row.wrong);
            errors
        };
        Self {
            errors: rows.iter().map(&mut count).collect(),
            probabilities: rows.iter().map(|row| row.probability).collect(),
        }
    }

    /// Rows at or above a threshold, and how many of them are wrong.
    fn above(&self, threshold: f64) -> (u64, u64) {
        let rows = self.probabilities.partition_point(|probability| *probability >= threshold);
        let errors = rows.checked_sub(1).and_then(|last| self.errors.get(last)).copied();
        (rows as u64, errors.unwrap_or(0))
    }

    fn len(&self) -> u64 {
        self.probabilities.len() as u64
    }

    fn test(&self, threshold: f64, tolerated_error: f64) -> Test {
        let (answers, errors) = self.above(threshold);
        let p_value = libm::exp(ln_at_most(errors, answers, tolerated_error));
        // Without an answer nothing is shown.
        let p_value = if answers == 0 { 1.0 } else { p_value };
        let coverage = real(answers) / real(self.len()).max(1.0);
        Test { threshold, answers, errors, p_value, coverage }
    }
}

/// Finds the loosest threshold whose risk is shown to be tolerable.
///
/// `fit` are the rows that the model was fitted to, `calibration` rows that had no part in it.
#[must_use]
pub fn learn_then_test(
    fit: &[Tested],
    calibration: &[Tested],
    demand: &CertificateDemand,
) -> Finding {
    let (fit, calibration) = (Ranked::new(fit), Ranked::new(calibration));
    let thresholds = thresholds(&fit);
    let estimates: Vec<f64> = thresholds
        .iter()
        .map(|threshold| estimate(&fit, *threshold, calibration.len(), demand.tolerated_error))
        .collect();
    let start = estimates
        .iter()
        .enumerate()
        .min_by(|left, right| left.1.total_cmp(right.1))
        .map_or(0, |(start, _)| start);
    let mut passed: Option<Test> = None;
    let mut failed: Option<Test> = None;
    for threshold in thresholds.iter().skip(start) {
        let test = calibration.test(*threshold, demand.tolerated_error);
        if test.p_value > demand.failure_probability {
            failed = Some(test);
            break;
        }
        passed = Some(test);
    }
    if let Some(test) = passed {
        return Finding::Certified(test);
    }
    let start = thresholds.get(start).copied();
    Finding::NoCertificate {
        failed,
        answers_min: demand.answers_min(),
        rows_needed: start.and_then(|start| rows_needed(&fit, start, calibration.len(), demand)),
    }
}

/// Quantiles of the scores of the fit, descending.
fn thresholds(fit: &Ranked) -> Vec<f64> {
    let length = fit.probabilities.len();
    let steps = THRESHOLDS_MAX.min(length);
    let place = |step: usize| (length * step).div_ceil(steps.max(1)).saturating_sub(1);
    let score = |step: usize| fit.probabilities.get(place(step)).copied();
    let rounded = |score: f64| libm::floor(score * THRESHOLD_SCALE) / THRESHOLD_SCALE;
    let mut thresholds: Vec<f64> = (1..=steps).filter_map(score).map(rounded).collect();
    thresholds.dedup();
    thresholds
}

/// The logarithm of the p-value to expect on so many calibration rows, from those of the fit.
fn estimate(fit: &Ranked, threshold: f64, calibration: u64, tolerated_error: f64) -> f64 {
    let (answers, errors) = fit.above(threshold);
    let scaled = whole(real(answers) * real(calibration) / real(fit.len()).max(1.0));
    ln_at_most(whole(risk(answers, errors) * real(scaled)), scaled, tolerated_error)
}

/// The share of wrong answers as if one more of each kind had been seen.
fn risk(answers: u64, errors: u64) -> f64 {
    (real(errors) + 1.0) / (real(answers) + 2.0)
}

/// How many more rows it takes until the test at `threshold` passes, at the risk that the fit shows.
fn rows_needed(
    fit: &Ranked,
    threshold: f64,
    calibration: u64,
    demand: &CertificateDemand,
) -> Option<u64> {
    let (answers, errors) = fit.above(threshold);
    let risk = risk(answers, errors);
    if risk >= demand.tolerated_error || answers == 0 {
        return None;
    }
    let bound = libm::log(demand.failure_probability);
    let passes = |answers: u64| {
        ln_at_most(whole(risk * real(answers)), answers, demand.tolerated_error) <= bound
    };
    let mut enough = u64::try_from(demand.answers_min()).unwrap_or(1).max(1);
    while !passes(enough) {
        enough = enough.checked_mul(2).filter(|answers| *answers <= ANSWERS_MAX)?;
    }
    let (mut few, mut many) = (enough / 2, enough);
    while many - few > 1 {
        let middle = few + (many - few) / 2;
        if passes(middle) { many = middle } else { few = middle }
    }
    let rows = whole(libm::ceil(real(many) * real(fit.len()) / real(answers)));
    Some(rows.saturating_sub(calibration).max(1))
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
const fn real(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of rows, never negative"
)]
fn whole(value: f64) -> u64 {
    libm::round(value) as u64
}
