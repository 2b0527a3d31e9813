//! Fits a model: the most probable numbers, given reviewed rows and what an expert would say.
//!
//! With no labels the result is the expert's model; each label moves it a little. What was left out,
//! or could not be learned, is said in the notes: no fit is silent about it.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::confidence::{ConfidenceModel, Fit, SignalCurve};
use crate::host::confidence::design::{Column, Design, Settings, expert_curve};
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::solve::{NotSolved, solve};
use crate::host::confidence::split::is_held_back;
use crate::limits;
use crate::request::Signal;

/// What a fit begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Names the model.
    pub model_version: String,
    /// The expert's model: its signals alone are fitted, with its labels and words. Without it every
    /// signal of the rows is fitted, from the same plain prior.
    pub prior: Option<ConfidenceModel>,
    /// Share of the conversations that is left out, to certify the model.
    pub held_back: f64,
    /// How strongly the prior holds.
    pub settings: Settings,
}

/// A model, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The model.
    pub model: ConfidenceModel,
    /// How it came about.
    pub report: FitReport,
}

/// How a model came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitReport {
    /// Labelled rows that were fitted.
    pub labels: usize,
    /// Rows without a label, left out.
    pub unlabelled: usize,
    /// Labelled rows of conversations that were held back.
    pub held_back: usize,
    /// Share of right drafts among the fitted rows, weighted.
    pub base_rate: f64,
    /// Loss and prior at the optimum.
    pub objective: f64,
    /// The greatest violation of the optimality conditions.
    pub residual: f64,
    /// What it had to reach.
    pub tolerance: f64,
    /// Newton steps.
    pub steps: usize,
    /// What was left out, or could not be learned.
    pub notes: Vec<String>,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// More signals than a model takes.
    #[error("{0} signals, at most {max} are taken: give a policy that names those to be fitted", max = limits::SIGNALS_MAX)]
    TooManySignals(usize),
    /// The solver did not reach the optimum.
    #[error(transparent)]
    NotSolved(#[from] NotSolved),
}

/// Fits a model to the rows.
///
/// # Errors
/// If there are too many signals, or the optimum was not reached.
pub fn fit(rows: &Rows, plan: &Plan) -> Result<Fitted, FitError> {
    let mut notes = Vec::new();
    let labelled: Vec<&Row> = rows.rows.iter().filter(|row| row.label.is_some()).collect();
    let unlabelled = rows.rows.len() - labelled.len();
    let in_fit = |row: &&&Row| !is_held_back(&row.cluster, plan.held_back);
    let fitted: Vec<&Row> = labelled.iter().filter(in_fit).copied().collect();
    let held_back = labelled.len() - fitted.len();
    let labels: Vec<f64> = fitted.iter().filter_map(|row| row.label).collect();
    let weights = weights(&fitted, rows);
    let mass: f64 = weights.iter().sum();
    let right: f64 = labels.iter().zip(&weights).map(|(label, weight)| label * weight).sum();

    let columns = columns(rows, plan, &fitted, &weights, &mut notes)?;
    let in_vain = rows.rows.iter().filter(|row| row.label.is_none() && row.unjudged).count();
    note_labels(&labels, unlabelled - in_vain, &mut notes);
    if in_vain > 0 {
        notes.push(format!(
            "{in_vain} random audits have no judgement: those of the same kind stand for them"
        ));
    }
    if let Some(earlier) = plan.prior.as_ref().and_then(|prior| prior.fit.as_ref()) {
        notes.push(format!(
            "the expert's numbers were fitted to {} labels before: a row that is among them counts twice",
            earlier.labels
        ));
    }
    // The base rate as if one right and one wrong draft more had been seen: never 0 or 1.
    let smoothed = (right + 1.0) / (mass + 2.0);
    let learned = libm::log(smoothed) - libm::log1p(-smoothed);
    let base = match &plan.prior {
        Some(prior) if labels.is_empty() => prior.base,
        _ => learned,
    };
    let design = Design::new(&columns, &fitted, base, &plan.settings);
    let solution = solve(&design, &labels, &weights)?;

    let mut numbers = solution.point.iter().copied();
    let base = numbers.next().unwrap_or(base);
    let signals: Vec<SignalCurve> = columns
        .into_iter()
        .map(|column| {
            let mut curve = column.curve;
            let weights: Vec<f64> = numbers.by_ref().take(curve.weights.len()).collect();
            curve.weights = weights;
            curve.missing = numbers.next().unwrap_or(curve.missing);
            curve.unavailable = numbers.next().unwrap_or(curve.unavailable);
            curve
        })
        .collect();
    let model = ConfidenceModel {
        model_version: plan.model_version.clone(),
        fit: Some(Fit {
            labels: i64::try_from(labels.len()).unwrap_or(i64::MAX),
            hash: hash(rows, &fitted, plan),
            held_back: plan.held_back,
        }),
        base,
        signals,
    };
    let report = FitReport {
        labels: labels.len(),
        unlabelled,
        held_back,
        base_rate: if mass > 0.0 { right / mass } else { smoothed },
        objective: solution.objective,
        residual: solution.residual,
        tolerance: solution.tolerance,
        steps: solution.steps,
        notes,
    };
    Ok(Fitted { model, report })
}

