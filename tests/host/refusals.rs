//! Bad input: each gets its code, its path and its status, and changes nothing.

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, run_ok};

/// One bad input and what must come of it.
struct Row {
    rule: &'static str,
    call: Call,
    expected: (u16, &'static str, &'static str),
}

fn check(folder: &Folder, host: &Host, rows: Vec<Row>) {
    for Row { rule, call, expected } in rows {
        let before = folder.dump();
        let answer = host.call(&call);
        let body = &answer.body;
        let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
        let found = (answer.status, text("code"), text("path"));
        assert_eq!(
            found,
            (expected.0, expected.1.to_owned(), expected.2.to_owned()),
            "{rule}: {}",
            answer.text
        );
        assert_eq!(answer.header("content-type"), "application/problem+json", "{rule}");
        assert_eq!(text("type"), format!("urn:countersign:problem:{}", expected.1), "{rule}");
        assert_eq!(body["status"], expected.0, "{rule}");
        assert!(
            !text("title").is_empty() && !text("detail").is_empty() && !text("help").is_empty(),
            "{rule}"
        );
        assert!(folder.dump() == before, "{rule}: something was changed");
    }
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn new_case(who: &Who, body: Value) -> Call {
    Call::post("/v1/cases", body).of(who).key(&fresh("key"))
}

fn new_case_text(who: &Who, body: impl Into<Vec<u8>>) -> Call {
    Call::post_bytes("/v1/cases", body).of(who).key(&fresh("key"))
}

fn of_type(who: &Who, media_type: &str) -> Call {
    let call = new_case(who, billing_request()).without("content-type");
    call.header("content-type", media_type)
}

#[test]
fn a_body_that_is_not_admitted_is_refused_with_its_place() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let row = |rule, call, expected| Row { rule, call, expected };
    let put =
        |pointer: &str, value: Value| new_case(&edge, with(billing_request(), pointer, value));
    let plain = billing_request().to_string();
    let rows = vec![
        row(
            "malformed JSON",
            new_case_text(&edge, "{\"user_question\": }"),
            (400, "invalid_json", ""),
        ),
        row(
            "JSON that ends early",
            new_case_text(&edge, "{\"a\": [1, 2"),
            (400, "invalid_json", ""),
        ),
        row("not UTF-8", new_case_text(&edge, vec![b'"', 0xff, b'"']), (400, "invalid_json", "")),
        row("a key twice", new_case_text(&edge, "{\"a\": 1, \"a\": 2}"), (400, "invalid_json", "")),
        row("NaN", new_case_text(&edge, plain.replace("0.61", "NaN")), (400, "invalid_json", "")),
        row(
            "a number without bounds",
            new_case_text(&edge, plain.replace("0.61", "1e999")),
            (400, "invalid_json", ""),
        ),
        row(
            "too deep",
            new_case_text(&edge, format!("{}{}", "[".repeat(40), "]".repeat(40))),
            (400, "invalid_json", ""),
        ),
        row("not an object", new_case_text(&edge, "[]"), (400, "invalid_field", "")),
        row("no body", new_case_text(&edge, ""), (400, "invalid_field", "/user_question")),
        row(
            "a body over the limit",
            new_case_text(&edge, " ".repeat(2_000_100)),
            (413, "limit_exceeded", ""),
        ),
        row(
            "a score over 1",
            put("/signals/answer_groundedness", json!(1.5)),
            (400, "invalid_field", "/signals/answer_groundedness"),
        ),
        row(
            "a score under 0",
            put("/evidence/0/score", json!(-0.1)),
            (400, "invalid_field", "/evidence/0/score"),
        ),
        row(
            "a text over the limit",
            put("/user_question", json!("x".repeat(64_001))),
            (413, "limit_exceeded", "/user_question"),
        ),
        row(
            "an empty question",
            put("/user_question", json!("  ")),
            (400, "invalid_field", "/user_question"),
        ),
        row(
            "a deadline that has passed",
            put("/sla_deadline", json!("2026-05-09T18:00:00Z")),
            (400, "invalid_field", "/sla_deadline"),
        ),
        row(
            "an id with a space",
            put("/case_id", json!("case 1")),
            (400, "invalid_field", "/case_id"),
        ),
        row(
            "an unknown risk level",
            put("/risk_level", json!("hihg")),
            (400, "invalid_field", "/risk_level"),
        ),
        row(
            "a foreign tenant that exists",
            put("/tenant_id", json!("meridian-health")),
            (422, "unknown_tenant", "/tenant_id"),
        ),
        row(
            "a foreign tenant that does not",
            put("/tenant_id", json!("nobody")),
            (422, "unknown_tenant", "/tenant_id"),
        ),
        row(
            "a policy that was never released",
            put(
                "/claimed",
                json!({ "disposition": "escalate", "policy_hash": "sha256:0", "digest": "sha256:0", "evaluated_at": "2026-11-22T10:00:00Z" }),
            ),
            (422, "unknown_policy", "/claimed/policy_hash"),
        ),
        row(
            "a whole number beyond 2^53-1, as a fraction",
            new_case_text(&edge, r#"{"user_question": "?", "facts": {"a": 3.05e16}}"#),
            (400, "invalid_json", ""),
        ),
        row(
            "a compressed body",
            new_case_text(&edge, [0x1f, 0x8b, 8, 0]).header("content-encoding", "gzip"),
            (415, "unsupported_media_type", "/headers/content-encoding"),
        ),
        row(
            "a form",
            of_type(&edge, "application/x-www-form-urlencoded"),
            (415, "unsupported_media_type", "/headers/content-type"),
        ),
        row(
            "another charset",
            of_type(&edge, "application/json; charset=latin1"),
            (415, "unsupported_media_type", "/headers/content-type"),
        ),
        row(
            "no key",
            new_case(&edge, billing_request()).without("idempotency-key"),
            (400, "invalid_field", "/headers/idempotency-key"),
        ),
        row(
            "a key with a space",
            new_case(&edge, billing_request()).without("idempotency-key").key("a b"),
            (400, "invalid_field", "/headers/idempotency-key"),
        ),
    ];
    check(&folder, &host, rows);

    let told = |body: &str| {
        host.call(&new_case_text(&edge, body)).body["detail"].as_str().unwrap().to_owned()
    };
    assert!(told("{\n \"a\": ?}").contains("line 2 column 7"), "{}", told("{\n \"a\": ?}"));
    let foreign = |tenant: &str| host.call(&put("/tenant_id", json!(tenant))).text;
    assert_eq!(
        foreign("meridian-health"),
        foreign("nobody"),
        "whether a tenant exists is not told"
    );
}

#[test]
fn an_address_that_is_not_known_is_refused() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let row = |rule, call, expected| Row { rule, call, expected };
    let get = |path: &str| Call::get(path).of(&jonas);
    let put = Call { method: "PUT", ..Call::post("/v1/cases", json!({})) };
    let rows = vec![
        row("no such address", get("/v1/nothing"), (404, "not_found", "")),
        row("no such file", get("/nothing.js"), (404, "not_found", "")),
        row("another method", put.of(&jonas), (405, "method_not_allowed", "")),
        row(
            "no options",
            Call { method: "OPTIONS", ..get("/v1/me") },
            (405, "method_not_allowed", ""),
        ),
        row("a path that ends too late", get("/v1/cases/"), (404, "not_found", "")),
        row("a part of a path that is encoded", get("/v1%2Fme"), (404, "not_found", "")),
        row("an id with a letter of no ASCII", get("/v1/cases/caf%C3%A9"), (404, "not_found", "")),
        row("an id with a line feed", get("/v1/cases/a%0Ab"), (404, "not_found", "")),
        row(
            "a parameter with a slash in its name",
            get("/v1/me?a/b=1"),
            (400, "unknown_field", "/query/a~1b"),
        ),
        row(
            "a slashed parameter twice",
            get("/v1/me?a/b=1&a/b=1"),
            (400, "invalid_field", "/query/a~1b"),
        ),
        row(
            "a parameter where a policy is checked",
            Call::post("/v1/policies/check?a=b", json!({ "source": "" })).of(&jonas),
            (400, "unknown_field", "/query/a"),
        ),
        row("no such case", get("/v1/cases/nope"), (404, "not_found", "")),
        row(
            "no such command",
            Call::post("/v1/cases/nope/explode", json!({})).of(&jonas),
            (404, "not_found", ""),
        ),
        row("not an id", get("/v1/cases/a%20b"), (404, "not_found", "")),
        row("not UTF-8", get("/v1/cases/%ff"), (404, "not_found", "")),
        row("no such policy", get("/v1/policies/sha256:0"), (404, "not_found", "")),
        row(
            "no such queue",
            Call::post("/v1/queues/nope/claim", json!({})).of(&jonas),
            (422, "unknown_queue", "/queue"),
        ),
        row("an unknown parameter", get("/v1/cases?limt=5"), (400, "unknown_field", "/query/limt")),
        row(
            "a parameter where there is none",
            get("/v1/me?a=b"),
            (400, "unknown_field", "/query/a"),
        ),
        row(
            "a parameter twice",
            get("/v1/cases?limit=5&limit=6"),
            (400, "invalid_field", "/query/limit"),
        ),
        row(
            "a limit over the bound",
            get("/v1/cases?limit=501"),
            (400, "invalid_field", "/query/limit"),
        ),
        row(
            "a filter that is too long",
            get(&format!("/v1/cases?queue={}", "a".repeat(201))),
            (413, "limit_exceeded", "/query/queue"),
        ),
        row("a limit of nothing", get("/v1/cases?limit=0"), (400, "invalid_field", "/query/limit")),
        row("an unknown view", get("/v1/cases?view=yours"), (400, "invalid_field", "/query/view")),
        row(
            "a cursor of another order",
            get("/v1/cases?order=priority&cursor=1%20a%20b"),
            (400, "invalid_field", "/query/cursor"),
        ),
        row("the log is for auditors", get("/v1/audit/entries"), (403, "not_permitted", "")),
        row(
            "an edge reads no log",
            Call::get("/v1/audit/entries").of(&edge),
            (403, "not_permitted", ""),
        ),
    ];
    check(&folder, &host, rows);
    let unknown = host.call(&get("/v1/cases?limt=5"));
    assert!(unknown.body["help"].as_str().unwrap().contains("limit"), "{}", unknown.text);
}

