//! `countersign confidence …`: fit a model to reviewed rows, certify a tier, report how good it is.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::certify_command::{self, CertifyOptions, tested};
use super::origin::{Origin, stored};
use super::outcome::{self, Labels};
use crate::certificate::CertificateState;
use crate::compile::{Compiled, to_json};
use crate::confidence::ConfidenceModel;
use crate::host::command_line::{CommandError, print};
use crate::host::confidence::binomial::clopper_pearson;
use crate::host::confidence::design::Settings;
use crate::host::confidence::fit::{FitReport, Fitted, Plan, fit};
use crate::host::confidence::measure::{Figures, Ranked};
use crate::host::confidence::paste;
use crate::host::confidence::row::Row;
use crate::host::confidence::split::{self, is_held_back};
use crate::host::policy_command::{compile_file, compile_file_or_default};
use crate::policy::Policy;
use crate::request::RiskLevel;
use crate::units::TimestampMs;

#[derive(Debug, Subcommand)]
pub(in crate::host) enum ConfidenceCommand {
    /// Writes what a host's people decided and what random audits found as rows, one a line.
    Rows(RowsOptions),
    /// Learns a model from reviewed rows, and writes it as JSON, or as TOML to be put into a policy.
    Fit(FitOptions),
    /// Finds the threshold that a tier may answer at, and writes its certificate as TOML.
    Certify(CertifyOptions),
    /// Says how good a policy's confidence is on reviewed rows.
    Report(ReportOptions),
}

#[derive(Debug, Args)]
pub(in crate::host) struct RowsOptions {
    /// The data directory of the host.
    #[arg(long)]
    data: PathBuf,
    /// Only this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Gives a draft that several people judged the more probable label, and not its probability.
    #[arg(long)]
    hard: bool,
    /// Where to write them; standard output without it.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::host) struct FitOptions {
    #[command(flatten)]
    origin: Origin,
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
    /// Writes the policy with the model in the place of its own: to be compared, replayed and released.
    #[arg(long, requires = "policy")]
    proposal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::host) struct ReportOptions {
    #[command(flatten)]
    origin: Origin,
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
        ConfidenceCommand::Rows(options) => run_rows(&options, out),
        ConfidenceCommand::Fit(options) => run_fit(options, out),
        ConfidenceCommand::Certify(options) => certify_command::run(&options, out),
        ConfidenceCommand::Report(options) => run_report(&options, out),
    }
}

fn run_rows(options: &RowsOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let outcomes = stored(&options.data, options.tenant.as_deref())?;
    let labels = if options.hard { Labels::Hard } else { Labels::Soft };
    let rows = outcome::rows(&outcomes, labels).rows;
    let mut text = String::new();
    for (outcome, row) in outcomes.iter().zip(&rows) {
        text.push_str(&outcome::line(outcome, row.label).canonical());
        text.push('\n');
    }
    let labelled = rows.iter().filter(|row| row.label.is_some()).count();
    let unjudged = rows.iter().filter(|row| row.unjudged).count();
    tell(&format!(
        "{} rows: {labelled} with a label, {unjudged} random audits without a judgement",
        rows.len()
    ));
    match &options.output {
        None => print(out, text.trim_end()),
        Some(output) => std::fs::write(output, text)
            .map_err(|error| CommandError::new(format_args!("`{}`: {error}", output.display()))),
    }
}

fn run_fit(options: FitOptions, out: &mut impl Write) -> Result<(), CommandError> {
    let rows = options.origin.read(Labels::Soft)?;
    let prior = options.policy.as_deref().map(compile_file).transpose()?;
    let plan = Plan {
        model_version: options.model_version,
        prior: prior.map(|Compiled { policy, .. }| policy.bundle().confidence.clone()),
        held_back: options.held_back,
        settings: Settings::default(),
    };
    let Fitted { model, report } = fit(&rows, &plan).map_err(CommandError::new)?;
    tell_fit(&report);
    if let (Some(proposal), Some(policy)) = (&options.proposal, &options.policy) {
        propose(policy, &model, proposal)?;
    }
    let is_toml = options.output.as_deref().and_then(Path::extension) == Some("toml".as_ref());
    let text = if is_toml { paste::to_toml(&model) } else { canonical(&model)? };
    match options.output {
        None if options.proposal.is_some() => Ok(()),
        None => print(out, &text),
        Some(output) => std::fs::write(&output, format!("{}\n", text.trim_end()))
            .map_err(|error| CommandError::new(format_args!("`{}`: {error}", output.display()))),
    }
}

/// Writes a policy with another model. Nothing comes into force by it: people compare and release it.
fn propose(policy: &Path, model: &ConfidenceModel, output: &Path) -> Result<(), CommandError> {
    let told = |path: &Path, error: &dyn std::fmt::Display| {
        CommandError::new(format_args!("`{}`: {error}", path.display()))
    };
    let text = std::fs::read_to_string(policy).map_err(|error| told(policy, &error))?;
    let text = paste::into_policy(&text, model).ok_or_else(|| {
        let detail = "the section `[confidence]` does not stand before its tiers, once: put the \
            fragment of `-o model.toml` there by hand";
        told(policy, &detail)
    })?;
    std::fs::write(output, &text).map_err(|error| told(output, &error))?;
    // What was pasted must read back as what was fitted.
    let found = compile_file(output)?.policy.bundle().confidence.clone();
    if found != *model {
        return Err(told(output, &"the model does not read back as it was fitted"));
    }
    tell(&format!(
        "proposed in `{}`: see `countersign policy diff` and `policy replay`",
        output.display()
    ));
    Ok(())
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
        let parts = [
            ("", tier.certified, &tier.certificate),
            ("limited answers at ", tier.limited_certified, &tier.limited_certificate),
        ];
        for (what, demand, shown) in parts {
            let Some((demand, shown)) = demand.zip(shown.as_ref()) else { continue };
            let state = demand.state(Some(shown), policy.decision_hash(), now);
            if state != CertificateState::InForce {
                print(out, &format!("{what}{level} risk: {}", state.words()))?;
            }
        }
    }
    Ok(())
}

/// How good a policy's confidence is.
#[derive(Debug, Serialize)]
struct Report {
    model_version: String,
    labels: usize,
    only_held_back: bool,
    figures: Option<Figures>,
    /// The calibration error that chance alone gives so many rows.
    ece_by_chance: f64,
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
    let rows = options.origin.read(Labels::Hard)?;
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
    let ranked = Ranked::new(&probabilities, &labels);
    let report = Report {
        model_version: model.model_version.clone(),
        labels: tested.len(),
        only_held_back: held_back > 0.0,
        figures: ranked.figures(),
        ece_by_chance: ranked.ece_by_chance(),
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
                "  AURC {aurc:.4}  AUGRC {augrc:.4}  AUROC {auroc}  Brier {brier:.4}  ECE {ece:.4}, of chance {:.4}",
                report.ece_by_chance
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

pub(super) fn share(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (0.0..1.0).contains(value));
    value.ok_or_else(|| "a share from 0 to less than 1, such as 0.4".to_owned())
}
