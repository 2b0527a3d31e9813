//! Policies of single tenants over a base: released like any other, carried along with the base, and
//! what a release does to cases and actions that are open.

use countersign::host::store::sql::Sql;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::releases::{approve, manifest, owner, policy};
use crate::support::{
    Call, Folder, Host, Who, assert_sound, billing_request, fresh, quick_policy, run, run_ok,
};

const WAIT_MAX: Duration = Duration::from_secs(20);

const OVERLAY: &str = r#"
[overlay]
id = "northwind"
version = "1"
base = "default"

[[queue]]
queue = "northwind_billing"
title = "Northwind billing"
sla = "2 h"
authority = { domain = "billing", level = 2 }
accepts = { domains = ["billing"] }
steps = [{ at = 100, then = "escalate" }]
"#;

/// Everything of the domain is at the greatest risk.
fn critical(base: &str) -> String {
    format!(
        "{base}\n[[trigger]]\nid = \"under_watch\"\nkind = \"policy_boundary\"\nwhen = 'request.domain == \"billing\"'\n\
         then = \"escalate\"\nrisk_level = \"critical\"\nsla = \"1 h\"\nauthority_level_min = 2\nwhy = \"billing is under watch\"\n"
    )
}

fn propose(who: &Who, body: Value) -> Call {
    Call::post("/v1/policies/releases", body).of(who).key(&fresh("key"))
}

fn confirm(host: &Host, who: &Who, release: &Value) -> Value {
    host.expect(&approve(who, release, &release["changes_hash"]), 200)["release"].clone()
}

