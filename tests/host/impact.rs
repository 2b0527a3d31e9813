//! Training and evaluation from the command line: the same rows give the same weights, the weights
//! go into a policy, and predictions and reports have the form that is documented.

use serde_json::{Value, json};

use crate::support::{Folder, program};

/// Rows of three sources in which the first word says it all.
fn rows() -> String {
    let mut rows = String::new();
    for (source, noun) in [("one", "note"), ("two", "file"), ("three", "order")] {
        for (verb, mutates, high) in [
            ("get", false, false),
            ("list", false, false),
            ("search", false, false),
            ("create", true, false),
            ("rename", true, false),
            ("delete", true, true),
            ("purge", true, true),
        ] {
            for place in ["a", "b", "c"] {
                let impact = if high {
                    "high"
                } else if mutates {
                    "write"
                } else {
                    "read"
                };
                let row = json!({"id": format!("{source}:{verb}_{noun}_{place}"), "source": source,
                    "server": format!("{source}-{place}"), "name": format!("{verb}_{noun}_{place}"),
                    "description": format!("{verb} the {noun}."), "args": [{"name": "id", "type": null}],
                    "labels": {"mutates": mutates, "destructive": high, "money": null}, "impact3": impact});
                rows.push_str(&format!("{row}\n"));
            }
        }
    }
    rows
}

fn run(arguments: &[&str]) -> String {
    let output = program(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn weights_are_trained_alike_each_time_and_fit_into_a_policy() {
    let folder = Folder::new();
    let file = folder.join("rows.jsonl");
    std::fs::write(&file, rows()).unwrap();
    let (file, weights) = (file.to_str().unwrap(), folder.join("weights.toml"));
    let once = run(&["impact", "train", "--rows", file]);
    run(&["impact", "train", "--rows", file, "-o", weights.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&weights).unwrap(), once);
    let policy = folder.join("policy.toml");
    let text = countersign::compile::DEFAULT_POLICY.replacen("builtin = true\n", &once, 1);
    std::fs::write(&policy, text).unwrap();
    run(&["policy", "check", policy.to_str().unwrap()]);
}

#[test]
fn predictions_and_reports_have_their_form() {
    let folder = Folder::new();
    let (file, said) = (folder.join("rows.jsonl"), folder.join("said.jsonl"));
    std::fs::write(&file, rows()).unwrap();
    let (path, said_path) = (file.to_str().unwrap(), said.to_str().unwrap());
    run(&["eval", "actions", "--test", path, "--predictions", said_path]);
    let text = std::fs::read_to_string(&said).unwrap();
    assert_eq!(text.lines().count(), rows().lines().count());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "destructive",
            "high_score",
            "id",
            "impact3",
            "money",
            "mutates",
            "open_world",
            "permissions",
        ];
        assert_eq!(fields, expected);
        let score = row["high_score"].as_f64().unwrap();
        let changes =
            !["get", "list", "search"].iter().any(|verb| line.contains(&format!(":{verb}_")));
        assert_eq!((row["mutates"] == true, score >= 0.2), (changes, changes), "{line}");
    }
    let told = run(&["eval", "actions", "--cross-validate", path, "--json", "--without", "one"]);
    let evaluations: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(evaluations.len(), 2);
    for evaluation in evaluations {
        let reports = evaluation["reports"].as_array().unwrap();
        let names: Vec<&str> =
            reports.iter().map(|report| report["rows"].as_str().unwrap()).collect();
        assert_eq!(names, ["one", "three", "two", "all", "all without one"]);
        assert_eq!(reports[3]["order"]["gate_recall"], 1.0);
        let mutates = &reports[3]["figures"][0];
        assert_eq!((&mutates["label"], &mutates["macro_f1"]), (&json!("mutates"), &json!(1.0)));
        assert_eq!(mutates["count"], 63);
    }
}

#[test]
fn a_row_that_is_none_is_named() {
    let folder = Folder::new();
    let file = folder.join("rows.jsonl");
    for (text, expected) in [("", "has no rows"), ("{\"id\":1}", "line 1"), ("\nno", "line 2")] {
        std::fs::write(&file, text).unwrap();
        let output = program(&["eval", "actions", "--test"]).arg(&file).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(expected), "{told}");
    }
}
