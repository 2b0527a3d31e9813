//! What the model and the rules say of a row, and how often that is right.

use serde::Serialize;

use crate::host::impact::rows::Row;
use crate::inference::ImpactModel;

/// What is said of one tool.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Prediction {
    pub(super) id: String,
    pub(super) mutates: bool,
    pub(super) destructive: bool,
    pub(super) permissions: bool,
    pub(super) money: bool,
    pub(super) open_world: bool,
    pub(super) impact3: &'static str,
    pub(super) high_score: f64,
}

/// What the rules and the model say of a row.
pub(super) fn predictions(row: &Row, model: &ImpactModel) -> Prediction {
    let says = model.judge(&row.inference.features);
    let by_rules = !row.inference.reads;
    let high_score = says.high_score(by_rules);
    let mutates = says.changes >= 0.5;
    let is_high = high_score >= model.high_from;
    Prediction {
        id: row.id.clone(),
        mutates,
        destructive: mutates && says.destructive >= 0.5,
        permissions: mutates && (says.permissions >= 0.5 || row.inference.name_changes_rights),
        money: (mutates || by_rules) && row.inference.moves_money,
        open_world: says.open_world >= 0.5,
        impact3: if is_high {
            "high"
        } else if mutates {
            "write"
        } else {
            "read"
        },
        high_score,
    }
}

impl Prediction {
    pub(super) fn says(&self, label: &str) -> bool {
        match label {
            "mutates" => self.mutates,
            "destructive" => self.destructive,
            "permissions" => self.permissions,
            "money" => self.money,
            "open_world" => self.open_world,
            _ => self.impact3 == "high",
        }
    }
}

/// Counts of right and wrong, weighted or not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) true_positive: f64,
    pub(super) false_positive: f64,
    pub(super) false_negative: f64,
    pub(super) true_negative: f64,
}

impl Counts {
    pub(super) fn add(&mut self, said: bool, label: bool, weight: f64) {
        *match (said, label) {
            (true, true) => &mut self.true_positive,
            (true, false) => &mut self.false_positive,
            (false, true) => &mut self.false_negative,
            (false, false) => &mut self.true_negative,
        } += weight;
    }

    /// The mean of the F1 of both answers; an answer that neither occurs nor is given counts as right.
    pub(super) fn macro_f1(self) -> f64 {
        let wrong = self.false_positive + self.false_negative;
        let f1 = |right: f64| {
            if right + wrong > 0.0 { 2.0 * right / (2.0 * right + wrong) } else { 1.0 }
        };
        f64::midpoint(f1(self.true_positive), f1(self.true_negative))
    }

    pub(super) fn recall(self) -> Option<f64> {
        let positives = self.true_positive + self.false_negative;
        (positives > 0.0).then(|| self.true_positive / positives)
    }

    pub(super) fn precision(self) -> Option<f64> {
        let said = self.true_positive + self.false_positive;
        (said > 0.0).then(|| self.true_positive / said)
    }
}

/// The threshold with the best macro-F1 over `(score, label, weight)`.
pub(super) fn best_threshold(rows: &[(f64, bool, f64)]) -> f64 {
    let better = |left: &(f64, Counts), right: &(f64, Counts)| {
        left.1.macro_f1().total_cmp(&right.1.macro_f1())
    };
    curve(rows).into_iter().max_by(better).map_or(0.5, |(threshold, _)| threshold)
}

/// Counts at every threshold that makes a difference, from the highest down.
pub(super) fn curve(rows: &[(f64, bool, f64)]) -> Vec<(f64, Counts)> {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|(left, ..), (right, ..)| right.total_cmp(left));
    let mut counts = Counts::default();
    for (_, label, weight) in &sorted {
        counts.add(false, *label, *weight);
    }
    let mut curve: Vec<(f64, Counts)> = Vec::new();
    for (score, label, weight) in sorted {
        counts.add(false, label, -weight);
        counts.add(true, label, weight);
        match curve.last_mut() {
            Some((threshold, last)) if *threshold == score => *last = counts,
            _ => curve.push((score, counts)),
        }
    }
    curve
}
