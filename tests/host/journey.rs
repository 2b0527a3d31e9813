//! The whole path of a case, and what time does to it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, assert_sound, billing_request, fresh, quick_policy};

#[test]
fn a_case_goes_from_the_edge_to_a_reviewer_and_its_answer_back() {
    let folder = Folder::new();
    let policy = quick_policy(&folder, "10 min", "1 s");
    let host = Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));

    let case = host.create(&edge, billing_request());
    assert_eq!(case["queue"], "billing_dispute");
    assert_eq!(case["state"], "ready");
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/cases/{case_id}");
    let may = |who| host.expect(&Call::get(&path).of(who), 200)["may"].clone();
    assert_eq!(
        may(&jonas),
        json!({
            "claim": true, "decide": false, "vote": false, "undo": false, "escalate": true,
            "direct": false, "why_not": null,
        })
    );
    assert_eq!(may(&edge)["claim"], false);
    assert!(may(&edge)["why_not"].is_string());

    let claimed =
        host.expect(&Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas), 200);
    let claimed = claimed["case"].clone();
    assert_eq!(claimed["case_id"], case_id);
    assert_eq!(claimed["leased_by"], "prin_jonas_weber");
    let epoch = claimed["epoch"].clone();
    assert_eq!(
        may(&jonas),
        json!({
            "claim": false, "decide": true, "vote": false, "undo": false, "escalate": true,
            "direct": false, "why_not": null,
        })
    );
    let extended = host.command(&jonas, &case, "heartbeat", json!({ "epoch": epoch }));
    assert!(extended["lease_until"].as_str().unwrap() >= claimed["lease_until"].as_str().unwrap());
    let work = json!({ "text": "It is a real charge.", "notes": "check the ledger" });
    let saved = host.command(&jonas, &case, "save", json!({ "epoch": epoch, "work": work }));
    assert_eq!(saved["work"]["by"], "prin_jonas_weber");

    let seen = host.expect(&Call::get(&path).of(&edge), 200);
    assert_eq!(seen["case"]["work"], Value::Null, "unfinished work is not the caller's");

    let decision = json!({
        "epoch": epoch, "revision": saved["revision"], "verdict": "edited", "outcome": "send",
        "answer": "It is a real charge; we refund it within 7 days.", "policy_reason": "duplicate charges v4",
        "missing_evidence": ["the ledger"], "active_ms": 42_000,
    });
    let held = host.command(&jonas, &case, "decide", decision);
    assert_eq!(held["state"], "held");
    assert_eq!(may(&jonas)["undo"], true);
    let seen = host.expect(&Call::get(&path).of(&edge), 200);
    assert_eq!(seen["case"]["answer"], Value::Null);
    assert_eq!(
        seen["case"]["decision"],
        Value::Null,
        "a decision that may be taken back is no answer"
    );

    let resolved = host.wait_for(&edge, &case_id, "resolved");
    assert_eq!(
        resolved["case"]["answer"]["text"],
        "It is a real charge; we refund it within 7 days."
    );
    let events: Vec<&str> = resolved["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event"].as_str().unwrap())
        .collect();
    let expected = [
        "case_created",
        "case_claimed",
        "lease_extended",
        "work_saved",
        "case_decided",
        "answer_released",
    ];
    assert_eq!(events, expected);
    assert_eq!(resolved["history"][5]["actor"]["kind"], "service");
    assert_eq!(resolved["history"][4]["actor"]["door"], "ui");
    assert_sound(folder.path());
    assert_eq!(host.stop(), Some(0));
    assert_sound(folder.path());
}

#[test]
fn a_decision_is_taken_back_within_its_window_by_who_took_it() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let accept = json!({ "epoch": claimed["epoch"], "verdict": "accepted", "outcome": "send" });
    let held = host.command(&jonas, &case, "decide", accept.clone());
    assert!(held["effective_at"].is_string());

    let path = format!("/v1/cases/{}/undo", case["case_id"].as_str().unwrap());
    let other = host.sign_in("Mina");
    // Who does not serve the queue does not even learn of the case.
    let refused = host.expect(&Call::post(&path, json!({})).of(&other), 404);
    assert_eq!(refused["code"], "not_found");

    let undone = host.command(&jonas, &case, "undo", json!({}));
    assert_eq!((&undone["state"], &undone["decision"]), (&json!("ready"), &Value::Null));
    let again = host.command(&jonas, &case, "claim", json!({}));
    assert!(again["epoch"].as_i64() > claimed["epoch"].as_i64());
    let late = Call::post(&path.replace("undo", "decide"), accept).of(&jonas).key(&fresh("key"));
    assert_eq!(host.expect(&late, 409)["code"], "lease_lost");
    assert_sound(folder.path());
}