/// Each row by the inverse of the probability with which its label was asked for, one on average: what
/// was rarely asked about stands for what was not. Those that were asked about in vain are stood for by
/// those of the same probability that were judged.
fn weights(rows: &[&Row], all: &Rows) -> Vec<f64> {
    let mut asked: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for row in &all.rows {
        let (judged, in_vain) = asked.entry(row.propensity.to_bits()).or_default();
        *judged += f64::from(u8::from(row.label.is_some()));
        *in_vain += f64::from(u8::from(row.label.is_none() && row.unjudged));
    }
    let stands_for = |row: &&Row| {
        let (judged, in_vain) = asked.get(&row.propensity.to_bits()).copied().unwrap_or((1.0, 0.0));
        (judged + in_vain) / judged.max(1.0) / row.propensity
    };
    let inverse: Vec<f64> = rows.iter().map(stands_for).collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    let mean = inverse.iter().sum::<f64>() / inverse.len().max(1) as f64;
    inverse.iter().map(|weight| weight / mean).collect()
}

fn columns(
    rows: &Rows,
    plan: &Plan,
    fitted: &[&Row],
    weights: &[f64],
    notes: &mut Vec<String>,
) -> Result<Vec<Column>, FitError> {
    let mut priors: Vec<(usize, SignalCurve)> = Vec::new();
    match &plan.prior {
        None => {
            let mut names: Vec<(usize, &String)> = rows.names.iter().enumerate().collect();
            names.sort_by_key(|(_, name)| *name);
            let is_seen =
                |index: usize| fitted.iter().any(|row| row.reading(index) != Signal::Missing);
            let is_left_out =
                |index: usize| rows.rows.iter().any(|row| row.reading(index) != Signal::Missing);
            for (index, name) in names {
                if is_seen(index) {
                    priors.push((index, expert_curve(name)));
                } else if is_left_out(index) {
                    notes.push(format!("`{name}` is in no row that was fitted, and takes no part"));
                }
            }
        }
        Some(prior) => {
            for curve in &prior.signals {
                let index = rows.names.iter().position(|name| *name == curve.name);
                if index.is_none() {
                    notes.push(format!(
                        "`{}` is in no row, and keeps the expert's curve",
                        curve.name
                    ));
                }
                priors.push((index.unwrap_or(usize::MAX), curve.clone()));
            }
            let known = |name: &&String| prior.signals.iter().any(|curve| curve.name == **name);
            for name in rows.names.iter().filter(|name| !known(name)) {
                notes.push(format!("`{name}` is not in the policy, and takes no part"));
            }
        }
    }
    if priors.len() > limits::SIGNALS_MAX {
        return Err(FitError::TooManySignals(priors.len()));
    }
    let segments_max = plan.settings.segments_max;
    let column = |(index, prior): &(usize, SignalCurve)| {
        Column::new(*index, prior, fitted, weights, segments_max)
    };
    let columns: Vec<Column> = priors.iter().map(column).collect();
    for column in columns.iter().filter(|column| column.constant && column.present > 0) {
        let name = &column.curve.name;
        notes.push(format!("`{name}` always has the same reading, and keeps the expert's curve"));
    }
    Ok(columns)
}

fn note_labels(labels: &[f64], unlabelled: usize, notes: &mut Vec<String>) {
    if unlabelled > 0 {
        notes.push(format!("{unlabelled} rows have no label, and were left out"));
    }
    let all = |class: f64| !labels.is_empty() && labels.iter().all(|label| *label == class);
    if labels.is_empty() {
        notes.push("no row has a label: these are the expert's numbers".to_owned());
    } else if all(1.0) || all(0.0) {
        let class = if all(1.0) { "right" } else { "wrong" };
        notes.push(format!("every label says {class}: only the prior tells drafts apart"));
    } else if labels.len() < 25 {
        notes.push(format!("{} labels are few: most of this is the expert's prior", labels.len()));
    }
}

/// Names the fit: the rows as they were fitted, and every setting.
fn hash(rows: &Rows, fitted: &[&Row], plan: &Plan) -> String {
    let mut hasher = Sha256::new_with_prefix("countersign/confidence/fit/v1\n");
    let Settings { effect_deviation, straightness, base_strength, segments_max } = plan.settings;
    let prior = plan
        .prior
        .as_ref()
        .map(|prior| crate::compile::to_json(prior).map(|prior| prior.canonical()));
    hasher.update(format!(
        "{effect_deviation} {straightness} {base_strength} {segments_max} {} {prior:?}\n",
        plan.held_back
    ));
    for row in fitted {
        hasher.update(format!("{:?} {:?} {}", row.id, row.label, row.propensity));
        let mut readings: Vec<(&str, Signal)> = row
            .readings
            .iter()
            .map(|(index, signal)| (rows.names.get(*index).map_or("", String::as_str), *signal))
            .collect();
        readings.sort_by_key(|(name, _)| *name);
        hasher.update(format!(" {readings:?}\n"));
    }
    let hex: Vec<String> = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", hex.concat())
}
