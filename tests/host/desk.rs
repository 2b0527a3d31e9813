//! What people and applications do with cases besides deciding them, over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sink::{Manner, Sink};
use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, quick_policy};

/// The default policy with a short undo window, and other changes.
pub(crate) fn policy(folder: &Folder, changes: &[(&str, &str)]) -> String {
    let path = quick_policy(folder, "10 min", "200 ms");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "the policy has no `{from}`");
        text = text.replace(from, to);
    }
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn start(folder: &Folder, changes: &[(&str, &str)]) -> Host {
    Host::start_with(folder, &["--policy", &policy(folder, changes)])
}

pub(crate) fn refused(
    host: &Host,
    who: &Who,
    case: &Value,
    command: &str,
    body: Value,
) -> (u16, String, String) {
    let path = format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap());
    let answer = host.call(&Call::post(&path, body).of(who).key(&fresh("key")));
    let text = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("code"), text("path"))
}

pub(crate) fn view(host: &Host, who: &Who, case: &Value) -> Value {
    let path = format!("/v1/cases/{}", case["case_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(who), 200)
}

fn accept(case: &Value) -> Value {
    json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" })
}

#[test]
fn a_lead_assigns_and_moves_and_reviewers_pass_on_what_they_hold() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    let case = host.create(&edge, billing_request());
    assert_eq!(refused(&host, &jonas, &case, "assign", json!({ "to": "prin_jonas_weber" })).0, 403);
    // Mina does not have the skill.
    let to = json!({ "to": "prin_mina_okafor" });
    let told = refused(&host, &sofia, &case, "assign", to);
    assert_eq!(told, (422, "not_eligible".to_owned(), "/to".to_owned()));
    let to = json!({ "to": "prin_kwame_mensah", "note": "knows them" });
    let assigned = host.command(&sofia, &case, "assign", to);
    assert_eq!(assigned["assigned_to"], "prin_kwame_mensah");
    assert_eq!(refused(&host, &jonas, &case, "claim", json!({})).0, 403);
    let kwame = host.sign_in("Kwame");
    let claimed = host.command(&kwame, &case, "claim", json!({}));
    let epoch = &claimed["epoch"];
    let work = json!({ "epoch": epoch, "work": { "notes": "half done" } });
    host.command(&kwame, &case, "save", work);
    let to = json!({ "epoch": epoch, "to": "prin_jonas_weber", "note": "my shift ends" });
    let handed = host.command(&kwame, &case, "handover", to);
    assert_eq!(
        (handed["state"].as_str(), handed["work"]["notes"].as_str()),
        (Some("ready"), Some("half done"))
    );
    let late = json!({ "epoch": epoch });
    assert_eq!(refused(&host, &kwame, &case, "release", late).1, "lease_lost");
    host.command(&jonas, &case, "claim", json!({}));
    let told = refused(&host, &sofia, &case, "transfer", json!({ "queue": "nowhere" }));
    assert_eq!((told.0, told.1.as_str()), (422, "unknown_queue"));
    let moved = host.command(&sofia, &case, "transfer", json!({ "queue": "triage" }));
    // Nothing lowers what it needs.
    assert_eq!(
        (moved["queue"].as_str(), moved["authority"]["level"].as_i64()),
        (Some("triage"), Some(2))
    );
    assert_eq!(moved["due_at"], case["due_at"]);
    let raised = host.command(&jonas, &case, "escalate", json!({ "note": "a lawyer writes" }));
    assert_eq!(raised["authority"]["level"], 3);
    assert_eq!(refused(&host, &jonas, &case, "claim", json!({})).0, 403);
    let urgent = host.command(&sofia, &case, "set_priority", json!({ "priority": 3 }));
    assert_eq!(urgent["priority"], 3);
    let told =
        refused(&host, &sofia, &case, "set_due", json!({ "due_at": "2026-01-01T00:00:00Z" }));
    assert_eq!(told.2, "/due_at");
    let due = json!({ "due_at": "2036-01-01T00:00:00Z", "reason": "they asked for it" });
    let retimed = host.command(&sofia, &case, "set_due", due);
    assert_eq!(retimed["deadline_version"], 2);
    assert_eq!(retimed["original_due_at"], case["due_at"]);
    assert_sound(folder.path());
}

#[test]
fn a_question_stops_the_clock_and_the_answer_makes_the_draft_stale() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let ask = json!({ "epoch": claimed["epoch"], "question": "Which of the two?" });
    let waiting = host.command(&jonas, &case, "ask_customer", ask);
    assert_eq!((waiting["state"].as_str(), waiting["paused_at"].as_str()), (Some("waiting"), None));
    // Only who sent it knows what was delivered.
    assert_eq!(refused(&host, &jonas, &case, "deliver", json!({})).0, 404);
    let delivered = host.command(&edge, &case, "deliver", json!({}));
    assert_eq!(delivered["waiting"]["question"], "Which of the two?");
    assert!(delivered["paused_at"].is_string());
    assert_eq!(refused(&host, &edge, &case, "deliver", json!({})).1, "invalid_state");
    std::thread::sleep(Duration::from_millis(60));
    let answered = host.command(&edge, &case, "append_turn", json!({ "content": "The second." }));
    assert_eq!((answered["state"].as_str(), answered["paused_at"].as_str()), (Some("ready"), None));
    assert!(answered["due_at"].as_str() > case["due_at"].as_str());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let told = refused(&host, &jonas, &case, "decide", accept(&claimed));
    assert_eq!((told.0, told.1.as_str()), (409, "stale_version"));
    let mut seen = accept(&claimed);
    seen["revision"] = claimed["revision"].clone();
    host.command(&jonas, &case, "decide", seen);
    host.wait_for(&jonas, case["case_id"].as_str().unwrap(), "resolved");
    assert_sound(folder.path());
}

