//! Second reviews: what one person judged goes to another, who sees nothing of it, and to no application.

use serde_json::{Value, json};

use crate::audits::request;
use crate::support::{Call, Folder, Host, Who, assert_sound, fresh, quick_policy, run_ok};

/// The default policy with this share of second reviews, and without a time to undo.
fn reviewed_twice(folder: &Folder, share: &str) -> std::path::PathBuf {
    let path = quick_policy(folder, "10 min", "0 s");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace("second_review = 0.0 ", &format!("second_review = {share} "));
    assert_ne!(changed, text);
    std::fs::write(&path, changed).unwrap();
    path
}

/// Claims and decides a case.
fn decide(host: &Host, who: &Who, case: &Value, mut decision: Value) -> Value {
    decision["epoch"] = host.command(who, case, "claim", json!({}))["epoch"].clone();
    host.command(who, case, "decide", decision)
}

fn accepted() -> Value {
    json!({ "verdict": "accepted", "outcome": "send" })
}

fn wrong() -> Value {
    json!({ "verdict": "rejected", "outcome": "nothing", "reason_code": "factually_wrong" })
}

/// A draft for people, in the queue of billing.
fn unsure(request_id: &str) -> Value {
    let mut body = request("northwind", request_id);
    body["signals"] = json!({ "retrieval_score": 0.1, "answer_groundedness": 0.1, "tool_success": "unavailable" });
    body["domain"] = json!("billing");
    body
}

fn open_cases(host: &Host, who: &Who) -> Vec<Value> {
    let listed = host.expect(&Call::get("/v1/cases?view=open").of(who), 200);
    listed["cases"].as_array().unwrap().clone()
}

fn shown(host: &Host, who: &Who, case: &Value) -> Value {
    let path = format!("/v1/cases/{}", case["case_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(who), 200)
}

fn auditor(folder: &Folder) -> Who {
    let create =
        ["principal", "create", "--tenant", "northwind", "--name", "Auditor", "--kind", "service"];
    let principal = run_ok(folder.path(), &create);
    run_ok(
        folder.path(),
        &["grant", "add", &principal, "--role", "auditor", "--tenant", "northwind"],
    );
    let printed = run_ok(folder.path(), &["token", "create", &principal, "--scope", "read"]);
    Who::Token(printed.split_once(' ').unwrap().1.to_owned())
}

#[test]
fn another_person_judges_the_same_draft_and_sees_nothing_of_the_first_decision() {
    let folder = Folder::new();
    let path = reviewed_twice(&folder, "1");
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));

    let first = host.create(&edge, unsure("req_1"));
    decide(&host, &jonas, &first, wrong());
    let waiting = open_cases(&host, &sofia);
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let second = waiting[0].clone();
    assert_ne!(second["case_id"], first["case_id"]);

    // It looks like any case that somebody sent: compared with one, down to who sent it.
    let plain = host.create(&edge, unsure("req_2"));
    let (seen, usual) = (shown(&host, &sofia, &second), shown(&host, &sofia, &plain));
    let own = |mut shown: Value| {
        for name in [
            "case_id",
            "request_id",
            "conversation_id",
            "created_at",
            "due_at",
            "sla_deadline",
            "original_due_at",
            "first_touch_due_at",
            "marks",
            "verdict_digest",
            "notices",
        ] {
            shown["case"][name] = Value::Null;
        }
        for entry in shown["history"].as_array_mut().unwrap() {
            (entry["at"], entry["entry_id"]) = (Value::Null, Value::Null);
        }
        shown["now"] = Value::Null;
        shown
    };
    assert_eq!(own(seen.clone()), own(usual));
    let told = seen.to_string();
    for word in ["second", "factually_wrong", "Jonas", first["case_id"].as_str().unwrap()] {
        assert!(!told.contains(word), "{word} in {told}");
    }

    // Whoever judged first does not judge again, and the application hears nothing of it.
    let claim = |who: &Who| {
        let path = format!("/v1/cases/{}/claim", second["case_id"].as_str().unwrap());
        Call::post(&path, json!({})).of(who).key(&fresh("key"))
    };
    host.expect(&claim(&jonas), 403);
    let path = format!("/v1/cases/{}", second["case_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(&edge), 404);
    host.expect(&claim(&edge), 404);
    let withdraw = Call::post(&format!("{path}/withdraw"), json!({})).of(&edge).key(&fresh("key"));
    host.expect(&withdraw, 404);
    assert!(open_cases(&host, &edge).iter().all(|case| case["case_id"] != second["case_id"]));

    // Once it is over it says what it was, and nobody is asked a third time.
    let decided = decide(&host, &sofia, &second, accepted());
    let after = shown(&host, &sofia, &decided)["case"].clone();
    assert_eq!(
        (&after["purpose"], &after["parent_case_id"]),
        (&json!("second"), &first["case_id"])
    );
    let left = open_cases(&host, &sofia);
    assert_eq!(left.len(), 1, "only the plain case is open: {left:?}");

    let told = host.expect(&Call::get("/v1/reviewers").of(&auditor(&folder)), 200);
    assert_eq!(told["judged_by_several"], 1);
    // One draft, one word against another: no agreement but that of chance or worse.
    assert!(told["agreement"].as_f64().is_some_and(|alpha| alpha <= 0.0), "{told}");
    let rows = run_ok(folder.path(), &["confidence", "rows"]);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 1);
    assert!(
        rows[0]["label"].as_f64().is_some_and(|label| label > 0.05 && label < 0.95),
        "{rows:?}"
    );
    // Work of a second review counts in no measure of the first.
    let metrics = host.expect(&Call::get("/v1/metrics?from=2026-01-01T00:00:00Z").of(&sofia), 200);
    let all = metrics["metrics"].as_array().unwrap();
    let rejected = all.iter().find(|one| one["metric"] == "rejection_rate").unwrap();
    assert_eq!(rejected["figures"]["denominator"], 1);
    assert_sound(folder.path());
}

#[test]
fn a_share_of_drafts_is_judged_twice_and_what_teaches_nothing_is_not() {
    let folder = Folder::new();
    let path = reviewed_twice(&folder, "0.5");
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let jonas = host.sign_in("Jonas");
    for n in 0..40 {
        decide(&host, &jonas, &host.create(&edge, unsure(&format!("req_{n}"))), accepted());
    }
    let seconds = || -> i64 {
        let select = "SELECT count(*) FROM cases WHERE body ->> '$.purpose' = 'second'";
        folder.database().query_row(select, [], |row| row.get(0)).unwrap()
    };
    let drawn = seconds();
    // Five standard deviations on each side of twenty.
    assert!((5..=35).contains(&drawn), "{drawn}");
    let nobody_can_say =
        json!({ "verdict": "rejected", "outcome": "nothing", "reason_code": "policy_gap" });
    for n in 40..50 {
        decide(
            &host,
            &jonas,
            &host.create(&edge, unsure(&format!("req_{n}"))),
            nobody_can_say.clone(),
        );
    }
    assert_eq!(seconds(), drawn);
    assert_sound(folder.path());
}
