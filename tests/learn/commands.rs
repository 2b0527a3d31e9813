//! The commands from rows to an answer: fit, put into a policy, certify, put into the policy, decide.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::compile::{self, DEFAULT_POLICY};
use countersign::{Disposition, Json, Request, TimestampMs, evaluate};

use crate::support::simulated;

const NOW: &str = "2026-05-09T14:00:00Z";

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the command; its output, and what it says beside it.
pub(crate) fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

pub(crate) fn done(arguments: &[&str]) -> String {
    let (success, out, told) = run(arguments);
    assert!(success, "{arguments:?}: {told}");
    out
}

fn refused(arguments: &[&str]) -> String {
    let (success, out, told) = run(arguments);
    assert!(!success, "{arguments:?}: {out}");
    told
}

/// The default policy with the fitted model in the place of its own.
fn with_model(fitted: &str) -> String {
    let start = DEFAULT_POLICY.find("[confidence]").unwrap();
    let end = DEFAULT_POLICY.find("# What each risk level needs.").unwrap();
    let (before, after) = (&DEFAULT_POLICY[..start], &DEFAULT_POLICY[end..]);
    let demand = "tolerated_error = 0.02";
    format!("{before}{fitted}\n{}", after.replacen(demand, "tolerated_error = 0.2", 1))
}

#[test]
fn rows_become_a_model_the_model_a_certificate_and_the_certificate_an_answer() {
    let folder = folder("commands");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(at("rows.jsonl"), simulated(3_000, 21).0).unwrap();
    let (rows, fitted, policy) = (at("rows.jsonl"), at("fitted.toml"), at("policy.toml"));
    done(&["confidence", "fit", "--rows", &rows, "-o", &fitted]);
    let text = with_model(&std::fs::read_to_string(&fitted).unwrap());
    std::fs::write(&policy, &text).unwrap();
    let certify = [
        "confidence",
        "certify",
        "--rows",
        &rows,
        "--policy",
        &policy,
        "--tier",
        "high",
        "--now",
        NOW,
    ];
    let certificate = done(&certify);
    assert!(certificate.starts_with("[confidence.tiers.high.certificate]\n"), "{certificate}");

    let sure: Json = serde_json::from_str(
        r#"{"tenant_id":"t","user_question":"?","risk_level":"high","signals":{"good":1,"noise":1,"tool":1}}"#,
    )
    .unwrap();
    let unsure: Json = serde_json::from_str(
        r#"{"tenant_id":"t","user_question":"?","risk_level":"high","signals":{"good":0.1,"noise":1,"tool":1}}"#,
    )
    .unwrap();
    let judge = |text: &str, request: &Json| {
        let compiled =
            compile::compile(text, "policy.toml").unwrap_or_else(|told| panic!("{}", told[0]));
        let request = Request::read(request).unwrap();
        evaluate(&compiled.policy, &request, TimestampMs::parse(NOW).unwrap()).disposition
    };
    let certified = text.replacen(
        "\n[confidence.tiers.critical]\n",
        &format!("\n{certificate}\n[confidence.tiers.critical]\n"),
        1,
    );
    assert_eq!(judge(&text, &sure), Disposition::Escalate, "without the certificate");
    assert_eq!(judge(&certified, &sure), Disposition::Answer, "with it");
    assert_eq!(judge(&certified, &unsure), Disposition::Escalate, "under its threshold");

    std::fs::write(&policy, &certified).unwrap();
    assert_eq!(done(&certify), certificate, "a certificate does not change what it is bound to");
    let report = done(&["confidence", "report", "--rows", &rows, "--policy", &policy]);
    assert!(
        report.contains("held-back labels") && report.contains("high risk, answers from"),
        "{report}"
    );
}

