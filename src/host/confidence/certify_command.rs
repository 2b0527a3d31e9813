//! `countersign confidence certify`: the threshold that a tier may answer at, shown by rows that nobody
//! chose.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::command::{canonical, share};
use super::origin::Origin;
use super::outcome::Labels;
use crate::certificate::{Certificate, CertificateDemand};
use crate::compile::Compiled;
use crate::confidence::ConfidenceModel;
use crate::host::clock::wall_clock;
use crate::host::command_line::{CommandError, instant, print, word};
use crate::host::confidence::certify::{Finding, Tested, learn_then_test};
use crate::host::confidence::paste;
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::score::score;
use crate::host::confidence::split::{self, is_audited, is_held_back};
use crate::host::policy_command::compile_file_or_default;
use crate::request::RiskLevel;
use crate::units::{Score, TimestampMs};
use crate::verdict::Disposition;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Debug, Args)]
pub(in crate::host) struct CertifyOptions {
    #[command(flatten)]
    origin: Origin,
    /// The policy; the default policy without it.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// The tiers; more than one share the failure probability.
    #[arg(long = "tier", required = true, value_parser = word(RiskLevel::WORDS))]
    tiers: Vec<RiskLevel>,
    /// The greatest share of wrong answers; what the tier demands without it.
    #[arg(long, value_parser = inner_share)]
    tolerated_error: Option<f64>,
    /// The probability with which that may be wrong; what the tier demands without it.
    #[arg(long, value_parser = inner_share)]
    failure_probability: Option<f64>,
    /// After how many days it ends.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3_660))]
    days: i64,
    /// The instant in RFC 3339; the present without it.
    #[arg(long, value_parser = instant)]
    now: Option<TimestampMs>,
    /// Prints the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found for one tier.
#[derive(Debug, Serialize)]
struct TierFinding {
    risk_level: RiskLevel,
    /// What the threshold is for: answers, or limited answers.
    disposition: Disposition,
    tolerated_error: f64,
    failure_probability: f64,
    fit_rows: usize,
    calibration_rows: usize,
    /// Random audits of the calibration that nobody judged: each is taken for wrong.
    unjudged: usize,
    /// Rows of this tier that were decided by other policies than the newest of them.
    of_other_decisions: usize,
    finding: Finding,
    certificate: Option<Certificate>,
}

pub(super) fn run(options: &CertifyOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let compiled = compile_file_or_default(options.policy.as_deref())?;
    let rows = options.origin.read(Labels::Hard)?;
    let now = options.now.unwrap_or_else(wall_clock);
    let demands: Vec<(RiskLevel, Disposition, CertificateDemand)> =
        options.tiers.iter().try_fold(Vec::new(), |mut demands, tier| {
            demands.extend(demands_of(&compiled, *tier, options)?);
            Ok::<_, CommandError>(demands)
        })?;
    let mut findings = Vec::new();
    for (tier, disposition, demand) in &demands {
        #[expect(clippy::cast_precision_loss, reason = "two of four tiers at most")]
        let failure_probability = demand.failure_probability / demands.len() as f64;
        let demand = CertificateDemand { failure_probability, ..*demand };
        findings.push(certify(&compiled, &rows, (*tier, *disposition), demand, (options, now))?);
    }
    if options.json {
        return print(out, &canonical(&findings)?);
    }
    let told: Vec<String> = findings.iter().map(words_of).collect();
    print(out, &told.join("\n\n"))
}

/// What is to be shown of a tier: of its answers, and of its limited answers where the policy asks for
/// it. All that is shown together shares the failure probability.
fn demands_of(
    compiled: &Compiled,
    tier: RiskLevel,
    options: &CertifyOptions,
) -> Result<Vec<(RiskLevel, Disposition, CertificateDemand)>, CommandError> {
    let of_tier = compiled.policy.bundle().tiers.of(tier);
    let demanded = of_tier.certified;
    let tolerated_error = options.tolerated_error.or(demanded.map(|demand| demand.tolerated_error));
    let failure_probability =
        options.failure_probability.or(demanded.map(|demand| demand.failure_probability));
    let Some((tolerated_error, failure_probability)) = tolerated_error.zip(failure_probability)
    else {
        return Err(CommandError::new(format_args!(
            "{tier} risk: say --tolerated-error and --failure-probability: the policy demands nothing here"
        )));
    };
    let answers = CertificateDemand { tolerated_error, failure_probability };
    let limited =
        of_tier.limited_certified.map(|demand| (tier, Disposition::LimitedAnswer, demand));
    Ok([(tier, Disposition::Answer, answers)].into_iter().chain(limited).collect())
}

fn certify(
    compiled: &Compiled,
    rows: &Rows,
    (tier, disposition): (RiskLevel, Disposition),
    demand: CertificateDemand,
    (options, now): (&CertifyOptions, TimestampMs),
) -> Result<TierFinding, CommandError> {
    let refused = |why: &str| CommandError::new(format_args!("{tier} risk: {why}"));
    let bundle = compiled.policy.bundle();
    let held_back = match &bundle.confidence.fit {
        None => split::HELD_BACK,
        Some(fit) if fit.held_back > 0.0 => fit.held_back,
        Some(_) => {
            return Err(refused(
                "the model was fitted to every row, so no row can certify it: fit it with --held-back",
            ));
        }
    };
    let judged = |row: &Row| row.label.is_some() || row.unjudged;
    let mut of_tier =
        rows.filtered(|row| row.risk_level == Some(tier) && judged(row) && !row.by_rule);
    let of_other_decisions = keep_newest_decisions(&mut of_tier);
    let sampled = sample(of_tier).map_err(|why| refused(&why))?;
    let in_calibration = |row: &Row| is_held_back(&row.cluster, held_back);
    let calibration = sampled.filtered(in_calibration);
    let fit_rows = sampled.filtered(|row| !in_calibration(row));
    let CertificateDemand { tolerated_error, failure_probability } = demand;
    let model = &bundle.confidence;
    let finding = learn_then_test(&tested(model, &fit_rows), &tested(model, &calibration), &demand);
    let certificate = match &finding {
        Finding::NoCertificate { .. } => None,
        Finding::Certified(test) => Some(Certificate {
            risk_level: tier,
            threshold: Score::new(test.threshold).ok_or_else(|| refused("no threshold"))?,
            tolerated_error,
            failure_probability,
            answers: i64::try_from(test.answers).unwrap_or(i64::MAX),
            errors: i64::try_from(test.errors).unwrap_or(i64::MAX),
            rows_hash: rows_hash(&calibration),
            decision_hash: compiled.policy.decision_hash().to_owned(),
            issued_at: now,
            expires_at: now.saturating_add(options.days * DAY_MS),
        }),
    };
    Ok(TierFinding {
        risk_level: tier,
        disposition,
        tolerated_error,
        failure_probability,
        fit_rows: fit_rows.rows.len(),
        calibration_rows: calibration.rows.len(),
        unjudged: calibration.rows.iter().filter(|row| row.unjudged).count(),
        of_other_decisions,
        finding,
        certificate,
    })
}

/// Which drafts reach a threshold at all is for the rules to say, so that rows of one policy alone are
/// one sample: those of the newest. Rows of a file need not say whose they are. Gives how many it takes
/// out.
fn keep_newest_decisions(rows: &mut Rows) -> usize {
    let before = rows.rows.len();
    let newest = rows.rows.iter().rev().find_map(|row| row.decision_hash.clone());
    rows.rows.retain(|row| row.decision_hash == newest);
    before - rows.rows.len()
}

/// Rows as an even sample: one of each conversation, and every kind as thinly as the one that was
/// asked about most rarely.
fn sample(mut rows: Rows) -> Result<Rows, String> {
    let soft = |row: &&Row| !matches!(row.label, None | Some(0.0 | 1.0));
    if let Some(row) = rows.rows.iter().find(soft) {
        return Err(format!(
            "the label of `{}` is neither 0 nor 1, and an error is counted or it is not",
            row.id
        ));
    }
    let least = rows.rows.iter().fold(1.0_f64, |least, row| least.min(row.propensity));
    rows.rows.retain(|row| row.propensity <= least || is_audited(&row.id, least / row.propensity));
    Ok(rows.one_of_each_conversation())
}

/// A draft that somebody was to judge and nobody did counts as wrong: what was lost may be lost for
/// what it was.
pub(super) fn tested(model: &ConfidenceModel, rows: &Rows) -> Vec<Tested> {
    let wrong = rows.rows.iter().map(|row| row.label.unwrap_or(0.0) < 1.0);
    let judged = score(model, rows).into_iter().zip(wrong);
    judged.map(|(probability, wrong)| Tested { probability, wrong }).collect()
}

fn rows_hash(rows: &Rows) -> String {
    let row = |row: &Row| format!("{:?} {:?}\n", row.id, row.label);
    let listed: Vec<String> = rows.rows.iter().map(row).collect();
    crate::json::sha256_name(&[
        b"countersign/confidence/calibration/v1\n",
        listed.concat().as_bytes(),
    ])
}

/// The certificate to be put into the policy, or, as a comment, why there is none.
fn words_of(finding: &TierFinding) -> String {
    let TierFinding { risk_level, disposition, tolerated_error, calibration_rows, .. } = finding;
    if let Some(certificate) = &finding.certificate {
        return certificate_toml(certificate, *disposition);
    }
    let what = match disposition {
        Disposition::LimitedAnswer => "limited answers at ",
        _ => "",
    };
    let left_out = match finding.of_other_decisions {
        0 => String::new(),
        rows => format!("\n# {rows} rows of earlier decisions have no part in it"),
    };
    let mut words = format!(
        "# no certificate for {what}{risk_level} risk at {tolerated_error}, from {calibration_rows} reviewed rows"
    );
    if let Finding::NoCertificate { answers_min, rows_needed, .. } = &finding.finding {
        let needed = match rows_needed {
            Some(rows) => format!("about {rows} more reviewed rows are needed"),
            None if finding.fit_rows == 0 => "more reviewed rows are needed".to_owned(),
            None => "even the surest drafts are wrong too often for any number to do".to_owned(),
        };
        words.push_str(&format!("\n# {needed}; at least {answers_min} right answers in a row"));
    }
    if finding.unjudged > 0 {
        let unjudged = finding.unjudged;
        words.push_str(&format!("\n# {unjudged} random audits that nobody judged count as wrong"));
    }
    words.push_str(&left_out);
    words
}

fn certificate_toml(certificate: &Certificate, disposition: Disposition) -> String {
    let name = match disposition {
        Disposition::LimitedAnswer => "limited_certificate",
        _ => "certificate",
    };
    let mut out = format!("[confidence.tiers.{}.{name}]\n", certificate.risk_level);
    let mut line = |key, value: String| paste::line(&mut out, key, &value);
    line("risk_level", paste::text(certificate.risk_level.as_str()));
    line("threshold", paste::number(certificate.threshold.get()));
    line("tolerated_error", paste::number(certificate.tolerated_error));
    line("failure_probability", paste::number(certificate.failure_probability));
    line("answers", certificate.answers.to_string());
    line("errors", certificate.errors.to_string());
    line("rows_hash", paste::text(&certificate.rows_hash));
    line("decision_hash", paste::text(&certificate.decision_hash));
    line("issued_at", paste::text(&certificate.issued_at.to_string()));
    line("expires_at", paste::text(&certificate.expires_at.to_string()));
    out.trim_end().to_owned()
}

fn inner_share(text: &str) -> Result<f64, String> {
    share(text).ok().filter(|value| *value > 0.0).ok_or_else(|| "a share such as 0.05".to_owned())
}
