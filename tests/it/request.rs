//! What is not a request gets a code, the path to the fault, and what to do.

use countersign::Request;

use crate::support::json;

fn check(fields: &str, expected: Result<(), (&str, &str)>) {
    let text = format!(
        r#"{{"tenant_id":"t","user_question":"q"{}{fields}}}"#,
        if fields.is_empty() { "" } else { "," }
    );
    let outcome = Request::read(&json(&text));
    let told =
        outcome.as_ref().map(|_| ()).map_err(|fault| (fault.code.as_str(), fault.path.as_str()));
    assert_eq!(told, expected, "{fields}");
    if let Err(fault) = outcome {
        assert!(!fault.help.is_empty() && !fault.detail.is_empty(), "{fields}");
    }
}

#[test]
fn a_fault_names_its_place() {
    let long = "x".repeat(64_001);
    let many = vec!["1"; 65].join(",");
    check("", Ok(()));
    check(
        r#""signals":{"retrieval_score":0.5,"tool_success":"unavailable","rerank_margin":null}"#,
        Ok(()),
    );
    check(
        r#""signals":{"retrieval_score":1.5}"#,
        Err(("invalid_field", "/signals/retrieval_score")),
    );
    check(
        r#""signals":{"retrieval_score":-0.01}"#,
        Err(("invalid_field", "/signals/retrieval_score")),
    );
    check(
        r#""signals":{"retrieval_score":"high"}"#,
        Err(("invalid_field", "/signals/retrieval_score")),
    );
    check(r#""signals":[0.5]"#, Err(("invalid_field", "/signals")));
    check(r#""judge_score":2"#, Err(("invalid_field", "/judge_score")));
    check(r#""feedback_rating":0"#, Err(("invalid_field", "/feedback_rating")));
    check(r#""feedback_rating":4.5"#, Err(("invalid_field", "/feedback_rating")));
    check(r#""risk_level":"hihg""#, Err(("invalid_field", "/risk_level")));
    check(r#""language":"en_US!""#, Err(("invalid_field", "/language")));
    check(r#""asks_for_person":"yes""#, Err(("invalid_field", "/asks_for_person")));
    check(
        r#""evidence":[{"document_id":"a","quote":"q"},{"quote":"q"}]"#,
        Err(("invalid_field", "/evidence/1/document_id")),
    );
    check(
        r#""evidence":[{"document_id":"a","quote":"q","score":7}]"#,
        Err(("invalid_field", "/evidence/0/score")),
    );
    check(
        r#""tool_results":[{"tool":"t","status":"gone"}]"#,
        Err(("invalid_field", "/tool_results/0/status")),
    );
    check(
        r#""proposed_actions":[{"arguments":{}}]"#,
        Err(("invalid_field", "/proposed_actions/0/tool")),
    );
    check(r#""request_id":"has space""#, Err(("invalid_field", "/request_id")));
    check(r#""version":0"#, Err(("invalid_field", "/version")));
    check(&format!(r#""model_draft":"{long}""#), Err(("limit_exceeded", "/model_draft")));
    check(&format!(r#""evidence":[{many}]"#), Err(("limit_exceeded", "/evidence")));
    check(r#""trace~/url":1"#, Ok(()));
}

#[test]
fn a_near_miss_is_answered_with_a_suggestion() {
    let fault =
        Request::read(&json(r#"{"tenant_id":"t","user_question":"q","risk_level":"hihg"}"#))
            .unwrap_err();
    assert_eq!(fault.help, "did you mean `high`?");
}

#[test]
fn unknown_fields_are_listed_and_take_no_part() {
    let request =
        Request::read(&json(r#"{"tenant_id":"t","user_question":"q","novelty":1,"a/b":2}"#))
            .unwrap();
    assert_eq!(request.unknown_fields, ["/a~1b", "/novelty"]);
}
