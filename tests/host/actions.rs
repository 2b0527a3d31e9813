//! Actions from proposal to outcome, over HTTP, with a real executor in another process's place.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use countersign::host::store::sql::Sql;
use serde_json::{Value, json};

use crate::sink::{Manner, Sink};
use crate::support::{
    Answer, Call, Folder, Host, Who, assert_sound, fresh, quick_policy, run_ok, verify,
};

const WAIT_MAX: Duration = Duration::from_secs(20);

/// An executor of refunds, as the operator describes it.
fn executors(folder: &Folder, sink: &Sink, more: &str) -> String {
    let text = format!(
        "[[executor]]\nid = \"payments\"\nurl = \"http://{}/actions\"\n\
         tools = [\"billing.*\", \"issue_refund\", \"payouts.*\"]\ntimeout = \"1 s\"\n{more}\n",
        sink.address
    );
    let path = folder.join("executors.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn start(folder: &Folder, sink: &Sink, more: &str) -> Host {
    start_with_undo(folder, sink, more, "100 ms")
}

fn start_with_undo(folder: &Folder, sink: &Sink, more: &str, undo_window: &str) -> Host {
    let executors = executors(folder, sink, more);
    let policy = quick_policy(folder, "20 min", undo_window);
    Host::start_with(folder, &["--policy", policy.to_str().unwrap(), "--executors", &executors])
}

/// A reviewer of every tenant with this authority in every domain.
pub(crate) fn reviewer(host: &Host, folder: &Folder, name: &str, level: &str) -> (String, Who) {
    let made = ["principal", "create", "--tenant", "northwind", "--name", name];
    let id = run_ok(folder.path(), &made);
    run_ok(folder.path(), &["grant", "add", &id, "--role", "reviewer", "--level", level]);
    let link = run_ok(folder.path(), &["sign-in-link", &id]);
    let secret = link.rsplit('/').next().unwrap().to_owned();
    (id, host.sign_in_with(&secret))
}

pub(crate) fn refund(amount: &str) -> Value {
    json!({
        "actions": [{
            "tool": "billing.refund",
            "arguments": { "amount": amount, "currency": "USD", "customer_id": fresh("cust") },
        }],
        "summary": "The customer was charged twice.",
    })
}

pub(crate) fn propose(host: &Host, edge: &Who, body: Value) -> Value {
    let call = Call::post("/v1/proposals", body).of(edge).key(&fresh("key"));
    host.expect(&call, 201)["proposal"].clone()
}

pub(crate) fn read(host: &Host, who: &Who, proposal: &Value) -> Value {
    let path = format!("/v1/proposals/{}", proposal["proposal_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(who), 200)
}

pub(crate) fn command(host: &Host, who: &Who, proposal: &Value, name: &str, body: Value) -> Answer {
    let path = format!("/v1/proposals/{}/{name}", proposal["proposal_id"].as_str().unwrap());
    host.call(&Call::post(&path, body).of(who).key(&fresh("key")))
}

fn wait(host: &Host, who: &Who, proposal: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let view = read(host, who, proposal);
        if fits(&view) {
            return view;
        }
        assert!(started.elapsed() < WAIT_MAX, "waited in vain: {view:#}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

pub(crate) fn wait_for(host: &Host, who: &Who, proposal: &Value, state: &str) -> Value {
    wait(host, who, proposal, |view| view["proposal"]["state"] == state)
}

/// Waits until the first execution stands like this.
pub(crate) fn wait_executed(host: &Host, who: &Who, proposal: &Value, state: &str) -> Value {
    wait(host, who, proposal, |view| view["executions"][0]["state"] == state)
}

/// Approves what stands there now.
pub(crate) fn approve(host: &Host, who: &Who, proposal: &Value) -> Answer {
    let view = wait(host, who, proposal, |view| view["proposal"]["state"] != "previewing");
    let digest = view["proposal"]["binding_digest"].clone();
    command(host, who, proposal, "approve", json!({ "binding_digest": digest }))
}

pub(crate) fn approved(host: &Host, who: &Who, proposal: &Value) -> Value {
    let answer = approve(host, who, proposal);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["proposal"].clone()
}

fn code(answer: &Answer) -> &str {
    answer.body["code"].as_str().unwrap_or_default()
}

const KEYED: &str = "guarantee = \"idempotent\"\npreviews = true";

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

#[test]
fn b1_an_edit_is_a_new_proposal_that_others_approve() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let (_, bo) = reviewer(&host, &folder, "Bo", "4");
    let proposal = propose(&host, &edge, refund("420.00"));
    let view = wait_for(&host, &ana, &proposal, "pending");
    let revision = view["proposal"]["revision"].clone();
    let mut actions = view["proposal"]["actions"].clone();
    let same = json!({ "revision": revision, "actions": actions });
    assert_eq!(code(&command(&host, &ana, &proposal, "edit", same)), "invalid_field");
    actions[0]["arguments"]["amount"] = json!("42.00");
    let stale = json!({ "revision": 1, "actions": actions });
    assert_eq!(code(&command(&host, &ana, &proposal, "edit", stale)), "stale_version");
    let edit = json!({ "revision": revision, "actions": actions });
    let answer = command(&host, &ana, &proposal, "edit", edit);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let successor = answer.body["proposal"].clone();
    assert_eq!(successor["supersedes"], proposal["proposal_id"]);
    assert_ne!(successor["binding_digest"], view["proposal"]["binding_digest"]);
    assert_eq!(successor["authors"][0]["may_approve"], false);
    // Alone it would need nobody; this line was to be approved, and stays so.
    assert_eq!(successor["required"]["verdict"], "require_approval");
    let old = json!({ "binding_digest": view["proposal"]["binding_digest"] });
    assert_eq!(code(&command(&host, &bo, &proposal, "approve", old)), "proposal_void");
    assert_eq!(code(&approve(&host, &ana, &successor)), "self_approval");
    approved(&host, &bo, &successor);
    wait_executed(&host, &bo, &successor, "succeeded");
    let agent_sees = read(&host, &edge, &proposal);
    assert_eq!(agent_sees["proposal"]["superseded_by"], successor["proposal_id"]);
    assert_eq!(sink.effects().len(), 1);
    assert_sound(folder.path());
}

#[test]
fn f31_f60_of_many_at_once_the_quorum_is_met_once_and_one_answer_wins() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let people: Vec<(String, Who)> =
        (0..6).map(|n| reviewer(&host, &folder, &format!("R{n}"), "4")).collect();
    for round in 0..8 {
        let proposal = propose(&host, &edge, refund("40000.00"));
        let view = wait_for(&host, &people[0].1, &proposal, "pending");
        assert_eq!(view["proposal"]["required"]["quorum"], 2);
        let digest = view["proposal"]["binding_digest"].clone();
        let barrier = Barrier::new(people.len());
        let answers: Vec<(bool, u16)> = std::thread::scope(|scope| {
            let votes = people.iter().enumerate().map(|(index, (_, who))| {
                let (host, proposal, barrier, digest) = (&host, &proposal, &barrier, &digest);
                // One of them rejects, in every other round.
                let rejects = index == 5 && round % 2 == 0;
                scope.spawn(move || {
                    barrier.wait();
                    let answer = if rejects {
                        command(host, who, proposal, "reject", json!({ "reason": "no" }))
                    } else {
                        let body = json!({ "binding_digest": digest });
                        command(host, who, proposal, "approve", body)
                    };
                    (rejects, answer.status)
                })
            });
            votes.collect::<Vec<_>>().into_iter().map(|vote| vote.join().unwrap()).collect()
        });
        let said = |rejects: bool| answers.iter().filter(|a| **a == (rejects, 200)).count();
        let view = read(&host, &people[0].1, &proposal);
        let votes = view["proposal"]["votes"].as_array().unwrap();
        match said(true) {
            0 => assert_eq!((said(false), votes.len()), (2, 2), "{answers:?}"),
            _ => assert!(view["proposal"]["state"] == "rejected" && said(false) < 2, "{answers:?}"),
        }
        let distinct: std::collections::BTreeSet<&str> =
            votes.iter().map(|vote| vote["by"]["person_id"].as_str().unwrap()).collect();
        assert_eq!(distinct.len(), votes.len());
    }
    assert_sound(folder.path());
}

#[test]
fn f35_the_same_request_twenty_times_at_once_is_one_proposal() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let (body, key) = (refund("18.00"), fresh("key"));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let calls = (0..20).map(|_| {
            let call = Call::post("/v1/proposals", body.clone()).of(&edge).key(&key);
            let host = &host;
            scope.spawn(move || host.call(&call))
        });
        calls.collect::<Vec<_>>().into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
    let other = Call::post("/v1/proposals", refund("19.00")).of(&edge).key(&key);
    assert_eq!(code(&host.call(&other)), "idempotency_mismatch");
    wait_executed(&host, &edge, &answers[0].body["proposal"], "succeeded");
    assert_eq!(sink.effects().len(), 1);
}

#[test]
fn f37_an_approver_who_loses_the_right_before_it_is_used_has_not_approved() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start_with_undo(&folder, &sink, KEYED, "3 s");
    let edge = host.edge("northwind");
    let (ana_id, ana) = reviewer(&host, &folder, "Ana", "4");
    let (_, bo) = reviewer(&host, &folder, "Bo", "4");
    let proposal = propose(&host, &edge, refund("420.00"));
    approved(&host, &ana, &proposal);
    run_ok(folder.path(), &["principal", "suspend", &ana_id]);
    let void = wait_for(&host, &bo, &proposal, "void");
    let successor = json!({ "proposal_id": void["proposal"]["superseded_by"] });
    assert!(void["proposal"]["closing"]["reason"].as_str().unwrap().contains("no right"));
    approved(&host, &bo, &successor);
    wait_executed(&host, &bo, &successor, "succeeded");
    assert_eq!(sink.effects().len(), 1);
    assert_sound(folder.path());
}

#[test]
fn f37_a_policy_that_became_stricter_is_heeded_before_anything_is_done() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start_with_undo(&folder, &sink, KEYED, "1 h");
    let edge = host.edge("northwind");
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let proposal = propose(&host, &edge, refund("420.00"));
    approved(&host, &ana, &proposal);
    assert_eq!(host.stop(), Some(0));
    // Refunds are for two people from here on.
    let policy = folder.join("quick.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let names = "names = [\"billing.refund\", \"issue_refund\"]";
    assert!(text.contains(names));
    std::fs::write(&policy, text.replace(names, &format!("{names}\nquorum = 2"))).unwrap();
    folder
        .database()
        .execute_batch(Sql {
            sqlite: "UPDATE proposals SET effective_at = 1; \
                UPDATE proposals SET body = json_set(body, '$.effective_at', '2026-01-01T00:00:00.000Z')",
            postgres: "UPDATE proposals SET effective_at = 1; \
                UPDATE proposals SET body = regexp_replace(body, '\"effective_at\":\"[^\"]*\"', \
                '\"effective_at\":\"2026-01-01T00:00:00.000Z\"')",
        })
        .unwrap();
    let executors = folder.join("executors.toml");
    let arguments =
        ["--policy", policy.to_str().unwrap(), "--executors", executors.to_str().unwrap()];
    let host = Host::start_with(&folder, &arguments);
    let void = wait_for(&host, &ana, &proposal, "void");
    assert!(void["proposal"]["closing"]["reason"].as_str().unwrap().contains("tools has changed"));
    let successor = json!({ "proposal_id": void["proposal"]["superseded_by"] });
    let renewed = wait_for(&host, &ana, &successor, "pending");
    assert_eq!(renewed["proposal"]["required"]["quorum"], 2);
    assert!(sink.effects().is_empty());
}

#[test]
fn b14_withdraw_undo_and_revoke_come_in_time_or_not_at_all() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::DoesSlowly, true);
    let host = start_with_undo(&folder, &sink, KEYED, "1 s");
    let edge = host.edge("northwind");
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let (_, bo) = reviewer(&host, &folder, "Bo", "4");
    let ok = |answer: &Answer, state: &str| {
        assert_eq!((answer.status, &answer.body["proposal"]["state"]), (200, &json!(state)));
    };

    let withdrawn = propose(&host, &edge, refund("420.00"));
    assert_eq!(code(&command(&host, &ana, &withdrawn, "withdraw", json!({}))), "not_found");
    ok(&command(&host, &edge, &withdrawn, "withdraw", json!({})), "withdrawn");
    assert_eq!(code(&approve(&host, &ana, &withdrawn)), "withdrawn");

    let undone = propose(&host, &edge, refund("420.00"));
    approved(&host, &ana, &undone);
    assert_eq!(code(&command(&host, &bo, &undone, "undo", json!({}))), "not_permitted");
    ok(&command(&host, &ana, &undone, "undo", json!({})), "pending");
    ok(
        &command(&host, &bo, &undone, "respond", json!({ "message": "Ask for the order id." })),
        "rejected",
    );
    assert_eq!(
        read(&host, &edge, &undone)["proposal"]["closing"]["message"],
        "Ask for the order id."
    );

    let revoked = propose(&host, &edge, refund("420.00"));
    approved(&host, &ana, &revoked);
    ok(&command(&host, &bo, &revoked, "revoke", json!({ "reason": "wrong" })), "revoked");

    let mut chain = refund("420.00");
    let next = chain["actions"][0].clone();
    chain["actions"].as_array_mut().unwrap().push(next);
    let stopped = propose(&host, &edge, chain);
    approved(&host, &ana, &stopped);
    wait_executed(&host, &ana, &stopped, "started");
    ok(&command(&host, &bo, &stopped, "revoke", json!({ "reason": "wrong" })), "consumed");
    let view = wait(&host, &ana, &stopped, |view| {
        ["succeeded", "unknown"].iter().any(|state| view["executions"][0]["state"] == *state)
    });
    // What was under way may have happened, and is asked about no further; the rest never is sent.
    assert_eq!(view["executions"][1]["state"], "cancelled");
    assert!(sink.effects().len() <= 1);
    assert_sound(folder.path());
}