#[test]
fn limited_answers_are_certified_with_the_answers_of_their_tier() {
    let folder = folder("limited");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (rows, fitted, policy) = (at("rows.jsonl"), at("fitted.toml"), at("policy.toml"));
    std::fs::write(&rows, simulated(3_000, 21).0).unwrap();
    done(&["confidence", "fit", "--rows", &rows, "-o", &fitted]);
    let text = with_model(&std::fs::read_to_string(&fitted).unwrap());
    let limited = "\nlimited_certified = { tolerated_error = 0.26, failure_probability = 0.1 }\n";
    let text = text.replacen(
        "\n\n[confidence.tiers.critical]",
        &format!("{limited}\n[confidence.tiers.critical]"),
        1,
    );
    assert!(text.contains(limited), "{text}");
    std::fs::write(&policy, &text).unwrap();
    let certify = [
        "confidence",
        "certify",
        "--rows",
        &rows,
        "--policy",
        &policy,
        "--tier",
        "high",
        "--now",
        NOW,
    ];
    let certificates = done(&certify);
    for section in
        ["[confidence.tiers.high.certificate]", "[confidence.tiers.high.limited_certificate]"]
    {
        assert_eq!(certificates.matches(section).count(), 1, "{certificates}");
    }
    // Both together may be wrong as often as one alone.
    assert_eq!(certificates.matches("failure_probability = 0.05\n").count(), 2, "{certificates}");
    let certified = text.replacen(
        "\n[confidence.tiers.critical]\n",
        &format!("\n{certificates}\n[confidence.tiers.critical]\n"),
        1,
    );
    let compiled =
        compile::compile(&certified, "policy.toml").unwrap_or_else(|told| panic!("{}", told[0]));
    let tier = &compiled.policy.bundle().tiers.high;
    let from = |shown: &Option<countersign::certificate::Certificate>| {
        shown.as_ref().unwrap().threshold.get()
    };
    let (answer, limited) = (from(&tier.certificate), from(&tier.limited_certificate));
    assert!(limited < answer, "{limited} {answer}");
    let mut seen = Vec::new();
    for step in 0..=20 {
        let request = format!(
            r#"{{"tenant_id":"t","user_question":"?","risk_level":"high","signals":{{"good":{},"noise":1,"tool":1}}}}"#,
            f64::from(step) / 20.0
        );
        let request: Json = serde_json::from_str(&request).unwrap();
        let request = Request::read(&request).unwrap();
        let verdict = evaluate(&compiled.policy, &request, TimestampMs::parse(NOW).unwrap());
        let expected = match verdict.confidence.probability {
            sure if sure >= answer => Disposition::Answer,
            fair if fair >= limited => Disposition::LimitedAnswer,
            _ => Disposition::Escalate,
        };
        assert_eq!(verdict.disposition, expected, "{}", verdict.reason);
        if !seen.contains(&expected) {
            seen.push(expected);
        }
    }
    assert_eq!(seen, [Disposition::Escalate, Disposition::LimitedAnswer, Disposition::Answer]);
}

#[test]
fn a_fitted_model_is_proposed_as_a_policy_that_can_be_compared() {
    let folder = folder("proposed");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (rows, policy, proposal) = (at("rows.jsonl"), at("policy.toml"), at("proposal.toml"));
    let text = simulated(300, 29).0.replace("\"good\"", "\"retrieval_score\"");
    std::fs::write(&rows, text).unwrap();
    std::fs::write(&policy, DEFAULT_POLICY).unwrap();
    let fit = |policy: &str| {
        run(&["confidence", "fit", "--rows", &rows, "--policy", policy, "--proposal", &proposal])
    };
    let (success, out, told) = fit(&policy);
    assert!(success && out.is_empty() && told.contains("policy diff"), "{out} {told}");
    let changes = done(&["policy", "diff", &policy, &proposal]);
    assert!(changes.contains("fitted-1") && changes.contains("retrieval_score"), "{changes}");
    assert!(!changes.contains("trigger") && !changes.contains("tiers"), "{changes}");
    // Where the lines do not say where the model stands, nothing is written.
    std::fs::remove_file(&proposal).unwrap();
    let odd = at("odd.toml");
    let twisted =
        DEFAULT_POLICY.replacen("[confidence.tiers.low]", "[other]\n\n[confidence.tiers.low]", 1);
    std::fs::write(&odd, twisted).unwrap();
    assert!(!fit(&odd).0 && !std::path::Path::new(&proposal).exists());
}

