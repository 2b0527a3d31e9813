//! A tier that demands a certificate answers under one that holds, and in no other case.

use countersign::certificate::CertificateState;
use countersign::{Disposition, Policy, Request, Verdict, evaluate};

use crate::support::{at, compile_text, compiled, json, now};

const SURE: &str = r#"{"tenant_id":"t","user_question":"?","risk_level":"high","signals":
    {"retrieval_score":0.95,"rerank_margin":0.5,"answer_groundedness":0.99,"tool_success":1,"route_quality":0.99}}"#;

/// What is changed in a bundle.
type Change = fn(&mut serde_json::Value);

/// The bundle of the default policy with this certificate at high risk.
fn with_certificate(change: impl FnOnce(&mut serde_json::Value)) -> Policy {
    let mut bundle: serde_json::Value =
        serde_json::from_str(&compiled().bundle.canonical()).unwrap();
    bundle["tiers"]["high"]["certificate"] = serde_json::json!({
        "risk_level": "high", "threshold": 0.8, "tolerated_error": 0.02, "failure_probability": 0.1,
        "answers": 150, "errors": 0, "rows_hash": "sha256:rows",
        "decision_hash": compiled().policy.decision_hash(),
        "issued_at": "2026-05-01T00:00:00Z", "expires_at": "2026-08-01T00:00:00Z",
    });
    change(&mut bundle);
    Policy::load(&serde_json::from_value(bundle).unwrap()).unwrap()
}

fn judge(policy: &Policy, instant: &str) -> Verdict {
    evaluate(policy, &Request::read(&json(SURE)).unwrap(), at(instant))
}

#[test]
fn a_high_risk_answer_needs_a_certificate_that_holds() {
    let none = evaluate(&compiled().policy, &Request::read(&json(SURE)).unwrap(), now());
    assert_eq!(none.certificate, Some(CertificateState::Absent));
    assert_eq!(none.disposition, Disposition::Escalate);
    assert!(none.reason.contains("there is no certificate"), "{}", none.reason);

    let rows: [(&str, Change, &str, CertificateState); 6] = [
        ("as it was made", |_| {}, "2026-05-09T14:00:00Z", CertificateState::InForce),
        ("after its end", |_| {}, "2026-08-01T00:00:00Z", CertificateState::Expired),
        (
            "another model",
            |bundle| bundle["confidence"]["base"] = 0.9.into(),
            "2026-05-09T14:00:00Z",
            CertificateState::OtherDecisions,
        ),
        (
            "another rule",
            |bundle| drop(bundle["triggers"].as_array_mut().unwrap().pop()),
            "2026-05-09T14:00:00Z",
            CertificateState::OtherDecisions,
        ),
        (
            "a greater demand",
            |bundle| bundle["tiers"]["high"]["certified"]["tolerated_error"] = 0.01.into(),
            "2026-05-09T14:00:00Z",
            CertificateState::TooWeak,
        ),
        (
            "other queues, rates, and lease",
            |bundle| {
                bundle["queues"].as_array_mut().unwrap().reverse();
                bundle["actions"]["rates"]["until"] = "2027-06-01T00:00:00Z".into();
                bundle["lease_duration_ms"] = 5_000.into();
            },
            "2026-05-09T14:00:00Z",
            CertificateState::InForce,
        ),
    ];
    for (name, change, instant, state) in rows {
        let verdict = judge(&with_certificate(change), instant);
        assert_eq!(verdict.certificate, Some(state), "{name}");
        let expected = match state {
            CertificateState::InForce => Disposition::Answer,
            _ => Disposition::Escalate,
        };
        assert_eq!(verdict.disposition, expected, "{name}: {}", verdict.reason);
    }
}

#[test]
fn a_certificate_does_not_bind_itself() {
    let policy = with_certificate(|_| {});
    assert_eq!(policy.decision_hash(), compiled().policy.decision_hash());
    assert_ne!(policy.reference().hash, compiled().policy.reference().hash);
}

#[test]
fn a_certificate_that_cannot_show_what_it_says_is_refused() {
    let rows: [(&str, serde_json::Value, &str); 5] = [
        ("answers", 20.into(), "show no error"),
        ("errors", 9.into(), "show no error"),
        ("risk_level", "low".into(), "a certificate for low risk"),
        ("tolerated_error", 0.into(), "not between 0 and 1"),
        ("threshold", 1.5.into(), "not in [0, 1]"),
    ];
    for (field, value, expected) in rows {
        let mut bundle: serde_json::Value =
            serde_json::from_str(&compiled().bundle.canonical()).unwrap();
        bundle["tiers"]["high"]["certificate"] = serde_json::json!({
            "risk_level": "high", "threshold": 0.8, "tolerated_error": 0.02,
            "failure_probability": 0.1, "answers": 150, "errors": 0, "rows_hash": "sha256:rows",
            "decision_hash": "sha256:decisions",
            "issued_at": "2026-05-01T00:00:00Z", "expires_at": "2026-08-01T00:00:00Z",
        });
        bundle["tiers"]["high"]["certificate"][field] = value;
        let fault = Policy::load(&serde_json::from_value(bundle).unwrap()).unwrap_err();
        assert!(fault.detail.contains(expected), "{field}: {fault}");
    }
}

