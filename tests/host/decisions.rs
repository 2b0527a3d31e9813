//! Decision records: counted, never twice, and a gap is told.

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, fresh};

fn record(number: i64) -> Value {
    json!({
        "request_id": format!("req_{number}"), "evaluated_at": "2026-11-22T10:00:00.000Z", "disposition": "answer",
        "risk_level": "low", "probability": 0.83, "trigger_ids": [], "queue": null, "policy_hash": "sha256:0",
        "digest": "sha256:1", "facts": { "request.domain": "support" }, "signals": { "retrieval_score": 0.9, "tool_success": "missing" },
        "from_a_newer_edge": true,
    })
}

fn batch(boot: &str, sequence: i64, count: i64) -> Value {
    let records: Vec<Value> = (sequence..sequence + count).map(record).collect();
    json!({ "version": 1, "edge": "edge-eu", "boot": boot, "sequence": sequence, "records": records })
}

fn send(host: &Host, who: &Who, body: Value) -> Value {
    let mut told = host.expect(&Call::post("/v1/decisions", body).of(who).key(&fresh("key")), 202);
    // Which of them the host wants to see is another matter.
    assert!(told.as_object_mut().unwrap().remove("wanted").unwrap().is_array());
    told
}

#[test]
fn records_are_kept_once_and_a_gap_is_told() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let rows = [
        (
            "the first",
            batch("one", 0, 3),
            json!({ "accepted": 3, "next_sequence": 3, "gap": null, "counted": 0 }),
        ),
        (
            "the next",
            batch("one", 3, 2),
            json!({ "accepted": 2, "next_sequence": 5, "gap": null, "counted": 0 }),
        ),
        (
            "an overlap",
            batch("one", 4, 3),
            json!({ "accepted": 2, "next_sequence": 7, "gap": null, "counted": 0 }),
        ),
        (
            "the same again",
            batch("one", 4, 3),
            json!({ "accepted": 0, "next_sequence": 7, "gap": null, "counted": 0 }),
        ),
        (
            "after a gap",
            batch("one", 10, 1),
            json!({ "accepted": 1, "next_sequence": 11, "gap": { "from": 7, "to": 9 }, "counted": 0 }),
        ),
        (
            "what was missing",
            batch("one", 7, 3),
            json!({ "accepted": 3, "next_sequence": 11, "gap": null, "counted": 0 }),
        ),
        (
            "another start",
            batch("two", 2, 1),
            json!({ "accepted": 1, "next_sequence": 3, "gap": { "from": 0, "to": 1 }, "counted": 0 }),
        ),
    ];
    for (rule, body, expected) in rows {
        assert_eq!(send(&host, &edge, body), expected, "{rule}");
    }
    // The same stream of another tenant is another stream.
    let other = send(&host, &host.edge("meridian-health"), batch("one", 0, 1));
    assert_eq!(other["next_sequence"], 1);
    let count = |select: &str| -> i64 {
        folder.database().query_row(select, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM decision_records"), 13);
    assert_eq!(
        count(
            "SELECT count(*) FROM audit_pending WHERE entry ->> '$.event' = 'decisions_recorded'"
        ),
        7
    );

    let before = folder.dump();
    let mut changed = batch("one", 0, 1);
    changed["records"][0]["probability"] = json!(0.1);
    let call = |body: Value| Call::post("/v1/decisions", body).of(&edge).key(&fresh("key"));
    let mut refused = vec![(changed, 409, "duplicate", "/records/0")];
    for (pointer, value, code, path) in [
        ("/records/0/probability", json!(2), "invalid_field", "/records/0/probability"),
        ("/records/0/disposition", json!("maybe"), "invalid_field", "/records/0/disposition"),
        ("/records/0/facts/x", json!({}), "invalid_field", "/records/0/facts/x"),
        ("/sequence", json!(-1), "invalid_field", "/sequence"),
        ("/version", json!(2), "invalid_field", "/version"),
        ("/bot", json!(1), "unknown_field", "/bot"),
    ] {
        let mut body = batch("three", 0, 1);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        refused.push((body, 400, code, path));
    }
    let mut many = batch("three", 0, 1);
    many["records"] = Value::Array(vec![json!({}); 1_001]);
    refused.push((many, 413, "limit_exceeded", "/records"));
    for (body, status, code, path) in refused {
        let told = host.expect(&call(body), status);
        assert_eq!((told["code"].as_str(), told["path"].as_str()), (Some(code), Some(path)));
    }
    let unkeyed = host.expect(&call(batch("three", 0, 1)).without("idempotency-key"), 400);
    assert_eq!(unkeyed["path"], "/headers/idempotency-key");
    assert!(folder.dump() == before);
    assert_sound(folder.path());
}

#[test]
fn what_an_edge_had_no_room_for_is_counted_once() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let group = |hour: &str, disposition: &str, count: i64| json!({ "hour": format!("2026-11-22T{hour}:00:00Z"), "disposition": disposition, "domain": "support", "release": null, "count": count });
    let dropped = |sequence: i64, records: i64, groups: &[Value]| {
        let mut body = batch("one", sequence, records);
        body["dropped"] = json!(groups);
        body
    };
    let lost = [group("10", "answer", 4), group("10", "escalate", 1), group("11", "answer", 2)];
    let gap = |from: i64, to: i64| json!({ "from": from, "to": to });
    let receipt = |accepted: i64, next: i64, gap: Value, counted: i64| json!({ "accepted": accepted, "next_sequence": next, "gap": gap, "counted": counted });
    assert_eq!(send(&host, &edge, batch("one", 0, 3)), receipt(3, 3, Value::Null, 0));
    let report = dropped(10, 2, &lost);
    assert_eq!(send(&host, &edge, report.clone()), receipt(2, 12, gap(3, 9), 7));
    // The same again under another key, as from an edge that started anew.
    assert_eq!(send(&host, &edge, report), receipt(0, 12, Value::Null, 7));
    // More is missing than is counted, and there is nothing but a count.
    let rest = dropped(20, 0, &[group("12", "refuse", 3)]);
    assert_eq!(send(&host, &edge, rest), receipt(0, 20, gap(12, 19), 3));

    let before = folder.dump();
    let call = |body: Value| Call::post("/v1/decisions", body).of(&edge).key(&fresh("key"));
    let many = vec![group("10", "answer", 1); 301];
    let refused = [
        (dropped(21, 1, &[group("10", "answer", 2)]), 409, "duplicate", "/dropped"),
        (dropped(10, 1, &[group("10", "answer", 7)]), 409, "duplicate", "/dropped"),
        (dropped(3, 1, &[group("10", "answer", 4)]), 400, "invalid_field", "/dropped"),
        (dropped(30, 1, &[group("10", "answer", 0)]), 400, "invalid_field", "/dropped/0/count"),
        (
            dropped(30, 1, &[group("10", "maybe", 1)]),
            400,
            "invalid_field",
            "/dropped/0/disposition",
        ),
        (dropped(500, 1, &many), 413, "limit_exceeded", "/dropped"),
    ];
    for (body, status, code, path) in refused {
        let told = host.expect(&call(body), status);
        assert_eq!((told["code"].as_str(), told["path"].as_str()), (Some(code), Some(path)));
    }
    assert!(folder.dump() == before);
    assert_sound(folder.path());
}
