//! Holders that are late, replies that are lost, requests that are cut off.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Ground, hosts};
use crate::ledger::{Ledger, counted};
use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, quick_policy};
use crate::traffic::path;

pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// Cases of one round.
const BATCH: u64 = 6;

/// A request as it goes over the wire.
pub(crate) fn bytes(host: &Host, call: &Call) -> Vec<u8> {
    let address = host.url.trim_start_matches("http://");
    let mut text = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", call.method, call.path);
    for (name, value) in &call.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", call.body.len()));
    [text.into_bytes(), call.body.clone()].concat()
}

/// Sends a request, and does not wait for the answer.
pub(crate) fn send_only(host: &Host, call: &Call) {
    let Ok(mut stream) = TcpStream::connect(host.url.trim_start_matches("http://")) else { return };
    let _ = stream.write_all(&bytes(host, call));
    let _ = stream.shutdown(Shutdown::Both);
}

pub(crate) fn short_leases(folder: &Folder, count: usize) -> Vec<Host> {
    hosts(folder, count, &quick_policy(folder, "1 s", "10 min"))
}

fn rows(folder: &Folder) -> Vec<String> {
    let database = folder.database();
    let mut statement = database.prepare("SELECT body FROM cases ORDER BY case_id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Everything that a holder could still want.
pub(crate) fn late_calls(case: &Value, holder: &Who) -> Vec<Call> {
    let epoch = case["epoch"].as_i64().unwrap();
    let with = |more: Value| {
        let mut body = json!({ "epoch": epoch });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let call = |name: &str, body| Call::post(&path(case, name), body).of(holder).key(&fresh("key"));
    vec![
        call("decide", with(json!({ "verdict": "accepted", "outcome": "send" }))),
        call("heartbeat", with(json!({}))),
        call("save", with(json!({ "work": { "text": "late" } }))),
        call("release", with(json!({}))),
        call("skip", with(json!({ "reason": "late" }))),
    ]
}

/// A host is stopped while its reviewer holds cases; another reviewer takes them at another host; then
/// everything that the first one wanted arrives.
pub(crate) fn f02_late_completion(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = short_leases(&folder, 2);
    let (edge, jonas, sofia) =
        (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"), hosts[1].sign_in("Sofia"));
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let cases: Vec<Value> = (0..BATCH)
            .map(|_| hosts[0].create(&edge, billing_request()))
            .map(|case| hosts[0].command(&jonas, &case, "claim", json!({})))
            .collect();
        hosts[0].signal("STOP");
        std::thread::sleep(LEASE + Duration::from_millis(100));
        let claim = |case: &Value| hosts[1].command(&sofia, case, "claim", json!({}));
        let taken: Vec<Value> = cases.iter().map(claim).collect();
        assert!(taken.iter().zip(&cases).all(|(now, before)| now["epoch"] != before["epoch"]));
        // What arrives while the host is stopped waits, and is read when it goes on.
        std::thread::scope(|scope| {
            let host = &hosts[0];
            let late: Vec<_> = cases
                .iter()
                .map(|case| {
                    let call = late_calls(case, &jonas).remove(0);
                    scope.spawn(move || host.call(&call))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(50));
            let before = rows(&folder);
            hosts[0].signal("CONT");
            for (answer, case) in late.into_iter().zip(&cases) {
                let mut answers = vec![answer.join().unwrap()];
                answers.extend(late_calls(case, &jonas).iter().skip(1).map(|call| host.call(call)));
                for answer in answers {
                    tally.count += 1;
                    tally.doubled +=
                        u64::from(answer.status != 409 || answer.body["code"] != "lease_lost");
                }
            }
            // The new holder's lease may have ended meanwhile; nothing that was late shows.
            let (now, held) = (rows(&folder), before);
            let late = |body: &&String| body.contains("\"late\"") || body.contains("\"held\"");
            assert_eq!(now.len(), held.len());
            tally.lost += now.iter().filter(late).count() as u64;
        });
    }
    assert_sound(folder.path());
    tally
}

/// Every host is stopped for longer than the leases last; what was sent to them meanwhile is late.
pub(crate) fn f10_all_stopped(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = short_leases(&folder, 3);
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let cases: Vec<Value> = (0..BATCH)
            .map(|_| hosts[0].create(&edge, billing_request()))
            .map(|case| hosts[0].command(&jonas, &case, "claim", json!({})))
            .collect();
        for host in &hosts {
            host.signal("STOP");
        }
        std::thread::scope(|scope| {
            let late: Vec<_> = cases
                .iter()
                .zip(hosts.iter().cycle())
                .map(|(case, host)| {
                    let call = late_calls(case, &jonas).remove(0);
                    scope.spawn(move || host.call(&call))
                })
                .collect();
            std::thread::sleep(LEASE + Duration::from_millis(300));
            for host in &hosts {
                host.signal("CONT");
            }
            for answer in late {
                let answer = answer.join().unwrap();
                tally.doubled += u64::from(answer.body["code"] != "lease_lost");
            }
        });
        for case in &cases {
            let case_id = case["case_id"].as_str().unwrap();
            hosts[1].wait_for(&edge, case_id, "ready");
            tally.count += 1;
        }
        let ends = "SELECT count(*) FROM audit_pending WHERE entity_id = ?1 AND entity_kind = 'case' \
            AND entry ->> '$.event' = 'case_released'";
        for case in &cases {
            let case_id = case["case_id"].as_str().unwrap();
            let count = counted(&folder, ends, &[case_id]);
            tally.doubled += u64::from(count != 1);
        }
    }
    assert_sound(folder.path());
    tally
}

/// A claim of the next case whose answer nobody reads, and the same claim again with its key.
pub(crate) fn f05_reply_lost(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = [Host::start(&folder), Host::start(&folder)];
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        for _ in 0..3 {
            hosts[0].create(&edge, billing_request());
        }
        let key = fresh("key");
        let claim = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(&jonas).key(&key);
        let pair = usize::try_from(tally.count % 2).unwrap();
        send_only(&hosts[pair], &claim);
        let first = hosts[1 - pair].expect(&claim, 200);
        let again = hosts[pair].expect(&claim, 200);
        tally.count += 1;
        tally.doubled += u64::from(first != again);
    }
    let leased = counted(&folder, "SELECT count(*) FROM cases WHERE state = 'leased'", &[]);
    tally.doubled += leased.saturating_sub(tally.count);
    tally.lost += tally.count.saturating_sub(leased);
    assert_sound(folder.path());
    tally
}

/// Requests of all kinds whose callers go away: in the middle of a line, of a body, or right after.
pub(crate) fn f13_cut_off(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = [Host::start(&folder), Host::start(&folder)];
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let ledger = Ledger::new(&folder);
    let mut tally = Tally::default();
    let mut worst = Duration::ZERO;
    while ground.goes_on(tally.count) {
        let case = hosts[0].create(&edge, billing_request());
        ledger.keep(&case);
        for number in 0..20_u64 {
            let host = &hosts[usize::try_from(number % 2).unwrap()];
            let call = match number % 4 {
                0 => Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key")),
                1 => Call::post(&path(&case, "claim"), json!({})).of(&jonas),
                2 => late_calls(&case, &jonas).remove(2),
                _ => Call::get("/v1/cases?limit=50").of(&edge),
            };
            let all = bytes(host, &call);
            let seed = tally.count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            // Often the whole request, so that it is worked on while nobody waits any more.
            let cut =
                if seed % 3 == 0 { usize::try_from(seed).unwrap() % all.len() } else { all.len() };
            if let Ok(mut stream) = TcpStream::connect(host.url.trim_start_matches("http://")) {
                let _ = stream.write_all(&all[..cut]);
                std::thread::sleep(Duration::from_micros(seed % 3_000));
                let _ = stream.shutdown(Shutdown::Both);
            }
            tally.count += 1;
        }
        // Nothing is held: both hosts write at once.
        for host in &hosts {
            let begun = std::time::Instant::now();
            ledger.keep(&host.create(&edge, billing_request()));
            worst = worst.max(begun.elapsed());
        }
    }
    if ground.is_server() {
        // No session was left inside a transaction: not even the longest statement is as old.
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND pid <> pg_backend_pid() AND clock_timestamp() - xact_start > interval '1 s'";
        tally.doubled += counted(&folder, open, &[]);
    }
    tally.lost = ledger.lost(&folder);
    tally.figures = format!("worst write afterwards {} ms", worst.as_millis());
    tally
}
