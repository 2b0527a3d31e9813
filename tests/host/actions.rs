//! Actions from proposal to outcome, over HTTP, with a real executor in another process's place.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::acting::{
    KEYED, WAIT_MAX, approved, code, executors, propose, read, refund, reviewer, start,
    wait_executed, wait_for,
};
use crate::sink::{Manner, Sink};
use crate::support::{Call, Folder, Host, Who, assert_sound, fresh, quick_policy, verify};

#[test]
fn a_refund_goes_from_proposal_to_outcome_and_the_log_names_the_approver() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let (ana_id, ana) = reviewer(&host, &folder, "Ana", "4");

    let proposal = propose(&host, &edge, refund("420.00"));
    assert_eq!(proposal["state"], "previewing");
    let pending = wait_for(&host, &ana, &proposal, "pending");
    assert_eq!(pending["proposal"]["preview"]["changes"][0]["after"], "420.00");
    assert_eq!(pending["proposal"]["preview"]["preconditions"], json!(["v0"]));
    assert_eq!(pending["may"]["approve"], true);
    assert!(sink.effects().is_empty());
    let done = approved(&host, &ana, &proposal);
    assert_eq!(done["state"], "approved");

    let view = wait_executed(&host, &ana, &proposal, "succeeded");
    assert_eq!(view["proposal"]["state"], "consumed");
    let execution = &view["executions"][0];
    assert_eq!(execution["result"], json!({ "receipt": "r1" }));
    assert_eq!(execution["approved_by"][0]["principal_id"], ana_id.as_str());
    let names: Vec<&str> =
        view["history"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "approval_requested",
            "preview_recorded",
            "approval_recorded",
            "approval_resolved",
            "approval_consumed",
            "execution_prepared",
            "attempt_started",
            "execution_succeeded"
        ]
    );
    let outcome = &view["history"][7];
    assert_eq!(outcome["data"]["approved_by"][0]["principal_id"], ana_id.as_str());
    assert_eq!(sink.effects(), [execution["idempotency_key"].as_str().unwrap()]);
    // What was sent is what was approved, signed, and with a time after which it is not to be done.
    let requests = sink.requests();
    let (headers, sent) = requests.iter().find(|(_, sent)| sent["mode"] == "execute").unwrap();
    assert_eq!(sent["action"], proposal["actions"][0]);
    assert_eq!(sent["binding_digest"], view["proposal"]["binding_digest"]);
    assert_eq!(sent["not_after"], execution["attempts"][0]["not_after"]);
    let header = |name: &str| headers.iter().any(|(header, _)| header == name);
    assert!(["webhook-id", "webhook-signature", "idempotency-key"].into_iter().all(header));
    assert_sound(folder.path());
    // Whoever changes the outcome in the database is found out.
    let edit = "UPDATE executions SET body = replace(body, '\"r1\"', '\"r2\"')";
    assert_eq!(folder.database().execute(edit, []).unwrap(), 1);
    assert!(!verify(folder.path()).0);
}

#[test]
fn what_needs_nobody_is_done_at_once_and_what_is_not_allowed_never() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let small = propose(&host, &edge, refund("18.00"));
    assert_eq!((&small["state"], &small["votes"]), (&json!("approved"), &json!([])));
    let view = wait_executed(&host, &edge, &small, "succeeded");
    assert_eq!(view["executions"][0]["approved_by"], json!([]));
    // A chain is as much as its parts together.
    let mut chain = refund("30.00");
    let again = chain["actions"][0].clone();
    chain["actions"].as_array_mut().unwrap().push(again);
    assert_eq!(propose(&host, &edge, chain)["required"]["verdict"], "require_approval");
    assert_eq!(sink.effects().len(), 1);
}

/// Limits over many actions, which only the host can count.
const LIMITS: &str = r#"
[[fact]]
path = "facts.same_target_30d"
type = "int"
source = "host"

[[fact]]
path = "facts.requester_amount_24h"
type = "money"
source = "host"

[[impact]]
id = "refunds_of_one_customer"
when = 'action.tool in ["billing.refund", "issue_refund"] && facts.same_target_30d >= 3'
then = "require_approval"
why = "{action.target} got {facts.same_target_30d} refunds within 30 days"

[[impact]]
id = "moved_within_a_day"
when = '"money" in action.effects && facts.requester_amount_24h > money("500 USD")'
then = "require_approval"
why = "whoever asks has moved {facts.requester_amount_24h} within a day"
"#;

