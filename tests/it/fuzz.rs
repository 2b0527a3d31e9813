//! Valid inputs, spoilt by chance: whatever comes of them, nothing panics, and nothing takes long.
//!
//! `COUNTERSIGN_FUZZ` says how many inputs of each kind, `COUNTERSIGN_SEED` which.

use std::time::{Duration, Instant};

use countersign::compile::{cel, compile};
use countersign::expr::Program;
use countersign::fact::{BUILT_IN, FactDeclaration, FactRecord, FactSource, Value};
use countersign::gate::{self, Context};
use countersign::read::Node;
use countersign::{Json, Policy, Request, classify, evaluate};

use crate::chance::Chance;
use crate::support::{compiled, json, now, root};

/// What hangs takes longer than this on any machine; how fast it is, benchmarks say.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What is put into texts, besides parts of themselves.
const SCRAPS: [&str; 40] = [
    "",
    "\0",
    "\n",
    "\"",
    "'",
    "'''",
    "\\",
    "\\u",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "..",
    "=",
    "==",
    "!",
    "!!",
    "-",
    "--",
    "&&",
    "||",
    "?",
    ":",
    "/",
    "%",
    "*",
    "1e999",
    "9223372036854775808",
    "-9223372036854775808",
    "0x",
    "é",
    "\u{202e}",
    "\u{10ffff}",
    "null",
    "[[trigger]]\n",
    "#",
];

/// A text with one change, or a few: a part cut out, doubled, moved, or replaced; a scrap, many times.
fn spoilt(text: &str, chance: &mut Chance) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(2) * chance.below(4) {
        let length = text.len();
        let from = chance.below(length + 1);
        let width = if chance.below(6) == 0 { 400 } else { 4 };
        let until = (from + chance.below(width)).min(length);
        let part: Vec<char> = match chance.below(5) {
            0 => Vec::new(),
            1 => [&text[from..until], &text[from..until]].concat(),
            2 => {
                let other = chance.below(length + 1);
                text[other..(other + 40).min(length)].to_vec()
            }
            3 => chance.one(&SCRAPS).chars().collect(),
            _ => chance
                .one(&SCRAPS)
                .repeat(1 + chance.below(8) * chance.below(400))
                .chars()
                .collect(),
        };
        text.splice(from..until, part);
    }
    text.into_iter().collect()
}

/// A value with one to three changes somewhere inside: replaced, taken out, or put in twice.
fn spoil(value: &mut Json, chance: &mut Chance) {
    let go_on = chance.below(8) > 0;
    match value {
        Json::Object(fields) if go_on && !fields.is_empty() => {
            let key = fields.keys().nth(chance.below(fields.len())).unwrap().clone();
            match chance.below(12) {
                0 => drop(fields.remove(&key)),
                1 => drop(fields.insert(format!("{key}_"), Json::Null)),
                _ => spoil(fields.get_mut(&key).unwrap(), chance),
            }
        }
        Json::Array(values) if go_on && !values.is_empty() => {
            let index = chance.below(values.len());
            match chance.below(12) {
                0 => drop(values.remove(index)),
                1 => values.resize(values.len() * (1 + chance.below(30)), values[index].clone()),
                2 => values.swap(0, index),
                _ => spoil(&mut values[index], chance),
            }
        }
        Json::String(text) if go_on => *text = spoilt(text, chance),
        Json::Number(number) if go_on => {
            let others = [0.0, -1.0, 1.0, 0.5, 65_536.0, 9e15, -9e15, 1e300, 5e-324, *number + 1.0];
            *number = others[chance.below(others.len())];
        }
        other => *other = json(&chance.json_text(1)),
    }
}

fn timed<T>(what: &str, input: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    let excerpt: String = input.chars().take(2_000).collect();
    assert!(started.elapsed() < TIME_MAX, "{what} took {:?}: {excerpt}", started.elapsed());
    result
}