#[test]
fn a_command_that_does_not_fit_is_refused() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas, mina) = (host.edge("northwind"), host.sign_in("Jonas"), host.sign_in("Mina"));
    let case = host.create(&edge, with(billing_request(), "/case_id", json!("case_a")));
    let waiting = host.create(&edge, with(billing_request(), "/case_id", json!("case_b")));
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let epoch = claimed["epoch"].as_i64().unwrap();
    let row = |rule, call, expected| Row { rule, call, expected };
    let to = |who: &Who, case: &Value, command: &str, body: Value| {
        let path = format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap());
        Call::post(&path, body).of(who)
    };
    let decide = |body: Value| to(&jonas, &case, "decide", body).key(&fresh("key"));
    let accept = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
    let rows = vec![
        row(
            "an unknown field",
            to(&jonas, &case, "heartbeat", json!({ "epoch": epoch, "epohc": 1 })),
            (400, "unknown_field", "/epohc"),
        ),
        row(
            "an unknown field in work",
            to(&jonas, &case, "save", json!({ "epoch": epoch, "work": { "txt": "" } })),
            (400, "unknown_field", "/work/txt"),
        ),
        row(
            "an unknown field in a decision",
            decide(with(accept.clone(), "/verdikt", json!(1))),
            (400, "unknown_field", "/verdikt"),
        ),
        row("no epoch", to(&jonas, &case, "release", json!({})), (400, "invalid_field", "/epoch")),
        row(
            "no reason",
            to(&jonas, &case, "skip", json!({ "epoch": epoch })),
            (400, "invalid_field", "/reason"),
        ),
        row(
            "a stale epoch",
            to(&jonas, &case, "heartbeat", json!({ "epoch": epoch - 1 })),
            (409, "lease_lost", "/epoch"),
        ),
        row(
            "an epoch to come",
            to(&jonas, &case, "release", json!({ "epoch": epoch + 1 })),
            (409, "lease_lost", "/epoch"),
        ),
        row(
            "a stale revision",
            decide(with(accept.clone(), "/revision", json!(1))),
            (409, "stale_version", "/revision"),
        ),
        row(
            "no key for a decision",
            decide(accept.clone()).without("idempotency-key"),
            (400, "invalid_field", "/headers/idempotency-key"),
        ),
        row(
            "an edit without a text",
            decide(json!({ "epoch": epoch, "verdict": "edited", "outcome": "send" })),
            (400, "invalid_field", "/answer"),
        ),
        row(
            "an accepted draft that is not sent",
            decide(json!({ "epoch": epoch, "verdict": "accepted", "outcome": "refuse" })),
            (400, "invalid_field", "/outcome"),
        ),
        row(
            "a case of a queue that they do not serve",
            to(&mina, &waiting, "claim", json!({})),
            (404, "not_found", ""),
        ),
        row("a case that is held", to(&jonas, &case, "claim", json!({})), (409, "lease_lost", "")),
        row(
            "a decision without a claim",
            to(
                &jonas,
                &waiting,
                "decide",
                json!({ "epoch": 0, "verdict": "accepted", "outcome": "send" }),
            )
            .key("k"),
            (409, "lease_lost", "/epoch"),
        ),
        row(
            "an undo without a decision",
            to(&jonas, &waiting, "undo", json!({})),
            (409, "invalid_state", ""),
        ),
        row(
            "who sent a case does not claim it",
            to(&edge, &waiting, "claim", json!({})),
            (403, "self_approval", ""),
        ),
        row(
            "who did not send it does not withdraw it",
            to(&jonas, &waiting, "withdraw", json!({})),
            (404, "not_found", ""),
        ),
        row(
            "an id that is taken",
            new_case(&edge, with(billing_request(), "/case_id", json!("case_a"))),
            (409, "duplicate", "/case_id"),
        ),
        row(
            "a reviewer sends no cases",
            new_case(&jonas, billing_request()),
            (403, "not_permitted", ""),
        ),
        row(
            "an edge claims no queue",
            Call::post("/v1/queues/triage/claim", json!({})).of(&edge),
            (403, "not_permitted", ""),
        ),
        row(
            "an empty queue",
            Call::post("/v1/queues/triage/claim", json!({})).of(&jonas),
            (404, "not_found", ""),
        ),
        row(
            "a queue without a grant",
            Call::post("/v1/queues/security_action/claim", json!({})).of(&jonas),
            (403, "not_permitted", ""),
        ),
    ];
    check(&folder, &host, rows);

    let foreign = host.edge("meridian-health");
    let rows = vec![
        row(
            "another tenant's case",
            Call::get("/v1/cases/case_a").of(&foreign),
            (404, "not_found", ""),
        ),
        row(
            "another tenant's case withdrawn",
            to(&foreign, &case, "withdraw", json!({})),
            (404, "not_found", ""),
        ),
        row(
            "another tenant's case claimed",
            to(&foreign, &case, "claim", json!({})),
            (404, "not_found", ""),
        ),
    ];
    check(&folder, &host, rows);
    let absent = host.call(&Call::get("/v1/cases/case_x").of(&foreign)).text;
    assert_eq!(host.call(&Call::get("/v1/cases/case_a").of(&foreign)).text, absent);

    let first = billing_request();
    host.expect(&new_case(&edge, first.clone()).without("idempotency-key").key("once"), 201);
    let rows = vec![row(
        "a key with another body",
        new_case(&edge, with(first, "/user_question", json!("another")))
            .without("idempotency-key")
            .key("once"),
        (422, "idempotency_mismatch", "/headers/idempotency-key"),
    )];
    check(&folder, &host, rows);
    assert_sound(folder.path());
}

