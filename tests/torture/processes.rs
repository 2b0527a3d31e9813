//! Several processes on one place: killed at any instant, and competing for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Tally;
use crate::ground::{Chance, Ground, hosts, turn};
use crate::ledger::{Ledger, counted};
use crate::support::{Host, assert_sound, billing_request, quick_policy};
use crate::traffic::{Traffic, replaceable};

const LEASE: Duration = Duration::from_secs(5);

pub(crate) fn f01_kills(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let policy = quick_policy(&folder, "5 s", "200 ms");
    let start = || hosts(&folder, 1, &policy).remove(0);
    let hosts = replaceable(vec![start(), start(), start()]);
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    let mut tally = Tally::default();
    let mut chance = Chance::new(1);
    while ground.goes_on(tally.count) {
        // A round of kills, then a look at everything.
        traffic.during(4, || {
            for _ in 0..6 {
                std::thread::sleep(Duration::from_millis(5 + chance.number(195)));
                let victim = &hosts[turn(chance.number(3), 3)];
                victim.read().unwrap().kill_now();
                *victim.write().unwrap() = start();
                tally.count += 1;
            }
        });
        tally.lost += ledger.lost(&folder);
    }
    tally.doubled = traffic.contradictions.load(Ordering::Relaxed);
    // Whatever somebody held when their host died can be taken again in time.
    std::thread::sleep(LEASE + Duration::from_secs(1));
    tally.lost += counted(&folder, "SELECT count(*) FROM cases WHERE state = 'leased'", &[]);
    tally.figures = traffic.figures();
    tally
}

/// Four hosts that claim and release as fast as they can, each by its own client.
pub(crate) fn f15_starvation(ground: &Ground) -> Tally {
    let folder = ground.folder();
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
                while ground.goes_on(total()) {
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
    assert_sound(folder.path());
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