#[test]
fn what_is_wrong_with_a_proposal_is_told_and_nothing_is_stored() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let edge = host.edge("northwind");
    let jonas = host.sign_in("Jonas");
    let action = json!({ "tool": "billing.refund", "arguments": {} });
    let before = folder
        .database()
        .query_row("SELECT count(*) FROM audit_pending", [], |row| row.get::<_, i64>(0));
    for (body, expected, path) in [
        (json!({}), "invalid_field", "/actions"),
        (json!({ "actions": [] }), "invalid_field", "/actions"),
        (json!({ "actions": "refund" }), "invalid_field", "/actions/tool"),
        (json!({ "actions": [{}] }), "invalid_field", "/actions/0/tool"),
        (json!({ "actions": [action], "sumary": "x" }), "unknown_field", "/sumary"),
        (
            json!({ "actions": [action], "context": { "tenant_id": "meridian-health" } }),
            "unknown_tenant",
            "/context/tenant_id",
        ),
        (json!({ "actions": vec![action.clone(); 40] }), "limit_exceeded", "/actions"),
        (json!({ "actions": [action], "proposal_id": "a b" }), "invalid_field", "/proposal_id"),
        (json!({ "version": 7, "actions": [action] }), "invalid_field", "/version"),
    ] {
        let call = Call::post("/v1/proposals", body.clone()).of(&edge).key(&fresh("key"));
        let answer = host.call(&call);
        assert_eq!(code(&answer), expected, "{body}: {}", answer.text);
        if !answer.body["path"].as_str().unwrap_or_default().starts_with("/actions") {
            assert_eq!(answer.body["path"], path, "{body}");
        }
    }
    let keyless = Call::post("/v1/proposals", refund("1.00")).of(&edge);
    assert_eq!(code(&host.call(&keyless)), "invalid_field");
    let reviewer = Call::post("/v1/proposals", refund("1.00")).of(&jonas).key(&fresh("key"));
    assert_eq!(code(&host.call(&reviewer)), "not_permitted");
    let after = folder
        .database()
        .query_row("SELECT count(*) FROM audit_pending", [], |row| row.get::<_, i64>(0));
    assert_eq!(after.unwrap(), before.unwrap());

    // What the amount or currency does not say is for people, with the reason.
    for (amount, currency, reason) in [
        (json!("-5.00"), "USD", "amount"),
        (json!("5.001"), "USD", "amount"),
        (json!("5.5"), "JPY", "amount"),
        (json!("5.00"), "XXQ", "currency"),
        (json!({ "value": 5 }), "USD", "amount"),
        (Value::Null, "USD", "amount"),
    ] {
        let mut body = refund("1.00");
        body["actions"][0]["arguments"]["amount"] = amount.clone();
        body["actions"][0]["arguments"]["currency"] = json!(currency);
        let proposal = propose(&host, &edge, body);
        assert_eq!(proposal["required"]["verdict"], "require_approval", "{amount} {currency}");
        let told = proposal["gate"]["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{amount} {currency}: {told}");
    }
    assert!(sink.effects().is_empty());
    let wrong = Folder::new();
    std::fs::write(wrong.join("executors.toml"), "[[executor]]\nid = \"x\"\n").unwrap();
    let path = wrong.join("executors.toml");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--executors", path.to_str().unwrap()];
    let output = crate::support::run(wrong.path(), &arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("executors.toml") && told.contains("url"),
        "{told}"
    );
}