#[test]
fn a_lease_that_is_over_goes_back_with_its_work_and_its_holder_is_refused() {
    let folder = Folder::new();
    let policy = quick_policy(&folder, "1 s", "10 s");
    let host = Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let case_id = case["case_id"].as_str().unwrap();
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let epoch = claimed["epoch"].clone();
    let work = json!({ "epoch": epoch, "work": { "text": "half a thought" } });
    host.command(&jonas, &case, "save", work);

    let ready = host.wait_for(&jonas, case_id, "ready");
    assert_eq!(ready["case"]["work"]["text"], "half a thought");
    assert!(ready["case"]["epoch"].as_i64() > epoch.as_i64());
    let decide = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
    let late =
        Call::post(&format!("/v1/cases/{case_id}/decide"), decide).of(&jonas).key(&fresh("key"));
    assert_eq!(host.expect(&late, 409)["code"], "lease_lost");
    assert_sound(folder.path());
}

#[test]
fn a_released_or_skipped_case_waits_for_the_next() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("meridian-health"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    for (command, more) in [("release", json!({})), ("skip", json!({ "reason": "not my field" }))] {
        let claimed = host.command(&jonas, &case, "claim", json!({}));
        let mut body = more;
        body["epoch"] = claimed["epoch"].clone();
        assert_eq!(host.command(&jonas, &case, command, body)["state"], "ready", "{command}");
    }
    let withdrawn = host.command(&edge, &case, "withdraw", json!({ "reason": "the user left" }));
    assert_eq!(withdrawn["state"], "withdrawn");
    let path = format!("/v1/cases/{}/claim", case["case_id"].as_str().unwrap());
    assert_eq!(host.expect(&Call::post(&path, json!({})).of(&jonas), 410)["code"], "withdrawn");
    assert_sound(folder.path());
}

#[test]
fn the_plain_form_without_a_version_may_be_late_and_is_due_at_once() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let case = host.create(
        &edge,
        json!({
            "case_id": "case_123",
            "tenant_id": "northwind",
            "user_question": "...",
            "model_draft": "...",
            "evidence": [{ "document_id": "policy_7", "quote": "...", "score": 0.91 }],
            "tool_results": [],
            "risk_level": "high",
            "reason_for_escalation": "low groundedness and high-risk domain",
            "sla_deadline": "2026-05-09T18:00:00Z",
        }),
    );
    assert_eq!(case["case_id"], "case_123");
    assert_eq!(case["due_at"], case["created_at"]);
    assert!(case["unjudged"].as_array().unwrap().contains(&json!("/sla_deadline")));
    assert!(case["reason_for_escalation"].as_str().unwrap().contains("low groundedness"));
}

#[test]
fn the_more_cautious_of_two_policies_counts_and_the_difference_is_kept() {
    let folder = Folder::new();
    let strict = countersign::compile::DEFAULT_POLICY;
    // Under the second policy nothing goes wrong with billing; under the first, the tool was needed.
    let mild = strict.replace("id = \"tool_down_at_stake\"", "id = \"tool_down\"");
    let at_stake = "signals.unavailable && request.risk_level in [\"high\", \"critical\"]";
    assert!(mild.contains(at_stake));
    let mild = mild
        .replace("version = \"1\"", "version = \"mild\"")
        .replace(at_stake, "signals.unavailable && request.risk_level in [\"critical\"]");
    assert_ne!(mild, strict);
    let mild_path = folder.join("mild.toml");
    std::fs::write(&mild_path, mild).unwrap();
    let first = Host::start(&folder);
    let edge = first.edge("northwind");
    let old = first.expect(&Call::get("/v1/me").of(&edge), 200)["policy"]["hash"].clone();
    assert_eq!(first.stop(), Some(0));

    let host = Host::start_with(&folder, &["--policy", mild_path.to_str().unwrap()]);
    let current = host.expect(&Call::get("/v1/me").of(&edge), 200)["policy"]["hash"].clone();
    assert_ne!(old, current);
    let mut body = billing_request();
    body["claimed"] = json!({
        "disposition": "answer", "policy_hash": old, "digest": "sha256:00", "evaluated_at": "2026-11-22T10:00:00Z",
    });
    let case = host.create(&edge, body);
    assert_eq!(case["policy"]["hash"], current);
    let triggers: Vec<&str> = case["triggers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trigger| trigger["id"].as_str().unwrap())
        .collect();
    assert!(triggers.contains(&"tool_down_at_stake"), "{triggers:?}");
    assert_eq!(case["differences"].as_array().unwrap().len(), 2, "{}", case["differences"]);

    let path = format!("/v1/policies/{}", old.as_str().unwrap());
    assert_eq!(
        host.call(&Call::get(&path).of(&edge)).header("etag"),
        format!("\"{}\"", old.as_str().unwrap())
    );
    let known = Call::get("/v1/policies/current")
        .of(&edge)
        .header("if-none-match", &format!("\"{}\"", current.as_str().unwrap()));
    assert_eq!(host.call(&known).status, 304);
    assert_sound(folder.path());
}

#[test]
fn the_same_key_and_body_give_the_same_bytes_and_one_case() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let call = Call::post("/v1/cases", billing_request()).of(&edge).key("the-same");
    let first = host.call(&call);
    let again = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| host.call(&call))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
    for answer in again {
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, "true"));
        assert_eq!(answer.text, first.text);
    }
    std::thread::sleep(Duration::from_millis(10));
    let count: i64 =
        folder.database().query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}