fn release(host: &Host, (ana, ben): (&Who, &Who), body: Value) -> Value {
    let release = host.expect(&propose(ana, body), 201)["release"].clone();
    confirm(host, ben, &release)
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < WAIT_MAX, "{what} took too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_tenant_has_its_own_policy_and_a_new_base_carries_it_along() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, other) = (host.edge("northwind"), host.edge("meridian-health"));
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    let local = owner(&folder, "Local", "northwind", &[]);
    let stranger = owner(&folder, "Stranger", "meridian-health", &[]);
    let jonas = host.sign_in("Jonas");

    let overlay = json!({ "tenant_id": "northwind", "source": OVERLAY });
    assert_eq!(host.call(&propose(&stranger, overlay.clone())).body["code"], "not_permitted");
    // An owner of the tenant proposes; another owner, here one of every tenant, confirms.
    let first = host.expect(&propose(&local, overlay), 201)["release"].clone();
    assert_eq!(
        (&first["tenant_id"], &first["base"]["id"]),
        (&json!("northwind"), &json!("default"))
    );
    let path = format!("/v1/policies/releases/{}", first["release_id"].as_str().unwrap());
    let details = host.expect(&Call::get(&path).of(&ben), 200);
    let words = details["diff"]["changes"].as_array().unwrap();
    assert!(words.iter().any(|one| one["text"].as_str().unwrap().contains("northwind_billing")));
    assert_eq!(host.call(&Call::get(&path).of(&stranger)).status, 404);
    assert_eq!(
        host.call(&approve(&local, &first, &first["changes_hash"])).body["code"],
        "self_approval"
    );
    assert_eq!(confirm(&host, &ben, &first)["sequence"], 2);

    let id = |who: &Who| host.expect(&Call::get("/v1/policies/current").of(who), 200)["id"].clone();
    assert_eq!((id(&edge), id(&other)), (json!("northwind"), json!("default")));
    let told = manifest(&host, &folder, &edge);
    assert_eq!((&told["tenant_id"], &told["sequence"]), (&json!("northwind"), &json!(2)));
    assert_eq!(manifest(&host, &folder, &other)["sequence"], 1);
    let own = told["policy"]["hash"].as_str().unwrap().to_owned();
    let by_hash = |who: &Who| host.call(&Call::get(&format!("/v1/policies/{own}")).of(who)).status;
    assert_eq!(
        (by_hash(&edge), by_hash(&other)),
        (200, 404),
        "another tenant's policy is not shown"
    );

    // Cases, queues and claims are the tenant's; somebody has to work in its queue.
    let made =
        ["principal", "create", "--tenant", "northwind", "--name", "Bea", "--skill", "billing"];
    let bea = run_ok(folder.path(), &made);
    run_ok(folder.path(), &["grant", "add", &bea, "--role", "reviewer", "--level", "3"]);
    let case = host.create(&edge, billing_request());
    assert_eq!(
        (&case["queue"], &case["policy"]["id"]),
        (&json!("northwind_billing"), &json!("northwind"))
    );
    assert_eq!(host.create(&other, billing_request())["queue"], "billing_dispute");
    let queues = host.expect(&Call::get("/v1/queues").of(&jonas), 200);
    let listed = |name: &str| {
        queues["queues"].as_array().unwrap().iter().any(|queue| queue["queue"] == name)
    };
    assert!(listed("northwind_billing") && listed("triage"));

    // A new base goes to both, each with its own sequence.
    let next = json!({ "source": policy(77) });
    let next = host.expect(&propose(&ana, next), 201)["release"].clone();
    assert_eq!(next["overlays"][0]["tenant_id"], "northwind");
    assert_eq!(next["overlays"][0]["replaces"]["hash"], told["policy"]["hash"]);
    assert_eq!(confirm(&host, &ben, &next)["sequence"], 2);
    let told = manifest(&host, &folder, &edge);
    assert_eq!((&told["sequence"], &told["policy"]), (&json!(3), &next["overlays"][0]["policy"]));
    let bundle = host.expect(&Call::get("/v1/policies/current").of(&edge), 200);
    assert_eq!((&bundle["undo_window_ms"], &bundle["id"]), (&json!(77_000), &json!("northwind")));

    // A base that the overlay would loosen is refused with the overlay's line.
    let slow = policy(77)
        .replace("sla = \"4 h\"\nsla_min = \"30 min\"", "sla = \"1 h\"\nsla_min = \"30 min\"");
    let told = host.call(&propose(&ana, json!({ "source": slow }))).body;
    assert_eq!(told["code"], "policy_rejected");
    let detail = told["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("the overlay of the tenant `northwind` does not fit: northwind.toml:7:"),
        "{detail}"
    );

    // What an author gets wrong is told so that it can be mended at once.
    let rows = [
        (
            OVERLAY.replace("\"default\"", "\"defaults\""),
            "overlay.toml:5:1: the overlay lies over `defaults`, and the base is called `default` (help: did you mean `default`?)",
        ),
        (
            OVERLAY.replace("2 h", "9 h"),
            "overlay.toml:7:1: queue.northwind_billing loosens the base",
        ),
        (policy(5), "this is a whole policy, not an overlay"),
    ];
    for (source, expected) in rows {
        let told =
            host.call(&propose(&ana, json!({ "tenant_id": "northwind", "source": source }))).body;
        assert_eq!(told["code"], "policy_rejected");
        assert!(told["detail"].as_str().unwrap().contains(expected), "{told}");
    }
    let nobody = json!({ "tenant_id": "nortwind", "source": OVERLAY });
    assert_eq!(host.call(&propose(&ana, nobody)).body["code"], "unknown_tenant");
    let nameless = json!({ "source": OVERLAY });
    assert_eq!(host.call(&propose(&ana, nameless)).body["path"], "/tenant_id");
    let check =
        Call::post("/v1/policies/check", json!({ "source": OVERLAY.replace("2 h", "9 h") }));
    let told = host.expect(&check.of(&local), 200);
    assert_eq!(told["diagnostics"][0]["line"], 7);

    // What is in force, and who put it there; an owner of one tenant sees its own.
    let in_force = |who: &Who| {
        let told = host.expect(&Call::get("/v1/policies/in-force").of(who), 200);
        let listed = told["policies"].as_array().unwrap().clone();
        listed
            .iter()
            .map(|one| (one["tenant_id"].clone(), one["sequence"].clone()))
            .collect::<Vec<_>>()
    };
    let both = vec![(json!("*"), json!(2)), (json!("northwind"), json!(3))];
    assert_eq!((in_force(&ana), in_force(&local)), (both.clone(), both));
    assert_eq!(in_force(&stranger), [(json!("*"), json!(2))]);
    assert_eq!(host.call(&Call::get("/v1/policies/in-force").of(&edge)).status, 403);

    // Back to the base: the sequence still rises, and the next base comes along.
    release(&host, (&ana, &ben), json!({ "tenant_id": "northwind" }));
    assert_eq!(id(&edge), "default");
    assert_eq!(manifest(&host, &folder, &edge)["sequence"], 4);
    release(&host, (&ana, &ben), json!({ "source": policy(78) }));
    let told = manifest(&host, &folder, &edge);
    assert_eq!((&told["sequence"], &told["tenant_id"]), (&json!(5), &json!("northwind")));
    assert_eq!(told["policy"], manifest(&host, &folder, &other)["policy"]);
    assert_sound(folder.path());

    // A restored backup has lower sequences than edges have seen: the operator raises all of them.
    let raised = run_ok(folder.path(), &["policy", "sequence", "--at-least", "40"]);
    assert_eq!(raised.trim(), "* 40\nnorthwind 41");
    assert_eq!(manifest(&host, &folder, &edge)["sequence"], 41);
    assert_sound(folder.path());

    let other_overlay = folder.join("meridian.toml");
    std::fs::write(&other_overlay, OVERLAY.replace("id = \"northwind\"", "id = \"meridian\""))
        .unwrap();
    let file = other_overlay.to_str().unwrap();
    let printed =
        run_ok(folder.path(), &["policy", "release", file, "--tenant", "meridian-health"]);
    assert!(printed.contains("policy_owner for meridian-health confirms it until"), "{printed}");
    let wrong = run(folder.path(), &["policy", "release", file]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("no tenant is named"));
}

