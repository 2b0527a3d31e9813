//! Queues: who gets which case, in which order, and where cases go that nobody would take.

use serde_json::{Value, json};

use crate::desk::{refused, start, view};
use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, run_ok};

fn next(host: &Host, who: &Who) -> Value {
    let call = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(who);
    host.expect(&call, 200)["case"].clone()
}

/// Somebody who reads and can do this, and may decide in the queue of billing.
fn reviewer(host: &Host, folder: &Folder, name: &str, more: &[&str]) -> Who {
    let made = ["principal", "create", "--tenant", "northwind", "--name", name];
    let id = run_ok(folder.path(), &[&made[..], more].concat());
    let grant = ["grant", "add", &id, "--role", "reviewer", "--tenant", "*", "--level", "2"];
    run_ok(folder.path(), &grant);
    let link = run_ok(folder.path(), &["sign-in-link", &id]);
    host.sign_in_with(link.rsplit('/').next().unwrap())
}

#[test]
fn the_next_case_is_the_most_urgent_that_one_may_take_and_tenants_take_turns() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let (edge, other) = (host.edge("northwind"), host.edge("meridian-health"));
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    let flood: Vec<Value> = (0..6).map(|_| host.create(&edge, billing_request())).collect();
    let trickle: Vec<Value> = (0..2).map(|_| host.create(&other, billing_request())).collect();
    let urgent = json!({ "priority": 3 });
    host.command(&sofia, &flood[5], "set_priority", urgent);
    let taken: Vec<Value> = (0..5).map(|_| next(&host, &jonas)["case_id"].clone()).collect();
    let id = |case: &Value| case["case_id"].clone();
    // The most urgent, then one of each tenant in turn, the oldest of each.
    let expected = [id(&flood[5]), id(&trickle[0]), id(&flood[0]), id(&trickle[1]), id(&flood[1])];
    assert_eq!(taken, expected);
    // What somebody passed over stays for others, and what is assigned for one alone.
    host.command(&sofia, &flood[2], "assign", json!({ "to": "prin_kwame_mensah" }));
    assert_eq!(next(&host, &jonas)["case_id"], id(&flood[3]));
    let kwame = host.sign_in("Kwame");
    assert_eq!(next(&host, &kwame)["case_id"], id(&flood[2]));
    assert_sound(folder.path());
}

#[test]
fn a_reviewer_gets_what_they_read_and_can_do_and_no_more_than_they_can_hold() {
    let folder = Folder::new();
    let host = start(&folder, &[("open_leases_max = 20", "open_leases_max = 2")]);
    let edge = host.edge("northwind");
    let in_language = |language: &str| {
        let mut body = billing_request();
        body["language"] = json!(language);
        host.create(&edge, body)
    };
    let (german, english, austrian) = (in_language("de"), in_language("en"), in_language("de-AT"));
    let ada = reviewer(&host, &folder, "Ada", &["--skill", "billing", "--language", "de"]);
    let bea = reviewer(&host, &folder, "Bea", &["--language", "de"]);
    assert_eq!(next(&host, &ada)["case_id"], german["case_id"]);
    assert_eq!(next(&host, &ada)["case_id"], austrian["case_id"]);
    let call = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&ada);
    assert_eq!(host.expect(&call, 409)["code"], "invalid_state");
    assert_eq!(refused(&host, &ada, &english, "claim", json!({})).1, "invalid_state");
    // Bea lacks the skill that the queue asks for.
    let call = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&bea);
    host.expect(&call, 404);
    assert_sound(folder.path());
}

#[test]
fn a_full_queue_sends_on_what_comes_and_what_nobody_may_decide_goes_up_at_once() {
    let folder = Folder::new();
    let changes = [
        (
            "queue = \"billing_dispute\"",
            "queue = \"billing_dispute\"\noverflow = { waiting = 2, queue = \"triage\" }",
        ),
        ("skills = [\"legal_review\"]", "skills = [\"canon_law\"]"),
    ];
    let host = start(&folder, &changes);
    let (edge, sofia) = (host.edge("northwind"), host.sign_in("Sofia"));
    let cases: Vec<Value> = (0..3).map(|_| host.create(&edge, billing_request())).collect();
    let queues: Vec<&Value> = cases.iter().map(|case| &case["queue"]).collect();
    assert_eq!(queues, ["billing_dispute", "billing_dispute", "triage"]);
    assert_eq!(cases[2]["authority"]["level"], 2);
    let history = view(&host, &sofia, &cases[2])["history"].clone();
    assert_eq!(history[1]["event"], "case_rerouted");
    assert_eq!(history[1]["data"]["kind"], "overflowed");
    let mut body = billing_request();
    body["domain"] = json!("legal");
    let legal = host.create(&edge, body);
    assert_eq!((&legal["queue"], &legal["authority"]["level"]), (&json!("triage"), &json!(3)));
    assert_sound(folder.path());
}
