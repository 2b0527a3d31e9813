//! What has no single canonical form, at the doors of the host: its REST interface and its command
//! line refuse the same values, with a fault, and take the same ones. `tests/npm/admission.test.mjs`
//! holds the engine to the same table.

use std::io::Write as _;

use countersign::{Json, Policy, Request, TimestampMs, evaluate};
use serde_json::Value;

use crate::support::{Call, Folder, Host, assert_sound, fresh, program};

const ROWS: &str = include_str!("../fixtures/admission.json");

struct Row {
    name: String,
    text: String,
    same_as: Option<String>,
    other_than: Option<String>,
    admitted: bool,
}

fn rows() -> Vec<Row> {
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let row = |row: Value| Row {
        name: text(&row, "name").unwrap(),
        text: text(&row, "text").unwrap_or_else(|| {
            let levels = usize::try_from(row["nested"].as_u64().unwrap()).unwrap();
            format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
        }),
        same_as: text(&row, "same_as"),
        other_than: text(&row, "other_than"),
        admitted: row["admitted"].as_bool().unwrap(),
    };
    rows.into_iter().map(row).collect()
}

/// A request that carries the value as a fact.
fn request(text: &str) -> String {
    format!(
        r#"{{"tenant_id":"northwind","user_question":"?","asks_for_person":true,"facts":{{"x":{text}}}}}"#
    )
}

#[test]
fn the_host_refuses_what_has_no_single_form_and_keeps_the_rest() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    for row in rows() {
        let before = folder.dump();
        let call = Call::post_bytes("/v1/cases", request(&row.text)).of(&edge).key(&fresh("key"));
        let answer = host.call(&call);
        if row.admitted {
            assert_eq!(answer.status, 201, "{}: {}", row.name, answer.text);
        } else {
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (400, &Value::from("invalid_json")),
                "{}",
                row.name
            );
            assert_eq!(folder.dump(), before, "{}: something was stored", row.name);
        }
    }
    assert_sound(folder.path());
}

#[test]
fn the_command_line_refuses_the_same() {
    let folder = Folder::new();
    let file = folder.join("requests.jsonl");
    for row in rows() {
        std::fs::write(&file, format!("{}\n", request(&row.text))).unwrap();
        let output = program(&["policy", "evaluate"]).arg(&file).output().unwrap();
        assert_eq!(output.status.success(), row.admitted, "{}", row.name);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(row.admitted || told.contains("line 1"), "{}: {told}", row.name);
    }
}

#[test]
fn the_same_value_has_one_digest_and_another_one_another() {
    let folder = Folder::new();
    let file = folder.join("actions.jsonl");
    let mut lines = std::fs::File::create(&file).unwrap();
    let mut expected = Vec::new();
    for row in rows() {
        let others = [(row.same_as, true), (row.other_than, false)];
        for (other, is_same) in others.into_iter().filter_map(|(other, same)| Some((other?, same)))
        {
            for text in [&row.text, &other] {
                let action = format!(r#"{{"tool":"t","arguments":{{"x":{text}}}}}"#);
                writeln!(lines, r#"{{"actions":{action},"context":{{"tenant_id":"t"}}}}"#).unwrap();
            }
            expected.push((row.name.clone(), is_same));
        }
    }
    let now = "2026-05-09T14:00:00.000Z";
    let output = program(&["policy", "classify", "--now", now]).arg(&file).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let gates: Vec<&str> = printed.lines().collect();
    assert_eq!(gates.len(), expected.len() * 2, "{}", String::from_utf8_lossy(&output.stderr));
    for (pair, (name, is_same)) in gates.chunks(2).zip(expected) {
        assert_eq!(pair[0] == pair[1], is_same, "{name}");
    }
}

#[test]
fn a_decision_is_replayed_to_the_byte_from_request_policy_and_instant() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let mut replayed = 0;
    for line in include_str!("../samples/requests.jsonl").lines().take(40) {
        let mut sent: Value = serde_json::from_str(line).unwrap();
        sent["tenant_id"] = Value::from("northwind");
        // What was judged is the body as it was sent; the case says under which policy, and when.
        let case = host.create(&edge, sent.clone());
        let hash = case["policy"]["hash"].as_str().unwrap();
        let bundle = host.call(&Call::get(&format!("/v1/policies/{hash}")).of(&edge)).text;
        let policy = Policy::load(&serde_json::from_str(&bundle).unwrap()).unwrap();
        assert_eq!(policy.reference().hash, hash);
        let request = Request::read(&serde_json::from_value(sent).unwrap()).unwrap();
        let at = TimestampMs::parse(case["created_at"].as_str().unwrap()).unwrap();
        let verdict = evaluate(&policy, &request, at);
        assert_eq!(case["verdict_digest"], *verdict.digest, "{line}");
        let stored = [&case["triggers"], &case["confidence"]].map(canonical);
        let again = [
            canonical(&serde_json::to_value(&verdict.triggers).unwrap()),
            canonical(&serde_json::to_value(&verdict.confidence).unwrap()),
        ];
        assert_eq!(stored, again, "{line}");
        replayed += 1;
    }
    assert_eq!(replayed, 40);
}

fn canonical(value: &Value) -> String {
    serde_json::from_value::<Json>(value.clone()).unwrap().canonical()
}