#[test]
fn limits_count_what_was_let_through_before() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let executors = executors(&folder, &sink, KEYED);
    let policy = quick_policy(&folder, "20 min", "100 ms");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, format!("{text}\n{LIMITS}")).unwrap();
    let policy = policy.to_str().unwrap();
    let host = Host::start_with(&folder, &["--policy", policy, "--executors", &executors]);
    let edge = host.edge("northwind");
    let of_one = |amount: &str| {
        let mut body = refund(amount);
        body["actions"][0]["arguments"]["customer_id"] = json!("cust_7");
        body
    };
    for _ in 0..3 {
        let small = propose(&host, &edge, of_one("5.00"));
        assert_eq!(small["state"], "approved");
        wait_executed(&host, &edge, &small, "succeeded");
    }
    let fourth = propose(&host, &edge, of_one("5.00"));
    assert_eq!(fourth["required"]["verdict"], "require_approval");
    assert!(fourth["gate"]["reason"].as_str().unwrap().contains("3 refunds"), "{fourth:#}");
    // Ten times 49 is less than a day's limit; 15 of the first three and the last are more.
    for _ in 0..9 {
        assert_eq!(propose(&host, &edge, refund("49.00"))["state"], "approved");
    }
    let over = propose(&host, &edge, refund("49.00"));
    assert_eq!(over["required"]["verdict"], "require_approval");
    assert!(
        over["gate"]["reason"].as_str().unwrap().contains("505.00 USD within a day"),
        "{over:#}"
    );
    // Another agent has a limit of its own.
    let other = host.edge("meridian-health");
    assert_eq!(propose(&host, &other, refund("49.00"))["state"], "approved");
}

#[test]
fn f32_f33_an_executor_that_misbehaves_never_does_it_twice_and_unknown_is_not_failed() {
    type Row = (&'static str, bool, Manner, Manner, &'static str, usize);
    // Guarantee, whether it heeds keys, how it behaves first and then; what it comes to; effects.
    let rows: &[Row] = &[
        ("idempotent", true, Manner::LosesReply, Manner::Does, "succeeded", 1),
        ("idempotent", true, Manner::FailsAfterEffect, Manner::Does, "succeeded", 1),
        ("idempotent", true, Manner::NamesOther, Manner::Does, "succeeded", 1),
        ("idempotent", true, Manner::Hangs, Manner::Does, "succeeded", 1),
        ("idempotent", true, Manner::Babbles, Manner::Does, "succeeded", 1),
        ("idempotent", true, Manner::Refuses, Manner::Refuses, "failed", 0),
        ("queryable", false, Manner::LosesReply, Manner::Does, "succeeded", 1),
        ("queryable", false, Manner::Babbles, Manner::Does, "succeeded", 1),
        ("none", false, Manner::LosesReply, Manner::Does, "unknown", 1),
        ("none", false, Manner::FailsAfterEffect, Manner::Does, "unknown", 1),
        ("none", false, Manner::Hangs, Manner::Does, "unknown", 0),
        ("none", false, Manner::Does, Manner::Does, "succeeded", 1),
    ];
    for (guarantee, heeds_keys, first, then, outcome, effects) in rows {
        let folder = Folder::new();
        let sink = Sink::start(*first, *heeds_keys);
        let host = start(&folder, &sink, &format!("guarantee = \"{guarantee}\""));
        let edge = host.edge("northwind");
        let small = propose(&host, &edge, refund("18.00"));
        let name = format!("{guarantee}: {first:?}, then {then:?}");
        if first != then {
            wait_executed(&host, &edge, &small, "unknown");
            sink.behave(*then);
        }
        let view = wait_executed(&host, &edge, &small, outcome);
        if *outcome == "unknown" {
            std::thread::sleep(Duration::from_millis(1_500));
            let later = read(&host, &edge, &small);
            assert_eq!(later["executions"][0]["state"], "unknown", "{name}");
            assert_eq!(later["executions"][0]["next_attempt_at"], Value::Null, "{name}");
        }
        assert_eq!(sink.effects().len(), *effects, "{name}: {view:#}");
        let keys: std::collections::BTreeSet<String> = sink.effects().into_iter().collect();
        assert!(keys.len() <= 1, "{name}: another key");
        assert_sound(folder.path());
    }
}

#[test]
fn an_executor_that_is_down_holds_nothing_up_and_is_found_again() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, false);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = folder.join("executors.toml");
    let of = |address| {
        format!(
            "[[executor]]\nid = \"payments\"\nurl = \"http://{address}/\"\ntools = [\"billing.*\"]\n"
        )
    };
    std::fs::write(&path, of(free)).unwrap();
    let arguments = ["--executors", path.to_str().unwrap()];
    let host = Host::start_with(&folder, &arguments);
    let edge = host.edge("northwind");
    let small = propose(&host, &edge, refund("18.00"));
    wait_executed(&host, &edge, &small, "prepared");
    std::thread::sleep(Duration::from_millis(1_200));
    let view = read(&host, &edge, &small);
    // Nothing was sent, so nothing is unknown.
    assert_eq!(view["executions"][0]["state"], "prepared");
    assert_eq!(view["executions"][0]["attempts"], json!([]));
    assert_eq!(host.stop(), Some(0));
    std::fs::write(&path, of(sink.address)).unwrap();
    let host = Host::start_with(&folder, &arguments);
    wait_executed(&host, &edge, &small, "succeeded");
    assert_eq!(sink.effects().len(), 1);
    assert_sound(folder.path());
}

