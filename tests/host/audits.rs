//! Random audits: picked by the host, delivered by the edge, judged without anybody knowing, and lost
//! aloud where they cannot be had.

use countersign::units::TimestampMs;
use countersign::verdict::{evaluate, record};
use countersign::{Json, Policy, Request};
use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, fresh, quick_policy, run, run_ok};

/// The default policy with these shares of answers and refusals, and without a time to undo.
pub(crate) fn audited_policy(folder: &Folder, answers: &str) -> std::path::PathBuf {
    let path = quick_policy(folder, "10 min", "0 s");
    let text = std::fs::read_to_string(&path).unwrap();
    let section = format!("[sampling]\nanswer = {answers}");
    let text = text.replace("[sampling]\nanswer = 0.03", &section);
    assert!(text.contains(&section));
    std::fs::write(&path, text).unwrap();
    path
}

pub(crate) fn policy_at(path: &std::path::Path) -> Policy {
    let text = std::fs::read_to_string(path).unwrap();
    countersign::compile::compile(&text, "policy.toml").unwrap().policy
}

/// A request that this policy answers.
pub(crate) fn request(tenant: &str, request_id: &str) -> Value {
    json!({
        "version": 1, "tenant_id": tenant, "request_id": request_id, "conversation_id": format!("conv_{request_id}"),
        "user_question": "Where is my order?", "model_draft": "It is on its way.", "domain": "support",
        "intent": "informational", "risk_level": "low", "asks_for_person": false, "judge_score": 1,
        "signals": { "retrieval_score": 1, "rerank_margin": 1, "answer_groundedness": 1, "tool_success": 1,
            "policy_classifier_score": 0, "route_quality": 1 },
    })
}

/// The record that an edge makes of a request.
pub(crate) fn recorded(policy: &Policy, request: &Value, at: &str) -> Value {
    let value: Json = serde_json::from_value(request.clone()).unwrap();
    let request = Request::read(&value).unwrap();
    let verdict = evaluate(policy, &request, TimestampMs::parse(at).unwrap());
    serde_json::to_value(record(policy, &request, &verdict)).unwrap()
}

pub(crate) fn report(
    host: &Host,
    edge: &Who,
    boot: &str,
    sequence: i64,
    records: Vec<Value>,
) -> Value {
    let body = json!({ "version": 1, "edge": "e", "boot": boot, "sequence": sequence, "records": records });
    host.expect(&Call::post("/v1/decisions", body).of(edge).key(&fresh("key")), 202)
}

fn audit(edge: &Who, path: &str, body: Value) -> Call {
    Call::post(&format!("/v1/audits/{path}"), body).of(edge).key(&fresh("key"))
}

const AT: &str = "2026-11-22T10:00:00.000Z";