#[test]
fn a_credential_that_does_not_hold_is_refused() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let data = folder.path();
    let edge = host.edge("northwind");
    let principal = run_ok(
        data,
        &["principal", "create", "--tenant", "northwind", "--name", "app", "--kind", "service"],
    );
    run_ok(data, &["grant", "add", &principal, "--role", "caller"]);
    let token = |more: &[&str]| {
        let arguments = [&["token", "create", principal.as_str()], more].concat();
        let printed = run_ok(data, &arguments);
        let (id, secret) = printed.split_once(' ').unwrap();
        (id.to_owned(), Who::Token(secret.to_owned()))
    };
    let (_, reading) = token(&["--scope", "read"]);
    let (_, expired) = token(&["--hours", "0"]);
    let (revoked_id, revoked) = token(&[]);
    let (_, suspended) = token(&[]);
    host.create(&revoked, billing_request());
    run_ok(data, &["token", "revoke", &revoked_id]);
    let me = |who: &Who| Call::get("/v1/me").of(who);
    let link = host.link("Mina");
    let jonas = host.sign_in("Jonas");
    let Who::Session { cookie, .. } = jonas.clone() else { panic!("not a session") };
    let Who::Token(edge_token) = edge.clone() else { panic!("not a token") };
    let origin = |call: Call, origin: &str| call.header("origin", origin);
    let claim = || Call::post("/v1/queues/triage/claim", json!({})).of(&jonas);
    let row = |rule, call, expected| Row { rule, call, expected };
    let csrf = (403, "not_permitted", "/headers/x-csrf-token");
    let rows = vec![
        row("no credential", Call::get("/v1/me"), (401, "unauthenticated", "")),
        row(
            "an unknown token",
            me(&Who::Token("cs_nope".to_owned())),
            (401, "unauthenticated", ""),
        ),
        row(
            "another scheme",
            Call::get("/v1/me").header("authorization", &format!("Basic {edge_token}")),
            (401, "unauthenticated", ""),
        ),
        row("a link is no token", me(&Who::Token(link.clone())), (401, "unauthenticated", "")),
        row(
            "a token is no session",
            Call::get("/v1/me").header("cookie", &format!("countersign_session={edge_token}")),
            (401, "unauthenticated", ""),
        ),
        row("an expired token", me(&expired), (401, "unauthenticated", "")),
        row("a revoked token", me(&revoked), (401, "unauthenticated", "")),
        row(
            "a revoked token writes",
            new_case(&revoked, billing_request()),
            (401, "unauthenticated", ""),
        ),
        row(
            "a token for reading writes",
            new_case(&reading, billing_request()),
            (403, "not_permitted", ""),
        ),
        row("a session without its csrf token", claim().without("x-csrf-token"), csrf),
        row(
            "a session with a wrong csrf token",
            claim().without("x-csrf-token").header("x-csrf-token", "wrong"),
            csrf,
        ),
        row(
            "a page of another origin",
            origin(claim(), "https://evil.example"),
            (403, "not_permitted", "/headers/origin"),
        ),
        row(
            "a page without an origin",
            origin(claim(), "null"),
            (403, "not_permitted", "/headers/origin"),
        ),
        row(
            "signing in from another origin",
            origin(Call::post("/v1/session", json!({ "token": link })), "https://evil.example"),
            (403, "not_permitted", "/headers/origin"),
        ),
        row(
            "an unknown link",
            Call::post("/v1/session", json!({ "token": "cs_link_nope" })),
            (401, "unauthenticated", "/token"),
        ),
        row(
            "a token is no link",
            Call::post("/v1/session", json!({ "token": edge_token })),
            (401, "unauthenticated", "/token"),
        ),
        row(
            "a used link",
            Call::post("/v1/session", json!({ "token": host.link("Jonas") })),
            (401, "unauthenticated", "/token"),
        ),
        row(
            "signing out takes the csrf token too",
            Call { method: "DELETE", ..Call::get("/v1/session") }.header("cookie", &cookie),
            csrf,
        ),
        row(
            "a bearer token signs nobody out",
            Call { method: "DELETE", ..Call::get("/v1/session") }.of(&edge),
            (403, "not_permitted", ""),
        ),
    ];
    check(&folder, &host, rows);

    assert_eq!(host.call(&me(&reading)).status, 200);
    let own_page = host.call(&origin(claim(), &host.url));
    assert_eq!(
        own_page.body["code"], "not_found",
        "a page of this host is let in: {}",
        own_page.text
    );

    run_ok(data, &["principal", "suspend", &principal]);
    let rows = vec![
        row("a suspended principal reads", me(&suspended), (403, "not_permitted", "")),
        row(
            "a suspended principal writes",
            new_case(&suspended, billing_request()),
            (403, "not_permitted", ""),
        ),
    ];
    check(&folder, &host, rows);
    run_ok(data, &["principal", "activate", &principal]);
    assert_eq!(host.call(&me(&suspended)).status, 200);
    assert_sound(data);
}
