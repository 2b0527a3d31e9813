//! What a server can do to its hosts: crash, be replaced, not answer, take no more sessions, keep old
//! rows.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Tally;
use crate::cluster::Cluster;
use crate::ground::{Chance, Ground, hosts};
use crate::ledger::{Ledger, counted};
use crate::proxy::Proxy;
use crate::support::{
    Call, Folder, Host, address, assert_sound, billing_request, fresh, on_server,
};
use crate::support::{quick_policy, server};
use crate::traffic::{Traffic, replaceable};

const NO_PROGRAMS: &str = "the programs of PostgreSQL are not named in COUNTERSIGN_TEST_SERVER_BIN";

/// The time until a host answers a write, in milliseconds.
fn back_after(host: &Host, call: impl Fn() -> Call) -> u64 {
    let begun = Instant::now();
    while host.call(&call()).status != 201 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the host did not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
    u64::try_from(begun.elapsed().as_millis()).unwrap()
}

/// The server crashes and starts again, under three hosts at work, which are not started again.
pub(crate) fn f11_restarts(ground: &Ground) -> Tally {
    let Some(cluster) = Cluster::start(&[]) else { return Tally::skipped(NO_PROGRAMS) };
    let folder = Folder::on(Some(cluster.address()));
    let hosts = replaceable(hosts(&folder, 3, &quick_policy(&folder, "20 s", "200 ms")));
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    let mut chance = Chance::new(11);
    let mut tally = Tally::default();
    let mut worst_ms = 0;
    let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
    while ground.goes_on(tally.count) {
        traffic.during(3, || {
            std::thread::sleep(Duration::from_millis(300 + chance.number(400)));
            cluster.restart_at_once();
            for host in &hosts {
                worst_ms = worst_ms.max(back_after(&host.read().unwrap(), create));
            }
        });
        tally.count += 1;
        tally.lost += ledger.lost(&folder);
    }
    tally.doubled = traffic.contradictions.load(Ordering::Relaxed);
    tally.figures = format!("{}, hosts back after {worst_ms} ms", traffic.figures());
    tally
}

/// The server dies for good, and its synchronous follower takes its place.
pub(crate) fn f11_standby(ground: &Ground) -> Tally {
    let mut tally = Tally::default();
    let mut figures = String::new();
    while ground.goes_on(tally.count) {
        let settings = ["wal_level = replica", "max_wal_senders = 4"];
        let Some(primary) = Cluster::start(&settings) else { return Tally::skipped(NO_PROGRAMS) };
        let standby = primary.standby("follower");
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'follower'");
        primary.execute("SELECT pg_reload_conf()");
        let folder = Folder::on(Some(primary.address_with(&standby)));
        let hosts = replaceable(hosts(&folder, 3, &quick_policy(&folder, "20 s", "200 ms")));
        let (edge, reviewer) = {
            let host = hosts[0].read().unwrap();
            (host.edge("northwind"), host.sign_in("Jonas"))
        };
        let ledger = Ledger::new(&folder);
        let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
        traffic.during(3, || {
            std::thread::sleep(Duration::from_millis(500));
            while ledger.len() < 6 {
                std::thread::sleep(Duration::from_millis(10));
            }
            primary.stop_at_once();
            standby.promote();
            let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
            for host in &hosts {
                back_after(&host.read().unwrap(), create);
            }
            std::thread::sleep(Duration::from_millis(300));
        });
        tally.count += 1;
        tally.lost += ledger.lost(&folder);
        tally.doubled += traffic.contradictions.load(Ordering::Relaxed);
        figures = traffic.figures();
    }
    tally.figures = figures;
    tally
}