#[test]
fn an_answer_is_judged_without_anybody_knowing_that_it_was_given() {
    let folder = Folder::new();
    let path = audited_policy(&folder, "1");
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let jonas = host.sign_in("Jonas");

    let sent = request("northwind", "req_1");
    let told = report(&host, &edge, "one", 0, vec![recorded(&policy, &sent, AT)]);
    assert_eq!(told["wanted"][0]["request_id"], "req_1");
    assert_eq!(told["wanted"][0]["sequence"], 0);
    let audit_id = told["wanted"][0]["audit_id"].as_str().unwrap().to_owned();
    // What is wanted is told until it is there, and deciding a request again is no second chance.
    let again = report(&host, &edge, "one", 1, vec![recorded(&policy, &sent, AT)]);
    assert_eq!(again["wanted"], told["wanted"]);
    assert_eq!(
        report(&host, &edge, "two", 0, vec![recorded(&policy, &sent, AT)])["wanted"],
        json!([])
    );

    let opened = host.expect(&audit(&edge, &audit_id, sent.clone()), 200);
    assert_eq!((opened["state"].as_str(), &opened["lost"]), (Some("open"), &Value::Null));
    let case_id = opened["case_id"].as_str().unwrap();
    assert_eq!(report(&host, &edge, "one", 2, vec![])["wanted"], json!([]));
    let twice = host.expect(&audit(&edge, &audit_id, sent.clone()), 409);
    assert_eq!(twice["code"], "invalid_state");

    // A case that somebody sent without a reason looks the same.
    let mut other = sent.clone();
    other["case_id"] = json!("case_sent");
    host.create(&edge, other);
    let listed = host.expect(&Call::get("/v1/cases?view=open").of(&jonas), 200);
    let rows = listed["cases"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["case_id"] == id).unwrap().clone();
    let shown = |id: &str| host.expect(&Call::get(&format!("/v1/cases/{id}")).of(&jonas), 200);
    let (mut audited, mut plain) = (row(case_id), row("case_sent"));
    for case in [&mut audited, &mut plain] {
        for name in ["case_id", "created_at", "due_at", "marks"] {
            case[name] = Value::Null;
        }
    }
    assert_eq!(audited, plain);
    let claimed = host.command(&jonas, &json!({ "case_id": case_id }), "claim", json!({}));
    let plainly = host.command(&jonas, &json!({ "case_id": "case_sent" }), "claim", json!({}));
    let (mut audited, mut plain) = (claimed.clone(), plainly);
    let own = [
        "case_id",
        "created_at",
        "due_at",
        "sla_deadline",
        "original_due_at",
        "first_touch_due_at",
        "first_touched_at",
        "marks",
        "lease_until",
        "verdict_digest",
    ];
    for case in [&mut audited, &mut plain] {
        for name in own {
            case[name] = Value::Null;
        }
    }
    assert_eq!(audited, plain);
    assert!(!shown(case_id).to_string().contains("audit"));
    assert_eq!(shown(case_id)["case"]["purpose"], "primary");

    let decision = json!({ "epoch": claimed["epoch"], "verdict": "rejected", "outcome": "nothing", "reason_code": "factually_wrong", "active_ms": 5 });
    host.command(&jonas, &claimed, "decide", decision);
    let after = shown(case_id);
    assert_eq!(after["case"]["purpose"], "audit");
    assert_eq!(after["case"]["claimed"]["disposition"], "answer");
    let body: String = folder
        .database()
        .query_row("SELECT body FROM random_audits WHERE state = 'judged'", [], |row| row.get(0))
        .unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (body["label"].as_str(), body["propensity"].as_f64()),
        (Some("model_error"), Some(1.0))
    );

    // One request was answered, one sent to people; that one was also audited changes no measure.
    let metrics = host.expect(&Call::get("/v1/metrics?from=2026-11-22T00:00:00Z").of(&jonas), 200);
    let measure = |name: &str| {
        let all = metrics["metrics"].as_array().unwrap();
        all.iter().find(|one| one["metric"] == name).unwrap()["figures"].clone()
    };
    for name in ["rejection_rate", "approval_rate", "handling_time", "draft_acceptance"] {
        assert_eq!(measure(name)["denominator"], 0, "{name}");
    }
    assert_sound(folder.path());
}

