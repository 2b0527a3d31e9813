//! Observations, measures, corrections and counts over HTTP: scripted traffic and its figures, who
//! may see them, and what is refused.

use serde_json::{Value, json};

use crate::support::{
    Answer, Call, Folder, Host, Who, assert_sound, billing_request, fresh, quick_policy, run,
    run_ok,
};

fn request(number: i64) -> Value {
    let mut body = billing_request();
    body["request_id"] = json!(format!("req_{number}"));
    body["case_id"] = json!(format!("case_{number}"));
    body["conversation_id"] = json!(format!("conv_{number}"));
    body["release"] = json!({ "model": "m1", "prompt": "p1", "index": "i1" });
    body
}

fn record(number: i64, disposition: &str, evaluated_at: &str) -> Value {
    json!({
        "request_id": format!("req_{number}"), "evaluated_at": evaluated_at, "disposition": disposition,
        "risk_level": "low", "probability": 0.83, "trigger_ids": [], "queue": null,
        "policy_hash": "sha256:0", "digest": format!("sha256:{number}"), "signals": {},
        "facts": { "request.domain": "support", "release.model": "m2" },
    })
}

/// The host's time, from an answer.
fn now_of(host: &Host, who: &Who) -> String {
    let me = host.expect(&Call::get("/v1/me").of(who), 200);
    me["now"].as_str().unwrap().to_owned()
}

fn send_records(host: &Host, edge: &Who, records: Vec<Value>) {
    let body = json!({ "version": 1, "edge": "e", "boot": fresh("boot"), "sequence": 0, "records": records });
    host.expect(&Call::post("/v1/decisions", body).of(edge).key(&fresh("key")), 202);
}

fn observe(host: &Host, edge: &Who, number: i64, body: Value) -> Value {
    let path = format!("/v1/requests/req_{number}/observations");
    host.expect(&Call::post(&path, body).of(edge).key(&fresh("key")), 201)["observation"].clone()
}

/// A principal of a tenant with one role, and its token.
fn holder(folder: &Folder, tenant: &str, role: &str, covered: &str, scope: &str) -> Who {
    let create =
        ["principal", "create", "--tenant", tenant, "--name", "holder", "--kind", "service"];
    let principal = run_ok(folder.path(), &create);
    run_ok(folder.path(), &["grant", "add", &principal, "--role", role, "--tenant", covered]);
    let printed = run_ok(folder.path(), &["token", "create", &principal, "--scope", scope]);
    Who::Token(printed.split_once(' ').unwrap().1.to_owned())
}

struct Traffic {
    folder: Folder,
    host: Host,
    edge: Who,
    other_edge: Who,
    jonas: Who,
}

/// Four resolved cases of one tenant, one withdrawn and one open; answers without a person; ratings.
fn traffic() -> Traffic {
    let folder = Folder::new();
    let policy = quick_policy(&folder, "10 min", "0 s");
    let host = Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let (edge, other_edge) = (host.edge("northwind"), host.edge("meridian-health"));
    let jonas = host.sign_in("Jonas");
    let at = now_of(&host, &edge);
    // Two answered, one limited; the record of a case that follows.
    send_records(
        &host,
        &edge,
        vec![
            record(21, "answer", &at),
            record(22, "answer", &at),
            record(23, "limited_answer", &at),
            record(1, "escalate", &at),
        ],
    );
    for number in 1..=6 {
        host.create(&edge, request(number));
    }
    host.create(&other_edge, request(1));
    let decide = |number: i64, decision: Value| {
        let path = format!("/v1/cases/case_{number}");
        let of = |command: &str, body: Value| {
            let path = format!("{path}/{command}?tenant_id=northwind");
            host.expect(&Call::post(&path, body).of(&jonas).key(&fresh("key")), 200)
        };
        let epoch = of("claim", json!({}))["case"]["epoch"].clone();
        let mut body = decision;
        body["epoch"] = epoch;
        assert_eq!(of("decide", body)["case"]["state"], "resolved");
    };
    let draft = "The second charge is a hold and will drop off.";
    decide(1, json!({ "verdict": "accepted", "outcome": "send", "active_ms": 1 }));
    decide(
        2,
        json!({
            "verdict": "edited", "outcome": "send", "answer": format!("{draft}!!!!"), "active_ms": 1,
            "missing_evidence": ["the ledger"], "better_retrieval_query": "duplicate charge",
            "incorrect_evidence": [{ "document_id": "holds_v6", "reason": "outdated" }],
            "notes": "check", "policy_reason": "duplicates", "reason_code": "incomplete",
        }),
    );
    decide(3, json!({ "verdict": "rejected", "outcome": "nothing" }));
    decide(4, json!({ "verdict": "replaced", "outcome": "send", "answer": "It is a charge." }));
    host.command(&edge, &json!({ "case_id": "case_5" }), "withdraw", json!({}));

    let rate = |number, rating, by: &str| {
        let body = json!({ "version": 1, "kind": "rating", "rating": rating, "rated_by": by });
        observe(&host, &edge, number, body)
    };
    rate(21, 5, "u1");
    rate(21, 2, "u2");
    rate(1, 1, "u1");
    rate(1, 4, "u1");
    let thumb = json!({ "version": 1, "kind": "rating", "thumb": "up", "is_staff": true });
    observe(&host, &edge, 2, thumb);
    observe(&host, &edge, 2, json!({ "version": 1, "kind": "judge_score", "judge_score": 0.4 }));
    Traffic { folder, host, edge, other_edge, jonas }
}

