//! The golden corpus on the host: its binary gives the same bytes as every other runner, and it
//! serves the very bundle that the package carries.

use serde_json::Value;

use crate::support::{Call, Folder, Host, program};

const CORPUS: &str = include_str!("../fixtures/decisions.jsonl");
const GATES: &str = include_str!("../fixtures/gates.jsonl");
const BUNDLE: &str = include_str!("../../pkg/default-policy.json");

#[test]
fn the_binary_gives_every_request_of_the_corpus_its_golden_verdict() {
    let folder = Folder::new();
    let rows: Vec<Value> = CORPUS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: String = rows.iter().map(|row| format!("{}\n", row["request"])).collect();
    let file = folder.join("requests.jsonl");
    std::fs::write(&file, requests).unwrap();
    let now = rows[0]["now"].as_str().unwrap();
    let output = program(&["policy", "evaluate", "--now", now]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(rows.len() >= 300, "the corpus is short: {}", rows.len());
    assert_eq!(printed.lines().count(), rows.len());
    for (row, verdict) in rows.iter().zip(printed.lines()) {
        assert_eq!(row["now"], *now, "the corpus decides at one instant");
        assert_eq!(row["verdict"], *verdict, "{}", row["name"]);
    }
}

#[test]
fn the_binary_gives_every_action_of_the_corpus_its_golden_gate() {
    let folder = Folder::new();
    let rows: Vec<Value> = GATES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines = rows.iter().map(|row| {
        format!("{}\n", serde_json::json!({"actions": row["actions"], "context": row["context"]}))
    });
    let file = folder.join("actions.jsonl");
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let now = rows[0]["now"].as_str().unwrap();
    let output = program(&["policy", "classify", "--now", now]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), rows.len());
    for (row, gate) in rows.iter().zip(printed.lines()) {
        assert_eq!(row["gate"], *gate, "{}", row["name"]);
    }
}

#[test]
fn a_line_that_is_no_action_is_named() {
    let folder = Folder::new();
    let rows = [
        (r#"{"actions":[],"context":{"tenant_id":"t"}}"#, "/actions"),
        (r#"{"actions":[{}],"context":{"tenant_id":"t"}}"#, "/actions/0/tool"),
        (r#"{"actions":{"tool":"a"}}"#, "/context"),
        (r#"{"actions":{"tool":"a"},"context":{"tenant_id":"t"},"now":1}"#, "/now"),
    ];
    for (line, path) in rows {
        let file = folder.join("actions.jsonl");
        std::fs::write(&file, line).unwrap();
        let output = program(&["policy", "classify"]).arg(&file).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && told.contains("line 1") && told.contains(path),
            "{told}"
        );
    }
}

#[test]
fn a_line_that_is_no_request_is_named() {
    let folder = Folder::new();
    let file = folder.join("requests.jsonl");
    let line = r#"{"tenant_id":"t","user_question":"q"}"#;
    std::fs::write(&file, format!("{line}\n{{\"tenant_id\":\"t\"}}\n")).unwrap();
    let output = program(&["policy", "evaluate"]).arg(&file).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("line 2") && told.contains("/user_question"), "{told}");
}

#[test]
fn the_bundle_in_force_is_the_one_in_the_package() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let call = Call::get("/v1/policies/current").of(&host.edge("northwind"));
    assert_eq!(host.call(&call).text.trim_end(), BUNDLE.trim_end());
}