#[test]
fn a_policy_text_holds_a_certificate_and_fitted_curves() {
    let certificate = r#"
[confidence.tiers.high.certificate]
risk_level = "high"
threshold = 0.9
tolerated_error = 0.02
failure_probability = 0.1
answers = 200
errors = 0
rows_hash = "sha256:rows"
decision_hash = "sha256:other"
issued_at = "2026-05-01T00:00:00Z"
expires_at = "2026-08-01T00:00:00Z"

[confidence.tiers.critical]
"#;
    let text = countersign::compile::DEFAULT_POLICY
        .replacen("\n[confidence.tiers.critical]\n", certificate, 1)
        .replacen("typical = 0.7\n", "centers = [0.9, 0.25]\n", 1);
    let bundle = compile_text(&text).policy.bundle().clone();
    assert_eq!(bundle.tiers.high.certificate.unwrap().answers, 200);
    assert_eq!(bundle.confidence.signals[0].centers, [0.9, 0.25]);
}

#[test]
fn a_tier_that_contradicts_itself_does_not_compile() {
    let demand = "certified = { tolerated_error = 0.02, failure_probability = 0.1 }\n";
    let rows = [
        (format!("{demand}answer = 0.9\n"), "the threshold of a certified tier"),
        (
            "certified = { tolerated_error = 2, failure_probability = 0.1 }\n".to_owned(),
            "not between 0 and 1",
        ),
    ];
    for (replacement, expected) in rows {
        let text = countersign::compile::DEFAULT_POLICY.replacen(demand, &replacement, 1);
        let diagnostics = countersign::compile::compile(&text, "policy.toml").unwrap_err();
        assert!(diagnostics[0].to_string().contains(expected), "{}", diagnostics[0]);
    }
    let text = countersign::compile::DEFAULT_POLICY.replacen(
        &format!("without_signals = \"escalate\"\n{demand}"),
        &format!("without_signals = \"answer\"\n{demand}"),
        1,
    );
    let diagnostics = countersign::compile::compile(&text, "policy.toml").unwrap_err();
    assert!(diagnostics[0].to_string().contains("without any signal"), "{}", diagnostics[0]);
}

const LIMITED_DEMAND: &str = "certified = { tolerated_error = 0.02, failure_probability = 0.1 }\n";

/// The bundle with certificates for answers from 0.8 on and for limited answers from 0.4 on.
fn with_both(change: impl FnOnce(&mut serde_json::Value)) -> Policy {
    with_certificate(|bundle| {
        let limited = serde_json::json!({ "tolerated_error": 0.1, "failure_probability": 0.1 });
        bundle["tiers"]["high"]["limited_certified"] = limited;
        let mut shown = bundle["tiers"]["high"]["certificate"].clone();
        (shown["threshold"], shown["tolerated_error"]) = (0.4.into(), 0.1.into());
        bundle["tiers"]["high"]["limited_certificate"] = shown;
        change(bundle);
    })
}

