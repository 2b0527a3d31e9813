//! How often predictions are right: for each source and over all of them, with intervals.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::host::impact::rows::{LABELS, Row};
use crate::host::impact::score::{Counts, Prediction, curve};
use crate::inference::HIGH_SCORE_MIN_OF_CHANGES;

/// Resamples of one interval.
const RESAMPLES: u32 = 1_000;
/// The normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;
/// The recall at which precision is reported for an order.
const RECALL_WANTED: f64 = 0.97;

/// The report on one set of rows.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Which rows.
    pub(super) rows: String,
    pub(super) figures: Vec<Figures>,
    /// The order by `high_score`; `null` where all rows are alike.
    pub(super) order: Option<Order>,
    /// Macro-F1 of read, write and high; `null` where no row has the label.
    pub(super) impact3_macro_f1: Option<f64>,
}

/// How often one label is right.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) label: &'static str,
    pub(super) count: u64,
    pub(super) positive_count: u64,
    pub(super) macro_f1: f64,
    /// Bootstrap, 95 %.
    pub(super) macro_f1_interval: [f64; 2],
    pub(super) recall: Option<f64>,
    /// Wilson, 95 %.
    pub(super) recall_interval: Option<[f64; 2]>,
    pub(super) precision: Option<f64>,
    /// Wilson, 95 %.
    pub(super) precision_interval: Option<[f64; 2]>,
}

/// What an order by `high_score` is worth for finding high impact.
#[derive(Debug, Serialize)]
pub(super) struct Order {
    pub(super) gate_threshold: f64,
    pub(super) gate_recall: f64,
    pub(super) gate_precision: f64,
    pub(super) best_macro_f1: f64,
    pub(super) best_threshold: f64,
    pub(super) precision_at_recall_97: f64,
}

/// Reports on every source, on all of them, and on all without each of `without`.
pub(super) fn reports(rows: &[(&Row, &Prediction)], without: &[String]) -> Vec<Report> {
    let mut sources: BTreeMap<&str, Vec<(&Row, &Prediction)>> = BTreeMap::new();
    for (row, prediction) in rows {
        sources.entry(&row.source).or_default().push((row, prediction));
    }
    let mut reports: Vec<Report> =
        sources.iter().map(|(source, rows)| report((*source).to_owned(), rows)).collect();
    reports.push(report("all".to_owned(), rows));
    if !without.is_empty() {
        let rest: Vec<_> =
            rows.iter().filter(|(row, _)| !without.contains(&row.source)).copied().collect();
        reports.push(report(format!("all without {}", without.join(", ")), &rest));
    }
    reports
}

fn report(name: String, rows: &[(&Row, &Prediction)]) -> Report {
    let labels = LABELS.into_iter().chain(["high"]);
    Report {
        rows: name,
        figures: labels.filter_map(|label| figures(label, rows)).collect(),
        order: order(rows),
        impact3_macro_f1: three_classes(rows),
    }
}

fn figures(label: &'static str, rows: &[(&Row, &Prediction)]) -> Option<Figures> {
    let known: Vec<(bool, bool)> =
        rows.iter().filter_map(|(row, said)| Some((said.says(label), row.label(label)?))).collect();
    let mut counts = Counts::default();
    for (said, label) in &known {
        counts.add(*said, *label, 1.0);
    }
    if known.is_empty() {
        return None;
    }
    let positives = known.iter().filter(|(_, label)| *label).count();
    let said = counts.true_positive + counts.false_positive;
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    let positive = positives as f64;
    Some(Figures {
        label,
        count: known.len() as u64,
        positive_count: positives as u64,
        macro_f1: counts.macro_f1(),
        macro_f1_interval: bootstrap(&known),
        recall: counts.recall(),
        recall_interval: wilson(counts.true_positive, positive),
        precision: counts.precision(),
        precision_interval: wilson(counts.true_positive, said),
    })
}

fn order(rows: &[(&Row, &Prediction)]) -> Option<Order> {
    let known: Vec<(f64, bool, f64)> = rows
        .iter()
        .filter_map(|(row, said)| Some((said.high_score, row.label("high")?, 1.0)))
        .collect();
    if known.iter().all(|(_, label, _)| *label) || !known.iter().any(|(_, label, _)| *label) {
        return None;
    }
    let mut gate = Counts::default();
    for (score, label, _) in &known {
        gate.add(*score >= HIGH_SCORE_MIN_OF_CHANGES, *label, 1.0);
    }
    let curve = curve(&known);
    let best = curve
        .iter()
        .max_by(|(_, left), (_, right)| left.macro_f1().total_cmp(&right.macro_f1()))?;
    let wanted = curve.iter().filter(|(_, counts)| counts.recall() >= Some(RECALL_WANTED));
    let precise = wanted.filter_map(|(_, counts)| counts.precision()).fold(0.0, f64::max);
    Some(Order {
        gate_threshold: HIGH_SCORE_MIN_OF_CHANGES,
        gate_recall: gate.recall().unwrap_or(0.0),
        gate_precision: gate.precision().unwrap_or(0.0),
        best_macro_f1: best.1.macro_f1(),
        best_threshold: best.0,
        precision_at_recall_97: precise,
    })
}

fn three_classes(rows: &[(&Row, &Prediction)]) -> Option<f64> {
    let mut of_classes = [Counts::default(); 3];
    let mut any = false;
    for (row, said) in rows {
        let Some(impact) = &row.impact else {
            continue;
        };
        any = true;
        for (class, counts) in ["read", "write", "high"].into_iter().zip(&mut of_classes) {
            counts.add(said.impact3 == class, impact == class, 1.0);
        }
    }
    let f1 = |counts: &Counts| {
        let wrong = counts.false_positive + counts.false_negative;
        let right = counts.true_positive;
        if right + wrong > 0.0 { 2.0 * right / (2.0 * right + wrong) } else { 1.0 }
    };
    any.then(|| of_classes.iter().map(f1).sum::<f64>() / 3.0)
}

fn wilson(part: f64, whole: f64) -> Option<[f64; 2]> {
    if whole <= 0.0 {
        return None;
    }
    let share = part / whole;
    let scale = 1.0 + Z * Z / whole;
    let middle = (share + Z * Z / (2.0 * whole)) / scale;
    let spread = Z * (share * (1.0 - share) / whole + Z * Z / (4.0 * whole * whole)).sqrt() / scale;
    Some([(middle - spread).max(0.0), (middle + spread).min(1.0)])
}

/// Percentiles over resamples from a fixed seed, so that the same rows give the same interval.
fn bootstrap(rows: &[(bool, bool)]) -> [f64; 2] {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let count = rows.len() as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % count.max(1)).unwrap_or(0)
    };
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut counts = Counts::default();
            for _ in rows {
                if let Some((said, label)) = rows.get(next()) {
                    counts.add(*said, *label, 1.0);
                }
            }
            counts.macro_f1()
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(0.0);
    [at(24), at(974)]
}
