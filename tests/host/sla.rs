//! Deadlines that act: each mark once, in order, through kills and outages, from several hosts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{policy, start, view};
use crate::support::{Folder, Host, Who, assert_sound, billing_request};

/// The queue of billing with this SLA and these steps.
fn billing(sla: &str, steps: &str) -> Vec<(String, String)> {
    let text = countersign::compile::DEFAULT_POLICY;
    let from = text.find("queue = \"billing_dispute\"\ntitle").unwrap();
    let until = from + text[from..].find("\n[[queue]]").unwrap();
    let section = format!(
        "queue = \"billing_dispute\"\ntitle = \"Billing dispute\"\nsla = \"{sla}\"\n\
         authority = {{ domain = \"billing\", level = 2 }}\nskills = [\"billing\"]\n\
         accepts = {{ domains = [\"billing\", \"financial\"] }}\n{steps}\n"
    );
    vec![(text[from..until].to_owned(), section)]
}

fn host_with(folder: &Folder, changes: &[(String, String)]) -> Host {
    let changes: Vec<(&str, &str)> =
        changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    start(folder, &changes)
}

fn events(view: &Value) -> Vec<(String, Value)> {
    let history = view["history"].as_array().unwrap().iter();
    let marks = history.filter(|entry| entry["event"].as_str().unwrap().starts_with("sla_"));
    marks
        .map(|entry| (entry["event"].as_str().unwrap().to_owned(), entry["data"].clone()))
        .collect()
}

fn wait(host: &Host, who: &Who, case: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..400 {
        let seen = view(host, who, case);
        if fits(&seen) {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("waited in vain: {:#}", view(host, who, case));
}

#[test]
fn f41_marks_are_passed_once_each_and_a_miss_goes_to_a_higher_authority() {
    let folder = Folder::new();
    let steps = "steps = [{ at = 50, then = \"warn\" }, { at = 80, then = \"warn\", page = \"leads\" }, \
                 { at = 100, then = \"escalate\", page = \"leads\" }]";
    let host = host_with(&folder, &billing("2 s", steps));
    let (edge, sofia) = (host.edge("northwind"), host.sign_in("Sofia"));
    let case = host.create(&edge, billing_request());
    assert_eq!(case["notices"][0]["kind"], "received");
    let missed = wait(&host, &sofia, &case, |seen| seen["case"]["authority"]["level"] == 3);
    let told = events(&missed);
    let levels: Vec<i64> = told.iter().map(|(_, data)| data["percent"].as_i64().unwrap()).collect();
    assert_eq!(levels, [50, 80, 100]);
    assert_eq!(told[2].0, "sla_breached");
    assert!(told.iter().all(|(_, data)| data["late_ms"].as_i64().unwrap() >= 0));
    let overdue = wait(&host, &edge, &case, |seen| {
        seen["case"]["notices"].as_array().unwrap().iter().any(|notice| notice["kind"] == "overdue")
    });
    assert_eq!(overdue["case"]["notices"].as_array().unwrap().len(), 2);
    assert_sound(folder.path());
}

#[test]
fn f41_what_was_missed_in_an_outage_comes_once_and_in_order() {
    let folder = Folder::new();
    let steps = "steps = [{ at = 100, then = \"escalate\" }]";
    let changes = billing("3 s", steps);
    let host = host_with(&folder, &changes);
    let edge = host.edge("northwind");
    let cases: Vec<Value> = (0..20).map(|_| host.create(&edge, billing_request())).collect();
    host.kill();
    std::thread::sleep(Duration::from_secs(4));
    // Two hosts wake up at once, and one of them is killed in the middle of it.
    let host = host_with(&folder, &changes);
    let path = policy(&folder, &[]);
    let second = Host::start_with(&folder, &["--policy", &path]);
    second.kill();
    let sofia = host.sign_in("Sofia");
    for case in &cases {
        let seen = wait(&host, &sofia, case, |seen| seen["case"]["authority"]["level"] == 3);
        let told = events(&seen);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].1["late_ms"].as_i64().unwrap() > 0);
    }
    let database = folder.database();
    let mut statement = database
        .prepare("SELECT subject_id FROM events WHERE event = 'sla_breached' ORDER BY sequence")
        .unwrap();
    let order: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let expected: Vec<&str> = cases.iter().map(|case| case["case_id"].as_str().unwrap()).collect();
    assert_eq!(order, expected);
    let marks: i64 =
        database.query_row("SELECT count(*) FROM sla_marks", [], |row| row.get(0)).unwrap();
    assert_eq!(marks, 20);
    assert_sound(folder.path());
}