#[test]
fn arguments_that_miss_their_schema_are_for_people_and_say_where() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let executors = executors(&folder, &sink, KEYED);
    let policy = quick_policy(&folder, "20 min", "100 ms");
    let text = std::fs::read_to_string(&policy).unwrap();
    let schema = r#"
[[tool]]
names = ["billing.goodwill"]
title = "Goodwill"
effects = ["data"]
reversibility = "reversible"
verdict = "allow"
schema = { type = "object", required = ["points", "note"], additionalProperties = false, properties = { points = { type = "integer", minimum = 1, maximum = 100 }, note = { type = "string", pattern = "^[A-Z]" } } }
"#;
    std::fs::write(&policy, format!("{text}\n{schema}")).unwrap();
    let policy = policy.to_str().unwrap();
    let host = Host::start_with(&folder, &["--policy", policy, "--executors", &executors]);
    let edge = host.edge("northwind");
    for (arguments, told) in [
        (json!({ "points": 20, "note": "Late parcel" }), None),
        (json!({ "points": 20, "note": "Late parcel", "requires_approval": false }), None),
        (json!({ "points": 200, "note": "Late parcel" }), Some("/0/arguments/points")),
        (json!({ "points": 2.5, "note": "Late parcel" }), Some("/0/arguments/points")),
        (json!({ "points": 20, "note": "late" }), Some("/0/arguments/note")),
        (json!({ "points": 20 }), Some("/0/arguments")),
        (json!({ "points": 20, "note": "Late", "to": "me" }), Some("/0/arguments")),
    ] {
        let body = json!({ "actions": [{ "tool": "billing.goodwill", "arguments": arguments }] });
        let proposal = propose(&host, &edge, body);
        let reasons = proposal["gate"]["reasons"].as_array().unwrap();
        let found = reasons.iter().find(|reason| reason["rule"] == "schema");
        match told {
            None => assert!(found.is_none() && proposal["state"] == "approved", "{proposal:#}"),
            Some(path) => {
                assert_eq!(found.unwrap()["path"], path, "{arguments}");
                assert_eq!(proposal["required"]["verdict"], "require_approval");
            }
        }
    }
}

