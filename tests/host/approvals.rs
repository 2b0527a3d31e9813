//! Who approves an action, how many, when it no longer counts, and what is refused.

use std::sync::Barrier;

use countersign::host::store::sql::Sql;
use serde_json::{Value, json};

use crate::acting::{
    KEYED, approve, approved, code, command, executors, propose, read, refund, reviewer, start,
    start_with_undo, wait, wait_executed, wait_for,
};
use crate::sink::{Manner, Sink};
use crate::support::{Answer, Call, Folder, Host, Who, assert_sound, fresh, quick_policy, run_ok};

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
