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
    rows.extend(traffic_rows());
    rows
}

/// Rows of the kinds that come in together: languages, judges, tools, evidence, actions, deadlines.
fn traffic_rows() -> Vec<Value> {
    let mut rows = Vec::new();
    let questions = [
        ("de", "Wo ist mein Paket?"),
        ("de-CH", "Ich will mit einem Menschen sprechen."),
        ("fr", "Puis-je annuler après 14 jours ?"),
        ("es", "Quiero hablar con una persona"),
        ("pt-BR", "A conta veio errada — R$ 1.234,56"),
        ("ja", "返品できますか?"),
        ("zh-Hant", "我的退款在哪裡?"),
        ("ko", "사람과 이야기하고 싶어요"),
        ("ar", "أريد التحدث إلى شخص"),
        ("he", "איפה ההזמנה שלי?"),
        ("hi", "मेरा ऑर्डर कहाँ है?"),
        ("th", "ขอคืนเงินได้ไหม"),
        ("tr", "İade istiyorum, ışık yanmıyor"),
        ("ru", "Где мой заказ?"),
        ("el", "Πού είναι η παραγγελία μου;"),
        ("vi", "Tôi muốn hoàn tiền"),
        ("en", "e\u{301} is \u{e9}, and \u{1f469}\u{200d}\u{1f4bb} is one person"),
        ("en", "\u{feff}\u{2028}\u{2029}\t\r\n\u{7f}\"\\"),
    ];
    for (index, (language, question)) in questions.into_iter().enumerate() {
        rows.push(json!({"tenant_id": "t", "user_question": question, "language": language,
            "risk_level": "low", "asks_for_person": index % 3 == 0,
            "signals": {"retrieval_score": 0.9, "answer_groundedness": 0.95, "tool_success": 1,
                "policy_classifier_score": 0.02, "route_quality": 0.9, "rerank_margin": 0.6}}));
    }
    for judge in [0.0, 0.2, 0.5, 0.85, 1.0] {
        for rating in [json!(1), json!(3), json!(5), Value::Null] {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "judge_score": judge,
                "feedback_rating": rating, "risk_level": "low", "domain": "support",
                "signals": {"answer_groundedness": 0.9, "retrieval_score": 0.8}}));
        }
    }
    for status in ["succeeded", "failed", "unavailable"] {
        for domain in ["billing", "support", "medical"] {
            rows.push(json!({"tenant_id": "t", "user_question": "Where is it?", "domain": domain,
                "tool_results": [{"tool": "orders.get", "status": status, "summary": "Straße 1"}],
                "evidence": [{"document_id": "d1", "quote": "Within 30 days.", "score": 0.91}],
                "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "…"}],
                "release": {"model": "m-1", "prompt": "p-7"}}));
        }
    }
    for (tool, arguments) in [
        ("refund.create", json!({"amount": 12.5, "currency": "EUR", "order_id": "o-1"})),
        ("refund.create", json!({"amount": 840, "currency": "USD"})),
        ("refund.create", json!({"amount": 1e21, "currency": "USD"})),
        ("refund.create", json!({"amount": 5e-324, "currency": "JPY"})),
        ("orders.get", json!({"order_id": "o-1"})),
        ("delete_everything", json!({})),
        ("sql.run", json!({"statement": "DELETE FROM users -- all"})),
        ("email.send", json!({"to": ["a@example.org"], "body": "\u{1f4b8}"})),
    ] {
        for risk in ["low", "high"] {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "risk_level": risk,
                "proposed_actions": [{"tool": tool, "arguments": arguments}],
                "signals": {"tool_success": 0.97, "answer_groundedness": 0.9}}));
        }
    }
    let deadlines =
        ["2026-05-09T14:00:00.001Z", "2026-05-10T00:00:00+14:00", "2027-01-01T00:00:00Z"];
    for deadline in deadlines {
        for asks in [true, false] {
            rows.push(json!({"tenant_id": "t", "user_question": "?", "sla_deadline": deadline,
                "asks_for_person": asks, "intent": "consequential", "domain": "billing"}));
        }
    }
    rows.push(json!({"tenant_id": "t", "user_question": "a".repeat(8_000), "model_draft": "é".repeat(8_000)}));
    rows.push(json!({"tenant_id": "t", "user_question": "?", "facts":
        {"customer_tier": "gold", "vulnerable_user": false, "orders": 9_007_199_254_740_991_i64, "\u{ff5e}": 1, "\u{1f600}": 2}}));
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
fn the_corpus_is_long_enough_to_hold_every_runner_to() {
    assert!(requests().len() >= 300, "{}", requests().len());
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
