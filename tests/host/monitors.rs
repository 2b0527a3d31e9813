//! Watching after a release: alarms over wrong answers and over another escalation rate, what they end,
//! and who is told.

use serde_json::{Value, json};

use crate::audits::{audited_policy, policy_at, recorded, report, request};
use crate::support::{Call, Folder, Host, Who, assert_sound, fresh, run_ok};

const AT: &str = "2026-11-22T10:00:00.000Z";

/// The policy with a certificate that lets high risk answer.
fn certified_policy(folder: &Folder) -> std::path::PathBuf {
    let path = audited_policy(folder, "1");
    let decisions = policy_at(&path).decision_hash().to_owned();
    let certificate = format!(
        "[confidence.tiers.high.certificate]\nrisk_level = \"high\"\nthreshold = 0.5\ntolerated_error = 0.02\n\
         failure_probability = 0.1\nanswers = 400\nerrors = 1\nrows_hash = \"sha256:1\"\ndecision_hash = \"{decisions}\"\n\
         issued_at = \"2026-11-01T00:00:00Z\"\nexpires_at = \"2030-01-01T00:00:00Z\"\n\n[confidence.tiers.critical]"
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replacen("[confidence.tiers.critical]", &certificate, 1);
    std::fs::write(&path, text).unwrap();
    assert_eq!(policy_at(&path).decision_hash(), decisions);
    path
}

fn risky(tenant: &str, request_id: &str) -> Value {
    let mut body = request(tenant, request_id);
    body["risk_level"] = json!("high");
    body
}

fn post(host: &Host, who: &Who, path: &str, body: Value) -> Value {
    host.expect(&Call::post(path, body).of(who).key(&fresh("key")), 200)
}

#[test]
fn an_alarm_over_wrong_answers_ends_the_certificate() {
    let folder = Folder::new();
    let path = certified_policy(&folder);
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let (edge, other) = (host.edge("northwind"), host.edge("meridian-health"));
    let sofia = host.sign_in("Sofia");
    let watched = || host.expect(&Call::get("/v1/monitors").of(&sofia), 200);
    let of_kind = |kind: &str| -> Vec<Value> {
        let monitors = watched()["monitors"].as_array().unwrap().clone();
        monitors.into_iter().filter(|monitor| monitor["kind"] == kind).collect()
    };
    let before = watched();
    let certificate = before["certificates"][0].clone();
    assert_eq!(certificate["state"], "in_force");
    assert_eq!(certificate["answers_min"], 114);
    assert_eq!((&certificate["reviewed"], &certificate["ended_for"]), (&json!(0), &json!([])));

    let sent: Vec<Value> = (0..8).map(|n| risky("northwind", &format!("req_{n}"))).collect();
    let records: Vec<Value> = sent.iter().map(|one| recorded(&policy, one, AT)).collect();
    assert_eq!(records[0]["disposition"], "answer");
    let told = report(&host, &edge, "one", 0, records);
    for (wanted, body) in told["wanted"].as_array().unwrap().iter().zip(&sent) {
        let path = format!("/v1/audits/{}", wanted["audit_id"].as_str().unwrap());
        let opened = post(&host, &edge, &path, body.clone());
        let epoch = host.command(&sofia, &opened, "claim", json!({}))["epoch"].clone();
        let decision = json!({ "epoch": epoch, "verdict": "rejected", "outcome": "nothing", "reason_code": "factually_wrong" });
        host.command(&sofia, &opened, "decide", decision);
    }
    let monitors = of_kind("wrong_answers");
    assert_eq!(monitors.len(), 1);
    let monitor = &monitors[0];
    assert_eq!(monitor["seen"], json!({ "items": 8, "events": 8 }));
    assert!(
        monitor["raised_at"].is_string() && monitor["capital"].as_f64() >= Some(20.0),
        "{monitor}"
    );
    assert_eq!(monitor["ended_certificate"], "2026-11-01T00:00:00.000Z");
    let after = watched()["certificates"][0].clone();
    assert_eq!((&after["ended_for"], &after["reviewed"]), (&json!(["northwind"]), &json!(8)));

    // Edges hear of it with the next manifest, and the host itself is cautious at once.
    let void = |edge: &Who| {
        let signed = host.expect(&Call::get("/v1/policies/current/manifest").of(edge), 200);
        signed["manifest"]["certificates_void"].clone()
    };
    assert_eq!((void(&edge), void(&other)), (json!(["high"]), json!([])));
    let reason = |edge: &Who, tenant: &str| {
        let case = host.create(edge, risky(tenant, "req_sent"));
        case["reason_for_escalation"].as_str().unwrap().to_owned()
    };
    assert!(
        reason(&edge, "northwind").contains("an alarm over wrong answers ended the certificate")
    );
    assert!(reason(&other, "meridian-health").contains("no rule asks for more"));

    let alarms: Vec<String> = folder
        .database()
        .prepare("SELECT data FROM events WHERE kind = 'monitor' AND event = 'monitor_alarm'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(alarms.len(), 1);
    let scraped = host.call(&Call::get("/metrics").of(&sofia)).text;
    for line in [
        "countersign_monitor_alarms{tenant_id=\"northwind\",risk_level=\"high\",monitor=\"wrong_answers\"} 1",
        "countersign_random_audits{tenant_id=\"northwind\",disposition=\"answer\",state=\"judged\"} 8",
    ] {
        assert!(scraped.contains(line), "{line} in {scraped}");
    }
    assert_sound(folder.path());
}

#[test]
fn another_escalation_rate_than_before_raises_an_alarm_and_ends_nothing() {
    let folder = Folder::new();
    let path = certified_policy(&folder);
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let jonas = host.sign_in("Jonas");
    let mut sequence = 0;
    let mut send = |every: i64| {
        let records: Vec<Value> = (0..500)
            .map(|n| {
                let mut one =
                    recorded(&policy, &risky("northwind", &format!("r{}", sequence + n)), AT);
                if n % every == 0 {
                    one["disposition"] = json!("escalate");
                }
                one
            })
            .collect();
        report(&host, &edge, "one", sequence, records);
        sequence += 500;
    };
    let rate = || {
        let all = host.expect(&Call::get("/v1/monitors").of(&jonas), 200);
        let monitors = all["monitors"].as_array().unwrap().clone();
        let void = all["certificates"][0]["ended_for"].clone();
        (monitors.into_iter().find(|one| one["kind"] == "escalation_rate").unwrap(), void)
    };
    send(10);
    assert_eq!(rate().0["baseline"], json!({ "items": 500, "events": 50 }));
    send(10);
    assert_eq!((&rate().0["raised_at"], &rate().0["seen"]["items"]), (&Value::Null, &json!(500)));
    send(3);
    let (monitor, void) = rate();
    assert_eq!(monitor["change"], "rose");
    assert!(monitor["raised_at"].is_string());
    assert_eq!((void, &monitor["ended_certificate"]), (json!([]), &Value::Null));
    assert_sound(folder.path());
}

#[test]
fn who_judges_does_not_watch_who_else_judges() {
    let folder = Folder::new();
    let path = audited_policy(&folder, "0");
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    // Jonas and Sofia agree on three drafts, and not on the fourth.
    for n in 0..4 {
        for (who, verdict) in
            [(&jonas, "accepted"), (&sofia, if n == 3 { "rejected" } else { "accepted" })]
        {
            let mut body = request("northwind", &format!("req_{n}"));
            body["domain"] = json!("billing");
            let case = host.create(&edge, body);
            let epoch = host.command(who, &case, "claim", json!({}))["epoch"].clone();
            let outcome = if verdict == "accepted" { "send" } else { "nothing" };
            host.command(
                who,
                &case,
                "decide",
                json!({ "epoch": epoch, "verdict": verdict, "outcome": outcome }),
            );
        }
    }
    host.expect(&Call::get("/v1/reviewers").of(&jonas), 403);
    host.expect(&Call::get("/v1/reviewers").of(&edge), 403);
    host.expect(&Call::get("/v1/monitors").of(&edge), 403);
    let create =
        ["principal", "create", "--tenant", "northwind", "--name", "Auditor", "--kind", "service"];
    let principal = run_ok(folder.path(), &create);
    run_ok(
        folder.path(),
        &["grant", "add", &principal, "--role", "auditor", "--tenant", "northwind"],
    );
    let printed = run_ok(folder.path(), &["token", "create", &principal, "--scope", "read"]);
    let auditor = Who::Token(printed.split_once(' ').unwrap().1.to_owned());
    let told = host.expect(&Call::get("/v1/reviewers").of(&auditor), 200);
    assert_eq!(told["judged_by_several"], 4);
    // Alpha for seven of eight "right": one pair that differs, 2·7·1/7 expected.
    assert!(told["agreement"].as_f64().is_some_and(|alpha| alpha.abs() < 0.01), "{told}");
    let names: Vec<&str> = told["reviewers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Jonas Weber", "Sofia Lindqvist"]);
    assert_eq!(told["reviewers"][0]["judgements"], 4);
    assert!(told["reviewers"][0]["sees_right"].as_f64().is_some_and(|rate| rate > 0.5));
    assert_sound(folder.path());
}

#[test]
fn audits_that_nobody_judges_in_time_end_the_certificate_as_wrong_answers_do() {
    let folder = Folder::new();
    let path = certified_policy(&folder);
    let policy = policy_at(&path);
    let start = || Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let host = start();
    let edge = host.edge("northwind");
    let sofia = host.sign_in("Sofia");
    let watched = |host: &Host| {
        let all = host.expect(&Call::get("/v1/monitors").of(&sofia), 200);
        let monitors = all["monitors"].as_array().unwrap().clone();
        let found = monitors.into_iter().find(|one| one["kind"] == "wrong_answers");
        (found.unwrap_or_default(), all["certificates"][0].clone())
    };
    // Nothing was judged: the certificate is in force, and it is told that nothing watches over it.
    assert_eq!(watched(&host).1["audited"], 0);

    let sent: Vec<Value> = (0..10).map(|n| risky("northwind", &format!("req_{n}"))).collect();
    let records: Vec<Value> = sent.iter().map(|one| recorded(&policy, one, AT)).collect();
    let told = report(&host, &edge, "one", 0, records);
    let ids: Vec<&str> = told["wanted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wanted| wanted["audit_id"].as_str().unwrap())
        .collect();
    // The edge lost one of them; eight wait in a queue, one of which was judged in time.
    post(&host, &edge, &format!("/v1/audits/{}/lose", ids[0]), json!({}));
    let cases: Vec<Value> = (1..9)
        .map(|n| post(&host, &edge, &format!("/v1/audits/{}", ids[n]), sent[n].clone()))
        .collect();
    let judge = |host: &Host, case: &Value| {
        let epoch = host.command(&sofia, case, "claim", json!({}))["epoch"].clone();
        let decision = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
        host.command(&sofia, case, "decide", decision)
    };
    judge(&host, &cases[0]);
    let (monitor, certificate) = watched(&host);
    assert_eq!(monitor["seen"], json!({ "items": 2, "events": 1 }));
    assert_eq!((&monitor["unjudged"], &monitor["raised_at"]), (&json!(1), &Value::Null));
    assert_eq!((&certificate["audited"], &certificate["unjudged"]), (&json!(1), &json!(1)));

    // The time of those that wait is over.
    host.kill();
    let overdue = "UPDATE random_audits SET judge_by = 1 WHERE judge_by IS NOT NULL";
    assert_eq!(folder.database().execute(overdue, []).unwrap(), 7);
    let host = start();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while watched(&host).0["raised_at"].is_null() {
        assert!(std::time::Instant::now() < until, "{}", watched(&host).0);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let (monitor, certificate) = watched(&host);
    assert_eq!((&monitor["seen"]["items"], &monitor["unjudged"]), (&json!(9), &json!(8)));
    assert_eq!(monitor["ended_certificate"], "2026-11-01T00:00:00.000Z");
    assert_eq!(certificate["ended_for"], json!(["northwind"]));

    // What is judged late teaches, and is not counted again.
    judge(&host, &cases[1]);
    assert_eq!(watched(&host).0["seen"]["items"], 9);
    let judged = "SELECT count(*) FROM random_audits WHERE state = 'judged'";
    let count: i64 = folder.database().query_row(judged, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
    assert_sound(folder.path());
}
