//! `countersign eval confidence`: fit to one set of rows, predict another, and say how good that is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::host::command_line::{CommandError, print};
use crate::host::confidence::chance::Chance;
use crate::host::confidence::command::{canonical, tell};
use crate::host::confidence::design::Settings;
use crate::host::confidence::fit::Plan;
use crate::host::confidence::measure::{Figures, Judged, Ranked, figures};
use crate::host::confidence::origin::read_rows;
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::score::BySource;
use crate::host::eval::certified::{Certified, Tallies, certified_words};
use crate::host::eval::curves;

#[derive(Debug, Args)]
pub(in crate::host) struct Options {
    /// The rows to fit to.
    #[arg(long)]
    train: PathBuf,
    /// The rows to measure on.
    #[arg(long)]
    test: PathBuf,
    /// Where to write {id, p} of each test row, one a line.
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
    /// A directory for reliability and risk–coverage curves as SVG.
    #[arg(long)]
    curves: Option<PathBuf>,
    /// Resamples of the test conversations for the 95 % intervals.
    #[arg(long, default_value_t = 300)]
    resamples: u64,
    /// Splits of the training conversations for the certified coverage.
    #[arg(long, default_value_t = 10)]
    splits: u64,
}

/// The name of all sources together in a report.
pub(super) const POOLED: &str = "pooled";
/// Everything that is told.
#[derive(Debug, Serialize)]
struct Report {
    train_rows: usize,
    test_rows: usize,
    notes: Vec<String>,
    sets: BTreeMap<String, SetReport>,
}

/// One source, or all of them.
#[derive(Debug, Serialize)]
struct SetReport {
    labels: usize,
    right: f64,
    figures: Figures,
    /// The calibration error that chance alone gives so many rows.
    ece_by_chance: f64,
    low: Option<Figures>,
    high: Option<Figures>,
    certified: Vec<Certified>,
}

pub(super) fn plan() -> Plan {
    let settings = Settings::default();
    Plan { model_version: "evaluation".to_owned(), prior: None, held_back: 0.0, settings }
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Result<(), CommandError> {
    tell("reading rows");
    let (train, test) = (read_rows(&options.train)?, read_rows(&options.test)?);
    let mut notes = Vec::new();
    let train = without_test(&train, &test, &mut notes)?;
    tell(&format!("fitting to {} rows", train.rows.len()));
    let models = BySource::fit(&train, &plan()).map_err(CommandError::new)?;
    for (source, (_, report)) in &models.models {
        notes.extend(report.notes.iter().map(|note| format!("{source}: {note}")));
    }
    for source in test.sources().iter().filter(|source| !models.models.contains_key(*source)) {
        notes.push(format!("{source}: not in training, so the model over all sources judges it"));
    }
    note_unknown_signals(&train, &test, &mut notes);
    for note in &notes {
        tell(note);
    }
    let probabilities = models.score(&test);
    if let Some(file) = &options.predictions {
        write_predictions(file, &test, &probabilities)?;
    }
    let mut sets = BTreeMap::new();
    let mut tallies = Tallies::default();
    for split in 0..options.splits {
        tell(&format!("certifying, split {} of {}", split + 1, options.splits));
        tallies.add(&train, &test, split)?;
    }
    let mut certified = tallies.certified();
    let mut names = test.sources();
    names.push(POOLED.to_owned());
    for name in names {
        let of_set = |row: &Row| name == POOLED || row.source == name;
        let rows = test.rows.iter().zip(&probabilities);
        let labelled: Vec<(&Row, f64, f64)> = rows
            .filter(|(row, _)| of_set(row))
            .filter_map(|(row, probability)| Some((row, *probability, row.label?)))
            .collect();
        tell(&format!("{name}: {} labelled rows, {} resamples", labelled.len(), options.resamples));
        let scores: Vec<f64> = labelled.iter().map(|(_, probability, _)| *probability).collect();
        let labels: Vec<f64> = labelled.iter().map(|(_, _, label)| *label).collect();
        let ranked = Ranked::new(&scores, &labels);
        let Some(figures) = ranked.figures() else {
            notes.push(format!("{name}: no test row has a label"));
            continue;
        };
        if let Some(directory) = &options.curves {
            curves::write(directory, &name, &ranked).map_err(CommandError::new)?;
        }
        let (low, high) = intervals(&labelled, options.resamples).unzip();
        let certified = certified.remove(&name).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
        let right = labels.iter().sum::<f64>() / labels.len() as f64;
        let (labels, ece_by_chance) = (labels.len(), ranked.ece_by_chance());
        let set = SetReport { labels, right, figures, ece_by_chance, low, high, certified };
        sets.insert(name, set);
    }
    let (train_rows, test_rows) = (train.rows.len(), test.rows.len());
    let report = Report { train_rows, test_rows, notes, sets };
    if options.json {
        return print(out, &canonical(&report)?);
    }
    print_report(&report, out)
}

/// A conversation on both sides would let the model see what it is asked about: its training rows go.
fn without_test(train: &Rows, test: &Rows, notes: &mut Vec<String>) -> Result<Rows, CommandError> {
    let seen: BTreeSet<(&str, &str)> =
        test.rows.iter().map(|row| (row.source.as_str(), row.cluster.as_str())).collect();
    let kept = train.filtered(|row| !seen.contains(&(row.source.as_str(), row.cluster.as_str())));
    let dropped = train.rows.len() - kept.rows.len();
    if dropped > 0 {
        notes.push(format!(
            "{dropped} training rows belong to conversations of the test rows, and were left out"
        ));
    }
    if kept.rows.is_empty() {
        return Err(CommandError::new(
            "every training row belongs to a conversation of the test rows",
        ));
    }
    Ok(kept)
}

fn note_unknown_signals(train: &Rows, test: &Rows, notes: &mut Vec<String>) {
    for name in test.names.iter().filter(|name| !train.names.contains(name)) {
        notes.push(format!("`{name}` is in no training row, and takes no part"));
    }
}

#[derive(Serialize)]
struct Prediction<'a> {
    id: &'a str,
    p: f64,
}

