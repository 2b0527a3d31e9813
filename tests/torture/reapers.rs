//! Who takes leases back: a host that came back, one that is alone, one that knows other queues.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Chance, Ground, hosts, turn};
use crate::leases::{LEASE, late_calls, short_leases};
use crate::ledger::{Ledger, counted};
use crate::races::told;
use crate::support::{Folder, Host, assert_sound, billing_request, quick_policy};

/// The simulation's policy, which has no queue for billing.
const OTHER_POLICY: &str = include_str!("../simulation/policy.toml");

fn held_by_jonas(hosts: &[Host], count: usize) -> (crate::support::Who, Vec<Value>) {
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let cases = (0..count)
        .map(|_| hosts[0].create(&edge, billing_request()))
        .map(|case| hosts[0].command(&jonas, &case, "claim", json!({})))
        .collect();
    (jonas, cases)
}

/// A host is stopped in the middle of things, another is started in its place, the same person goes on
/// there, and then the first one wakes with what was sent to it.
pub(crate) fn f06_same_name_again(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let mut hosts = short_leases(&folder, 3);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let (jonas, cases) = held_by_jonas(&hosts, 4);
        let old = hosts.remove(0);
        old.signal("STOP");
        std::thread::scope(|scope| {
            // Sent to the old one while it is stopped: the sockets stay open.
            let late: Vec<_> = cases
                .iter()
                .map(|case| {
                    let (call, old) = (late_calls(case, &jonas).remove(0), &old);
                    scope.spawn(move || old.call(&call))
                })
                .collect();
            std::thread::sleep(LEASE + Duration::from_millis(100));
            hosts.push(short_leases(&folder, 1).remove(0));
            let again: Vec<Value> = cases
                .iter()
                .map(|case| hosts[2].command(&jonas, case, "claim", json!({})))
                .collect();
            old.signal("CONT");
            for (answer, (before, now)) in late.into_iter().zip(cases.iter().zip(&again)) {
                let answer = answer.join().unwrap();
                tally.count += 1;
                // The same person with an old lease is somebody else.
                tally.doubled += u64::from(answer.body["code"] != "lease_lost");
                tally.doubled += u64::from(now["epoch"].as_i64() <= before["epoch"].as_i64());
                let events = told(&folder, before);
                let decided = events.iter().any(|(event, _)| event == "case_decided");
                tally.doubled += u64::from(decided);
            }
        });
        drop(old);
    }
    assert_sound(folder.path());
    tally
}

/// Hosts die while they take leases back; one that never saw them does it alone.
pub(crate) fn f07_reaper_dies(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let mut chance = Chance::new(7);
    let mut tally = Tally::default();
    let mut worst_ms = 0;
    while ground.goes_on(tally.count) {
        let running = short_leases(&folder, 3);
        let (_, cases) = held_by_jonas(&running, 12);
        let over = Instant::now() + LEASE;
        std::thread::sleep(LEASE.saturating_sub(Duration::from_millis(100)));
        for host in &running {
            std::thread::sleep(Duration::from_millis(chance.number(300)));
            host.kill_now();
        }
        drop(running);
        let alone = short_leases(&folder, 1).remove(0);
        let edge = alone.edge("northwind");
        for case in &cases {
            alone.wait_for(&edge, case["case_id"].as_str().unwrap(), "ready");
            let released =
                told(&folder, case).iter().filter(|(event, _)| event == "case_released").count();
            tally.count += 1;
            tally.lost += u64::from(released == 0);
            tally.doubled += (released as u64).saturating_sub(1);
        }
        let late = Instant::now().saturating_duration_since(over);
        worst_ms = worst_ms.max(late.as_millis());
    }
    // Nothing that tells of hosts exists, so that nothing can be missing from it.
    let tables = if ground.is_server() {
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'countersign'::regnamespace \
            AND relname LIKE '%host%'"
    } else {
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%host%'"
    };
    tally.doubled += counted(&folder, tables, &[]);
    assert_sound(folder.path());
    tally.figures = format!("free {worst_ms} ms after the lease, start of a host included");
    tally
}

/// A host whose policy does not know the queue of a case: it may take the lease back, no more.
pub(crate) fn f08_unknown_queue(ground: &Ground) -> Tally {
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let folder: Folder = ground.folder();
        let running = short_leases(&folder, 2);
        let (_, cases) = held_by_jonas(&running, 6);
        let ledger = Ledger::new(&folder);
        for case in &cases {
            ledger.keep(case);
        }
        for host in running {
            host.kill();
        }
        let path = folder.join("other.toml");
        let text = OTHER_POLICY.replace("VERSION", "1").replace("UNDO", "10 min");
        std::fs::write(&path, text.replace("REFUND", "Refund")).unwrap();
        let others = hosts(&folder, 3, &path);
        let edge = others[0].edge("northwind");
        for (number, case) in cases.iter().enumerate() {
            let host = &others[turn(number as u64, 3)];
            let view = host.wait_for(&edge, case["case_id"].as_str().unwrap(), "ready");
            tally.count += 1;
            // Still where it was, or in the fallback of the new policy; not decided, and not ended.
            let ends = ["case_decided", "case_expired", "case_withdrawn", "case_merged"];
            let events = told(&folder, case);
            tally.doubled +=
                u64::from(events.iter().any(|(event, _)| ends.contains(&event.as_str())));
            let queue = view["case"]["queue"].as_str().unwrap();
            tally.lost += u64::from(!["billing_dispute", "triage"].contains(&queue));
        }
        tally.lost += ledger.lost(&folder);
        drop(others);
        // Whoever knows the queue finds them all again.
        let knows = hosts(&folder, 1, &quick_policy(&folder, "20 s", "10 min")).remove(0);
        let sofia = knows.sign_in("Sofia");
        for case in &cases {
            knows.command(&sofia, case, "claim", json!({}));
        }
    }
    tally
}
