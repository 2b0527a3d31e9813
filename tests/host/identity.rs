//! Who may decide what, by which door.

use serde_json::json;

use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, run_ok};

#[test]
fn nobody_decides_what_they_or_what_answers_to_them_sent() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let data = folder.path();
    // An application that Jonas answers for, and a second account of his.
    let app = run_ok(
        data,
        &[
            "principal",
            "create",
            "--tenant",
            "northwind",
            "--name",
            "bot",
            "--kind",
            "agent",
            "--owner",
            "person_jonas_weber",
        ],
    );
    run_ok(data, &["grant", "add", &app, "--role", "caller"]);
    let second = run_ok(
        data,
        &[
            "principal",
            "create",
            "--tenant",
            "northwind",
            "--name",
            "JW",
            "--person",
            "person_jonas_weber",
            "--skill",
            "billing",
        ],
    );
    run_ok(data, &["grant", "add", &second, "--role", "reviewer", "--level", "9"]);
    let token_of = |principal: &str| {
        let printed = run_ok(data, &["token", "create", principal]);
        Who::Token(printed.split_once(' ').unwrap().1.to_owned())
    };
    let (bot, jonas) = (token_of(&app), host.sign_in("Jonas"));
    let link = run_ok(data, &["sign-in-link", &second]);
    let second = host.sign_in_with(link.rsplit('/').next().unwrap());
    let case = host.create(&bot, billing_request());
    let case_id = case["case_id"].as_str().unwrap();
    let others = [
        ("the agent itself", &bot),
        ("its owner", &jonas),
        ("the owner's second account", &second),
    ];
    for (rule, who) in others {
        let before = folder.dump();
        let claim =
            host.call(&Call::post(&format!("/v1/cases/{case_id}/claim"), json!({})).of(who));
        assert_eq!(
            (claim.status, claim.body["code"].as_str()),
            (403, Some("self_approval")),
            "{rule}"
        );
        assert!(folder.dump() == before, "{rule}");
    }
    let next = host.call(&Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas));
    assert_eq!(next.body["code"], "not_found", "the next case of a queue is never one's own");
    assert_sound(data);
}

#[test]
fn a_right_that_is_revoked_counts_from_the_next_write_on() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    run_ok(folder.path(), &["principal", "suspend", "prin_jonas_weber"]);
    let decide = json!({ "epoch": claimed["epoch"], "verdict": "accepted", "outcome": "send" });
    let path = format!("/v1/cases/{}/decide", case["case_id"].as_str().unwrap());
    let refused = host.expect(&Call::post(&path, decide).of(&jonas).key(&fresh("key")), 403);
    assert_eq!(refused["code"], "not_permitted");
}

#[test]
fn a_session_ends_when_its_holder_signs_out() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let answer = host.call(&Call::post("/v1/session", json!({ "token": host.link("Mina") })));
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "on this machine there is no TLS: {cookie}");
    let mina = Who::Session {
        cookie: cookie.split(';').next().unwrap().to_owned(),
        csrf_token: answer.body["csrf_token"].as_str().unwrap().to_owned(),
    };
    let me = host.expect(&Call::get("/v1/me").of(&mina), 200);
    assert_eq!(me["csrf_token"], answer.body["csrf_token"]);
    assert_eq!(me["principal"]["name"], "Mina Okafor");
    assert_eq!(me["tenants"], json!(["meridian-health", "northwind"]));
    let sign_out = Call { method: "DELETE", ..Call::get("/v1/session") }.of(&mina);
    assert_eq!(host.call(&sign_out).status, 204);
    assert_eq!(host.call(&Call::get("/v1/me").of(&mina)).status, 401);
    assert_sound(folder.path());
}

#[test]
fn an_auditor_reads_the_log_of_their_tenants_only() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let data = folder.path();
    host.create(&host.edge("northwind"), billing_request());
    let other = host.create(&host.edge("meridian-health"), billing_request());
    let auditor =
        run_ok(data, &["principal", "create", "--tenant", "northwind", "--name", "auditor"]);
    run_ok(data, &["grant", "add", &auditor, "--role", "auditor"]);
    let printed = run_ok(data, &["token", "create", &auditor, "--scope", "read"]);
    let auditor = Who::Token(printed.split_once(' ').unwrap().1.to_owned());
    let entries =
        host.expect(&Call::get("/v1/audit/entries?limit=500").of(&auditor), 200)["entries"].clone();
    let entries = entries.as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["event"] == "case_created"));
    assert!(entries.iter().all(|entry| entry["tenant_id"] == "northwind"));
    let path = format!("/v1/audit/entries?entity_id={}", other["case_id"].as_str().unwrap());
    assert_eq!(host.expect(&Call::get(&path).of(&auditor), 200)["entries"], json!([]));
    let path = format!("/v1/audit/entries?after={}", entries[0]["entry_id"].as_str().unwrap());
    let rest = host.expect(&Call::get(&path).of(&auditor), 200)["entries"].clone();
    assert_eq!(rest.as_array().unwrap().len(), entries.len() - 1);
}

#[test]
fn the_same_id_of_two_tenants_is_asked_back() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let jonas = host.sign_in("Jonas");
    for tenant in ["northwind", "meridian-health"] {
        let mut body = billing_request();
        body["case_id"] = json!("case_123");
        let edge = host.edge(tenant);
        assert_eq!(host.create(&edge, body)["tenant_id"], tenant);
        let own = host.expect(&Call::get("/v1/cases/case_123").of(&edge), 200);
        assert_eq!(own["case"]["tenant_id"], tenant);
    }
    let asked = host.expect(&Call::get("/v1/cases/case_123").of(&jonas), 400);
    assert_eq!(asked["path"], "/query/tenant_id");
    let claim =
        Call::post("/v1/cases/case_123/claim?tenant_id=meridian-health", json!({})).of(&jonas);
    assert_eq!(host.expect(&claim, 200)["case"]["tenant_id"], "meridian-health");
    let one = host.expect(&Call::get("/v1/cases/case_123?tenant_id=northwind").of(&jonas), 200);
    assert_eq!(one["case"]["state"], "ready");
}