#[test]
fn who_may_not_know_of_a_proposal_finds_none() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let host = start(&folder, &sink, KEYED);
    let (edge, other) = (host.edge("northwind"), host.edge("meridian-health"));
    let (_, ana) = reviewer(&host, &folder, "Ana", "4");
    let proposal = propose(&host, &edge, refund("420.00"));
    let path = format!("/v1/proposals/{}", proposal["proposal_id"].as_str().unwrap());
    assert_eq!(code(&host.call(&Call::get(&path).of(&other))), "not_found");
    assert_eq!(code(&approve(&host, &ana, &proposal)), "");
    let made = ["principal", "create", "--tenant", "northwind", "--name", "Lex"];
    let lex = run_ok(folder.path(), &made);
    let grant = ["grant", "add", &lex, "--role", "reviewer", "--level", "9", "--domain", "legal"];
    run_ok(folder.path(), &grant);
    let link = run_ok(folder.path(), &["sign-in-link", &lex]);
    let lex_who = host.sign_in_with(link.rsplit('/').next().unwrap());
    assert_eq!(code(&host.call(&Call::get(&path).of(&lex_who))), "not_found", "legal, not billing");
    let list = |who: &Who, query: &str| {
        let path = format!("/v1/proposals{query}");
        host.expect(&Call::get(&path).of(who), 200)["proposals"].as_array().unwrap().len()
    };
    assert_eq!((list(&other, "?view=all"), list(&lex_who, "?view=all")), (0, 0));
    assert_eq!((list(&ana, "?view=all"), list(&ana, "?view=mine")), (1, 1));
    assert_eq!(list(&edge, "?view=mine"), 1);
    // A page at a time, everything once.
    for _ in 0..4 {
        propose(&host, &edge, refund("421.00"));
    }
    for order in ["expires", "age"] {
        let mut seen = std::collections::BTreeSet::new();
        let mut query = format!("?view=all&limit=2&order={order}");
        loop {
            let page = host.expect(&Call::get(&format!("/v1/proposals{query}")).of(&ana), 200);
            for found in page["proposals"].as_array().unwrap() {
                assert!(seen.insert(found["proposal_id"].as_str().unwrap().to_owned()));
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query = format!("?view=all&limit=2&order={order}&cursor={}", cursor.replace(' ', "+"));
        }
        assert_eq!(seen.len(), 5, "{order}");
    }
}