fn ask(host: &Host, who: &Who, path: &str) -> Value {
    host.expect(&Call::get(path).of(who), 200)
}

fn figures(host: &Host, who: &Who, metric: &str, query: &str) -> Value {
    let reply = ask(host, who, &format!("/v1/metrics/{metric}?{query}"));
    assert_eq!(reply["metrics"].as_array().unwrap().len(), 1);
    reply["metrics"][0]["figures"].clone()
}

fn counted(figures: &Value) -> (f64, i64) {
    (figures["numerator"].as_f64().unwrap(), figures["denominator"].as_i64().unwrap())
}

fn part(figures: &Value, name: &str) -> Value {
    let parts = figures["parts"].as_array().unwrap();
    let found = parts.iter().find(|part| part["name"] == name);
    found.map_or(Value::Null, |part| json!([part["numerator"], part["denominator"]]))
}

#[test]
fn the_figures_of_scripted_traffic_are_those_worked_out_by_hand() {
    let Traffic { folder, host, jonas, .. } = traffic();
    let own = |metric: &str| figures(&host, &jonas, metric, "tenant_id=northwind");
    // Six cases, one of them with a record, and three answers: nine requests.
    assert_eq!(counted(&own("escalation_rate")), (6.0, 9));
    let approved = own("approval_rate");
    assert_eq!(counted(&approved), (2.0, 4));
    assert_eq!(part(&approved, "undecided"), json!([1, 5]));
    assert_eq!(approved["value"], 0.5);
    assert!(approved["interval"]["low"].as_f64().unwrap() < 0.5);
    assert_eq!(counted(&own("rejection_rate")), (2.0, 4));
    let handling = own("handling_time");
    assert_eq!(part(&handling, "not_measured"), json!([2, null]));
    // A millisecond each, as long as the claims lasted that long.
    assert_eq!(handling["denominator"], 2);
    assert!(handling["spread"]["p90"].as_f64().unwrap() <= 0.001);
    // Nothing is due yet.
    assert_eq!(counted(&own("sla_miss_rate")), (0.0, 0));
    assert_eq!(counted(&own("draft_acceptance")), (1.0, 4));
    let distance = own("edit_distance");
    assert_eq!(distance["denominator"], 2);
    // Four characters added to 46.
    assert!((distance["numerator"].as_f64().unwrap() - 0.08).abs() < 1e-9, "{distance}");
    assert_eq!(part(&distance, "replaced"), json!([1, null]));
    // All were sent before any was resolved.
    assert_eq!(counted(&own("repeat_reasons")), (0.0, 6));
    let content = own("satisfaction");
    assert_eq!(counted(&content), (2.0, 3));
    assert_eq!(part(&content, "auto"), json!([1, 2]));
    assert_eq!(part(&content, "approved"), json!([1, 1]));
    // Answers: three without a person, three by people; two of them rated.
    assert_eq!(part(&content, "rated"), json!([2, 6]));

    // The seventh case is another tenant's; Jonas serves both.
    assert_eq!(counted(&figures(&host, &jonas, "escalation_rate", "")), (7.0, 10));
    let rows = [
        ("escalation_rate", "queue=billing_dispute", (7.0, 10)),
        ("escalation_rate", "queue=triage", (0.0, 10)),
        ("escalation_rate", "domain=support", (0.0, 3)),
        ("escalation_rate", "release.model=m2", (0.0, 3)),
        ("escalation_rate", "release.model=m1&release.prompt=p1&release.index=i1", (7.0, 7)),
        ("approval_rate", "queue=triage", (0.0, 0)),
        ("approval_rate", "until=2026-01-01T00:00:00Z", (0.0, 0)),
        ("approval_rate", "tenant_id=nobody", (0.0, 0)),
    ];
    for (metric, query, expected) in rows {
        assert_eq!(counted(&figures(&host, &jonas, metric, query)), expected, "{metric} {query}");
    }
    let all = ask(&host, &jonas, "/v1/metrics?by=tenant");
    let metrics = all["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 9);
    for metric in metrics {
        assert!(metric["definition"]["meaning"].is_string(), "{metric}");
    }
    let groups = metrics[0]["groups"].as_array().unwrap().iter();
    let groups: Vec<(&str, (f64, i64))> =
        groups.map(|group| (group["key"].as_str().unwrap(), counted(&group["figures"]))).collect();
    assert_eq!(groups, [("meridian-health", (1.0, 1)), ("northwind", (6.0, 9))]);
    assert_sound(folder.path());
}

#[test]
fn figures_and_corrections_are_for_those_whose_grants_cover_the_tenant() {
    let Traffic { folder, host, edge, .. } = traffic();
    let holder = |role, covered, scope| holder(&folder, "northwind", role, covered, scope);
    let paths = ["/v1/metrics", "/v1/metrics/satisfaction", "/metrics", "/v1/corrections"];
    for path in paths {
        host.expect(&Call::get(path), 401);
        let refused = host.expect(&Call::get(path).of(&edge), 403);
        assert_eq!(refused["code"], "not_permitted", "{path}");
    }
    for role in ["reviewer", "auditor", "policy_owner", "admin"] {
        let foreign = holder(role, "meridian-health", "read");
        assert_eq!(counted(&figures(&host, &foreign, "escalation_rate", "")), (1.0, 1), "{role}");
        let none = figures(&host, &foreign, "escalation_rate", "tenant_id=northwind");
        assert_eq!(counted(&none), (0.0, 0), "{role}: as of a tenant that does not exist");
        let text = host.call(&Call::get("/metrics").of(&foreign)).text;
        assert!(text.contains("meridian-health") && !text.contains("northwind"), "{role}: {text}");
        let reads_cases = matches!(role, "reviewer" | "auditor");
        let status = if reads_cases { 200 } else { 403 };
        let answer = host.expect(&Call::get("/v1/corrections").of(&foreign), status);
        if reads_cases {
            assert_eq!(answer["corrections"], json!([]), "{role}");
            let path = "/v1/corrections?tenant_id=northwind";
            assert_eq!(ask(&host, &foreign, path)["corrections"], json!([]));
        }
    }
}

#[test]
fn counts_for_monitoring_are_in_the_text_format() {
    let Traffic { folder, host, .. } = traffic();
    let auditor = holder(&folder, "northwind", "auditor", "northwind", "read");
    let Answer { status, headers, text, .. } = host.call(&Call::get("/metrics").of(&auditor));
    assert_eq!(status, 200);
    let content_type = headers.iter().find(|(name, _)| name == "content-type").unwrap();
    assert_eq!(content_type.1, "text/plain; version=0.0.4; charset=utf-8");
    let labels = "tenant_id=\"northwind\",queue=\"billing_dispute\"";
    for line in [
        "# HELP countersign_cases Cases by state.".to_owned(),
        "# TYPE countersign_cases gauge".to_owned(),
        format!("countersign_cases{{{labels},state=\"ready\"}} 1"),
        format!("countersign_cases{{{labels},state=\"resolved\"}} 4"),
        format!("countersign_cases_overdue{{{labels}}} 0"),
        format!("countersign_cases_created_total{{{labels}}} 6"),
        format!("countersign_case_decisions_total{{{labels},verdict=\"edited\"}} 1"),
        "countersign_decision_records_total{tenant_id=\"northwind\"} 4".to_owned(),
        "countersign_observations_total{tenant_id=\"northwind\",kind=\"rating\"} 5".to_owned(),
        "countersign_observations_total{tenant_id=\"northwind\",kind=\"judge_score\"} 1".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(!text.contains("meridian"), "{text}");
}

#[test]
fn corrections_are_given_in_pages_and_exported_as_a_file() {
    let Traffic { folder, host, jonas, .. } = traffic();
    let all = ask(&host, &jonas, "/v1/corrections");
    let rows = all["corrections"].as_array().unwrap();
    let verdicts: Vec<&str> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["accepted", "edited", "rejected", "replaced"]);
    let edited = &rows[1];
    for (field, expected) in [
        ("tenant_id", json!("northwind")),
        ("case_id", json!("case_2")),
        ("request_id", json!("req_2")),
        ("user_question", json!("Why was I charged twice?")),
        ("model_draft", json!("The second charge is a hold and will drop off.")),
        ("released_answer", json!("The second charge is a hold and will drop off.!!!!")),
        ("missing_evidence", json!(["the ledger"])),
        ("incorrect_evidence", json!([{ "document_id": "holds_v6", "reason": "outdated" }])),
        ("better_retrieval_query", json!("duplicate charge")),
        ("policy_reason", json!("duplicates")),
        ("notes", json!("check")),
        ("reason_code", json!("incomplete")),
        ("decided_by", json!("prin_jonas_weber")),
        ("release", json!({ "model": "m1", "prompt": "p1", "index": "i1" })),
        ("label", Value::Null),
    ] {
        assert_eq!(edited[field], expected, "{field}");
    }
    assert_eq!(edited["evidence"][0]["document_id"], "holds_v6");
    assert!(edited["policy"]["hash"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(rows[2]["released_answer"], Value::Null);

    let counts = [
        ("verdict=edited", 1),
        ("queue=triage", 0),
        ("queue=billing_dispute&tenant_id=northwind", 4),
        ("until=2026-01-01T00:00:00Z", 0),
        ("from=2026-01-01T00:00:00Z", 4),
    ];
    for (query, count) in counts {
        let found = ask(&host, &jonas, &format!("/v1/corrections?{query}"));
        assert_eq!(found["corrections"].as_array().unwrap().len(), count, "{query}");
    }
    // Three and one, as lines.
    let page = |query: &str| {
        let call = Call::get(&format!("/v1/corrections?format=jsonl&limit=3{query}")).of(&jonas);
        let answer = host.call(&call);
        assert_eq!(answer.header("content-type"), "application/jsonl");
        answer
    };
    let first = page("");
    let next = first.header("x-next-cursor").replace(' ', "%20");
    let second = page(&format!("&cursor={next}"));
    assert_eq!(second.header("x-next-cursor"), "");
    let lines = format!("{}{}", first.text, second.text);
    let parsed: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&parsed, rows);

    let file = folder.join("corrections.jsonl");
    let export = ["corrections", "export", "-o", file.to_str().unwrap()];
    assert!(run_ok(folder.path(), &export).starts_with("4 corrections"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines);
    let printed = run_ok(
        folder.path(),
        &[
            "corrections",
            "export",
            "--format",
            "json",
            "--verdict",
            "rejected",
            "--tenant",
            "northwind",
        ],
    );
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, json!([rows[2]]));
    assert!(!run(folder.path(), &["corrections", "export", "--format", "xml"]).status.success());
}

#[test]
fn an_observation_is_stored_once_with_its_entry_and_bad_ones_are_refused() {
    let Traffic { folder, host, edge, other_edge, jonas } = traffic();
    let path = "/v1/requests/req_22/observations";
    let body = json!({ "version": 1, "kind": "rating", "rating": 5, "rated_by": "u1" });
    let call = |body: &Value| Call::post(path, body.clone());
    let count = || -> i64 {
        let select = "SELECT count(*) FROM observations";
        folder.database().query_row(select, [], |row| row.get(0)).unwrap()
    };
    let before = count();
    let keyed = call(&body).of(&edge).key("one");
    let first = host.expect(&keyed, 201);
    assert_eq!(first["observation"]["tenant_id"], "northwind");
    assert_eq!(first["observation"]["observed_at"], first["observation"]["received_at"]);
    let again = host.call(&keyed);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body, first);
    assert_eq!(count(), before + 1);
    // The same request id of another tenant is another request.
    let satisfied = |tenant: &str| {
        let query = format!("tenant_id={tenant}");
        counted(&figures(&host, &jonas, "satisfaction", &query))
    };
    assert_eq!(satisfied("northwind"), (3.0, 4));
    host.expect(&call(&body).of(&other_edge).key("one"), 201);
    assert_eq!((satisfied("northwind"), satisfied("meridian-health")), ((3.0, 4), (0.0, 0)));

    let dump = folder.dump();
    let observations = count();
    let rating = |field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let refused = [
        (call(&body).of(&edge), 400, "invalid_field", "/headers/idempotency-key"),
        (
            call(&rating("rating", json!(2))).of(&edge).key("one"),
            422,
            "idempotency_mismatch",
            "/headers/idempotency-key",
        ),
        (call(&rating("rating", json!(0))).of(&edge).key("two"), 400, "invalid_field", "/rating"),
        (
            call(&rating("kind", json!("praise"))).of(&edge).key("two"),
            400,
            "invalid_field",
            "/kind",
        ),
        (call(&rating("thumb", json!("up"))).of(&edge).key("two"), 400, "invalid_field", "/thumb"),
        (call(&rating("stars", json!(5))).of(&edge).key("two"), 400, "unknown_field", "/stars"),
        (
            call(&rating("observed_at", json!("2099-01-01T00:00:00Z"))).of(&edge).key("two"),
            400,
            "invalid_field",
            "/observed_at",
        ),
        (call(&body).of(&jonas).key("two"), 403, "not_permitted", ""),
        (
            Call::post("/v1/requests/%20/observations", body.clone()).of(&edge).key("two"),
            404,
            "not_found",
            "",
        ),
        (Call::get("/v1/metrics?by=hour").of(&jonas), 400, "invalid_field", "/query/by"),
        (Call::get("/v1/metrics?tenant=x").of(&jonas), 400, "unknown_field", "/query/tenant"),
        (Call::get("/v1/metrics?from=yesterday").of(&jonas), 400, "invalid_field", "/query/from"),
        (
            Call::get("/v1/metrics?from=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z")
                .of(&jonas),
            400,
            "invalid_field",
            "/query/from",
        ),
        (
            Call::get("/v1/metrics?from=2020-02-01T00:00:00Z&until=2026-01-01T00:00:00Z")
                .of(&jonas),
            413,
            "limit_exceeded",
            "/query/from",
        ),
        (Call::get("/v1/metrics/happiness").of(&jonas), 404, "not_found", ""),
        (
            Call::get("/v1/corrections?verdict=good").of(&jonas),
            400,
            "invalid_field",
            "/query/verdict",
        ),
        (Call::get("/v1/corrections?format=csv").of(&jonas), 400, "invalid_field", "/query/format"),
        (Call::get("/v1/corrections?limit=1001").of(&jonas), 400, "invalid_field", "/query/limit"),
        (Call::get("/v1/corrections?cursor=x").of(&jonas), 400, "invalid_field", "/query/cursor"),
        (Call::get("/metrics?x=1").of(&jonas), 400, "unknown_field", "/query/x"),
    ];
    for (call, status, code, at) in refused {
        let told = host.expect(&call, status);
        let found = (told["code"].as_str().unwrap(), told["path"].as_str().unwrap_or(""));
        assert_eq!(found, (code, at), "{}", call.path);
    }
    assert!(folder.dump() == dump && count() == observations);
    assert_sound(folder.path());
    // What was changed behind the host's back is found.
    folder
        .database()
        .execute("UPDATE observations SET body = replace(body, '\"rating\":5', '\"rating\":1')", [])
        .unwrap();
    assert!(!crate::support::verify(folder.path()).0);
}