fn requests() -> Vec<Json> {
    let text = std::fs::read_to_string(root().join("tests/fixtures/decisions.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| serde_json::from_value(row["request"].clone()).unwrap()).collect()
}

/// Decides a request, and classifies its actions; both may be refused.
fn decide(policy: &Policy, request: &Json) {
    let Ok(request) = Request::read(request) else { return };
    let verdict = evaluate(policy, &request, now());
    assert!((0.0..=1.0).contains(&verdict.confidence.probability));
    let context = Context::read(Node::root(&json(r#"{"tenant_id":"t"}"#))).unwrap();
    if !request.proposed_actions.is_empty() {
        let _ = classify(policy, &request.proposed_actions, &context, now());
    }
}

#[test]
fn spoilt_conditions_compile_or_are_told() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FUZZ", 3_000);
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let lines = readme.lines().filter_map(|line| line.strip_prefix("when = '")?.strip_suffix('\''));
    let conditions: Vec<&str> = lines.collect();
    assert!(conditions.len() > 3);
    let declared = |(path, fact_type): &(&str, _)| FactDeclaration {
        path: (*path).to_owned(),
        fact_type: *fact_type,
        source: FactSource::Caller,
        record: FactRecord::Nothing,
    };
    let facts: Vec<FactDeclaration> = BUILT_IN.iter().map(declared).collect();
    let missing = vec![Value::Missing; facts.len()];
    let mut compiled = 0;
    for _ in 0..count {
        let text = spoilt(chance.one(&conditions), &mut chance);
        timed("a condition", &text, || match cel::expression(&text, &facts) {
            Err(told) => assert!(told.at <= text.len() && text.is_char_boundary(told.at), "{text}"),
            Ok(found) => {
                compiled += 1;
                if let Ok(program) = Program::check(text.clone(), found.ops, &facts) {
                    let _ = program.evaluate(&missing);
                }
            }
        });
    }
    println!("{compiled} of {count} spoilt conditions compile");
    assert!(compiled > 0 && compiled < count);
}

#[test]
fn spoilt_policies_compile_or_are_told() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FUZZ", 150);
    let small = std::fs::read_to_string(root().join("tests/fixtures/small-policy.toml")).unwrap();
    let requests = requests();
    let mut loaded = 0;
    for _ in 0..count {
        let text = spoilt(
            chance.one(&[small.as_str(), countersign::compile::DEFAULT_POLICY]),
            &mut chance,
        );
        timed("a policy", &text, || match compile(&text, "policy.toml") {
            Err(diagnostics) => assert!(!diagnostics.is_empty(), "{text}"),
            Ok(compiled) => {
                loaded += 1;
                decide(&compiled.policy, &requests[chance.below(requests.len())]);
            }
        });
    }
    println!("{loaded} of {count} spoilt policies compile");
}

#[test]
fn spoilt_bundles_are_loaded_or_refused_and_decide() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FUZZ", 300);
    let requests = requests();
    let mut loaded = 0;
    for _ in 0..count {
        let mut bundle = compiled().bundle.clone();
        for _ in 0..=chance.below(3) {
            spoil(&mut bundle, &mut chance);
        }
        timed("a bundle", "", || {
            if let Ok(policy) = Policy::load(&bundle) {
                loaded += 1;
                for _ in 0..3 {
                    decide(&policy, &requests[chance.below(requests.len())]);
                }
            }
        });
    }
    println!("{loaded} of {count} spoilt bundles load");
    assert!(loaded > 0 && loaded < count);
}

#[test]
fn spoilt_requests_are_decided_or_refused() {
    let (mut chance, count) = Chance::asked("COUNTERSIGN_FUZZ", 2_000);
    let requests = requests();
    for _ in 0..count {
        let mut request = requests[chance.below(requests.len())].clone();
        for _ in 0..=chance.below(3) {
            spoil(&mut request, &mut chance);
        }
        timed("a request", "", || decide(&compiled().policy, &request));
        // Actions that no request carries are read by the same reader.
        if let Json::Object(fields) = &request
            && let Some(actions) = fields.get("proposed_actions")
        {
            let _ = gate::read_actions(Node::root(actions));
        }
    }
}