#[test]
fn what_is_put_off_comes_back_by_itself() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let late = json!({ "epoch": claimed["epoch"], "until": "2036-01-01T00:00:00Z" });
    let told = refused(&host, &jonas, &case, "defer", late);
    assert_eq!(told, (422, "invalid_time".to_owned(), "/until".to_owned()));
    let now = view(&host, &jonas, &case)["now"].as_str().unwrap().to_owned();
    let soon = countersign::TimestampMs::parse(&now).unwrap().saturating_add(900);
    let defer = json!({ "epoch": claimed["epoch"], "until": soon, "reason": "the bank calls" });
    let deferred = host.command(&jonas, &case, "defer", defer);
    assert_eq!(deferred["state"], "deferred");
    host.wait_for(&jonas, case["case_id"].as_str().unwrap(), "ready");
    assert_sound(folder.path());
}

#[test]
fn two_reviewers_vote_blind_and_a_third_adjudicates() {
    let folder = Folder::new();
    let two = [("queue = \"billing_dispute\"", "queue = \"billing_dispute\"\nreviewers = 2")];
    let host = start(&folder, &two);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    let case = host.create(&edge, billing_request());
    assert_eq!(case["reviewers_needed"], 2);
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    assert_eq!(refused(&host, &jonas, &case, "decide", accept(&claimed)).1, "invalid_state");
    let voted = host.command(&jonas, &case, "vote", accept(&claimed));
    assert_eq!(voted["state"], "ready");
    // What the first one said is not shown before the second has said it.
    let seen = view(&host, &sofia, &case);
    assert_eq!((&seen["review"]["cast"], &seen["case"]["votes"]), (&json!(1), &json!([])));
    let history = seen["history"].as_array().unwrap();
    let vote = history.iter().find(|entry| entry["event"] == "vote_recorded").unwrap();
    assert_eq!(vote["data"], json!({}));
    let claimed = host.command(&sofia, &case, "claim", json!({}));
    let no = json!({ "epoch": claimed["epoch"], "verdict": "rejected", "outcome": "nothing" });
    let split = host.command(&sofia, &case, "vote", no);
    assert_eq!((&split["adjudicating"], &split["authority"]["level"]), (&json!(true), &json!(3)));
    assert_eq!(refused(&host, &sofia, &case, "claim", json!({})).0, 403);
    let kwame = host.sign_in("Kwame");
    let claimed = host.command(&kwame, &case, "claim", json!({}));
    host.command(&kwame, &case, "decide", accept(&claimed));
    host.wait_for(&kwame, case["case_id"].as_str().unwrap(), "resolved");
    assert_sound(folder.path());
}

