//! A bundle may come from anywhere: reading it repeats every check on which deciding relies.

use countersign::{Json, Policy};

use crate::support::{compiled, json};

fn check(pointer: &str, replacement: &str, path: &str) {
    let mut bundle: serde_json::Value =
        serde_json::from_str(&compiled().bundle.canonical()).unwrap();
    *bundle.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) =
        serde_json::from_str(replacement).unwrap();
    let bundle: Json = serde_json::from_value(bundle).unwrap();
    let fault = Policy::load(&bundle).expect_err(pointer);
    assert_eq!(
        (fault.code.as_str(), fault.path.as_str()),
        ("policy_rejected", path),
        "{pointer} = {replacement}"
    );
}

#[test]
fn an_altered_bundle_that_cannot_be_evaluated_is_refused_at_its_fault() {
    check("/bundle_version", "1", "/bundle_version");
    check("/fallback_queue", r#""nowhere""#, "");
    check("/confidence/signals/0/weights/0", "-1", "/confidence/signals/0");
    check("/confidence/signals/0/missing", "0.5", "/confidence/signals/0");
    check("/confidence/signals/0/knots", "[0.9,0.3,0.6]", "/confidence/signals/0");
    check("/tiers/low/answer", "1.5", "/tiers/low/answer");
    check("/triggers/0/then", r#""shrug""#, "/triggers/0/then");
    check("/triggers/0/when/ops", "[]", "/triggers/0/when");
    check("/triggers/0/when/ops", r#"["and"]"#, "/triggers/0/when/ops/0");
    check("/triggers/0/when/ops", r#"[{"and":1}]"#, "/triggers/0/when");
    check("/triggers/0/when/ops", r#"[{"fact":999}]"#, "/triggers/0/when");
    check(
        "/triggers/0/when/ops",
        r#"[{"const":{"int":1}},{"const":{"string":"a"}},"eq"]"#,
        "/triggers/0/when",
    );
    check(
        "/triggers/0/when/ops",
        r#"[{"const":{"bool":true}},{"const":{"bool":true}}]"#,
        "/triggers/0/when",
    );
    check("/triggers/0/required", "[99]", "/triggers/0/required/0");
    check("/facts/0/path", r#""request.domian""#, "/facts/0");
    check("/facts/0/type", r#""int""#, "/facts/0");
    check("/limited_answer", r#"{"de":"nur deutsch"}"#, "/limited_answer");
    check("/lease_duration_ms", "0", "/lease_duration_ms");
}

#[test]
fn a_bundle_is_named_by_its_content() {
    let compiled = compiled();
    let again = Policy::load(&json(&compiled.bundle.canonical())).unwrap();
    assert_eq!(again.reference(), compiled.policy.reference());
    let other = compiled.bundle.canonical().replacen(
        "\"undo_window_ms\":10000",
        "\"undo_window_ms\":10001",
        1,
    );
    assert_ne!(Policy::load(&json(&other)).unwrap().reference().hash, again.reference().hash);
}
