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
