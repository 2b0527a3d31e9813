//! Measures the core natively: nanoseconds of one decision, of its explanation, and how both grow.
//!
//!     cargo bench --features compile --bench decide
//!
//! Prints a table and writes target/bench/core.json. Times differ between machines: trust the ratios
//! of one run.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot be made ends"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use countersign::compile::{DEFAULT_POLICY, compile, to_json};
use countersign::{Json, Policy, Request, TimestampMs, evaluate, evaluate_batch};

/// Short rounds, of which most are not interrupted by other work on the machine.
const ROUNDS: usize = 1_001;
const PER_ROUND: usize = 300;
const NATIVE_NS_MAX: f64 = 300.0;
/// Within the default policy's calendars, so that deadlines are counted as they are in use.
const NOW: &str = "2026-11-23T10:00:00Z";

fn requests(root: &Path) -> Vec<Request> {
    let rows = std::fs::read_to_string(root.join("tests/samples/requests.jsonl")).unwrap();
    let rows = rows.lines().map(|row| serde_json::from_str::<Json>(row).unwrap());
    let requests = rows.map(|row| Request::read(&row).unwrap());
    requests.filter(|request| request.proposed_actions.is_empty()).collect()
}

/// The policy with its triggers over and over, under new names.
fn grown(policy: &Policy, rules: usize) -> Policy {
    let mut bundle = to_json(policy.bundle()).unwrap();
    if let Json::Object(fields) = &mut bundle
        && let Some(Json::Array(triggers)) = fields.get_mut("triggers")
    {
        let own = triggers.clone();
        for index in triggers.len()..rules {
            let mut trigger = own[index % own.len()].clone();
            if let Json::Object(fields) = &mut trigger {
                fields.insert("id".to_owned(), Json::String(format!("rule_{index}")));
            }
            triggers.push(trigger);
        }
    }
    Policy::load(&bundle).unwrap()
}

/// The median over rounds of the time that one of so many takes, in nanoseconds.
fn median_ns(count: usize, mut round: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            round();
            started.elapsed().as_nanos() as f64 / count as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn decisions_ns(policy: &Policy, requests: &[Request]) -> f64 {
    let count = PER_ROUND / requests.len() * requests.len();
    let many = || requests.iter().cycle().take(count);
    let now = TimestampMs::parse(NOW).unwrap();
    median_ns(count, || {
        evaluate_batch(policy, many(), now, |_, decision| {
            black_box(decision.disposition());
        });
    })
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = compile(DEFAULT_POLICY, "policy.toml").unwrap().policy;
    let requests = requests(root);
    let now = TimestampMs::parse(NOW).unwrap();
    let decision_ns = decisions_ns(&policy, &requests);
    let explained_ns = median_ns(20, || {
        for request in requests.iter().take(20) {
            black_box(evaluate(&policy, request, now));
        }
    });
    let held = if decision_ns <= NATIVE_NS_MAX {
        "met".to_owned()
    } else {
        format!("missed by {:.1} ×", decision_ns / NATIVE_NS_MAX)
    };
    println!("native decision        {decision_ns:>9.0} ns  at most {NATIVE_NS_MAX} ns  {held}");
    println!("native, explained      {explained_ns:>9.0} ns");
    let mut rows = vec![
        ("decision_ns".to_owned(), Json::Number(decision_ns)),
        ("explained_ns".to_owned(), Json::Number(explained_ns)),
    ];
    for rules in [100, 1_000] {
        let ns = decisions_ns(&grown(&policy, rules), &requests);
        println!("native, {rules:>5} rules    {ns:>9.0} ns  {:.1} ns a rule", ns / rules as f64);
        rows.push((format!("decision_of_{rules}_rules_ns"), Json::Number(ns)));
    }
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    std::fs::create_dir_all(folder.join("bench")).unwrap();
    std::fs::write(folder.join("bench/core.json"), Json::object(rows).canonical() + "\n").unwrap();
}