#[test]
fn a_release_raises_what_is_open_and_lowers_nothing() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    let jonas = host.sign_in("Jonas");
    let case = host.create(&edge, billing_request());
    let calm = host.create(&edge, json!({
        "version": 1, "user_question": "Where is my parcel?", "domain": "general", "risk_level": "low",
        "asks_for_person": true,
    }));
    let path = format!("/v1/cases/{}", case["case_id"].as_str().unwrap());
    let seen = |path: &str| host.expect(&Call::get(path).of(&jonas), 200)["case"].clone();
    assert_eq!(case["rejudgings"], json!([]));

    release(&host, (&ana, &ben), json!({ "source": critical(&policy(10)) }));
    let raised = until("the case", || {
        Some(seen(&path)).filter(|case| !case["rejudgings"].as_array().unwrap().is_empty())
    });
    assert_eq!(raised["risk_level"], "critical");
    assert_eq!(raised["priority"], 3);
    assert!(raised["due_at"].as_str() < case["due_at"].as_str());
    assert_eq!(raised["deadline_version"], 2);
    assert_eq!(
        raised["original_due_at"], case["original_due_at"],
        "what was promised first counts"
    );
    assert_eq!(raised["policy"], case["policy"], "what opened it stays");
    let told = &raised["rejudgings"][0];
    assert_eq!((&told["sequence"], &told["policy"]["id"]), (&json!(2), &json!("default")));
    let changes = told["changes"].to_string();
    for words in ["`high` becomes `critical`", "due at", "under_watch", "billing is under watch"] {
        assert!(changes.contains(words), "{words} in {changes}");
    }
    let triggers = raised["triggers"].as_array().unwrap();
    assert!(triggers.iter().any(|fired| fired["id"] == "under_watch"));

    // The policy before it again: nothing is lowered, and nothing happens.
    release(&host, (&ana, &ben), json!({ "source": policy(11) }));
    let database = folder.database();
    let due = || -> i64 {
        let select = "SELECT count(*) FROM rejudgings WHERE kind <> 'done'";
        database.query_row(select, [], |row| row.get(0)).unwrap()
    };
    until("the second release", || (due() == 0).then_some(()));
    assert_eq!(seen(&path), raised);
    let other = seen(&format!("/v1/cases/{}", calm["case_id"].as_str().unwrap()));
    assert_eq!(other["rejudgings"], json!([]), "what is no stricter raises nothing");
    let events: Vec<String> = {
        let select = "SELECT event FROM events WHERE event = 'case_rejudged'";
        let mut statement = database.prepare(select).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(events.len(), 1);
    assert_sound(folder.path());
}

#[test]
fn a_host_that_dies_goes_on_and_judges_each_case_once() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    for _ in 0..170 {
        host.create(&edge, billing_request());
    }
    let done = || -> (i64, i64) {
        let database = folder.database();
        let count = |select: &str| database.query_row(select, [], |row| row.get(0)).unwrap();
        (
            count("SELECT count(*) FROM events WHERE event = 'case_rejudged'"),
            count("SELECT count(*) FROM rejudgings WHERE kind <> 'done'"),
        )
    };
    release(&host, (&ana, &ben), json!({ "source": critical(&policy(10)) }));
    until("the first cases", || (done().0 > 0).then_some(()));
    host.kill();
    let begun = done().0;
    let host = Host::start(&folder);
    until("all cases", || (done().1 == 0).then_some(()));
    assert_eq!(done().0, 170, "begun with {begun}");
    let twice: i64 = folder
        .database()
        .query_row(
            "SELECT count(*) FROM (SELECT subject_id FROM events WHERE event = 'case_rejudged' \
             GROUP BY subject_id HAVING count(*) > 1) AS twice",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(twice, 0);
    drop(host);
    assert_sound(folder.path());
}

