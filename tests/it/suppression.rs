//! Suppressions, templates, rules on trial, and conditions whose arithmetic has no result.

use countersign::{Policy, Request, Verdict, evaluate};

use crate::diagnostics::SMALL;
use crate::support::{compile_text, json, now};

fn judge(policy: &Policy, fields: &str) -> Verdict {
    let request = format!(r#"{{"tenant_id":"t","user_question":"q",{fields}}}"#);
    evaluate(policy, &Request::read(&json(&request)).unwrap(), now())
}

fn small() -> Policy {
    compile_text(SMALL).policy
}

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.triggers.iter().map(|trigger| trigger.id.as_str()).collect()
}

const DOWN: &str = r#""tool_results":[{"tool":"orders.get","status":"unavailable"}]"#;
const SURE: &str = r#""signals":{"retrieval_score":0.9},"judge_score":0.9"#;

#[test]
fn a_suppression_cancels_what_it_names_and_says_what_the_user_gets() {
    let verdict = judge(&small(), &format!(r#""risk_level":"low","language":"de-AT",{DOWN}"#));
    assert_eq!(verdict.disposition.as_str(), "limited_answer");
    assert_eq!(ids(&verdict), Vec::<&str>::new());
    let suppressed: Vec<(&str, &str)> =
        verdict.suppressed.iter().map(|one| (one.by.as_str(), one.trigger.id.as_str())).collect();
    assert_eq!(suppressed, [("tool_down", "judge"), ("tool_down", "low_confidence")]);
    assert!(verdict.user_message.unwrap().starts_with("Das können wir gerade nicht nachsehen."));
    assert_eq!(verdict.reason, "orders.get is down for a moment");
    assert!(verdict.routing.is_none());
}

#[test]
fn a_suppression_that_is_false_or_unknown_cancels_nothing() {
    for fields in [
        format!(r#""risk_level":"medium",{DOWN}"#),
        DOWN.to_owned(),
        r#""risk_level":"low""#.to_owned(),
    ] {
        let verdict = judge(&small(), &fields);
        assert_eq!(verdict.disposition.as_str(), "escalate", "{fields}");
        assert!(verdict.suppressed.is_empty());
    }
}

#[test]
fn nothing_suppresses_high_stakes_or_a_user_who_asks_for_a_person() {
    for (fields, fired) in [
        (r#""domain":"legal""#, vec!["legal", "low_confidence"]),
        (r#""asks_for_person":true"#, vec!["asks"]),
    ] {
        let verdict = judge(&small(), &format!(r#""risk_level":"low",{fields},{DOWN}"#));
        assert_eq!(verdict.disposition.as_str(), "escalate", "{fields}");
        let left: Vec<&str> = fired.into_iter().filter(|id| *id != "low_confidence").collect();
        assert_eq!(ids(&verdict), left, "{fields}");
    }
}

#[test]
fn an_altered_bundle_cannot_cancel_what_is_protected() {
    let bundle = compile_text(SMALL).bundle.canonical();
    let altered =
        bundle.replacen(r#"["low_confidence","judge"]"#, r#"["low_confidence","asks"]"#, 1);
    assert_ne!(altered, bundle);
    let fault = Policy::load(&json(&altered)).unwrap_err();
    assert_eq!(fault.detail, "`asks` may not be cancelled");
}

#[test]
fn a_rule_on_trial_is_recorded_and_changes_nothing() {
    let actions = r#""proposed_actions":[{"tool":"a"},{"tool":"b"},{"tool":"c"},{"tool":"d"}]"#;
    let fields = format!(r#""risk_level":"low",{SURE},{actions}"#);
    let policy = small();
    let verdict = judge(&policy, &fields);
    assert_eq!((verdict.disposition.as_str(), ids(&verdict).len()), ("answer", 0));
    assert_eq!(verdict.shadow[0].id, "new_rule");
    let request = json(&format!(r#"{{"tenant_id":"t","user_question":"q",{fields}}}"#));
    let record = countersign::verdict::record(&policy, &Request::read(&request).unwrap(), &verdict);
    assert_eq!(record.shadow_trigger_ids, ["new_rule"]);
    let released = compile_text(&SMALL.replacen("shadow = true\n", "", 1)).policy;
    assert_eq!(ids(&judge(&released, &fields)), ["new_rule"]);
}

#[test]
fn a_condition_without_a_result_asks_for_a_person_and_a_missing_fact_does_not() {
    let policy = compile_text(&SMALL.replacen("facts.orders > 0\n&& ", "", 1)).policy;
    let fired = |facts: &str| {
        let fields = format!(r#""risk_level":"low",{SURE},"facts":{{{facts}}}"#);
        let verdict = judge(&policy, &fields);
        let told = verdict.triggers.first().map(|trigger| trigger.reason.clone());
        (verdict.disposition.as_str(), told.unwrap_or_default())
    };
    assert_eq!(
        fired(r#""orders":4,"refunds":2"#),
        ("escalate", "2 refunds in 4 orders".to_owned())
    );
    assert_eq!(fired(r#""orders":4,"refunds":1"#).0, "answer");
    assert_eq!(fired(r#""orders":4"#).0, "answer");
    let (disposition, told) = fired(r#""orders":0,"refunds":1"#);
    assert_eq!(disposition, "escalate");
    assert!(told.starts_with("many_refunds could not be judged: `facts.refunds * 100"), "{told}");
    assert!(told.trim_end().ends_with("has no result"), "{told}");
}