#[test]
fn what_cannot_be_judged_is_lost_aloud() {
    let folder = Folder::new();
    let path = audited_policy(&folder, "1");
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let other = host.edge("meridian-health");
    let sent: Vec<Value> = (0..6).map(|n| request("northwind", &format!("req_{n}"))).collect();
    let mut records: Vec<Value> = sent.iter().map(|one| recorded(&policy, one, AT)).collect();
    // This edge says that it answered what its policy sends to a person.
    let mut asked = sent[4].clone();
    asked["asks_for_person"] = json!(true);
    records[4] = recorded(&policy, &asked, AT);
    assert_eq!(records[4]["disposition"], "escalate");
    records[4]["disposition"] = json!("answer");
    records[5]["policy_hash"] = json!("sha256:0");
    let told = report(&host, &edge, "one", 0, records);
    let id = |n: usize| told["wanted"][n]["audit_id"].as_str().unwrap().to_owned();

    let mut altered = sent[0].clone();
    altered["signals"]["retrieval_score"] = json!(0.99);
    let rows = [
        (id(0), altered, "other_request"),
        (id(1), sent[2].clone(), "other_request"),
        (format!("{}/lose", id(3)), json!({}), "not_kept"),
        (id(4), asked, "other_verdict"),
        (id(5), sent[5].clone(), "unknown_policy"),
    ];
    host.expect(&audit(&other, &id(0), request("meridian-health", "req_0")), 404);
    host.expect(&audit(&edge, &id(0), request("meridian-health", "req_0")), 422);
    let reviewer = host.sign_in("Jonas");
    host.expect(&audit(&reviewer, &id(0), sent[0].clone()), 403);
    host.expect(&audit(&edge, &id(0), json!({ "version": 1 })), 400);
    for (path, body, lost) in rows {
        let told = host.expect(&audit(&edge, &path, body), 200);
        let said = (told["state"].as_str(), told["lost"].as_str(), &told["case_id"]);
        assert_eq!(said, (Some("lost"), Some(lost), &Value::Null), "{lost}");
    }
    // Who sent it may withdraw it like any case; that is counted too.
    let opened = host.expect(&audit(&edge, &id(2), sent[2].clone()), 200);
    host.command(&edge, &opened, "withdraw", json!({}));
    let mut statement = folder
        .database()
        .prepare("SELECT body ->> '$.lost' || ' ' || count(*) FROM random_audits WHERE state = 'lost' GROUP BY body ->> '$.lost' ORDER BY 1")
        .map(|mut statement| {
            statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap).collect::<Vec<_>>()
        })
        .unwrap();
    statement.sort();
    assert_eq!(
        statement,
        ["not_kept 1", "other_request 2", "other_verdict 1", "unknown_policy 1", "withdrawn 1"]
    );
    assert_sound(folder.path());
}

#[test]
fn picks_are_a_constant_share_that_no_name_betrays() {
    let folder = Folder::new();
    let path = audited_policy(&folder, "0.25");
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let picked = |tenant: &str, boot: &str| -> Vec<String> {
        let edge = host.edge(tenant);
        let records = (0..400)
            .map(|n| recorded(&policy, &request(tenant, &format!("req_{n}")), AT))
            .collect();
        let told = report(&host, &edge, boot, 0, records);
        let names = told["wanted"].as_array().unwrap().iter();
        names.map(|wanted| wanted["request_id"].as_str().unwrap().to_owned()).collect()
    };
    let northwind = picked("northwind", "one");
    let meridian = picked("meridian-health", "one");
    // Five standard deviations on each side.
    for picks in [&northwind, &meridian] {
        assert!((57..=143).contains(&picks.len()), "{}", picks.len());
    }
    assert_ne!(northwind, meridian);
    assert_eq!(picked("northwind", "two"), Vec::<String>::new());
    let key = std::fs::metadata(folder.join("audit.key")).unwrap();
    assert_eq!(key.len(), 32);
    assert_sound(folder.path());
}

