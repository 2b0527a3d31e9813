//! Several processes on one file: killed at any instant, and competing for it.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ledger::{Ledger, counted};
use crate::support::{Call, Folder, Host, Who, billing_request, fresh, quick_policy};
use crate::{Limit, Tally};

const HOSTS: usize = 3;
const CLIENTS: usize = 4;
const LEASE: Duration = Duration::from_secs(5);

fn path(case: &Value, command: &str) -> String {
    format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap())
}

/// Works at one host after the other until told to stop; gives the calls whose fate is unknown.
fn traffic(
    hosts: &[RwLock<Host>],
    first: usize,
    (edge, reviewer): (&Who, &Who),
    ledger: &Ledger,
    stop: &AtomicBool,
) -> Vec<Call> {
    let mut unknown = Vec::new();
    let mut turn = first;
    let mut call = |call: Call| {
        turn += 1;
        let answer = hosts[turn % hosts.len()].read().unwrap().try_call(&call);
        match answer {
            Ok(answer) if matches!(answer.status, 200 | 201) => {
                ledger.keep(&answer.body["case"]);
                Some(answer.body["case"].clone())
            }
            // Busy, or not ours any more: both are told.
            Ok(answer) => {
                assert!(matches!(answer.status, 409 | 503), "{}", answer.text);
                None
            }
            Err(_) => {
                unknown.push(call);
                None
            }
        }
    };
    while !stop.load(Ordering::Relaxed) {
        let mut body = billing_request();
        body["case_id"] = json!(fresh("case"));
        let create = Call::post("/v1/cases", body).of(edge).key(&fresh("key"));
        let Some(case) = call(create) else { continue };
        let Some(claimed) =
            call(Call::post(&path(&case, "claim"), json!({})).of(reviewer).key(&fresh("key")))
        else {
            continue;
        };
        let epoch = claimed["epoch"].clone();
        let save = json!({ "epoch": epoch, "work": { "text": "half" } });
        let decide = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
        for (command, body) in [("save", save), ("decide", decide)] {
            let command = Call::post(&path(&case, command), body).of(reviewer).key(&fresh("key"));
            if call(command).is_none() {
                break;
            }
        }
    }
    unknown
}

pub(crate) fn f01_kills(limit: &Limit) -> Tally {
    let folder = Folder::new();
    let policy = quick_policy(&folder, "5 s", "200 ms");
    let start = || Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let hosts: Vec<RwLock<Host>> = (0..HOSTS).map(|_| RwLock::new(start())).collect();
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let mut tally = Tally::default();
    let mut pause_ms = 40;
    let mut unknown: Vec<Call> = Vec::new();
    while limit.goes_on(tally.count) {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (hosts, ledger, stop, who) = (&hosts, &ledger, &stop, (&edge, &reviewer));
            let clients: Vec<_> = (0..CLIENTS)
                .map(|first| scope.spawn(move || traffic(hosts, first, who, ledger, stop)))
                .collect();
            // A round of kills, then a look at everything.
            for _ in 0..6 {
                pause_ms = (pause_ms * 7 + 13) % 197;
                std::thread::sleep(Duration::from_millis(5 + pause_ms));
                let victim = usize::try_from((tally.count + pause_ms) % 3).unwrap();
                hosts[victim].read().unwrap().kill_now();
                *hosts[victim].write().unwrap() = start();
                tally.count += 1;
            }
            stop.store(true, Ordering::Relaxed);
            for client in clients {
                unknown.extend(client.join().unwrap());
            }
        });
        tally.lost += ledger.lost(&folder);
    }
    // A lost answer is asked for again with its key: the write happens once, or had happened.
    let host = hosts[0].read().unwrap();
    for call in unknown.iter().filter(|call| call.path == "/v1/cases") {
        let (first, again) = (host.call(call), host.call(call));
        tally.doubled += u64::from(first.status != 201 || first.text != again.text);
    }
    // Whatever somebody held when their host died can be taken again in time.
    std::thread::sleep(LEASE + Duration::from_secs(1));
    tally.lost += counted(&folder, "SELECT count(*) FROM cases WHERE state = 'leased'", &[]);
    tally.figures = format!("{} cases acknowledged, {} answers lost", ledger.len(), unknown.len());
    tally
}

/// Four hosts that claim and release as fast as they can, each by its own client.
pub(crate) fn f15_starvation(limit: &Limit) -> Tally {
    let folder = Folder::new();
    let hosts: Vec<Host> = (0..4).map(|_| Host::start(&folder)).collect();
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let done: Vec<AtomicU64> = hosts.iter().map(|_| AtomicU64::new(0)).collect();
    let worst_us = AtomicU64::new(0);
    let total = || done.iter().map(|count| count.load(Ordering::Relaxed)).sum::<u64>();
    std::thread::scope(|scope| {
        for (host, done) in hosts.iter().zip(&done) {
            let (edge, jonas, worst_us, total) = (&edge, &jonas, &worst_us, &total);
            scope.spawn(move || {
                let case = host.create(edge, billing_request());
                while limit.goes_on(total()) {
                    let begun = Instant::now();
                    let claimed = host.command(jonas, &case, "claim", json!({}));
                    let took = u64::try_from(begun.elapsed().as_micros()).unwrap();
                    worst_us.fetch_max(took, Ordering::Relaxed);
                    host.command(jonas, &case, "release", json!({ "epoch": claimed["epoch"] }));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let counts: Vec<u64> = done.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    let (min, max) = (*counts.iter().min().unwrap(), *counts.iter().max().unwrap());
    crate::support::assert_sound(folder.path());
    #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
    let ratio = min as f64 / max.max(1) as f64;
    let worst_ms = worst_us.load(Ordering::Relaxed) / 1_000;
    Tally {
        count: counts.iter().sum(),
        lost: u64::from(min == 0),
        figures: format!("min/max per host {ratio:.2}, worst claim {worst_ms} ms"),
        ..Tally::default()
    }
}