/// The line is cut when COMMIT is sent: half the time before the server has it, half the time after.
pub(crate) fn f12_cut_at_commit(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(proxy) = Proxy::to(&server().unwrap()) else {
        return Tally::skipped("the server of the tests is not reached through a socket");
    };
    let through = proxy.address(&folder.database_name());
    let policy = quick_policy(&folder, "20 s", "200 ms");
    let arguments = ["--policy", policy.to_str().unwrap(), "--database", &through];
    let hosts = (0..3).map(|_| Host::start_with(&folder, &arguments)).collect();
    let hosts = replaceable(hosts);
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    let plan = &proxy.plan;
    plan.every.store(5, Ordering::Relaxed);
    traffic.during(4, || {
        while ground.goes_on(plan.cuts()) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    plan.every.store(0, Ordering::Relaxed);
    let named = "SELECT count(*) FROM cases";
    Tally {
        count: plan.cuts(),
        lost: ledger.lost(&folder),
        doubled: traffic.contradictions.load(Ordering::Relaxed)
            + counted(&folder, named, &[]).saturating_sub(ledger.len() as u64),
        figures: traffic.figures(),
        ..Tally::default()
    }
}

/// Two sessions for two hundred clients (sixty in the short form); then the server takes none at all for a while.
pub(crate) fn f14_few_sessions(ground: &Ground) -> Tally {
    let clients: u64 = if ground.is_long() { 200 } else { 60 };
    let folder = ground.folder();
    // What follows needs a user whom a limit binds.
    Host::start(&folder).stop();
    let user = format!("few_{}", folder.database_name());
    let at_server = |statement: &str| on_server(&server().unwrap(), statement);
    at_server(&format!("CREATE ROLE {user} LOGIN CONNECTION LIMIT 2"));
    at_server(&format!("GRANT countersign_app TO {user}"));
    let few = address(folder.path()).unwrap().replacen("postgres@", &format!("{user}@"), 1);
    let arguments = ["--database", &few, "--database-sessions", "2"];
    let hosts = replaceable(vec![Host::start_with(&folder, &arguments)]);
    let edge = hosts[0].read().unwrap().edge("northwind");
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &edge), &ledger);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        std::thread::scope(|scope| {
            for _ in 0..clients {
                let (traffic, edge) = (&traffic, &edge);
                scope.spawn(move || {
                    let call = Call::post("/v1/cases", billing_request()).of(edge);
                    let answer = traffic.ask(&call.key(&fresh("key")), &mut 0).unwrap();
                    assert_eq!(answer.status, 201, "{}", answer.text);
                    traffic.ledger.keep(&answer.body["case"]);
                });
            }
        });
        tally.count += clients;
        // No session is to be had: it is told, not waited out for ever, and passes by itself.
        at_server(&format!("ALTER ROLE {user} CONNECTION LIMIT 0"));
        at_server(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
        ));
        let call = Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
        let told = hosts[0].read().unwrap().call(&call);
        assert_eq!((told.status, told.header("retry-after")), (503, "1"), "{}", told.text);
        at_server(&format!("ALTER ROLE {user} CONNECTION LIMIT 2"));
        let answer = traffic.ask(&call, &mut 0).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text);
        ledger.keep(&answer.body["case"]);
        tally.count += 1;
    }
    tally.lost = ledger.lost(&folder);
    let found = counted(&folder, "SELECT count(*) FROM cases", &[]);
    tally.doubled = found.saturating_sub(ledger.len() as u64);
    tally.figures = traffic.figures();
    drop(hosts);
    drop(folder);
    at_server(&format!("DROP ROLE {user}"));
    tally
}

/// Somebody keeps an old view open, so that no dead row can be cleared away.
pub(crate) fn f17_pinned(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = replaceable(hosts(&folder, 3, &quick_policy(&folder, "20 s", "0 s")));
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let ledger = Ledger::new(&folder);
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), &ledger);
    // A third of the time without, a third with, a third afterwards; short forms count little.
    let length = ground.until.saturating_duration_since(Instant::now()) / 3;
    let length = if ground.is_long() { length } else { Duration::from_millis(700) };
    let cycles = || traffic.cycles.load(Ordering::Relaxed);
    let pin = folder.database();
    let mut phases = Vec::new();
    for phase in 0..3 {
        if phase == 1 {
            pin.execute_batch("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
            pin.execute("UPDATE meta SET value = value WHERE name = 'pinned'", []).unwrap();
            pin.execute_batch("SELECT txid_current()").unwrap();
        } else if phase == 2 {
            pin.execute_batch("ROLLBACK").unwrap();
        }
        let (begun, before) = (Instant::now(), cycles());
        traffic.during(4, || std::thread::sleep(length));
        #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
        phases.push((cycles() - before) as f64 / begun.elapsed().as_secs_f64());
    }
    assert_sound(folder.path());
    Tally {
        count: cycles(),
        lost: ledger.lost(&folder),
        doubled: traffic.contradictions.load(Ordering::Relaxed),
        figures: format!(
            "{:.0} cycles/s before, {:.0} pinned, {:.0} after",
            phases[0], phases[1], phases[2]
        ),
        ..Tally::default()
    }
}
