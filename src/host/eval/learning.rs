//! `countersign eval learning`: how well confidence is learned within one set of rows.
//!
//! Conversations are split by chance over several seeds; figures are means over the runs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::host::command_line::{CommandError, print};
use crate::host::confidence::chance::Chance;
use crate::host::confidence::command::{canonical, tell};
use crate::host::confidence::fit::fit;
use crate::host::confidence::measure::{Figures, Ranked};
use crate::host::confidence::origin::read_rows;
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::score::{BySource, score};
use crate::host::confidence::split;
use crate::host::eval::certified::{Certified, Tallies, certified_words};
use crate::host::eval::confidence::{POOLED, plan};
use crate::request::Signal;

#[derive(Debug, Args)]
pub(in crate::host) struct Options {
    /// The rows.
    #[arg(long)]
    rows: PathBuf,
    /// Runs, each with another split.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    runs: u64,
    /// Share of the conversations on which certificates are measured.
    #[arg(long, default_value_t = 0.3)]
    test_share: f64,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Parts of the conversations, each judged by a model of the others.
const FOLDS: u32 = 5;
/// Splits into fit and calibration in each run.
const SPLITS: u64 = 3;
/// Rows of a source under which it is not measured with few labels.
const FEW_LABELS_ROWS_MIN: usize = 300;
/// Numbers of labels, and subsets of each.
const FEW_LABELS: [usize; 5] = [10, 25, 50, 100, 200];
const SUBSETS: u64 = 20;

/// The stream of selective labels: its length, what share of it is reviewed, and how many of the
/// others are audited.
const STREAM_ROWS: usize = 3_000;
const REVIEWED_SHARE: f64 = 0.3;
const AUDIT_RATE: f64 = 0.03;

#[derive(Debug, Serialize)]
struct Report {
    cross_fitted: BTreeMap<String, Mean>,
    few_labels: BTreeMap<String, Vec<FewLabels>>,
    certified: BTreeMap<String, Vec<Certified>>,
    selective_labels: Vec<Selective>,
}

/// Means over runs.
#[derive(Clone, Debug, Default, Serialize)]
struct Mean {
    aurc: f64,
    augrc: f64,
    auroc: f64,
    brier: f64,
    ece: f64,
}

impl Mean {
    fn add(&mut self, figures: &Figures, runs: f64) {
        self.aurc += figures.aurc / runs;
        self.augrc += figures.augrc / runs;
        self.auroc += figures.auroc.unwrap_or(0.5) / runs;
        self.brier += figures.brier / runs;
        self.ece += figures.ece / runs;
    }
}

#[derive(Debug, Serialize)]
struct FewLabels {
    labels: usize,
    aurc: f64,
    brier: f64,
    naive_mean_aurc: f64,
}

#[derive(Debug, Serialize)]
struct Selective {
    labels: &'static str,
    /// Mean probability less share of right drafts, among what was answered.
    bias: f64,
    brier: f64,
    ece: f64,
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Result<(), CommandError> {
    let rows = read_rows(&options.rows)?.filtered(|row| row.label.is_some());
    let report = Report {
        cross_fitted: cross_fitted(&rows, options)?,
        few_labels: few_labels(&rows)?,
        certified: certified(&rows, options)?,
        selective_labels: selective_labels(&rows)?,
    };
    if options.json {
        return print(out, &canonical(&report)?);
    }
    print(out, &format!("{FOLDS} folds by conversation, means over {} runs", options.runs))?;
    for (name, Mean { aurc, augrc, auroc, brier, ece }) in &report.cross_fitted {
        let line = format!(
            "  {name:<26}AURC {aurc:.4}  AUGRC {augrc:.4}  AUROC {auroc:.4}  Brier {brier:.4}  ECE {ece:.4}"
        );
        print(out, &line)?;
    }
    print(out, &format!("few labels, means over {SUBSETS} subsets"))?;
    for (name, rows) in &report.few_labels {
        for FewLabels { labels, aurc, brier, naive_mean_aurc } in rows {
            let line = format!(
                "  {name:<26}{labels:>4} labels: AURC {aurc:.4}, naive mean {naive_mean_aurc:.4}; Brier {brier:.4}"
            );
            print(out, &line)?;
        }
    }
    print(out, "certificates")?;
    for (name, certified) in &report.certified {
        for certified in certified {
            print(out, &format!("  {name:<26}{}", certified_words(certified)))?;
        }
    }
    print(out, "selective labels, in what was answered")?;
    for Selective { labels, bias, brier, ece } in &report.selective_labels {
        print(out, &format!("  {labels:<40}bias {bias:+.4}  Brier {brier:.4}  ECE {ece:.4}"))?;
    }
    Ok(())
}

/// The rows of some conversations, and those of the others.
fn halves(rows: &Rows, salt: &str, test_share: f64) -> (Rows, Rows) {
    let in_test = |row: &Row| split::share(salt, &row.cluster) < test_share;
    (rows.filtered(|row| !in_test(row)), rows.filtered(in_test))
}

fn labels(rows: &Rows) -> Vec<f64> {
    rows.rows.iter().filter_map(|row| row.label).collect()
}

fn figures(probabilities: &[f64], rows: &Rows) -> Result<Figures, CommandError> {
    let figures = Ranked::new(probabilities, &labels(rows)).figures();
    figures.ok_or_else(|| CommandError::new("a split left no row to measure: give more rows"))
}

/// Every row is judged by models that saw nothing of its conversation.
fn cross_fitted(rows: &Rows, options: &Options) -> Result<BTreeMap<String, Mean>, CommandError> {
    let mut means: BTreeMap<String, Mean> = BTreeMap::new();
    for run in 0..options.runs {
        tell(&format!("{FOLDS} folds, run {} of {}", run + 1, options.runs));
        let salt = format!("countersign/eval/folds/{run}");
        let fold = |row: &Row| libm::floor(split::share(&salt, &row.cluster) * f64::from(FOLDS));
        let mut judged: Vec<(String, f64, f64)> = Vec::new();
        for number in 0..FOLDS {
            let in_test = |row: &Row| fold(row) == f64::from(number);
            let models = BySource::fit(&rows.filtered(|row| !in_test(row)), &plan());
            let test = rows.filtered(in_test);
            let probabilities = models.map_err(CommandError::new)?.score(&test);
            let test = test.rows.into_iter().zip(probabilities);
            judged.extend(test.filter_map(|(row, p)| Some((row.source, p, row.label?))));
        }
        let mut names = rows.sources();
        names.push(POOLED.to_owned());
        for name in names {
            let set = judged.iter().filter(|(source, _, _)| name == POOLED || *source == name);
            let (probabilities, labels): (Vec<f64>, Vec<f64>) =
                set.map(|(_, probability, label)| (probability, label)).unzip();
            if let Some(figures) = Ranked::new(&probabilities, &labels).figures() {
                means.entry(name).or_default().add(&figures, real(options.runs));
            }
        }
    }
    Ok(means)
}

fn few_labels(rows: &Rows) -> Result<BTreeMap<String, Vec<FewLabels>>, CommandError> {
    let mut report = BTreeMap::new();
    for source in rows.sources() {
        let of_source = rows.filtered(|row| row.source == source);
        if of_source.rows.len() < FEW_LABELS_ROWS_MIN {
            continue;
        }
        tell(&format!("few labels: {source}"));
        let mut lines: Vec<FewLabels> = FEW_LABELS
            .map(|labels| FewLabels { labels, aurc: 0.0, brier: 0.0, naive_mean_aurc: 0.0 })
            .into();
        for subset in 0..SUBSETS {
            let (mut pool, test) = halves(&of_source, &format!("few/{subset}"), 0.5);
            Chance::new(subset).shuffle(&mut pool.rows);
            let naive = figures(&naive_means(&test), &test)?.aurc;
            for line in &mut lines {
                let some = pool.rows.iter().take(line.labels).cloned().collect();
                let some = Rows { names: pool.names.clone(), rows: some };
                let model = fit(&some, &plan()).map_err(CommandError::new)?.model;
                let figures = figures(&score(&model, &test), &test)?;
                line.aurc += figures.aurc / real(SUBSETS);
                line.brier += figures.brier / real(SUBSETS);
                line.naive_mean_aurc += naive / real(SUBSETS);
            }
        }
        report.insert(source, lines);
    }
    Ok(report)
}

/// The mean of the readings that are there: what needs no labels.
fn naive_means(rows: &Rows) -> Vec<f64> {
    let mean = |row: &Row| {
        let present = row.readings.iter().filter_map(|(_, signal)| match signal {
            Signal::Present(score) => Some(score.get()),
            Signal::Missing | Signal::Unavailable => None,
        });
        let (sum, count) =
            present.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    rows.rows.iter().map(mean).collect()
}

/// Means over outer splits of what is certified in the one part and answered in the other.
fn certified(
    rows: &Rows,
    options: &Options,
) -> Result<BTreeMap<String, Vec<Certified>>, CommandError> {
    let mut tallies = Tallies::default();
    for run in 0..options.runs {
        tell(&format!("certificates, run {} of {}", run + 1, options.runs));
        let (train, test) = halves(rows, &format!("certified/{run}"), options.test_share);
        for split in 0..SPLITS {
            tallies.add(&train, &test, split)?;
        }
    }
    Ok(tallies.certified())
}

/// The largest source as a stream of which only the least certain part is reviewed.
fn selective_labels(rows: &Rows) -> Result<Vec<Selective>, CommandError> {
    let of = |source: &String| rows.rows.iter().filter(|row| row.source == *source).count();
    let Some(source) = rows.sources().into_iter().max_by_key(of) else {
        return Ok(Vec::new());
    };
    let of_source = rows.filtered(|row| row.source == source);
    let names = [
        "escalated alone",
        "escalated and audited, unweighted",
        "escalated and audited, weighted",
        "every label",
    ];
    let mut report: Vec<Selective> =
        names.map(|labels| Selective { labels, bias: 0.0, brier: 0.0, ece: 0.0 }).into();
    for run in 0..SUBSETS {
        tell(&format!("selective labels, run {} of {SUBSETS}", run + 1));
        let mut shuffled = of_source.clone();
        Chance::new(1_000 + run).shuffle(&mut shuffled.rows);
        let cut = STREAM_ROWS.min(shuffled.rows.len() * 2 / 3);
        let test = Rows { names: shuffled.names.clone(), rows: shuffled.rows.split_off(cut) };
        let mut means = naive_means(&shuffled);
        means.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in the list"
        )]
        let place = (REVIEWED_SHARE * cut as f64) as usize;
        let bound = means.get(place).copied().unwrap_or(0.0);
        let naive = naive_means(&shuffled);
        let audited = |row: &Row| split::share(&format!("selective/{run}"), &row.id) < AUDIT_RATE;
        for (kind, selective) in report.iter_mut().enumerate() {
            let mut seen = Rows { names: shuffled.names.clone(), rows: Vec::new() };
            for (row, naive) in shuffled.rows.iter().zip(&naive) {
                let escalated = *naive < bound;
                let is_seen = match kind {
                    0 => escalated,
                    1 | 2 => escalated || audited(row),
                    _ => true,
                };
                if is_seen {
                    let weighted = kind == 2 && !escalated;
                    let propensity = if weighted { AUDIT_RATE } else { 1.0 };
                    seen.rows.push(Row { propensity, ..row.clone() });
                }
            }
            let model = fit(&seen, &plan()).map_err(CommandError::new)?.model;
            let keep =
                test.rows.iter().zip(naive_means(&test)).filter(|(_, naive)| *naive >= bound);
            let answered: Vec<Row> = keep.map(|(row, _)| row.clone()).collect();
            let answered = Rows { names: test.names.clone(), rows: answered };
            let probabilities = score(&model, &answered);
            let labels = labels(&answered);
            let off: f64 = probabilities.iter().zip(&labels).map(|(p, label)| p - label).sum();
            let figures = figures(&probabilities, &answered)?;
            #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
            let answered = labels.len() as f64;
            selective.bias += off / answered / real(SUBSETS);
            selective.brier += figures.brier / real(SUBSETS);
            selective.ece += figures.ece / real(SUBSETS);
        }
    }
    Ok(report)
}

#[expect(clippy::cast_precision_loss, reason = "a number of runs")]
const fn real(count: u64) -> f64 {
    count as f64
}
