//! `countersign confidence …`: fit a model to reviewed rows, certify a tier, report how good it is.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::certificate::{Certificate, CertificateDemand, CertificateState};
use crate::compile::{Compiled, to_json};
use crate::confidence::ConfidenceModel;
use crate::host::clock::wall_clock;
use crate::host::command_line::{CommandError, instant, print, word};
use crate::host::confidence::binomial::clopper_pearson;
use crate::host::confidence::certify::{Finding, Tested, learn_then_test};
use crate::host::confidence::design::Settings;
use crate::host::confidence::fit::{FitReport, Fitted, Plan, fit};
use crate::host::confidence::measure::{Figures, Ranked};
use crate::host::confidence::paste;
use crate::host::confidence::row::{Row, Rows};
use crate::host::confidence::score::score;
use crate::host::confidence::split::{self, is_audited, is_held_back};
use crate::host::policy_command::{compile_file, compile_file_or_default};
use crate::policy::Policy;
use crate::request::RiskLevel;
use crate::units::{Score, TimestampMs};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Debug, Subcommand)]
pub(in crate::host) enum ConfidenceCommand {
    /// Learns a model from reviewed rows, and writes it as JSON, or as TOML to be put into a policy.
    Fit(FitOptions),
    /// Finds the threshold that a tier may answer at, and writes its certificate as TOML.
    Certify(CertifyOptions),
    /// Says how good a policy's confidence is on reviewed rows.
    Report(ReportOptions),
}

#[derive(Debug, Args)]
pub(in crate::host) struct FitOptions {
    /// The rows, one JSON object a line: {id, signals, label, conversation_id?, propensity?, …}.
    #[arg(long)]
    rows: PathBuf,
    /// The policy whose numbers are the expert's, and whose signals are fitted; without it every
    /// signal of the rows, from a plain prior.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Names the model.
    #[arg(long, default_value = "fitted-1")]
    model_version: String,
    /// Share of the conversations that is left out, to certify the model.
    #[arg(long, default_value_t = split::HELD_BACK, value_parser = share)]
    held_back: f64,
    /// Where to write it: `….toml` for a policy, anything else for JSON; standard output without it.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::host) struct CertifyOptions {
    /// The rows, each with its `risk_level`: drafts that no other rule of the policy sends to a person.
    #[arg(long)]
    rows: PathBuf,
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

#[derive(Debug, Args)]
pub(in crate::host) struct ReportOptions {
    /// The rows.
    #[arg(long)]
    rows: PathBuf,
    /// The policy; the default policy without it.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

pub(in crate::host) fn run(
    command: ConfidenceCommand,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    match command {
        ConfidenceCommand::Fit(options) => run_fit(options, out),
        ConfidenceCommand::Certify(options) => run_certify(&options, out),
        ConfidenceCommand::Report(options) => run_report(&options, out),
    }
}

/// Reads rows from a file.
pub(in crate::host) fn read_rows(file: &Path) -> Result<Rows, CommandError> {
    let told = |error: &dyn std::fmt::Display| {
        CommandError::new(format_args!("`{}`: {error}", file.display()))
    };
    let rows = Rows::read(BufReader::new(File::open(file).map_err(|error| told(&error))?));
    let rows = rows.map_err(|error| told(&error))?;
    if rows.rows.is_empty() {
        return Err(told(&"there is no row"));
    }
    Ok(rows)
}

fn run_fit(options: FitOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let rows = read_rows(&options.rows)?;
    let prior = options.policy.as_deref().map(compile_file).transpose()?;
    let plan = Plan {
        model_version: options.model_version,
        prior: prior.map(|Compiled { policy, .. }| policy.bundle().confidence.clone()),
        held_back: options.held_back,
        settings: Settings::default(),
    };
    let Fitted { model, report } = fit(&rows, &plan).map_err(CommandError::new)?;
    tell_fit(&report);
    let is_toml = options.output.as_deref().and_then(Path::extension) == Some("toml".as_ref());
    let text = if is_toml { paste::to_toml(&model) } else { canonical(&model)? };
    match options.output {
        None => print(out, &text),
        Some(output) => std::fs::write(&output, format!("{}\n", text.trim_end()))
            .map_err(|error| CommandError::new(format_args!("`{}`: {error}", output.display()))),
    }
}

/// What a person wants to know beside the model: on standard error, so that the model can be piped.
fn tell_fit(report: &FitReport) {
    let FitReport { labels, held_back, base_rate, residual, tolerance, steps, notes, .. } = report;
    tell(&format!(
        "{labels} labels fitted, {held_back} held back; {:.1} % right; optimum after {steps} steps: \
         residual {residual:.1e}, at most {tolerance:.1e}",
        100.0 * base_rate
    ));
    for note in notes {
        tell(note);
    }
}

/// One line on standard error; a closed one is no reason to stop.
pub(in crate::host) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says which certificates of a policy let nobody answer, and why: it compiles with them all the same.
pub(in crate::host) fn tell_certificates(
    policy: &Policy,
    now: TimestampMs,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    for (_, level) in RiskLevel::WORDS {
        let tier = policy.bundle().tiers.of(*level);
        let Some((demand, shown)) = tier.certified.zip(tier.certificate.as_ref()) else {
            continue;
        };
        let state = demand.state(Some(shown), policy.decision_hash(), now);
        if state != CertificateState::InForce {
            print(out, &format!("{level} risk: {}", state.words()))?;
        }
    }
    Ok(())
}

/// What was found for one tier.
#[derive(Debug, Serialize)]
struct TierFinding {
    risk_level: RiskLevel,
    tolerated_error: f64,
    failure_probability: f64,
    fit_rows: usize,
    calibration_rows: usize,
    finding: Finding,
    certificate: Option<Certificate>,
}

fn run_certify(options: &CertifyOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let compiled = compile_file_or_default(options.policy.as_deref())?;
    let rows = read_rows(&options.rows)?;
    let now = options.now.unwrap_or_else(wall_clock);
    let mut findings = Vec::new();
    for tier in &options.tiers {
        findings.push(certify(&compiled, &rows, *tier, options, now)?);
    }
    if options.json {
        return print(out, &canonical(&findings)?);
    }
    findings.iter().try_for_each(|finding| print(out, &words_of(finding)))
}

fn certify(
    compiled: &Compiled,
    rows: &Rows,
    tier: RiskLevel,
    options: &CertifyOptions,
    now: TimestampMs,
) -> Result<TierFinding, CommandError> {
    let refused = |why: &str| CommandError::new(format_args!("{tier} risk: {why}"));
    let bundle = compiled.policy.bundle();
    let demanded = bundle.tiers.of(tier).certified;
    let missing =
        "say --tolerated-error and --failure-probability: the policy demands nothing here";
    let tolerated_error = options
        .tolerated_error
        .or(demanded.map(|demand| demand.tolerated_error))
        .ok_or_else(|| refused(missing))?;
    let failure_probability = options
        .failure_probability
        .or(demanded.map(|demand| demand.failure_probability))
        .ok_or_else(|| refused(missing))?;
    #[expect(clippy::cast_precision_loss, reason = "four tiers at most")]
    let failure_probability = failure_probability / options.tiers.len() as f64;
    let held_back = match &bundle.confidence.fit {
        None => split::HELD_BACK,
        Some(fit) if fit.held_back > 0.0 => fit.held_back,
        Some(_) => {
            return Err(refused(
                "the model was fitted to every row, so no row can certify it: fit it with --held-back",
            ));
        }
    };
    let of_tier = rows.filtered(|row| row.risk_level == Some(tier) && row.label.is_some());
    let sampled = sample(of_tier).map_err(|why| refused(&why))?;
    let in_calibration = |row: &Row| is_held_back(&row.cluster, held_back);
    let calibration = sampled.filtered(in_calibration);
    let fit_rows = sampled.filtered(|row| !in_calibration(row));
    let demand = CertificateDemand { tolerated_error, failure_probability };
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
        tolerated_error,
        failure_probability,
        fit_rows: fit_rows.rows.len(),
        calibration_rows: calibration.rows.len(),
        finding,
        certificate,
    })
}