fn lines(folder: &Folder, more: &[&str]) -> Vec<Value> {
    let printed = run_ok(folder.path(), &[&["confidence", "rows"], more].concat());
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_people_found_becomes_rows_that_a_model_learns_from() {
    let folder = Folder::new();
    let path = audited_policy(&folder, "1");
    let policy = policy_at(&path);
    let host = Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let edge = host.edge("northwind");
    let (jonas, sofia) = (host.sign_in("Jonas"), host.sign_in("Sofia"));
    let decide = |who: &Who, case: &Value, decision: Value| {
        let mut body = decision;
        body["epoch"] = host.command(who, case, "claim", json!({}))["epoch"].clone();
        host.command(who, case, "decide", body)
    };
    let accepted = json!({ "verdict": "accepted", "outcome": "send" });
    let rejected =
        |code: &str| json!({ "verdict": "rejected", "outcome": "nothing", "reason_code": code });

    // Five audits: right, a matter of taste, nobody's to say, lost, and still open.
    let sent: Vec<Value> = (0..5).map(|n| request("northwind", &format!("req_{n}"))).collect();
    let records = sent.iter().map(|one| recorded(&policy, one, AT)).collect();
    let told = report(&host, &edge, "one", 0, records);
    for (n, decision) in
        [accepted.clone(), rejected("tone"), rejected("policy_gap")].into_iter().enumerate()
    {
        let id = told["wanted"][n]["audit_id"].as_str().unwrap();
        let opened = host.expect(&audit(&edge, id, sent[n].clone()), 200);
        decide(&jonas, &opened, decision);
    }
    let id = |n: usize| told["wanted"][n]["audit_id"].as_str().unwrap().to_owned();
    host.expect(&audit(&edge, &format!("{}/lose", id(3)), json!({})), 200);

    // Two people disagree over one draft that confidence sent to them; a rule sent another.
    let mut unsure = request("northwind", "req_unsure");
    unsure["signals"] = json!({ "retrieval_score": 0.1, "answer_groundedness": 0.1, "tool_success": "unavailable" });
    unsure["domain"] = json!("billing");
    let first = host.create(&edge, unsure.clone());
    let second = host.create(&edge, unsure);
    decide(&jonas, &first, accepted.clone());
    decide(&sofia, &second, rejected("factually_wrong"));
    let mut asked = request("northwind", "req_asked");
    asked["asks_for_person"] = json!(true);
    asked["domain"] = json!("billing");
    decide(&jonas, &host.create(&edge, asked), accepted);

    let rows = lines(&folder, &[]);
    let row = |name: &str| {
        let id = format!("northwind/request/{name}");
        rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(rows.len(), 7);
    let said = |name: &str| {
        let row = row(name);
        (
            row["label"].as_f64(),
            row["propensity"].as_f64().unwrap(),
            row["unjudged"].as_str().map(str::to_owned),
            row["rules"].clone(),
        )
    };
    let none = json!([]);
    assert_eq!(said("req_0"), (Some(1.0), 1.0, None, none.clone()));
    assert_eq!(said("req_1"), (Some(1.0), 1.0, None, none.clone()));
    assert_eq!(said("req_2"), (None, 1.0, None, none.clone()));
    assert_eq!(said("req_3"), (None, 1.0, Some("lost".into()), none.clone()));
    assert_eq!(said("req_4"), (None, 1.0, Some("open".into()), none.clone()));
    assert_eq!(said("req_asked"), (Some(1.0), 1.0, None, json!(["asks_for_person"])));
    let soft = row("req_unsure");
    assert!(soft["label"].as_f64().is_some_and(|label| label > 0.05 && label < 0.95), "{soft}");
    assert_eq!(soft["decision_hash"], policy.decision_hash());
    assert_eq!(row("req_0")["conversation_id"], "northwind/conversation/conv_req_0");
    let hard = lines(&folder, &["--hard"]);
    assert!(
        hard.iter()
            .all(|row| row["label"].as_f64().is_none_or(|label| label == 0.0 || label == 1.0))
    );
    assert_eq!(lines(&folder, &["--tenant", "northwind"]).len(), 7);
    assert!(
        !run(folder.path(), &["confidence", "rows", "--tenant", "meridian-health"])
            .status
            .success()
    );

    let policy = path.to_str().unwrap();
    let fitted =
        run_ok(folder.path(), &["confidence", "fit", "--policy", policy, "--held-back", "0"]);
    let fitted: Value = serde_json::from_str(&fitted).unwrap();
    assert_eq!(fitted["fit"]["labels"], 4);
    let certify = ["confidence", "certify", "--policy", policy, "--tier", "high"];
    assert!(run_ok(folder.path(), &certify).starts_with("# no certificate for high risk"));
    assert!(
        run_ok(folder.path(), &["confidence", "report", "--policy", policy]).contains("4 labels")
    );
    assert_sound(folder.path());
}
