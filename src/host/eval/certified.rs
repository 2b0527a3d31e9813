//! How much of fresh rows can be answered under certificates that were made from others.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::certificate::CertificateDemand;
use crate::host::command_line::CommandError;
use crate::host::confidence::certify::{Finding, Tested, learn_then_test};
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::score::BySource;
use crate::host::confidence::split;
use crate::host::eval::confidence::{POOLED, plan};

/// Probability with which a certificate may be wrong.
const FAILURE_PROBABILITY: f64 = 0.1;
/// Tolerated errors that are certified.
const TOLERATED_ERRORS: [f64; 2] = [0.05, 0.10];

/// How much can be answered under a certificate.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Certified {
    pub(super) tolerated_error: f64,
    /// Mean share of the test rows that is answered, 0 where there was no certificate.
    pub(super) coverage: f64,
    /// Share of splits without a certificate.
    pub(super) none: f64,
    /// Mean risk on one test row of each conversation, where there was one: what is certified.
    pub(super) risk: Option<f64>,
    /// Share of splits whose risk is above what is tolerated.
    pub(super) above: f64,
    /// Mean risk on all test rows, where there was one.
    pub(super) risk_of_rows: Option<f64>,
}

/// What splits showed, by source and by the place of the tolerated error.
#[derive(Default)]
pub(super) struct Tallies(BTreeMap<(String, usize), Tally>);

impl Tallies {
    /// Fits and certifies within the training rows, and answers the test rows: one split.
    pub(super) fn add(
        &mut self,
        train: &Rows,
        test: &Rows,
        split: u64,
    ) -> Result<(), CommandError> {
        let salt = format!("countersign/eval/certified/{split}");
        let held_back = |row: &Row| split::share(&salt, &row.cluster) < split::HELD_BACK;
        let fit_rows = train.filtered(|row| !held_back(row));
        let models = BySource::fit(&fit_rows, &plan()).map_err(CommandError::new)?;
        let fit_rows = fit_rows.one_of_each_conversation();
        let calibration = train.filtered(held_back).one_of_each_conversation();
        let one_of_each = test.clone().one_of_each_conversation();
        let (fit_rows, calibration, one_of_each, all) =
            [&fit_rows, &calibration, &one_of_each, test].map(|rows| tested(&models, rows)).into();
        let mut names = test.sources();
        names.push(POOLED.to_owned());
        for name in names {
            let of_set = |rows: &[(String, Tested)]| -> Vec<Tested> {
                let of_set = |source: &str| name == POOLED || source == name;
                rows.iter().filter(|(source, _)| of_set(source)).map(|(_, row)| *row).collect()
            };
            let (fit_rows, calibration) = (of_set(&fit_rows), of_set(&calibration));
            let (one_of_each, all) = (of_set(&one_of_each), of_set(&all));
            for (index, tolerated_error) in TOLERATED_ERRORS.into_iter().enumerate() {
                let demand =
                    CertificateDemand { tolerated_error, failure_probability: FAILURE_PROBABILITY };
                let finding = learn_then_test(&fit_rows, &calibration, &demand);
                let tally = self.0.entry((name.clone(), index)).or_default();
                tally.add(&finding, &one_of_each, &all, tolerated_error);
            }
        }
        Ok(())
    }

    /// The means, by source.
    pub(super) fn certified(&self) -> BTreeMap<String, Vec<Certified>> {
        let mut certified: BTreeMap<String, Vec<Certified>> = BTreeMap::new();
        for ((name, index), tally) in &self.0 {
            let tolerated_error = TOLERATED_ERRORS.get(*index).copied().unwrap_or_default();
            certified.entry(name.clone()).or_default().push(tally.certified(tolerated_error));
        }
        certified
    }
}

fn tested(models: &BySource, rows: &Rows) -> Vec<(String, Tested)> {
    let judged = rows.rows.iter().zip(models.score(rows));
    let judged = judged.filter_map(|(row, probability)| {
        Some((row.source.clone(), Tested { probability, wrong: row.label? < 1.0 }))
    });
    judged.collect()
}

/// What the splits showed so far.
#[derive(Default)]
struct Tally {
    splits: f64,
    none: f64,
    above: f64,
    coverage: f64,
    risk: f64,
    risk_of_rows: f64,
}

/// How many rows are answered at a threshold, and the share of wrong ones among them.
fn answered(rows: &[Tested], threshold: f64) -> (f64, f64) {
    let answered = rows.iter().filter(|row| row.probability >= threshold);
    let (answered, wrong) = answered.fold((0.0, 0.0_f64), |(answered, wrong), row| {
        (answered + 1.0, wrong + f64::from(u8::from(row.wrong)))
    });
    (answered, if answered > 0.0 { wrong / answered } else { 0.0 })
}

impl Tally {
    fn add(
        &mut self,
        finding: &Finding,
        one_of_each: &[Tested],
        all: &[Tested],
        tolerated_error: f64,
    ) {
        self.splits += 1.0;
        let Finding::Certified(shown) = finding else {
            self.none += 1.0;
            return;
        };
        let (_, risk) = answered(one_of_each, shown.threshold);
        let (answered, risk_of_rows) = answered(all, shown.threshold);
        #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
        let rows = all.len() as f64;
        self.coverage += answered / rows.max(1.0);
        self.risk += risk;
        self.risk_of_rows += risk_of_rows;
        self.above += f64::from(u8::from(risk > tolerated_error));
    }

    fn certified(&self, tolerated_error: f64) -> Certified {
        let with = self.splits - self.none;
        Certified {
            tolerated_error,
            coverage: self.coverage / self.splits,
            none: self.none / self.splits,
            risk: (with > 0.0).then(|| self.risk / with),
            above: self.above / self.splits,
            risk_of_rows: (with > 0.0).then(|| self.risk_of_rows / with),
        }
    }
}

pub(super) fn certified_words(certified: &Certified) -> String {
    let Certified { tolerated_error, coverage, none, risk, above, risk_of_rows } = certified;
    let words =
        |risk: &Option<f64>| risk.map_or_else(|| "-".to_owned(), |risk| format!("{risk:.3}"));
    let (risk, risk_of_rows) = (words(risk), words(risk_of_rows));
    format!(
        "certified at {tolerated_error:.2}: coverage {coverage:.3}, risk {risk} (of rows {risk_of_rows}), \
         no certificate in {none:.2} of splits, risk above in {above:.2}"
    )
}