#[test]
fn a_case_that_nobody_takes_is_offered_again_and_ends_as_the_policy_says() {
    let folder = Folder::new();
    let steps = "first_touch = \"500 ms\"\nsteps = [\
                 { clock = \"first_touch\", at = 100, then = \"reassign\" }, \
                 { at = 150, then = \"expire\", template = \"sorry\" }]";
    let mut changes = billing("2 s", steps);
    changes.push((
        "[policy]".to_owned(),
        "[template.sorry]\ndefault = \"Nobody could answer in time.\"\n\n[policy]".to_owned(),
    ));
    let host = host_with(&folder, &changes);
    let (edge, sofia) = (host.edge("northwind"), host.sign_in("Sofia"));
    let case = host.create(&edge, billing_request());
    host.command(&sofia, &case, "assign", json!({ "to": "prin_jonas_weber" }));
    let again = wait(&host, &sofia, &case, |seen| seen["case"]["assigned_to"].is_null());
    assert_eq!(events(&again)[0].1["clock"], "first_touch");
    let expired = host.wait_for(&edge, case["case_id"].as_str().unwrap(), "expired");
    assert_eq!(expired["case"]["answer"]["text"], "Nobody could answer in time.");
    assert_sound(folder.path());
}

#[test]
fn f42_nothing_acts_on_a_case_after_it_was_decided() {
    let folder = Folder::new();
    let steps = "steps = [{ at = 100, then = \"escalate\" }]";
    let host = host_with(&folder, &billing("1 s", steps));
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let mut decided = 0;
    for _ in 0..12 {
        let case = host.create(&edge, billing_request());
        host.command(&jonas, &case, "claim", json!({}));
        // At the instant of the deadline either comes first.
        std::thread::sleep(Duration::from_millis(900));
        let path = format!("/v1/cases/{}/decide", case["case_id"].as_str().unwrap());
        let body = json!({ "epoch": 1, "verdict": "accepted", "outcome": "send" });
        let call = crate::support::Call::post(&path, body).of(&jonas).key("decide-1");
        let status = host.call(&call).status;
        // After a miss it needs more than Jonas may.
        assert!([200, 403, 409].contains(&status), "{status}");
        decided += usize::from(status == 200);
        std::thread::sleep(Duration::from_millis(200));
        let seen = view(&host, &edge, &case);
        let names: Vec<&str> = seen["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["event"].as_str().unwrap())
            .collect();
        let at = |name| names.iter().position(|event| *event == name);
        if let (Some(decided), Some(breached)) = (at("case_decided"), at("sla_breached")) {
            assert!(breached < decided, "{names:?}");
        }
    }
    assert!(decided > 0);
    assert_sound(folder.path());
}

#[test]
fn f09_a_clock_that_goes_back_is_in_the_audit_log_and_time_is_held() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    // As if the clock had been an hour ahead, and was set right.
    let ahead = countersign::host::clock::wall_clock().saturating_add(3_600_000);
    let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_ms'";
    folder.database().execute(update, [ahead.as_ms().to_string()]).unwrap();
    let select = "SELECT count(*) FROM audit_pending WHERE entity_kind = 'instance' \
        AND entry ->> '$.event' = 'clock_went_back'";
    let told = || -> i64 { folder.database().query_row(select, [], |row| row.get(0)).unwrap() };
    let begun = std::time::Instant::now();
    while told() == 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "nobody told");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let case = host.create(&edge, billing_request());
    let created = countersign::TimestampMs::parse(case["created_at"].as_str().unwrap()).unwrap();
    assert!(created >= ahead, "time went back");
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert_eq!(told(), 1, "it is told once");
    assert_sound(folder.path());
}