fn write_predictions(file: &Path, rows: &Rows, probabilities: &[f64]) -> Result<(), CommandError> {
    let told = |error| CommandError::new(format_args!("`{}`: {error}", file.display()));
    let mut out = BufWriter::new(File::create(file).map_err(told)?);
    for (row, p) in rows.rows.iter().zip(probabilities) {
        let line = canonical(&Prediction { id: &row.id, p: *p })?;
        writeln!(out, "{line}").map_err(told)?;
    }
    out.flush().map_err(told)
}

/// The 95 % intervals of every figure, from resampled conversations.
fn intervals(rows: &[(&Row, f64, f64)], resamples: u64) -> Option<(Figures, Figures)> {
    let mut index_of: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut judged: Vec<(usize, Judged)> = Vec::new();
    for (row, probability, label) in rows {
        let next = index_of.len();
        let cluster = *index_of.entry((&row.source, &row.cluster)).or_insert(next);
        judged.push((cluster, Judged { probability: *probability, label: *label, times: 1 }));
    }
    judged.sort_by(|left, right| right.1.probability.total_cmp(&left.1.probability));
    let mut chance = Chance::new(20_26);
    let mut drawn: Vec<Figures> = Vec::new();
    for _ in 0..resamples {
        let mut times = vec![0_u32; index_of.len()];
        for _ in 0..times.len() {
            let place = chance.index(times.len());
            if let Some(times) = times.get_mut(place) {
                *times += 1;
            }
        }
        let resampled: Vec<Judged> = judged
            .iter()
            .map(|(cluster, row)| Judged {
                times: times.get(*cluster).copied().unwrap_or(0),
                ..*row
            })
            .collect();
        drawn.extend(figures(&resampled));
    }
    let at = |level: f64, value: &dyn Fn(&Figures) -> f64| {
        let mut values: Vec<f64> = drawn.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a short list"
        )]
        let place = (level * (values.len().saturating_sub(1)) as f64) as usize;
        values.get(place).copied()
    };
    let bound = |level: f64| {
        Some(Figures {
            aurc: at(level, &|figures| figures.aurc)?,
            augrc: at(level, &|figures| figures.augrc)?,
            auroc: at(level, &|figures| figures.auroc.unwrap_or(0.5)),
            brier: at(level, &|figures| figures.brier)?,
            ece: at(level, &|figures| figures.ece)?,
            coverage_at_5: at(level, &|figures| figures.coverage_at_5)?,
            coverage_at_10: at(level, &|figures| figures.coverage_at_10)?,
        })
    };
    bound(0.025).zip(bound(0.975))
}

fn print_report(report: &Report, out: &mut impl Write) -> Result<(), CommandError> {
    let (train, test) = (report.train_rows, report.test_rows);
    print(
        out,
        &format!("{train} rows fitted, {test} measured; intervals are 95 %, by conversation"),
    )?;
    for (name, set) in &report.sets {
        print(out, &format!("{name}: {} labels, {:.1} % right", set.labels, 100.0 * set.right))?;
        let mut line = |label: &str, value: &dyn Fn(&Figures) -> f64| {
            let bounds = set.low.as_ref().zip(set.high.as_ref());
            let bounds = bounds.map_or_else(String::new, |(low, high)| {
                format!("  [{:.4}, {:.4}]", value(low), value(high))
            });
            print(out, &format!("  {label:<24}{:.4}{bounds}", value(&set.figures)))
        };
        line("AURC", &|figures| figures.aurc)?;
        line("AUGRC", &|figures| figures.augrc)?;
        line("AUROC", &|figures| figures.auroc.unwrap_or(0.5))?;
        line("Brier", &|figures| figures.brier)?;
        line("ECE, 15 equal bins", &|figures| figures.ece)?;
        line("coverage at 5 % wrong", &|figures| figures.coverage_at_5)?;
        line("coverage at 10 % wrong", &|figures| figures.coverage_at_10)?;
        let by_chance = set.ece_by_chance;
        print(out, &format!("  {:<24}{by_chance:.4}", "ECE of chance alone"))?;
        for certified in &set.certified {
            let line = certified_words(certified);
            print(out, &format!("  {line}"))?;
        }
    }
    Ok(())
}