#[test]
fn a_preview_that_people_must_see_is_waited_for() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = folder.join("executors.toml");
    let of = |address| {
        format!(
            "[[executor]]\nid = \"payments\"\nurl = \"http://{address}/\"\n\
             tools = [\"billing.*\"]\npreviews = true\n"
        )
    };
    std::fs::write(&path, of(free)).unwrap();
    let arguments = ["--executors", path.to_str().unwrap()];
    let host = Host::start_with(&folder, &arguments);
    let edge = host.edge("northwind");
    let large = propose(&host, &edge, refund("40000.00"));
    let small = propose(&host, &edge, refund("420.00"));
    // Without a preview people decide where the policy asks for none, and are told why there is none.
    let view = wait_for(&host, &edge, &small, "pending");
    assert!(view["proposal"]["preview"]["note"].as_str().unwrap().contains("no answer"));
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(read(&host, &edge, &large)["proposal"]["state"], "previewing");
    assert_eq!(host.stop(), Some(0));
    std::fs::write(&path, of(sink.address)).unwrap();
    let host = Host::start_with(&folder, &arguments);
    wait_for(&host, &edge, &large, "pending");
    assert_sound(folder.path());
}

#[test]
fn f32_a_host_that_is_killed_while_it_waits_does_it_once() {
    for (guarantee, heeds_keys, outcome) in [
        ("idempotent", true, "succeeded"),
        ("queryable", false, "succeeded"),
        ("none", false, "unknown"),
    ] {
        let folder = Folder::new();
        let sink = Sink::start(Manner::DoesSlowly, heeds_keys);
        let more = format!("guarantee = \"{guarantee}\"");
        let host = start(&folder, &sink, &more);
        let edge = host.edge("northwind");
        let small = propose(&host, &edge, refund("18.00"));
        wait_executed(&host, &edge, &small, "started");
        host.kill();
        sink.behave(Manner::Does);
        // The effect happens while nobody listens.
        let begun = Instant::now();
        while sink.effects().is_empty() {
            assert!(begun.elapsed() < WAIT_MAX);
            std::thread::sleep(Duration::from_millis(20));
        }
        let host = start(&folder, &sink, &more);
        wait_executed(&host, &edge, &small, outcome);
        assert_eq!(sink.effects().len(), 1, "{guarantee}");
        assert_sound(folder.path());
    }
}

#[test]
fn f59_a_person_reconciles_only_once_nothing_can_happen_any_more() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::LosesReply, false);
    let host = start(&folder, &sink, "guarantee = \"none\"");
    let edge = host.edge("northwind");
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let mut chain = refund("18.00");
    let next = chain["actions"][0].clone();
    chain["actions"].as_array_mut().unwrap().push(next);
    let small = propose(&host, &edge, chain);
    let view = wait_executed(&host, &edge, &small, "unknown");
    let id = view["executions"][0]["execution_id"].as_str().unwrap().to_owned();
    let reconcile = |who: &Who, happened: bool| {
        let path = format!("/v1/executions/{id}/reconcile");
        let body = json!({ "happened": happened, "note": "asked the bank" });
        host.call(&Call::post(&path, body).of(who).key(&fresh("key")))
    };
    assert_eq!(code(&reconcile(&edge, true)), "not_permitted", "whoever asked does not say");
    assert_eq!(code(&reconcile(&ana, false)), "in_flight");
    std::thread::sleep(Duration::from_millis(1_100));
    let answer = reconcile(&ana, false);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let states: Vec<&Value> =
        answer.body["executions"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    // The plan ends where a step did not happen.
    assert_eq!(states, ["failed", "cancelled"]);
    assert_eq!(code(&reconcile(&ana, true)), "already_decided");
    assert_eq!(sink.effects().len(), 1);
    assert_sound(folder.path());
}

#[test]
fn f38_what_moved_on_since_the_preview_goes_back_to_people() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let proposal = propose(&host, &edge, refund("420.00"));
    wait_for(&host, &ana, &proposal, "pending");
    sink.move_on();
    approved(&host, &ana, &proposal);
    let view = wait_executed(&host, &ana, &proposal, "failed");
    assert_eq!(view["executions"][0]["attempts"][0]["outcome"], "drifted");
    let open = host.expect(&Call::get("/v1/proposals?view=open").of(&ana), 200);
    let successor = &open["proposals"][0];
    let renewed = wait_for(&host, &ana, successor, "pending");
    assert_eq!(renewed["proposal"]["supersedes"], proposal["proposal_id"]);
    assert_eq!(renewed["proposal"]["preview"]["preconditions"], json!(["v1"]));
    assert_eq!(renewed["proposal"]["votes"], json!([]));
    approved(&host, &ana, successor);
    wait_executed(&host, &ana, successor, "succeeded");
    assert_eq!(sink.effects().len(), 1);
    assert_sound(folder.path());
}
