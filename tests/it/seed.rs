//! The tutorial that the system is built from: its JSON is accepted as it stands, and its worked
//! example goes to a person and says why.

use countersign::Disposition;
use countersign::case::Escalation;
use countersign::read::Node;
use countersign::request::Action;

use crate::support::{at, json, judge, now};

const CASE: &str = r#"{
  "case_id": "case_123",
  "tenant_id": "tenant_a",
  "user_question": "...",
  "model_draft": "...",
  "evidence": [
    {"document_id": "policy_7", "quote": "...", "score": 0.91}
  ],
  "tool_results": [],
  "risk_level": "high",
  "reason_for_escalation": "low groundedness and high-risk domain",
  "sla_deadline": "2026-05-09T18:00:00Z"
}"#;

const ACTION: &str = r#"{
  "proposed_action": "issue_refund",
  "amount": 4200,
  "currency": "USD",
  "customer_id": "cust_981",
  "policy_basis": "enterprise exception",
  "requires_approval": true
}"#;

#[test]
fn the_case_is_accepted_as_it_stands_before_and_after_its_deadline() {
    for instant in [now(), at("2026-11-22T00:00:00Z")] {
        let escalation = Escalation::read(&json(CASE), instant).unwrap();
        assert_eq!(escalation.case_id.unwrap().as_str(), "case_123");
        assert_eq!(escalation.sla_deadline, Some(at("2026-05-09T18:00:00Z")));
        assert!(escalation.request.unknown_fields.is_empty());
    }
}

#[test]
fn a_versioned_case_with_a_deadline_in_the_past_is_refused() {
    let versioned = CASE.replacen('{', r#"{"version": 1,"#, 1);
    assert!(Escalation::read(&json(&versioned), now()).is_ok());
    let fault = Escalation::read(&json(&versioned), at("2026-11-22T00:00:00Z")).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.path.as_str()), ("invalid_field", "/sla_deadline"));
}

#[test]
fn the_action_is_accepted_as_it_stands() {
    let action = Action::read(Node::root(&json(ACTION))).unwrap();
    assert_eq!(action.tool, "issue_refund");
    assert_eq!(action.arguments.get("amount"), Some(&json("4200")));
    assert_eq!(action.arguments.len(), 5);
}

#[test]
fn the_worked_example_goes_to_a_person_and_says_why() {
    let verdict = judge(
        r#"{"tenant_id":"tenant_a","user_question":"Why was I charged twice?","model_draft":"…",
            "risk_level":"high","domain":"billing","language":"en",
            "signals":{"retrieval_score":0.83,"rerank_margin":0.04,"answer_groundedness":0.61,
                       "tool_success":"unavailable"}}"#,
    );
    assert_eq!(verdict.disposition, Disposition::Escalate);
    let words: Vec<(&str, &str)> = verdict
        .confidence
        .contributions
        .iter()
        .take(4)
        .map(|part| (part.signal.as_str(), part.word.as_str()))
        .collect();
    let expected = [
        ("retrieval_score", "good"),
        ("rerank_margin", "ambiguous"),
        ("answer_groundedness", "weak"),
        ("tool_success", "cannot verify"),
    ];
    assert_eq!(words, expected);
    assert!(verdict.confidence.probability < 0.40, "{}", verdict.confidence.probability);
    let fired: Vec<&str> = verdict.triggers.iter().map(|trigger| trigger.id.as_str()).collect();
    assert_eq!(fired, ["tool_down_at_stake", "low_confidence"]);
    assert!(
        verdict.reason.contains("unavailable") && verdict.reason.contains("high risk"),
        "{}",
        verdict.reason
    );
    assert_eq!(verdict.routing.unwrap().queue, "billing_dispute");
}
