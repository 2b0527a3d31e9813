//! Calls that no client of ours makes: odd forms, raw bytes, and values that must not poison what
//! is stored.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh};

/// Sends raw bytes and gives what comes back until the host ends the connection or falls silent.
fn raw(host: &Host, parts: &[&[u8]]) -> String {
    let address = host.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    for part in parts {
        // A host that has refused already may have closed its side.
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn bearer(who: &Who) -> String {
    let Who::Token(token) = who else { panic!("not a token") };
    format!("authorization: Bearer {token}\r\nhost: x\r\n")
}

#[test]
fn what_is_admitted_can_be_read_again_however_deep_it_is_stored() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let nested = |levels: usize| -> Value { (0..levels).fold(json!(1), |inner, _| json!([inner])) };
    // The deepest that a body may be, in a fact and in an action whose arguments stand flat.
    let mut body = billing_request();
    body["facts"] = json!({ "deep": nested(30) });
    body["proposed_actions"] = json!([{ "proposed_action": "refund", "deep": nested(29) }]);
    let case = host.create(&edge, body.clone());
    let path = format!("/v1/cases/{}", case["case_id"].as_str().unwrap());
    host.expect(&Call::get(&path).of(&jonas), 200);
    host.expect(&Call::get("/v1/cases").of(&jonas), 200);
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    assert_eq!(claimed["facts"], body["facts"]);
    body["facts"] = json!({ "deep": nested(31) });
    let call = Call::post("/v1/cases", body).of(&edge).key(&fresh("key"));
    assert_eq!(host.call(&call).body["code"], "invalid_json");
    assert_sound(folder.path());
}

#[test]
fn the_largest_numbers_that_are_admitted_do_not_poison_a_queue() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    for number in ["9007199254740991", "-9007199254740991.0", "1e21", "-1.5e300", "5e-324"] {
        let text = format!(
            r#"{{"user_question": "?", "domain": "billing", "risk_level": "high", "facts": {{"a": {number}}}}}"#
        );
        let call = Call::post_bytes("/v1/cases", text).of(&edge).key(&fresh("key"));
        host.expect(&call, 201);
    }
    let claim = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas);
    for _ in 0..5 {
        host.expect(&claim, 200);
    }
    assert_sound(folder.path());
}

#[test]
fn a_tenant_that_is_null_is_the_credentials_own() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let mut body = billing_request();
    body["tenant_id"] = Value::Null;
    assert_eq!(host.create(&host.edge("northwind"), body)["tenant_id"], "northwind");
}

#[test]
fn a_key_counts_for_one_operation_and_one_principal() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = |id: &str| {
        let mut body = billing_request();
        body["case_id"] = json!(id);
        Call::post("/v1/cases", body).of(&edge).key("same")
    };
    let first = host.expect(&case("case_a"), 201);
    host.create(&edge, billing_request());
    let claim = Call::post("/v1/cases/case_a/claim", json!({})).of(&jonas).key("same");
    let claimed = host.expect(&claim, 200);
    assert_ne!(claimed, first, "another operation is not answered with the case");
    let again = host.call(&claim);
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
    let next = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas).key("same");
    let next = host.call(&next);
    assert_eq!((next.status, next.header("idempotency-replayed")), (200, ""));
}

#[test]
fn a_method_is_refused_with_those_that_are_taken() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    for (path, allowed) in
        [("/v1/me", "GET,HEAD"), ("/v1/cases", "GET,HEAD,POST"), ("/v1/session", "POST,DELETE")]
    {
        let answer = host.call(&Call { method: "PATCH", ..Call::get(path) });
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{path}");
    }
    let odd = raw(&host, &[b"BREW /v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"]);
    assert!(odd.starts_with("HTTP/1.1 405") && odd.contains("method_not_allowed"), "{odd}");
    let head = raw(&host, &[b"HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"]);
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_body_of_any_media_type_of_json_is_read_and_one_without_a_type_too() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    for media_type in
        ["application/json; charset=UTF-8", "Application/JSON", "application/vnd.x+json"]
    {
        let call = Call::post("/v1/cases", billing_request()).without("content-type");
        let call = call.header("content-type", media_type).of(&edge).key(&fresh("key"));
        host.expect(&call, 201);
    }
    let body = billing_request().to_string();
    let head = format!(
        "POST /v1/cases HTTP/1.1\r\n{}idempotency-key: untyped\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        bearer(&edge),
        body.len()
    );
    let answer = raw(&host, &[head.as_bytes(), body.as_bytes()]);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn a_body_in_chunks_is_held_to_the_same_limit() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let head = format!(
        "POST /v1/cases HTTP/1.1\r\n{}idempotency-key: chunks\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        bearer(&host.edge("northwind"))
    );
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut parts = vec![head.as_bytes()];
    parts.extend(std::iter::repeat_n(chunk.as_bytes(), 40));
    parts.push(b"0\r\n\r\n");
    let answer = raw(&host, &parts);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("limit_exceeded"), "{answer}");
}

#[test]
fn oversized_and_broken_heads_are_refused_and_the_host_goes_on() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let large = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(1_000_000));
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let rows: [(&str, &[u8], &str); 6] = [
        ("a large header", large.as_bytes(), "HTTP/1.1 431"),
        ("many headers", many.as_bytes(), "HTTP/1.1 431"),
        ("a long address", long.as_bytes(), "HTTP/1.1 414"),
        ("no HTTP", b"\x16\x03\x01\x00\xff\r\n\r\n", "HTTP/1.1 400"),
        (
            "two lengths",
            b"POST /v1/cases HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 400",
        ),
        (
            "a NUL in a header",
            b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
            "HTTP/1.1 400",
        ),
    ];
    for (rule, bytes, expected) in rows {
        let answer = raw(&host, &[bytes]);
        assert!(answer.starts_with(expected), "{rule}: {answer}");
    }
    host.expect(&Call::get("/healthz"), 200);
}

#[test]
fn who_sends_too_slowly_is_cut_off_and_holds_up_nobody() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let address = host.url.trim_start_matches("http://").to_owned();
    let slow = |bytes: String| {
        let address = address.clone();
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
            stream.write_all(bytes.as_bytes()).unwrap();
            let started = Instant::now();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            (started.elapsed(), String::from_utf8_lossy(&answer).into_owned())
        })
    };
    let credential = bearer(&host.edge("northwind"));
    let body = slow(format!(
        "POST /v1/cases HTTP/1.1\r\n{credential}idempotency-key: slow\r\ncontent-length: 1000\r\n\r\n{{"
    ));
    let head = slow("GET /healthz HTTP/1.1\r\nhost: x\r\nx: ".to_owned());
    host.expect(&Call::get("/healthz"), 200);
    let (waited, answer) = body.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("timed_out"), "{answer}");
    assert!(waited < Duration::from_secs(35), "{waited:?}");
    let (waited, _) = head.join().unwrap();
    assert!(waited < Duration::from_secs(35), "a head that never ends: {waited:?}");
}
