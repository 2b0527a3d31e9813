//! `countersign impact train` and `countersign eval actions`: weights from rows of described tools,
//! and how often the classification of such tools is right.
//!
//! The rows are read where they lie and are never part of the program; only the weights are.

mod report;
mod rows;
mod score;
mod train;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::compile::builtin_impact_model;
use crate::host::command_line::{CommandError, print};
use crate::host::impact::report::{Report, reports};
use crate::host::impact::rows::{Row, groups, read_rows};
use crate::host::impact::score::{Prediction, predictions};
use crate::host::impact::train::{as_toml, distinct, folds, pick, train};

/// The impact of actions.
#[derive(Debug, Subcommand)]
pub enum ImpactCommand {
    /// Trains weights for `[impact_model]`.
    Train {
        /// Rows of described tools with labels, one JSON object a line.
        #[arg(long)]
        rows: PathBuf,
        /// Where to write the weights, as lines for a policy; standard output without it.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}

/// What to evaluate, and on what.
#[derive(Debug, Args)]
pub struct EvalActions {
    /// Rows to be judged, by the weights of this version or those trained with `--train`.
    #[arg(long, required_unless_present = "cross_validate", conflicts_with = "cross_validate")]
    test: Option<PathBuf>,
    /// Rows to train on first.
    #[arg(long, requires = "test")]
    train: Option<PathBuf>,
    /// Rows of which each source, then each server, is judged by weights trained on the others.
    #[arg(long)]
    cross_validate: Option<PathBuf>,
    /// Where to write the predictions, one JSON object a line; of a cross-validation, those over
    /// sources.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// A source to leave out of a further report on all rows.
    #[arg(long)]
    without: Vec<String>,
    /// Prints the reports as JSON.
    #[arg(long)]
    json: bool,
}

/// Trains.
///
/// # Errors
/// Where the rows cannot be read, or the weights cannot be written.
pub fn run(command: ImpactCommand, out: &mut impl Write) -> Result<(), CommandError> {
    let ImpactCommand::Train { rows, output } = command;
    let rows = read_rows(&rows).map_err(CommandError::new)?;
    let model = train(&rows.iter().collect::<Vec<_>>());
    let text = as_toml(&model);
    match output {
        Some(output) => write(&output, &text),
        None => print(out, text.trim_end()),
    }
}

/// Evaluates.
///
/// # Errors
/// Where the rows cannot be read, or the predictions cannot be written.
pub fn evaluate(options: &EvalActions, out: &mut impl Write) -> Result<(), CommandError> {
    let mut told: Vec<(&str, Vec<Report>)> = Vec::new();
    if let Some(path) = &options.cross_validate {
        let rows = read_rows(path).map_err(CommandError::new)?;
        let rows: Vec<&Row> = rows.iter().collect();
        know_sources(&rows, &options.without)?;
        for (name, by_source) in [("each source unseen", true), ("each server unseen", false)] {
            let said = out_of_fold(&rows, by_source);
            told.push((name, reports(&pairs(&rows, &said), &options.without)));
            if by_source && let Some(output) = &options.predictions {
                write_predictions(output, &said)?;
            }
        }
    }
    if let Some(path) = &options.test {
        let rows = read_rows(path).map_err(CommandError::new)?;
        let model = match &options.train {
            Some(path) => {
                let rows = read_rows(path).map_err(CommandError::new)?;
                train(&rows.iter().collect::<Vec<_>>())
            }
            None => builtin_impact_model()
                .ok_or_else(|| CommandError::new("the built-in weights cannot be read"))?,
        };
        let said: Vec<Prediction> = rows.iter().map(|row| predictions(row, &model)).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        know_sources(&rows, &options.without)?;
        told.push(("test", reports(&pairs(&rows, &said), &options.without)));
        if let Some(output) = &options.predictions {
            write_predictions(output, &said)?;
        }
    }
    for (name, reports) in told {
        show(name, &reports, options.json, out)?;
    }
    Ok(())
}

/// What is to be left out has to be there: a misspelt source would leave out nothing, in silence.
fn know_sources(rows: &[&Row], without: &[String]) -> Result<(), CommandError> {
    let mut known: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    match without.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let known = crate::read::quoted(&known);
            Err(CommandError::new(format!("there is no source `{name}`: the rows are of {known}")))
        }
    }
}

/// Predictions for each row by weights trained without its group, with the threshold of those too.
fn out_of_fold(rows: &[&Row], by_source: bool) -> Vec<Prediction> {
    let all = groups(rows, by_source);
    let folds = folds(rows, &all, by_source);
    let mut said: Vec<(usize, Prediction)> = Vec::new();
    for fold in distinct(&folds) {
        let model = train(&pick(rows, &folds, |other| other != fold));
        for (index, (row, other)) in rows.iter().zip(&folds).enumerate() {
            if *other == fold {
                said.push((index, predictions(row, &model)));
            }
        }
    }
    said.sort_by_key(|(index, _)| *index);
    said.into_iter().map(|(_, prediction)| prediction).collect()
}

fn pairs<'a>(rows: &[&'a Row], said: &'a [Prediction]) -> Vec<(&'a Row, &'a Prediction)> {
    rows.iter().copied().zip(said).collect()
}

fn write(output: &Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(output, text)
        .map_err(|error| CommandError::new(format!("`{}`: {error}", output.display())))
}

fn write_predictions(output: &Path, said: &[Prediction]) -> Result<(), CommandError> {
    let mut text = String::new();
    for prediction in said {
        text.push_str(&serde_json::to_string(prediction).map_err(CommandError::new)?);
        text.push('\n');
    }
    write(output, &text)
}

fn show(
    name: &str,
    reports: &[Report],
    as_json: bool,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    if as_json {
        let value = serde_json::json!({"evaluation": name, "reports": reports});
        return print(out, &value.to_string());
    }
    for report in reports {
        print(out, &format!("{name}: {}", report.rows))?;
        for figures in &report.figures {
            let [low, high] = figures.macro_f1_interval;
            let share = |share: Option<f64>, interval: Option<[f64; 2]>| match (share, interval) {
                (Some(share), Some([low, high])) => format!("{share:.3} [{low:.3}, {high:.3}]"),
                _ => "-".to_owned(),
            };
            print(
                out,
                &format!(
                    "  {:<12} {:>4} rows, {:>4} positive: macro-F1 {:.3} [{low:.3}, {high:.3}], recall {}, precision {}",
                    figures.label,
                    figures.count,
                    figures.positive_count,
                    figures.macro_f1,
                    share(figures.recall, figures.recall_interval),
                    share(figures.precision, figures.precision_interval),
                ),
            )?;
        }
        if let Some(order) = &report.order {
            print(
                out,
                &format!(
                    "  high_score   gate at {:.2}: recall {:.3}, precision {:.3}; best macro-F1 {:.3} at {:.3}; precision at recall .97 {:.3}",
                    order.gate_threshold,
                    order.gate_recall,
                    order.gate_precision,
                    order.best_macro_f1,
                    order.best_threshold,
                    order.precision_at_recall_97,
                ),
            )?;
        }
        if let Some(macro_f1) = report.impact3_macro_f1 {
            print(out, &format!("  impact3      macro-F1 {macro_f1:.3}"))?;
        }
    }
    Ok(())
}