/// Rows as an even sample: one of each conversation, and what was labelled for certain as thinly as
/// the audit labels the rest.
fn sample(mut rows: Rows) -> Result<Rows, String> {
    let soft = |row: &&Row| !matches!(row.label, Some(label) if label == 0.0 || label == 1.0);
    if let Some(row) = rows.rows.iter().find(soft) {
        return Err(format!(
            "the label of `{}` is neither 0 nor 1, and an error is counted or it is not",
            row.id
        ));
    }
    let rates = rows.rows.iter().map(|row| row.propensity).filter(|rate| *rate < 1.0);
    let (least, most) =
        rates.fold((1.0_f64, 0.0_f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    if least < most {
        return Err(format!(
            "labels were asked for at rates from {least} to {most}, and a certificate needs one rate"
        ));
    }
    if most > 0.0 {
        rows.rows.retain(|row| row.propensity < 1.0 || is_audited(&row.id, most));
    }
    Ok(rows.one_of_each_conversation())
}

fn tested(model: &ConfidenceModel, rows: &Rows) -> Vec<Tested> {
    let labels = rows.rows.iter().map(|row| row.label.unwrap_or(0.0));
    let judged = score(model, rows).into_iter().zip(labels);
    judged.map(|(probability, label)| Tested { probability, wrong: label < 1.0 }).collect()
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
    let TierFinding { risk_level, tolerated_error, calibration_rows, .. } = finding;
    if let Some(certificate) = &finding.certificate {
        return certificate_toml(certificate);
    }
    let mut words = format!(
        "# no certificate for {risk_level} risk at {tolerated_error}, from {calibration_rows} reviewed rows"
    );
    if let Finding::NoCertificate { answers_min, rows_needed, .. } = &finding.finding {
        let needed = match rows_needed {
            Some(rows) => format!("about {rows} more reviewed rows are needed"),
            None if finding.fit_rows == 0 => "more reviewed rows are needed".to_owned(),
            None => "even the surest drafts are wrong too often for any number to do".to_owned(),
        };
        words.push_str(&format!("\n# {needed}; at least {answers_min} right answers in a row"));
    }
    words
}

fn certificate_toml(certificate: &Certificate) -> String {
    let mut out = format!("[confidence.tiers.{}.certificate]\n", certificate.risk_level);
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

/// How good a policy's confidence is.
#[derive(Debug, Serialize)]
struct Report {
    model_version: String,
    labels: usize,
    only_held_back: bool,
    figures: Option<Figures>,
    tiers: Vec<TierRisk>,
}

/// What a tier's own threshold would have answered.
#[derive(Debug, Serialize)]
struct TierRisk {
    risk_level: RiskLevel,
    threshold: f64,
    answered: u64,
    wrong: u64,
    risk_low: f64,
    risk_high: f64,
}

fn run_report(options: &ReportOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let compiled = compile_file_or_default(options.policy.as_deref())?;
    let bundle = compiled.policy.bundle();
    let model = &bundle.confidence;
    let rows = read_rows(&options.rows)?;
    let held_back = model.fit.as_ref().map_or(0.0, |fit| fit.held_back);
    let counts = |row: &Row| {
        let judged = row.label.is_some_and(|label| label == 0.0 || label == 1.0);
        judged && (held_back <= 0.0 || is_held_back(&row.cluster, held_back))
    };
    let rows = rows.filtered(counts);
    let tested = tested(model, &rows);
    let probabilities: Vec<f64> = tested.iter().map(|row| row.probability).collect();
    let labels: Vec<f64> = tested.iter().map(|row| f64::from(u8::from(!row.wrong))).collect();
    let levels = RiskLevel::WORDS.iter().map(|(_, level)| *level);
    let tiers = levels.filter_map(|level| {
        let tier = bundle.tiers.of(level);
        let threshold =
            tier.certificate.as_ref().map(|shown| shown.threshold).or(tier.answer)?.get();
        let at_tier = rows.rows.iter().zip(&tested);
        let answered = at_tier.filter(|(row, tested)| {
            row.risk_level.is_none_or(|risk| risk == level) && tested.probability >= threshold
        });
        let (answered, wrong) = answered.fold((0, 0), |(answered, wrong), (_, tested)| {
            (answered + 1, wrong + u64::from(tested.wrong))
        });
        let (risk_low, risk_high) = clopper_pearson(wrong, answered, 0.025);
        Some(TierRisk { risk_level: level, threshold, answered, wrong, risk_low, risk_high })
    });
    let report = Report {
        model_version: model.model_version.clone(),
        labels: tested.len(),
        only_held_back: held_back > 0.0,
        figures: Ranked::new(&probabilities, &labels).figures(),
        tiers: tiers.collect(),
    };
    if options.json {
        return print(out, &canonical(&report)?);
    }
    let which = if report.only_held_back { "held-back " } else { "" };
    print(out, &format!("{}: {} {which}labels", report.model_version, report.labels))?;
    if let Some(Figures { aurc, augrc, auroc, brier, ece, coverage_at_5, coverage_at_10 }) =
        report.figures
    {
        let auroc = auroc.map_or_else(|| "-".to_owned(), |auroc| format!("{auroc:.4}"));
        print(
            out,
            &format!(
                "  AURC {aurc:.4}  AUGRC {augrc:.4}  AUROC {auroc}  Brier {brier:.4}  ECE {ece:.4}"
            ),
        )?;
        print(
            out,
            &format!("  coverage at 5 % wrong {coverage_at_5:.3}, at 10 % {coverage_at_10:.3}"),
        )?;
    }
    for TierRisk { risk_level, threshold, answered, wrong, risk_low, risk_high } in &report.tiers {
        let line = format!(
            "  {risk_level} risk, answers from {threshold}: {wrong} of {answered} wrong, 95 % interval {risk_low:.3} to {risk_high:.3}"
        );
        print(out, &line)?;
    }
    Ok(())
}

pub(in crate::host) fn canonical(record: &impl Serialize) -> Result<String, CommandError> {
    to_json(record).map(|json| json.canonical()).map_err(CommandError::new)
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.0..1.0).contains(value));
    value.ok_or_else(|| "a share from 0 to less than 1, such as 0.4".to_owned())
}

fn inner_share(text: &str) -> Result<f64, String> {
    share(text).ok().filter(|value| *value > 0.0).ok_or_else(|| "a share such as 0.05".to_owned())
}
