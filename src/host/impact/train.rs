//! Trains the impact model: logistic regression with a quadratic penalty, by a fixed number of steps
//! over all rows, so that the same rows give the same weights.

use std::collections::BTreeMap;

use crate::host::impact::rows::{Row, groups};
use crate::host::impact::score::{best_threshold, predictions};
use crate::inference::{BUCKETS, ImpactModel, Weights};

const STEPS: usize = 150;
const RATE: f64 = 0.3;
/// Rows of one source that count in full; with more of them each counts less, so that one large and
/// uniform source does not decide for the others.
const ROWS_IN_FULL: f64 = 150.0;
/// Folds of the split over servers from which the threshold comes.
const FOLDS: u32 = 8;

/// Weights from these rows, with the threshold that does best on servers that were not seen.
pub(super) fn train(rows: &[&Row]) -> ImpactModel {
    let scores = out_of_fold(rows);
    let scored = rows.iter().zip(scores).zip(row_weights(rows));
    let known: Vec<(f64, bool, f64)> = scored
        .filter_map(|((row, score), weight)| Some((score, row.label("high")?, weight)))
        .collect();
    ImpactModel { high_from: best_threshold(&known), ..fit(rows) }
}

/// The folds of a split: a source each, or servers in [`FOLDS`] parts.
pub(super) fn folds(rows: &[&Row], all: &[String], by_source: bool) -> Vec<u32> {
    let mut sources: Vec<&String> = all.iter().collect();
    sources.sort();
    sources.dedup();
    let place = |group: &String| {
        let index = sources.iter().position(|source| *source == group).unwrap_or(0);
        let index = u32::try_from(index).unwrap_or(0);
        if by_source { index } else { hash(group) % FOLDS }
    };
    rows.iter().zip(all).map(|(_, group)| place(group)).collect()
}

fn hash(text: &str) -> u32 {
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash ^ (hash >> 15)
}

fn out_of_fold(rows: &[&Row]) -> Vec<f64> {
    let folds = folds(rows, &groups(rows, false), false);
    let mut scores = vec![0.0; rows.len()];
    for fold in distinct(&folds) {
        let inside: Vec<&Row> = pick(rows, &folds, |other| other != fold);
        let model = fit(&inside);
        for ((row, other), score) in rows.iter().zip(&folds).zip(&mut scores) {
            if *other == fold {
                *score = predictions(row, &model).high_score;
            }
        }
    }
    scores
}

pub(super) fn distinct(folds: &[u32]) -> Vec<u32> {
    let mut distinct = folds.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

pub(super) fn pick<'a>(
    rows: &[&'a Row],
    folds: &[u32],
    keep: impl Fn(u32) -> bool,
) -> Vec<&'a Row> {
    let kept = rows.iter().zip(folds).filter(|(_, fold)| keep(**fold));
    kept.map(|(row, _)| *row).collect()
}

fn row_weights(rows: &[&Row]) -> Vec<f64> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows {
        *counts.entry(&row.source).or_default() += 1.0;
    }
    let weight = |row: &&Row| {
        let count = counts.get(row.source.as_str()).copied().unwrap_or(1.0);
        (ROWS_IN_FULL / count).min(1.0)
    };
    rows.iter().map(weight).collect()
}

fn fit(rows: &[&Row]) -> ImpactModel {
    let changing = |row: &Row, label: &str| {
        if row.label("mutates") == Some(true) { row.label(label) } else { None }
    };
    ImpactModel {
        changes: regress(rows, 0.01, |row| row.label("mutates")),
        high_if_changes: regress(rows, 0.1, |row| changing(row, "high")),
        destructive: regress(rows, 0.01, |row| row.label("destructive")),
        permissions: regress(rows, 0.01, |row| row.label("permissions")),
        open_world: regress(rows, 0.01, |row| row.label("open_world")),
        high_from: 0.5,
    }
}

fn regress(rows: &[&Row], penalty: f64, label: impl Fn(&Row) -> Option<bool>) -> Weights {
    let weights = row_weights(rows);
    let known: Vec<(&Row, f64, f64)> = rows
        .iter()
        .zip(weights)
        .filter_map(|(row, weight)| Some((*row, f64::from(u8::from(label(row)?)), weight)))
        .collect();
    let total: f64 = known.iter().map(|(_, _, weight)| weight).sum();
    let mut steps = vec![0.0_f64; BUCKETS];
    let mut bias = 0.0_f64;
    let (mut squares, mut bias_square) = (vec![1e-8_f64; BUCKETS], 1e-8_f64);
    for _ in 0..STEPS {
        let mut slopes: Vec<f64> = steps.iter().map(|step| step * penalty).collect();
        let mut bias_slope = 0.0;
        for (row, label, weight) in &known {
            let features = &row.inference.features;
            let sum: f64 = features
                .iter()
                .map(|(bucket, count)| {
                    steps.get(*bucket).copied().unwrap_or(0.0) * f64::from(*count)
                })
                .sum();
            let likelihood = 1.0 / (1.0 + libm::exp(-(sum + bias)));
            let error = (likelihood - label) * weight / total;
            bias_slope += error;
            for (bucket, count) in features {
                if let Some(slope) = slopes.get_mut(*bucket) {
                    *slope += error * f64::from(*count);
                }
            }
        }
        for ((step, square), slope) in steps.iter_mut().zip(&mut squares).zip(&slopes) {
            *square += slope * slope;
            *step -= RATE * slope / square.sqrt();
        }
        bias_square += bias_slope * bias_slope;
        bias -= RATE * bias_slope / bias_square.sqrt();
    }
    Weights::of_nats(bias, &steps)
}

/// The weights as a section of a policy.
pub(super) fn as_toml(model: &ImpactModel) -> String {
    let vectors = [
        ("changes", &model.changes),
        ("high_if_changes", &model.high_if_changes),
        ("destructive", &model.destructive),
        ("permissions", &model.permissions),
        ("open_world", &model.open_world),
    ];
    let mut text = String::new();
    for (name, weights) in vectors {
        text.push_str(&format!("{name} = \"{}\"\n", weights.text()));
    }
    text.push_str(&format!("high_from = {}\n", crate::json::format_number(model.high_from)));
    text
}
