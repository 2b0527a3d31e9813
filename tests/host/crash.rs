//! The process is killed in the middle of traffic: whatever it acknowledged is there afterwards.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, server};

const KILLS: u32 = 20;
const CLIENTS: u32 = 4;

/// What was acknowledged: the case, and the revision that the answer showed.
type Ledger = Mutex<BTreeMap<String, i64>>;

fn acknowledge(ledger: &Ledger, case: &Value) {
    let case_id = case["case_id"].as_str().unwrap().to_owned();
    let revision = case["revision"].as_i64().unwrap();
    let mut ledger = ledger.lock().unwrap();
    let known = ledger.entry(case_id).or_insert(0);
    *known = revision.max(*known);
}

/// Sends cases and works on them until the host is gone; gives the calls whose fate is unknown.
fn traffic(
    host: &Host,
    edge: &Who,
    reviewer: &Who,
    ledger: &Ledger,
    stop: &AtomicBool,
) -> Vec<Call> {
    let mut unknown = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut body = billing_request();
        body["case_id"] = json!(fresh("case"));
        let create = Call::post("/v1/cases", body).of(edge).key(&fresh("key"));
        let Ok(answer) = host.try_call(&create) else {
            unknown.push(create);
            break;
        };
        assert_eq!(answer.status, 201, "{}", answer.text);
        let case = answer.body["case"].clone();
        acknowledge(ledger, &case);
        let path =
            |command: &str| format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap());
        let steps = [
            ("claim", json!({})),
            ("save", json!({ "epoch": 1, "work": { "text": "half" } })),
            ("decide", json!({ "epoch": 1, "verdict": "accepted", "outcome": "send" })),
        ];
        for (command, body) in steps {
            let call = Call::post(&path(command), body).of(reviewer).key(&fresh("key"));
            let Ok(answer) = host.try_call(&call) else {
                unknown.push(call);
                return unknown;
            };
            assert_eq!(answer.status, 200, "{command}: {}", answer.text);
            acknowledge(ledger, &answer.body["case"]);
        }
    }
    unknown
}

#[test]
fn f01_every_acknowledged_write_survives_the_death_of_the_process() {
    let folder = Folder::new();
    let ledger = Ledger::default();
    let mut unknown: Vec<Call> = Vec::new();
    let mut host = Host::start(&folder);
    let (edge, reviewer) = (host.edge("northwind"), host.sign_in("Jonas"));
    let mut pause_ms = 40;
    for _ in 0..KILLS {
        let stop = AtomicBool::new(false);
        let (started, ledger) = (&host, &ledger);
        std::thread::scope(|scope| {
            let (edge, reviewer, stop) = (&edge, &reviewer, &stop);
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| scope.spawn(move || traffic(started, edge, reviewer, ledger, stop)))
                .collect();
            // Every instant of a commit is hit sooner or later: the pauses share no rhythm with it.
            pause_ms = (pause_ms * 7 + 13) % 251;
            // A server is asked over more steps, and its sessions are opened first.
            let shortest_ms = if server().is_some() { 400 } else { 50 };
            std::thread::sleep(Duration::from_millis(shortest_ms + pause_ms));
            started.kill_now();
            stop.store(true, Ordering::Relaxed);
            for client in clients {
                unknown.extend(client.join().unwrap());
            }
        });
        drop(host);
        host = Host::start(&folder);
        assert_sound(folder.path());
    }
    let ledger = ledger.into_inner().unwrap();
    println!("{} cases acknowledged, {} answers lost, {KILLS} kills", ledger.len(), unknown.len());
    assert!(ledger.len() > 50, "there was hardly any traffic: {}", ledger.len());
    for (case_id, revision) in &ledger {
        let view = host.expect(&Call::get(&format!("/v1/cases/{case_id}")).of(&edge), 200);
        let found = view["case"]["revision"].as_i64().unwrap();
        assert!(found >= *revision, "{case_id}: acknowledged {revision}, found {found}");
        assert_eq!(view["history"].as_array().unwrap().len(), usize::try_from(found).unwrap());
    }
    // A lost answer is asked for again with its key: the write happens once, or had happened.
    for call in unknown.iter().filter(|call| call.path == "/v1/cases") {
        let answer = host.call(call);
        assert_eq!(answer.status, 201, "{}", answer.text);
        let again = host.call(call);
        assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &answer.text));
    }
    assert_sound(folder.path());
    host.kill();
}
