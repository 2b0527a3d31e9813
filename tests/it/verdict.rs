//! What the default policy says, and where it sends: a row a rule.

use countersign::compile::DEFAULT_POLICY;
use countersign::{Request, evaluate};

use crate::support::{compile_text, json, judge, now};

fn check(fields: &str, disposition: &str, fired: &[&str], queue: Option<&str>) {
    let verdict = judge(&format!(r#"{{"tenant_id":"t","user_question":"q",{fields}}}"#));
    let ids: Vec<&str> = verdict.triggers.iter().map(|trigger| trigger.id.as_str()).collect();
    let routed = verdict.routing.as_ref().map(|routing| routing.queue.as_str());
    assert_eq!(
        (verdict.disposition.as_str(), ids.as_slice(), routed),
        (disposition, fired, queue),
        "{fields}"
    );
    assert!(verdict.triggers.iter().all(|trigger| !trigger.reason.is_empty()));
    assert_eq!(verdict.user_message.is_some(), matches!(disposition, "limited_answer" | "refuse"));
}

const SURE: &str = r#""risk_level":"low","signals":{"retrieval_score":0.9,"rerank_margin":0.3,"answer_groundedness":0.95,"tool_success":1}"#;

#[test]
fn the_default_policy_decides_by_its_rules() {
    let sure = |more: &str| format!("{SURE}{more}");
    check(SURE, "answer", &[], None);
    check(r#""risk_level":"low""#, "limited_answer", &["low_confidence"], None);
    check(r#""user_question2":1"#, "limited_answer", &["low_confidence"], None);
    check(r#""risk_level":"high""#, "escalate", &["low_confidence"], Some("triage"));
    check(
        r#""risk_level":"low","signals":{"retrieval_score":0.1,"answer_groundedness":0.1}"#,
        "escalate",
        &["low_confidence"],
        Some("low_risk_correction"),
    );
    check(
        &sure(r#","domain":"legal","intent":"advisory""#),
        "escalate",
        &["high_stakes_advice", "low_confidence"],
        Some("legal_policy_question"),
    );
    check(
        &sure(r#","domain":"legal""#),
        "escalate",
        &["high_stakes_advice", "low_confidence"],
        Some("legal_policy_question"),
    );
    check(&sure(r#","domain":"legal","intent":"informational""#), "answer", &[], None);
    check(
        &sure(r#","domain":"security","intent":"consequential""#),
        "escalate",
        &["high_stakes_advice", "low_confidence"],
        Some("security_action"),
    );
    check(
        &sure(r#","domain":"medical","intent":"advisory""#),
        "escalate",
        &["high_stakes_advice", "low_confidence"],
        Some("triage"),
    );
    check(&sure(r#","asks_for_person":true"#), "escalate", &["asks_for_person"], Some("triage"));
    check(
        &sure(r#","asks_for_person":true,"domain":"billing""#),
        "escalate",
        &["asks_for_person"],
        Some("billing_dispute"),
    );
    check(
        &sure(r#","judge_score":0.59"#),
        "escalate",
        &["judge_not_content"],
        Some("low_risk_correction"),
    );
    check(&sure(r#","judge_score":0.6"#), "answer", &[], None);
    check(
        &sure(r#","feedback_rating":2"#),
        "escalate",
        &["user_not_content"],
        Some("low_risk_correction"),
    );
    check(
        &sure(r#","proposed_actions":[{"tool":"kb.search","arguments":{"query":"refunds"}}]"#),
        "answer",
        &[],
        None,
    );
    check(
        &sure(
            r#","proposed_actions":[{"proposed_action":"issue_refund","amount":50,"currency":"USD","customer_id":"c"}]"#,
        ),
        "answer",
        &[],
        None,
    );
    check(
        &sure(
            r#","proposed_actions":[{"proposed_action":"issue_refund","amount":4200,"currency":"USD","customer_id":"c"}]"#,
        ),
        "escalate",
        &["action_proposed"],
        Some("triage"),
    );
    // An amount that cannot be read, and a tool that nobody knows, are high risk.
    for action in [r#"{"proposed_action":"issue_refund","amount":4200}"#, r#"{"tool":"kb.serach"}"#]
    {
        check(
            &sure(&format!(r#","proposed_actions":[{action}]"#)),
            "escalate",
            &["action_proposed", "action_at_stake", "low_confidence"],
            Some("triage"),
        );
    }
    check(
        r#""risk_level":"low","signals":{"policy_classifier_score":0.9}"#,
        "refuse",
        &["restricted_behaviour", "low_confidence"],
        None,
    );
    check(
        r#""risk_level":"low","asks_for_person":true,"signals":{"policy_classifier_score":0.9}"#,
        "escalate",
        &["restricted_behaviour", "asks_for_person", "low_confidence"],
        Some("triage"),
    );
    check(
        r#""risk_level":"low","signals":{"policy_classifier_score":0.4,"answer_groundedness":0.95}"#,
        "escalate",
        &["near_restricted_behaviour", "low_confidence"],
        Some("low_risk_correction"),
    );
}

#[test]
fn what_was_not_there_is_listed_and_what_is_not_declared_took_no_part() {
    let verdict = judge(&format!(
        r#"{{"tenant_id":"t","user_question":"q",{SURE},"facts":{{"undeclared":1,"vulnerable_user":"yes"}},"later_field":1}}"#
    ));
    for path in
        ["/later_field", "facts.undeclared", "facts.vulnerable_user", "request.asks_for_person"]
    {
        assert!(
            verdict.unjudged.iter().any(|listed| listed == path),
            "{path} in {:?}",
            verdict.unjudged
        );
    }
}

#[test]
fn the_deadline_is_the_shortest_and_the_authority_the_highest_that_is_asked() {
    let verdict = judge(
        r#"{"tenant_id":"t","user_question":"q","domain":"safety","intent":"advisory",
            "proposed_actions":[{"tool":"account.lock"}]}"#,
    );
    let routing = verdict.routing.unwrap();
    assert_eq!(routing.due_at.to_string(), "2026-05-09T14:15:00.000Z");
    assert_eq!((routing.authority.level, routing.priority), (2, 3));
    assert_eq!(verdict.risk_level.as_str(), "critical");
}

#[test]
fn the_user_is_told_in_their_language_or_the_default() {
    let told = |language: &str| {
        judge(&format!(
            r#"{{"tenant_id":"t","user_question":"q","risk_level":"low","language":"{language}"}}"#
        ))
        .user_message
        .unwrap()
    };
    assert!(told("de-AT").starts_with("Ich kann"));
    assert!(told("ko").starts_with("I can't"));
}

#[test]
fn a_rule_whose_required_fact_is_missing_fires_and_one_without_does_not() {
    let check = |required: &str, expected: &[&str]| {
        let text = DEFAULT_POLICY.replacen(
            "when = 'request.judge_score < 0.6'",
            &format!("when = 'request.judge_score < 0.6'\n{required}"),
            1,
        );
        let request = json(&format!(r#"{{"tenant_id":"t","user_question":"q",{SURE}}}"#));
        let policy = compile_text(&text).policy;
        let verdict = evaluate(&policy, &Request::read(&request).unwrap(), now());
        let fired: Vec<&str> = verdict.triggers.iter().map(|trigger| trigger.id.as_str()).collect();
        assert_eq!(fired, expected);
        for trigger in &verdict.triggers {
            assert_eq!(trigger.unjudged, ["request.judge_score"]);
            assert!(trigger.reason.contains("could not be judged"), "{}", trigger.reason);
        }
    };
    check("", &[]);
    check("required = [\"request.judge_score\"]", &["judge_not_content"]);
}
