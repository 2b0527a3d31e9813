//! The end of a host, or of its line to the server, at every step of a write: there is no state without
//! its entry, and no entry without its state.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::Tally;
use crate::disk::{shim, start, wish};
use crate::ground::Ground;
use crate::ledger::{Ledger, counted};
use crate::proxy::Proxy;
use crate::support::{Folder, Host, quick_policy, server};
use crate::traffic::{Traffic, replaceable};

pub(crate) fn f46_every_step(ground: &Ground) -> Tally {
    if ground.is_server() { at_each_message(ground) } else { at_each_call(ground) }
}

/// Three hosts on one file; one of them ends at its first, its second, … call to the system that
/// changes the database.
fn at_each_call(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(library) = shim(&folder) else { return Tally::skipped("there is no C compiler") };
    let policy = quick_policy(&folder, "20 s", "100 ms");
    let arguments = ["--policy", policy.to_str().unwrap()];
    let new = || start(&folder, &library, &arguments);
    let hosts = replaceable(vec![new(), new(), new()]);
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        traffic.during(2, || {
            for _ in 0..4 {
                let wish = wish(&folder, "end-at", &(1 + tally.count % 40).to_string());
                while wish.exists() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                tally.count += 1;
                // Whoever took the wish ends; there may be more than one.
                while !hosts.iter().any(|host| host.write().unwrap().has_ended()) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(Duration::from_millis(20));
                for host in &hosts {
                    let mut host = host.write().unwrap();
                    if host.has_ended() {
                        *host = new();
                    }
                }
            }
        });
        tally.lost += ledger.lost(&folder);
    }
    ended(tally, &folder, &ledger, &traffic)
}

/// Three hosts behind a line that is cut at any message that they send.
fn at_each_message(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(proxy) = Proxy::to(&server().unwrap()) else {
        return Tally::skipped("the server of the tests is not reached through a socket");
    };
    let through = proxy.address(&folder.database_name());
    let policy = quick_policy(&folder, "20 s", "100 ms");
    let arguments = ["--policy", policy.to_str().unwrap(), "--database", &through];
    let hosts = replaceable((0..3).map(|_| Host::start_with(&folder, &arguments)).collect());
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    let mut tally = Tally::default();
    // Of no whole number of messages in a write, so that all of them have their turn.
    proxy.plan.any.store(true, Ordering::Relaxed);
    proxy.plan.every.store(97, Ordering::Relaxed);
    traffic.during(3, || {
        while ground.goes_on(proxy.plan.cuts()) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    tally.count = proxy.plan.cuts();
    proxy.plan.every.store(0, Ordering::Relaxed);
    tally.lost += ledger.lost(&folder);
    ended(tally, &folder, &ledger, &traffic)
}

fn ended(mut tally: Tally, folder: &Folder, ledger: &Ledger, traffic: &Traffic<'_>) -> Tally {
    let cases = counted(folder, "SELECT count(*) FROM cases", &[]);
    tally.doubled =
        traffic.contradictions.load(Ordering::Relaxed) + cases.saturating_sub(ledger.len() as u64);
    tally.figures = traffic.figures();
    tally
}
