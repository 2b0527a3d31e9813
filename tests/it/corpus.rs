//! The golden corpus: the same requests must give the same bytes in Rust, wasm, Node and the host.
//!
//! A row is `{name, now, request, verdict}`, the verdict in its canonical form. The requests are the
//! project's samples and the hand-written rows below; `UPDATE=1` writes the verdicts anew, and the
//! difference is then read like any other change of behaviour.

use countersign::{Json, Request, evaluate};
use serde_json::{Value, json};

use crate::support::{NOW, assert_fresh, canonical, default_policy, now, root};

/// Rows that the samples do not have: edges of numbers, of absence, of text.
fn edge_rows() -> Vec<Value> {
    let mut rows = vec![
        json!({"tenant_id": "t", "user_question": "?"}),
        json!({"tenant_id": "t", "user_question": "?", "signals": {}}),
        json!({"tenant_id": "t", "user_question": "?", "signals": {"unheard_of": 0.5}}),
        json!({"tenant_id": "t", "user_question": "\u{202e}😀\u{0}\u{fffd}\u{e000}", "language": "ar"}),
        json!({"tenant_id": "t", "user_question": "?", "later_field": {"a": [1]}, "facts": {"x": null}}),
        json!({"tenant_id": "t", "user_question": "?", "version": 7}),
        json!({"tenant_id": "t", "user_question": "?", "facts": {"customer_tier": 7, "vulnerable_user": true}}),
    ];
    // Readings whose shortest digits, or whose place on a curve, are delicate.
    let readings = [
        0.0,
        1.0,
        0.1,
        0.3,
        1.0 / 3.0,
        0.6,
        0.7,
        0.1 + 0.2,
        1e-7,
        5e-324,
        1.0 - f64::EPSILON,
        0.8,
        0.4,
        0.799_999_999_999_999_9,
        0.400_000_000_000_000_1,
        0.123_456_789_012_345_67,
    ];
    for name in
        ["retrieval_score", "rerank_margin", "answer_groundedness", "policy_classifier_score"]
    {
        for reading in readings {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "risk_level": "low",
                "signals": {name: reading, "tool_success": 1, "route_quality": 0.9}}));
        }
    }
    for risk in ["low", "medium", "high", "critical"] {
        for state in [json!("missing"), json!("unavailable"), json!(0.5), Value::Null] {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "risk_level": risk,
                "signals": {"tool_success": state, "answer_groundedness": 0.9}}));
        }
    }
    for domain in
        ["medical", "legal", "financial", "safety", "employment", "security", "billing", "other"]
    {
        for intent in ["informational", "advisory", "consequential"] {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "domain": domain, "intent": intent,
                "risk_level": "low", "signals": {"retrieval_score": 0.9, "answer_groundedness": 0.97}}));
        }
    }
    rows
}

fn requests() -> Vec<(String, Value)> {
    let samples = std::fs::read_to_string(root().join("tests/samples/requests.jsonl")).unwrap();
    let samples = samples.lines().map(|line| {
        let request: Value = serde_json::from_str(line).unwrap();
        (request["request_id"].as_str().unwrap().to_owned(), request)
    });
    let edges =
        edge_rows().into_iter().enumerate().map(|(index, row)| (format!("edge_{index:03}"), row));
    samples.chain(edges).collect()
}

#[test]
fn every_request_of_the_corpus_gets_its_golden_verdict() {
    let policy = default_policy();
    let mut rows = String::new();
    for (name, value) in requests() {
        let json: Json = serde_json::from_value(value.clone()).unwrap();
        let request = Request::read(&json).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let verdict = canonical(&evaluate(policy, &request, now()));
        let row = json!({"name": name, "now": NOW, "request": value, "verdict": verdict});
        rows.push_str(&format!("{row}\n"));
    }
    assert_fresh("tests/fixtures/decisions.jsonl", &rows);
}

#[test]
fn the_corpus_shows_every_disposition_and_every_queue() {
    let policy = default_policy();
    let mut seen = std::collections::BTreeSet::new();
    for (_, value) in requests() {
        let verdict = evaluate(
            policy,
            &Request::read(&serde_json::from_value(value).unwrap()).unwrap(),
            now(),
        );
        seen.insert(verdict.disposition.to_string());
        seen.extend(verdict.routing.map(|routing| routing.queue));
        seen.extend(verdict.triggers.into_iter().map(|trigger| trigger.kind.to_string()));
    }
    let expected = 4 + policy.bundle().queues.len() + 6;
    assert_eq!(seen.len(), expected, "{seen:?}");
}