#[test]
fn a_limited_answer_takes_a_certificate_of_its_own() {
    let between = SURE.replace("0.95", "0.6").replace("0.5", "0.1").replacen("0.99", "0.5", 1);
    let judged = |policy: &Policy, request: &str, instant: &str| {
        evaluate(policy, &Request::read(&json(request)).unwrap(), at(instant))
    };
    let (before, after) = ("2026-05-09T14:00:00Z", "2026-08-01T00:00:00Z");
    let probability = judged(&with_both(|_| {}), &between, before).confidence.probability;
    assert!((0.4..0.8).contains(&probability), "{probability}");
    type Expected = (Disposition, CertificateState);
    let rows: [(&str, Change, &str, Expected); 6] = [
        ("both hold", |_| {}, before, (Disposition::LimitedAnswer, CertificateState::InForce)),
        ("both over", |_| {}, after, (Disposition::Escalate, CertificateState::Expired)),
        (
            "none for limited answers",
            |bundle| bundle["tiers"]["high"]["limited_certificate"] = serde_json::Value::Null,
            before,
            (Disposition::Escalate, CertificateState::Absent),
        ),
        (
            "made for other decisions",
            |bundle| bundle["tiers"]["high"]["limited_certificate"]["decision_hash"] = "x".into(),
            before,
            (Disposition::Escalate, CertificateState::OtherDecisions),
        ),
        (
            "a greater demand",
            |bundle| bundle["tiers"]["high"]["limited_certified"]["tolerated_error"] = 0.05.into(),
            before,
            (Disposition::Escalate, CertificateState::TooWeak),
        ),
        (
            "none for answers",
            |bundle| bundle["tiers"]["high"]["certificate"] = serde_json::Value::Null,
            before,
            (Disposition::LimitedAnswer, CertificateState::InForce),
        ),
    ];
    for (name, change, instant, (disposition, state)) in rows {
        let verdict = judged(&with_both(change), &between, instant);
        assert_eq!(verdict.disposition, disposition, "{name}: {}", verdict.reason);
        assert_eq!(verdict.limited_certificate, Some(state), "{name}");
        assert_eq!(verdict.user_message.is_some(), disposition == Disposition::LimitedAnswer);
    }
    // An alarm ends both; an answer that is sure enough is not changed by the second certificate.
    let sure = judged(&with_both(|_| {}), SURE, before);
    assert_eq!(sure.disposition, Disposition::Answer);
    let ended = with_both(|_| {}).without_certificates(vec![countersign::RiskLevel::High]);
    for request in [SURE, &between] {
        let verdict = judged(&ended, request, before);
        assert_eq!(verdict.disposition, Disposition::Escalate);
        assert_eq!(verdict.limited_certificate, Some(CertificateState::Ended));
    }
}

#[test]
fn where_a_certificate_is_demanded_nothing_is_sent_or_goes_unseen_without_one() {
    let limited = "limited_certified = { tolerated_error = 0.1, failure_probability = 0.1 }\n";
    let changed = |from: &str, to: &str| {
        let text = countersign::compile::DEFAULT_POLICY.replacen(from, to, 1);
        assert_ne!(text, countersign::compile::DEFAULT_POLICY, "{from}");
        text
    };
    let certificate = "\n[confidence.tiers.high.certificate]\nrisk_level = \"high\"\nthreshold = 0.9\ntolerated_error = 0.02\n\
         failure_probability = 0.1\nanswers = 200\nerrors = 0\nrows_hash = \"r\"\ndecision_hash = \"d\"\n\
         issued_at = \"2026-05-01T00:00:00Z\"\nexpires_at = \"2026-08-01T00:00:00Z\"\n\n[confidence.tiers.critical]\n";
    let blind = changed("\n[confidence.tiers.critical]\n", certificate).replacen(
        "answer = 0.03",
        "answer = 0.0",
        1,
    );
    let rows = [
        (
            changed(LIMITED_DEMAND, &format!("{LIMITED_DEMAND}limited_answer = 0.5\n")),
            "a limited answer none",
        ),
        (
            changed(LIMITED_DEMAND, &format!("{LIMITED_DEMAND}{limited}limited_answer = 0.5\n")),
            "the threshold of a certified tier",
        ),
        (
            changed("answer = 0.60\nlimited_answer = 0.40\n", &format!("answer = 0.60\n{limited}")),
            "an answer needs none",
        ),
        (blind, "nobody would see that it no longer holds"),
    ];
    for (text, expected) in rows {
        let told = countersign::compile::compile(&text, "policy.toml").unwrap_err();
        assert!(told[0].to_string().contains(expected), "{expected}: {}", told[0]);
    }
    compile_text(&changed(LIMITED_DEMAND, &format!("{LIMITED_DEMAND}{limited}")));
    // What was released before decides as it did.
    let mut bundle: serde_json::Value =
        serde_json::from_str(&compiled().bundle.canonical()).unwrap();
    bundle["tiers"]["high"]["limited_answer"] = 0.3.into();
    let sampling = bundle["sampling"].as_object_mut().unwrap();
    sampling.remove("second_review");
    sampling.remove("judged_within_days");
    let old = Policy::load(&serde_json::from_value(bundle).unwrap()).unwrap();
    assert_eq!(judge(&old, "2026-05-09T14:00:00Z").disposition, Disposition::LimitedAnswer);
    assert_eq!(old.bundle().sampling.unwrap().judged_within_days, 14);
}

#[test]
fn a_verdict_without_a_certificate_says_what_one_needs() {
    let verdict = evaluate(&compiled().policy, &Request::read(&json(SURE)).unwrap(), now());
    assert!(
        verdict.reason.contains("one needs 114 reviewed answers at least"),
        "{}",
        verdict.reason
    );
    assert_eq!(verdict.limited_certificate, None);
}