#[test]
fn a_certificate_is_refused_for_rows_that_cannot_give_one() {
    let folder = folder("refusals");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (rows, policy, fitted) = (at("rows.jsonl"), at("policy.toml"), at("fitted.toml"));
    let text = simulated(300, 22).0;
    std::fs::write(&rows, &text).unwrap();
    done(&["confidence", "fit", "--rows", &rows, "--held-back", "0", "-o", &fitted]);
    std::fs::write(&policy, with_model(&std::fs::read_to_string(&fitted).unwrap())).unwrap();
    let certify = |rows: &str, policy: &str, tier: &str| {
        run(&["confidence", "certify", "--rows", rows, "--policy", policy, "--tier", tier])
    };
    assert!(certify(&rows, &policy, "high").2.contains("fitted to every row"));
    assert!(certify(&rows, &policy, "low").2.contains("the policy demands nothing here"));

    done(&["confidence", "fit", "--rows", &rows, "-o", &fitted]);
    std::fs::write(&policy, with_model(&std::fs::read_to_string(&fitted).unwrap())).unwrap();
    let soft = at("soft.jsonl");
    std::fs::write(&soft, text.replacen("\"label\":1", "\"label\":0.7", 1)).unwrap();
    assert!(certify(&soft, &policy, "high").2.contains("neither 0 nor 1"));
    let few = at("few.jsonl");
    std::fs::write(&few, text.lines().take(3).collect::<Vec<_>>().join("\n")).unwrap();
    let (success, out, _) = certify(&few, &policy, "high");
    assert!(success && out.starts_with("# no certificate for high risk"), "{out}");
}

