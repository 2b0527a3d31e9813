//! `countersign eval guarantees`: how often the guarantees fail where the truth is known.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use crate::certificate::CertificateDemand;
use crate::host::command_line::{CommandError, print};
use crate::host::confidence::certify::{Finding, Tested, learn_then_test};
use crate::host::confidence::chance::Chance;
use crate::host::confidence::command::{canonical, tell};
use crate::host::confidence::monitor::{ErrorWatch, RateWatch};

#[derive(Debug, Args)]
pub(in crate::host) struct Options {
    /// Runs of each simulation.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    runs: u32,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Rows of the fit and of the calibration in each run, and what is demanded.
const FIT_ROWS: usize = 600;
const CALIBRATION_ROWS: usize = 400;
const DEMAND: CertificateDemand =
    CertificateDemand { tolerated_error: 0.1, failure_probability: 0.1 };

/// Items before and after a release, and the probability of a false alarm.
const ITEMS_BEFORE: u32 = 2_000;
const ITEMS_AFTER: u32 = 4_000;
const FALSE_ALARM: f64 = 0.05;
const RATE_BEFORE: f64 = 0.12;
const RATES_AFTER: [f64; 5] = [0.12, 0.15, 0.18, 0.24, 0.06];
const TOLERATED_ERROR: f64 = 0.05;
const ERRORS_AFTER: [f64; 4] = [0.03, 0.05, 0.08, 0.12];

#[derive(Debug, Serialize)]
struct Report {
    runs: u32,
    certificates: Certificates,
    escalation_rate: Vec<Alarms>,
    audited_error: Vec<Alarms>,
}

#[derive(Debug, Serialize)]
struct Certificates {
    tolerated_error: f64,
    failure_probability: f64,
    /// Share of runs whose true risk is above what is tolerated.
    violations: f64,
    /// Twice the standard error of a share that is just the failure probability.
    margin: f64,
    /// Share of runs without a certificate.
    none: f64,
    coverage: f64,
    /// The largest coverage whose true risk is tolerable.
    coverage_possible: f64,
}

#[derive(Debug, Serialize)]
struct Alarms {
    rate: f64,
    /// Share of runs with an alarm.
    alarms: f64,
    /// Median number of items to the alarm, over all runs; absent where most raise none.
    median_items: Option<u32>,
}

pub(super) fn run(options: &Options, out: &mut impl Write) -> Result<(), CommandError> {
    tell("certificates");
    let certificates = certificates(options.runs);
    tell("escalation rate");
    let escalation_rate: Vec<Alarms> =
        RATES_AFTER.iter().map(|rate| rate_alarms(*rate, options.runs)).collect();
    tell("audited error");
    let audited_error: Vec<Alarms> =
        ERRORS_AFTER.iter().map(|rate| error_alarms(*rate, options.runs)).collect();
    let report = Report { runs: options.runs, certificates, escalation_rate, audited_error };
    if options.json {
        return print(out, &canonical(&report)?);
    }
    let Certificates {
        tolerated_error,
        failure_probability,
        violations,
        margin,
        none,
        coverage,
        coverage_possible,
    } = report.certificates;
    print(
        out,
        &format!(
            "certificates at {tolerated_error}, {} runs of {CALIBRATION_ROWS} rows: true risk above in {violations:.4} \
         of runs, {failure_probability} + {margin:.4} allowed; none in {none:.4}; coverage {coverage:.3} of {coverage_possible:.3} possible",
            report.runs
        ),
    )?;
    print(
        out,
        &format!(
            "escalation rate, {RATE_BEFORE} over {ITEMS_BEFORE} items before, {ITEMS_AFTER} after"
        ),
    )?;
    print_alarms(&report.escalation_rate, out)?;
    print(out, &format!("audited error, {TOLERATED_ERROR} tolerated, {ITEMS_AFTER} items"))?;
    print_alarms(&report.audited_error, out)
}

fn print_alarms(alarms: &[Alarms], out: &mut impl Write) -> Result<(), CommandError> {
    for Alarms { rate, alarms, median_items } in alarms {
        let items = median_items.map_or_else(|| "-".to_owned(), |items| items.to_string());
        print(out, &format!("  {rate:.2}: alarm in {alarms:.4} of runs, median items {items}"))?;
    }
    Ok(())
}

/// The least sure drafts are wrong this often, and it falls with the power of the distance.
const WORST_ERROR: f64 = 0.6;
const ERROR_POWER: f64 = 1.5;

/// The true error of a draft with this score, and of all at or above it.
fn error_at(score: f64) -> f64 {
    WORST_ERROR * libm::pow(1.0 - score, ERROR_POWER)
}

fn risk_above(score: f64) -> f64 {
    error_at(score) / (ERROR_POWER + 1.0)
}

fn certificates(runs: u32) -> Certificates {
    let mut chance = Chance::new(1);
    let mut sample = |rows: usize| -> Vec<Tested> {
        let row = |_| {
            let probability = chance.share();
            Tested { probability, wrong: chance.share() < error_at(probability) }
        };
        (0..rows).map(row).collect()
    };
    let (mut violations, mut none, mut coverage) = (0.0, 0.0, 0.0);
    for _ in 0..runs {
        let (fit, calibration) = (sample(FIT_ROWS), sample(CALIBRATION_ROWS));
        match learn_then_test(&fit, &calibration, &DEMAND) {
            Finding::NoCertificate { .. } => none += 1.0,
            Finding::Certified(test) => {
                violations +=
                    f64::from(u8::from(risk_above(test.threshold) > DEMAND.tolerated_error));
                coverage += 1.0 - test.threshold;
            }
        }
    }
    let CertificateDemand { tolerated_error, failure_probability } = DEMAND;
    let runs = f64::from(runs);
    let tolerable = tolerated_error * (ERROR_POWER + 1.0) / WORST_ERROR;
    Certificates {
        tolerated_error,
        failure_probability,
        violations: violations / runs,
        margin: 2.0 * (failure_probability * (1.0 - failure_probability) / runs).sqrt(),
        none: none / runs,
        coverage: coverage / runs,
        coverage_possible: libm::pow(tolerable, 1.0 / ERROR_POWER),
    }
}

fn rate_alarms(rate: f64, runs: u32) -> Alarms {
    let mut chance = Chance::new(2);
    alarms(rate, runs, || {
        let before = (0..ITEMS_BEFORE).filter(|_| chance.share() < RATE_BEFORE).count() as u64;
        let mut watch = RateWatch::new(before, u64::from(ITEMS_BEFORE), FALSE_ALARM);
        (1..=ITEMS_AFTER).find(|_| watch.observe(chance.share() < rate).is_some())
    })
}

fn error_alarms(rate: f64, runs: u32) -> Alarms {
    let mut chance = Chance::new(3);
    alarms(rate, runs, || {
        let mut watch = ErrorWatch::new(TOLERATED_ERROR, FALSE_ALARM);
        (1..=ITEMS_AFTER).find(|_| watch.observe(chance.share() < rate))
    })
}

fn alarms(rate: f64, runs: u32, run: impl FnMut() -> Option<u32>) -> Alarms {
    let mut run = run;
    let found: Vec<Option<u32>> = (0..runs).map(|_| run()).collect();
    let mut items: Vec<u32> = found.iter().flatten().copied().collect();
    items.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let share = items.len() as f64 / f64::from(runs);
    Alarms { rate, alarms: share, median_items: items.get(found.len() / 2).copied() }
}
