//! Claim and decide, over and over: how many cycles in a second, each durable before it is answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::probe::{percentile, syncs_per_second};
use crate::site::{Site, cycle};
use crate::support::Host;
use crate::{Bar, Row, setting};

/// What so many clients did until nothing was left.
struct Run {
    cycles: usize,
    seconds: f64,
    claims_ms: Vec<f64>,
}

impl Run {
    fn rate(&self) -> f64 {
        self.cycles as f64 / self.seconds
    }
}

/// Every client with a reviewer of its own, at the hosts in turn, and among tenants in turn.
fn empty(site: &Site, hosts: &[Host], clients: usize) -> Run {
    let claims = Mutex::new(Vec::new());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..clients {
            let claims = &claims;
            scope.spawn(move || {
                let of_tenant = &site.reviewers[number % site.reviewers.len()];
                let token = &of_tenant[number / site.reviewers.len()];
                let mut client = Client::new(&hosts[number % hosts.len()].url, token);
                let mut own = Vec::new();
                while let Some(took_ms) = cycle(&mut client) {
                    own.push(took_ms);
                }
                claims.lock().unwrap().extend(own);
            });
        }
    });
    let claims_ms = claims.into_inner().unwrap();
    Run { cycles: claims_ms.len(), seconds: begun.elapsed().as_secs_f64(), claims_ms }
}

pub(crate) fn on_one_file() -> Vec<Row> {
    let clients = 32;
    let site = Site::new(1, clients, &["billing".to_owned()], "20 min");
    let host = site.start();
    site.fill(&host.url, setting("CYCLES", 6_000));
    let before = syncs_per_second(site.folder.path());
    let mut run = empty(&site, std::slice::from_ref(&host), clients);
    let after = syncs_per_second(site.folder.path());
    let note = format!(
        "{} cycles, claim p99 {:.1} ms; the disk did {before:.0} and {after:.0} syncs a second",
        run.cycles,
        percentile(&mut run.claims_ms, 99)
    );
    vec![Row::new("cycles of 32 clients", run.rate(), "cycles/s", Bar::AtLeast(2_500.0), note)]
}

pub(crate) fn with_slow_syncs() -> Vec<Row> {
    let clients = 32;
    let site = Site::new(1, clients, &["billing".to_owned()], "20 min");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/benches/host/syncs.c");
    let Some(library) = site.library(source) else { return Vec::new() };
    {
        let host = site.start();
        site.fill(&host.url, setting("CYCLES", 6_000) / 3);
        host.stop();
    }
    let counter = site.folder.join("syncs");
    let settings = [
        format!("LD_PRELOAD={library}"),
        "SYNC_MS=5".to_owned(),
        format!("SYNC_COUNT={}", counter.display()),
    ];
    let wrapper: Vec<&str> =
        ["env"].into_iter().chain(settings.iter().map(String::as_str)).collect();
    let host = site.start_under(&wrapper);
    let count = || {
        let bytes = std::fs::read(&counter).unwrap_or_default();
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    };
    let before = count();
    let run = empty(&site, std::slice::from_ref(&host), clients);
    let syncs = count() - before;
    let commands = 2 * run.cycles;
    let note = format!("{commands} commands, {syncs} syncs counted, {:.0} cycles/s", run.rate());
    let each = commands as f64 / syncs as f64;
    vec![Row::new("commands for a sync of 5 ms", each, "commands", Bar::AtLeast(8.0), note)]
}

pub(crate) fn of_four_processes() -> Vec<Row> {
    let (processes, each) = (4, 4);
    let site = Site::new(1, processes * each, &["billing".to_owned()], "20 min");
    let hosts: Vec<Host> = (0..processes).map(|_| site.start()).collect();
    site.fill(&hosts[0].url, setting("CYCLES", 6_000));
    let counts: Vec<AtomicU64> = hosts.iter().map(|_| AtomicU64::new(0)).collect();
    let worst_us = AtomicU64::new(0);
    let until = Instant::now() + Duration::from_secs(8);
    std::thread::scope(|scope| {
        for number in 0..processes * each {
            let (host, count) = (&hosts[number % processes], &counts[number % processes]);
            let (site, worst_us) = (&site, &worst_us);
            scope.spawn(move || {
                let mut client = Client::new(&host.url, &site.reviewers[0][number]);
                // As long as there is something for everybody: who has nothing to do waits for nobody.
                while Instant::now() < until {
                    let Some(took_ms) = cycle(&mut client) else { return };
                    worst_us.fetch_max((took_ms * 1_000.0) as u64, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let counts: Vec<u64> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    let ratio = *counts.iter().min().unwrap() as f64 / *counts.iter().max().unwrap() as f64;
    let worst_ms = worst_us.load(Ordering::Relaxed) as f64 / 1_000.0;
    let syncs = syncs_per_second(site.folder.path());
    let note = format!("{counts:?} cycles of each process; the disk did {syncs:.0} syncs a second");
    vec![
        Row::new("4 processes on a file, least to most", ratio, "", Bar::AtLeast(0.4), note),
        Row::new("4 processes on a file, worst claim", worst_ms, "ms", Bar::AtMost(750.0), ""),
    ]
}

pub(crate) fn on_a_server() -> Vec<Row> {
    let mut rows = Vec::new();
    let count = setting("CYCLES", 6_000) / 2;
    let measure = |tenants: usize, hosts: usize, clients: usize| {
        let site = Site::new(tenants, clients.div_ceil(tenants), &["billing".to_owned()], "20 min");
        let hosts: Vec<Host> = (0..hosts).map(|_| site.start()).collect();
        site.fill(&hosts[0].url, count / tenants);
        let syncs = syncs_per_second(site.folder.path());
        let mut run = empty(&site, &hosts, clients);
        let note = format!(
            "{} cycles, claim p99 {:.1} ms; the disk did {syncs:.0} syncs a second",
            run.cycles,
            percentile(&mut run.claims_ms, 99)
        );
        (run.rate(), note)
    };
    let (one, note) = measure(4, 1, 4);
    let bar = Bar::AtLeast(800.0);
    rows.push(Row::new("cycles of 4 clients, a tenant each", one, "cycles/s", bar, note));
    let (of_one_tenant, note) = measure(1, 1, 4);
    rows.push(Row::new("cycles of 4 clients of one tenant", of_one_tenant, "cycles/s", bar, note));
    for (name, rate) in crate::peers::measure(count, 4) {
        let note = format!("{rate:.0} cycles/s, without audit log, events and idempotency keys");
        let share = one.max(of_one_tenant) / rate;
        rows.push(Row::new(
            format!("our cycles to those of {name}"),
            share,
            "",
            Bar::AtLeast(1.0),
            note,
        ));
    }
    let (one, note) = measure(6, 1, 6);
    rows.push(Row::new("cycles of 6 clients at one host", one, "cycles/s", Bar::None, note));
    let (three, note) = measure(6, 3, 6);
    rows.push(Row::new("cycles of 6 clients at 3 hosts", three, "cycles/s", Bar::None, note));
    rows.push(Row::new("3 hosts to one", three / one, "", Bar::AtLeast(0.9), ""));
    rows
}