#[test]
fn what_was_labelled_for_certain_is_thinned_to_the_rate_of_the_audit() {
    let folder = folder("thinned");
    let rows = folder.join("rows.jsonl").to_str().unwrap().to_owned();
    let mut text = String::new();
    for (index, line) in simulated(2_000, 25).0.lines().enumerate() {
        let audited = index % 2 == 0;
        let propensity = if audited { "\"propensity\":0.25,\"label\"" } else { "\"label\"" };
        text.push_str(&line.replacen("\"label\"", propensity, 1));
        text.push('\n');
    }
    std::fs::write(&rows, text).unwrap();
    let out = done(&["confidence", "certify", "--rows", &rows, "--tier", "high", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let count = |part: &str| found[0][part].as_u64().unwrap();
    let kept = count("fit_rows") + count("calibration_rows");
    // All of the thousand audited rows, and a quarter of the others.
    assert!((1_190..=1_310).contains(&kept), "{kept}");
}

#[test]
fn what_nobody_judged_counts_as_wrong_and_what_no_threshold_decides_has_no_part() {
    let folder = folder("audited");
    let rows = folder.join("rows.jsonl").to_str().unwrap().to_owned();
    let certify = |text: &str| -> serde_json::Value {
        std::fs::write(&rows, text).unwrap();
        let arguments = ["--tier", "high", "--tolerated-error", "0.1", "--json"];
        let out = done(&[&["confidence", "certify", "--rows", &rows], &arguments[..]].concat());
        serde_json::from_str::<serde_json::Value>(&out).unwrap()[0].clone()
    };
    // Every draft is right, and confidence is 0.7 for each: all of them are answered.
    let row = |id: usize, more: &str| {
        format!(
            "{{\"id\":\"r{id}\",\"risk_level\":\"high\",\"signals\":{{}},\"propensity\":0.1,{more}}}\n"
        )
    };
    let right = |count: usize| -> String {
        (0..count).map(|id| row(id, "\"label\":1,\"decision_hash\":\"new\"")).collect()
    };
    let sound = certify(&right(200));
    assert_eq!(sound["finding"]["outcome"], "certified", "{sound}");

    let lost: String =
        (200..240).map(|id| row(id, "\"unjudged\":\"lost\",\"decision_hash\":\"new\"")).collect();
    let holed = certify(&format!("{lost}{}", right(200)));
    assert_eq!(holed["finding"]["outcome"], "no_certificate", "{holed}");
    assert!(holed["unjudged"].as_u64().unwrap() > 5, "{holed}");

    let by_rule: String = (200..300)
        .map(|id| row(id, "\"label\":0,\"rules\":[\"safety\"],\"decision_hash\":\"new\""))
        .collect();
    let earlier: String =
        (300..400).map(|id| row(id, "\"label\":0,\"decision_hash\":\"old\"")).collect();
    let others = certify(&format!("{earlier}{by_rule}{}", right(200)));
    assert_eq!(others["finding"], sound["finding"]);
    assert_eq!(others["of_other_decisions"], 100);
    let told = done(&["confidence", "certify", "--rows", &rows, "--tier", "high"]);
    assert!(told.contains("# 100 rows of earlier decisions have no part in it"), "{told}");
}

#[test]
fn kinds_that_were_asked_about_at_different_rates_are_thinned_to_the_rarest() {
    let folder = folder("rates");
    let rows = folder.join("rows.jsonl").to_str().unwrap().to_owned();
    let mut text = String::new();
    for (index, line) in simulated(3_000, 27).0.lines().enumerate() {
        let rate = ["0.1", "0.2", "1"][index % 3];
        let propensity = format!("\"propensity\":{rate},\"label\"");
        text.push_str(&line.replacen("\"label\"", &propensity, 1));
        text.push('\n');
    }
    std::fs::write(&rows, text).unwrap();
    let out = done(&["confidence", "certify", "--rows", &rows, "--tier", "high", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let count = |part: &str| found[0][part].as_u64().unwrap();
    // A thousand, half of a thousand and a tenth of a thousand.
    let kept = count("fit_rows") + count("calibration_rows");
    assert!((1_520..=1_680).contains(&kept), "{kept}");
}

#[test]
fn a_file_that_has_no_rows_is_refused() {
    let folder = folder("files");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(at("empty.jsonl"), "\n\n").unwrap();
    assert!(
        refused(&["confidence", "fit", "--rows", &at("empty.jsonl")]).contains("there is no row")
    );
    assert!(
        refused(&["confidence", "fit", "--rows", &at("absent.jsonl")]).contains("absent.jsonl")
    );
    assert!(
        refused(&[
            "eval",
            "confidence",
            "--train",
            &at("absent.jsonl"),
            "--test",
            &at("empty.jsonl")
        ])
        .contains("absent.jsonl")
    );
}

#[test]
fn an_evaluation_predicts_every_row_and_keeps_conversations_apart() {
    let folder = folder("evaluation");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (train, test) = (at("train.jsonl"), at("test.jsonl"));
    let shared = "{\"id\":\"again\",\"source\":\"frank\",\"conversation_id\":\"c\",\"signals\":{\"good\":0.5},\"label\":1}\n";
    std::fs::write(&train, simulated(300, 23).0 + shared).unwrap();
    let other = "{\"id\":\"new\",\"source\":\"elsewhere\",\"signals\":{\"good\":0.5,\"novel\":0.5},\"label\":null}\n";
    std::fs::write(&test, simulated(200, 24).0 + &shared.replace("again", "other") + other)
        .unwrap();
    let (predictions, curves) = (at("out.jsonl"), at("curves"));
    let arguments = [
        "eval",
        "confidence",
        "--train",
        &train,
        "--test",
        &test,
        "--predictions",
        &predictions,
        "--curves",
        &curves,
        "--resamples",
        "20",
        "--splits",
        "1",
        "--json",
    ];
    let report: serde_json::Value = serde_json::from_str(&done(&arguments)).unwrap();
    let notes = report["notes"].to_string();
    for expected in [
        "1 training rows belong to conversations",
        "elsewhere: not in training",
        "`novel` is in no training row",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
    let written = std::fs::read_to_string(&predictions).unwrap();
    assert_eq!(written.lines().count(), 202);
    for line in written.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["p"].as_f64().is_some_and(|p| p > 0.0 && p < 1.0), "{line}");
    }
    let pooled = &report["sets"]["pooled"];
    let [low, figure, high] =
        ["low", "figures", "high"].map(|part| pooled[part]["aurc"].as_f64().unwrap());
    assert!(low <= figure && figure <= high, "{low} {figure} {high}");
    let svg = std::fs::read_to_string(folder.join("curves/risk-coverage-pooled.svg")).unwrap();
    assert!(svg.contains("<polyline points=\""));
    let again = done(&arguments);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), report);
}