#[test]
fn an_action_that_waits_goes_back_to_people_when_a_stricter_policy_is_released() {
    let folder = Folder::new();
    let file = quick_policy(&folder, "20 min", "1 s");
    let host = Host::start_with(&folder, &["--policy", file.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    let propose = |amount: &str| {
        let body = json!({ "actions": [{ "tool": "billing.refund", "arguments": {
            "amount": amount, "currency": "USD", "customer_id": fresh("cust") } }] });
        let call = Call::post("/v1/proposals", body).of(&edge).key(&fresh("key"));
        host.expect(&call, 201)["proposal"].clone()
    };
    let waiting = propose("90");
    let large = propose("4000");
    let overlay = "[overlay]\nid = \"northwind\"\nversion = \"1\"\nbase = \"default\"\n\n\
        [[impact]]\nid = \"two_for_refunds\"\n\
        when = 'action.tool == \"billing.refund\" && actions.amount < money(\"1000 USD\")'\n\
        then = \"require_approval\"\nquorum = 2\nwhy = \"two people\"\n";
    release(&host, (&ana, &ben), json!({ "tenant_id": "northwind", "source": overlay }));
    let read = |proposal: &Value| {
        let path = format!("/v1/proposals/{}", proposal["proposal_id"].as_str().unwrap());
        host.expect(&Call::get(&path).of(&edge), 200)["proposal"].clone()
    };
    let void = until("the proposal", || Some(read(&waiting)).filter(|one| one["state"] == "void"));
    let successor = void["superseded_by"].clone();
    let successor = read(&json!({ "proposal_id": successor }));
    assert_eq!((&successor["required"]["quorum"], &successor["votes"]), (&json!(2), &json!([])));
    assert_eq!(read(&large)["state"], "pending", "what asks for no more stays");
    assert_sound(folder.path());
}

#[test]
fn a_release_that_waits_is_withdrawn_or_expires() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    let local = owner(&folder, "Local", "northwind", &[]);
    let withdraw = |who: &Who, release: &Value| {
        let id = release["release_id"].as_str().unwrap();
        let path = format!("/v1/policies/releases/{id}/withdraw");
        Call::post(&path, json!({})).of(who).key(&fresh("key"))
    };
    let first =
        host.expect(&propose(&ana, json!({ "source": policy(20) })), 201)["release"].clone();
    assert_eq!(host.call(&withdraw(&local, &first)).body["code"], "not_permitted");
    let gone = host.expect(&withdraw(&ana, &first), 200)["release"].clone();
    assert_eq!(gone["state"], "withdrawn");
    assert!(gone["withdrawn_by"].is_string() && gone["closed_at"].is_string());
    assert_eq!(host.call(&withdraw(&ben, &first)).body["code"], "invalid_state");
    let late = approve(&ben, &first, &first["changes_hash"]);
    assert_eq!(host.call(&late).body["code"], "invalid_state");
    assert_sound(folder.path());

    let second =
        host.expect(&propose(&ana, json!({ "source": policy(21) })), 201)["release"].clone();
    let id = second["release_id"].as_str().unwrap();
    folder
        .database()
        .execute(
            Sql {
                sqlite: "UPDATE policy_releases SET expires_at = 1, body = json_set(body, \
                    '$.expires_at', '1970-01-01T00:00:00.001Z') WHERE release_id = ?1",
                postgres: "UPDATE policy_releases SET expires_at = 1, body = regexp_replace(body, \
                    '\"expires_at\":\"[^\"]*\"', '\"expires_at\":\"1970-01-01T00:00:00.001Z\"') \
                    WHERE release_id = ?1",
            },
            [id],
        )
        .unwrap();
    let path = format!("/v1/policies/releases/{id}");
    until("the release", || {
        let state = host.expect(&Call::get(&path).of(&ben), 200)["release"]["state"].clone();
        (state == "expired").then_some(())
    });
    let late = approve(&ben, &second, &second["changes_hash"]);
    assert_eq!(host.call(&late).body["code"], "invalid_state");
    let told: i64 = folder
        .database()
        .query_row(
            "SELECT count(*) FROM audit_pending WHERE entry ->> '$.event' = 'release_expired'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(told, 1);
}

/// What a case keeps is enough to judge it again: the verdict comes out as it was, to the byte.
#[test]
fn the_verdict_of_a_stored_case_is_replayed_from_the_case() {
    use countersign::case::Case;
    use countersign::read::Node;
    use countersign::{Json, Policy, TimestampMs, evaluate};

    let folder = Folder::new();
    let host = Host::start(&folder);
    let mut opened = 0;
    let mut edges = std::collections::BTreeMap::new();
    for line in include_str!("../samples/requests.jsonl").lines() {
        let mut request: Value = serde_json::from_str(line).unwrap();
        let tenant = request["tenant_id"].as_str().unwrap().to_owned();
        request["case_id"] = json!(fresh("case"));
        request["a_field_of_a_later_version"] = json!(1);
        let edge = edges.entry(tenant.clone()).or_insert_with(|| host.edge(&tenant));
        host.create(edge, request);
        opened += 1;
    }
    let database = folder.database();
    let mut statement =
        database.prepare("SELECT c.body, p.bundle FROM cases c, policies p").unwrap();
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let mut replayed = 0;
    for row in rows.unwrap() {
        let (body, bundle) = row.unwrap();
        let read = |text: &str| -> Json { serde_json::from_str(text).unwrap() };
        let case = Case::read(Node::root(&read(&body))).unwrap();
        let policy = Policy::load(&read(&bundle)).unwrap();
        let at: TimestampMs = case.created_at;
        let verdict = evaluate(&policy, &case.request(), at);
        let text = |record: &dyn Fn() -> Json| record().canonical();
        let json = |value: serde_json::Value| -> Json { serde_json::from_value(value).unwrap() };
        assert_eq!(verdict.digest, case.verdict_digest, "{}", case.case_id);
        assert_eq!(verdict.risk_level, case.risk_level);
        let pairs = [
            (serde_json::to_value(&verdict.triggers), serde_json::to_value(&case.triggers)),
            (serde_json::to_value(&verdict.confidence), serde_json::to_value(&case.confidence)),
            (serde_json::to_value(&verdict.unjudged), serde_json::to_value(&case.unjudged)),
        ];
        for (again, stored) in pairs {
            let (again, stored) = (again.unwrap(), stored.unwrap());
            assert_eq!(
                text(&|| json(again.clone())),
                text(&|| json(stored.clone())),
                "{}",
                case.case_id
            );
        }
        replayed += 1;
    }
    assert_eq!(replayed, opened);
}

/// How long a customer is waited for, and what a replay compares with, is the tenant's own.
#[test]
fn the_terms_of_work_and_a_replay_follow_the_tenants_own_policy() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (ana, ben) = (owner(&folder, "Ana", "*", &[]), owner(&folder, "Ben", "*", &[]));
    let text = "[overlay]\nid = \"northwind\"\nversion = \"1\"\nbase = \"default\"\n\n[work]\nwaiting = \"1 h\"\n";
    release(&host, (&ana, &ben), json!({ "tenant_id": "northwind", "source": text }));
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let ask = json!({ "epoch": claimed["epoch"], "question": "Which of the two?" });
    let asked = host.command(&jonas, &case, "ask_customer", ask);
    let at =
        |value: &Value| countersign::TimestampMs::parse(value.as_str().unwrap()).unwrap().as_ms();
    let waits_ms = at(&asked["waiting"]["until"]) - at(&case["created_at"]);
    assert!((3_600_000..3_700_000).contains(&waits_ms), "{waits_ms}");

    let base = folder.join("base.toml");
    std::fs::write(&base, countersign::compile::DEFAULT_POLICY).unwrap();
    let own = ["policy", "replay", "--new", base.to_str().unwrap(), "--json"];
    for (more, id) in [(&["--tenant", "northwind"][..], "northwind"), (&[], "default")] {
        let told: Value =
            serde_json::from_str(&run_ok(folder.path(), &[&own, more].concat())).unwrap();
        assert_eq!(told["old"]["id"], id);
    }
}