#[test]
fn duplicates_become_one_and_appeals_go_to_others() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    let mut body = billing_request();
    body["dedupe_key"] = json!("charge-17");
    let first = host.create(&edge, body.clone());
    body["request_id"] = json!(fresh("req"));
    let second = host.create(&edge, body.clone());
    assert_eq!(second["state"], "withdrawn");
    assert_eq!(second["merged_into"], first["case_id"]);
    // Another tenant's key is another's.
    let other = host.create(&host.edge("meridian-health"), body);
    assert_eq!(other["state"], "ready");
    let third = host.create(&edge, billing_request());
    assert_eq!(refused(&host, &sofia, &third, "merge", json!({ "into": "case_x" })).2, "/into");
    let merged = host.command(&sofia, &third, "merge", json!({ "into": first["case_id"] }));
    assert_eq!(merged["state"], "withdrawn");

    let reason = json!({ "reason": "I was charged three times" });
    assert_eq!(refused(&host, &edge, &first, "appeal", reason.clone()).1, "invalid_state");
    let claimed = host.command(&jonas, &first, "claim", json!({}));
    host.command(&jonas, &first, "decide", accept(&claimed));
    host.wait_for(&edge, first["case_id"].as_str().unwrap(), "resolved");
    let path = format!("/v1/cases/{}/appeal", first["case_id"].as_str().unwrap());
    let call = Call::post(&path, reason).of(&edge).key("appeal-1");
    let appeal = host.expect(&call, 201)["case"].clone();
    assert_eq!(host.expect(&call, 201)["case"], appeal);
    assert_eq!(
        (&appeal["purpose"], &appeal["parent_case_id"]),
        (&json!("appeal"), &first["case_id"])
    );
    assert_eq!(refused(&host, &jonas, &appeal, "claim", json!({})).0, 403);
    host.command(&sofia, &appeal, "claim", json!({}));
    let reopen = format!("/v1/cases/{}/reopen", first["case_id"].as_str().unwrap());
    let call = Call::post(&reopen, json!({ "reason": "not finished" })).key("reopen-1");
    host.expect(&call.clone().of(&jonas), 403);
    let reopened = host.expect(&call.of(&sofia), 201)["case"].clone();
    host.command(&jonas, &reopened, "claim", json!({}));
    let parent = view(&host, &sofia, &first);
    let children = json!([appeal["case_id"], reopened["case_id"]]);
    assert_eq!(parent["case"]["reopened_as"], children);
    assert_eq!(parent["case"]["state"], "resolved");
    assert_sound(folder.path());
}

#[test]
fn an_answer_is_released_once_what_it_speaks_of_was_done() {
    let folder = Folder::new();
    let sink = Sink::start(Manner::Does, true);
    let executors = folder.join("executors.toml");
    let text = format!(
        "[[executor]]\nid = \"payments\"\nurl = \"http://{}/actions\"\ntools = [\"billing.*\"]\n",
        sink.address
    );
    std::fs::write(&executors, text).unwrap();
    let policy = policy(&folder, &[]);
    let more = ["--policy", &policy, "--executors", executors.to_str().unwrap()];
    let host = Host::start_with(&folder, &more);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    for approve in [true, false] {
        let case = host.create(&edge, billing_request());
        let proposal = json!({
            "case_id": case["case_id"],
            "actions": [{
                "tool": "billing.refund",
                "arguments": { "amount": "420.00", "currency": "USD", "customer_id": fresh("cust") },
            }],
        });
        let call = Call::post("/v1/proposals", proposal).of(&edge).key(&fresh("key"));
        let proposal = host.expect(&call, 201)["proposal"].clone();
        let path = format!("/v1/proposals/{}", proposal["proposal_id"].as_str().unwrap());
        let started = Instant::now();
        while host.expect(&Call::get(&path).of(&sofia), 200)["proposal"]["state"] != "pending" {
            assert!(started.elapsed() < Duration::from_secs(15), "nobody is asked");
            std::thread::sleep(Duration::from_millis(30));
        }
        let linked = view(&host, &jonas, &case);
        assert_eq!(linked["case"]["proposal_ids"], json!([proposal["proposal_id"]]));
        let claimed = host.command(&jonas, &case, "claim", json!({}));
        host.command(&jonas, &case, "decide", accept(&claimed));
        std::thread::sleep(Duration::from_millis(1_200));
        assert_eq!(view(&host, &jonas, &case)["case"]["state"], "held");
        let (name, body) = if approve {
            ("approve", json!({ "binding_digest": proposal["binding_digest"] }))
        } else {
            ("reject", json!({ "reason": "they were refunded before" }))
        };
        let call = Call::post(&format!("{path}/{name}"), body).of(&sofia).key(&fresh("key"));
        host.expect(&call, 200);
        let state = if approve { "resolved" } else { "ready" };
        let seen = host.wait_for(&jonas, case["case_id"].as_str().unwrap(), state);
        if approve {
            let proposal = host.expect(&Call::get(&path).of(&sofia), 200);
            assert_eq!(proposal["executions"][0]["state"], "succeeded");
        } else {
            let history = seen["history"].as_array().unwrap();
            let undone = history.iter().find(|entry| entry["event"] == "decision_undone").unwrap();
            let reason = undone["data"]["reason"].as_str().unwrap();
            assert!(reason.ends_with("is rejected"), "{reason}");
        }
    }
    assert_sound(folder.path());
}

#[test]
fn nobody_answers_and_the_case_comes_back() {
    let folder = Folder::new();
    let host = start(&folder, &[("waiting = \"2 d\"", "waiting = \"1 s\"")]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let ask = json!({ "epoch": claimed["epoch"], "question": "Which?" });
    host.command(&jonas, &case, "ask_customer", ask);
    host.command(&edge, &case, "deliver", json!({}));
    let started = Instant::now();
    let back = host.wait_for(&jonas, case["case_id"].as_str().unwrap(), "ready");
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(back["case"]["due_at"].as_str() > case["due_at"].as_str());
    assert_sound(folder.path());
}
