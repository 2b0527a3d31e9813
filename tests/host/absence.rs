//! Somebody who is away gets nothing, and what was theirs is passed on.

use std::time::{Duration, Instant};

use countersign::TimestampMs;
use countersign::host::clock::wall_clock;
use serde_json::{Value, json};

use crate::desk::{refused, start, view};
use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, run_ok};

const CLAIM: &str = "/v1/queues/billing_dispute/claim";

fn say(host: &Host, who: &Who, body: Value) -> crate::support::Answer {
    host.call(&Call::post("/v1/me/absence", body).of(who))
}

fn later(seconds: i64) -> String {
    wall_clock().saturating_add(seconds * 1_000).to_string()
}

fn wait_until_theirs(host: &Host, who: &Who, case: &Value, whose: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let seen = view(host, who, case)["case"].clone();
        if seen["state"] == "ready" && seen["assigned_to"] == *whose {
            return seen;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain: {seen:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_somebody_has_goes_to_who_stands_in_or_back_to_its_queue() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let edge = host.edge("northwind");
    let [jonas, sofia, kwame] = ["Jonas", "Sofia", "Kwame"].map(|name| host.sign_in(name));
    let [mine, held, other] = [(); 3].map(|()| host.create(&edge, billing_request()));
    for case in [&mine, &held] {
        host.command(&sofia, case, "assign", json!({ "to": "prin_jonas_weber" }));
    }
    let claimed = host.command(&jonas, &held, "claim", json!({}));
    // What makes no sense is refused, and changes nothing.
    let hour = later(3_600);
    for (who, body, path) in [
        (&jonas, json!({ "until": "2020-01-01T00:00:00Z" }), "/until"),
        (&jonas, json!({ "from": hour, "until": later(60) }), "/until"),
        (&jonas, json!({ "until": "2999-01-01T00:00:00Z" }), "/until"),
        (&jonas, json!({ "until": hour, "delegate": "prin_jonas_weber" }), "/delegate"),
        (&jonas, json!({ "until": hour, "delegate": "prin_nobody" }), "/delegate"),
        (&edge, json!({ "until": hour }), ""),
    ] {
        let answer = say(&host, who, body);
        assert_eq!(
            (answer.status, answer.body["path"].as_str().unwrap_or_default()),
            (422, path),
            "{}",
            answer.text
        );
    }
    // An absence that is yet to come takes nothing away.
    let to_come = json!({ "from": hour, "until": later(7_200), "delegate": "prin_kwame_mensah" });
    assert_eq!(say(&host, &jonas, to_come).status, 200);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(view(&host, &sofia, &mine)["case"]["assigned_to"], "prin_jonas_weber");

    let answer = say(&host, &jonas, json!({ "until": hour, "delegate": "prin_kwame_mensah" }));
    assert_eq!(answer.body["away"]["delegate"], "prin_kwame_mensah");
    let me = host.expect(&Call::get("/v1/me").of(&jonas), 200);
    assert_eq!(me["principal"]["away"]["until"], hour.as_str());
    for case in [&mine, &held] {
        wait_until_theirs(&host, &sofia, case, &json!("prin_kwame_mensah"));
    }
    // Whoever held it holds it no more.
    let save = json!({ "epoch": claimed["epoch"], "work": { "text": "half" } });
    assert_eq!(refused(&host, &jonas, &held, "save", save).0, 409);
    // Nothing falls to them: not the next case, and not one that a lead gives them.
    assert_eq!(host.call(&Call::post(CLAIM, json!({})).of(&jonas)).status, 404);
    let given = host.command(&sofia, &other, "assign", json!({ "to": "prin_jonas_weber" }));
    assert_eq!(given["assigned_to"], "prin_kwame_mensah");
    // Kwame goes too, and nobody stands in for both.
    assert_eq!(say(&host, &kwame, json!({ "until": hour })).status, 200);
    for case in [&mine, &held, &other] {
        wait_until_theirs(&host, &sofia, case, &Value::Null);
    }
    let to = json!({ "to": "prin_jonas_weber" });
    let told = refused(&host, &sofia, &other, "assign", to.clone());
    assert_eq!(told, (422, "not_eligible".to_owned(), "/to".to_owned()));
    // Back again, everything is as before.
    let back = Call { method: "DELETE", ..Call::get("/v1/me/absence") }.of(&jonas);
    assert_eq!(host.expect(&back, 200)["away"], Value::Null);
    assert_eq!(host.call(&back).status, 409);
    assert_eq!(host.command(&sofia, &other, "assign", to)["assigned_to"], "prin_jonas_weber");
    assert_eq!(host.call(&Call::post(CLAIM, json!({})).of(&jonas)).status, 200);
    assert_sound(folder.path());
    let history = view(&host, &sofia, &mine)["history"].clone();
    let moved =
        |entry: &&Value| entry["event"] == "case_rerouted" && entry["data"]["kind"] == "reassigned";
    assert_eq!(history.as_array().unwrap().iter().filter(moved).count(), 2, "{history:#}");
}

#[test]
fn a_queue_of_which_everybody_is_away_sends_its_cases_on_and_an_absence_ends_by_itself() {
    let folder = Folder::new();
    let host = start(&folder, &[]);
    let edge = host.edge("northwind");
    let soon = later(4);
    let until = TimestampMs::parse(&soon).unwrap();
    for name in ["prin_jonas_weber", "prin_sofia_lindqvist", "prin_kwame_mensah"] {
        let told = run_ok(folder.path(), &["principal", "away", name, "--until", &soon]);
        assert!(told.contains(&soon), "{told}");
    }
    let case = host.create(&edge, billing_request());
    assert_eq!(case["queue"], "triage", "nobody is there who could take it");
    while wall_clock() <= until {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(host.create(&edge, billing_request())["queue"], "billing_dispute");
    let jonas = host.sign_in("Jonas");
    let claimed = Call::post(CLAIM, json!({})).of(&jonas).key(&fresh("key"));
    assert_eq!(host.expect(&claimed, 200)["case"]["queue"], "billing_dispute");
    run_ok(folder.path(), &["principal", "back", "prin_jonas_weber"]);
    assert_sound(folder.path());
}
