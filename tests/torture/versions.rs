//! A release with a newer schema beside one with an older, and migrations that are cut short.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::host::store::sql::Sql;

use crate::Tally;
use crate::disk::{shim, under, wish};
use crate::ground::{Chance, Ground, hosts, turn};
use crate::ledger::{Ledger, counted};
use crate::support::{Call, Folder, Host, assert_sound, at, billing_request, fresh, quick_policy};

/// The schemas of earlier releases.
const SQLITE: &[&str] = &[
    include_str!("../../src/host/store/schema/0001.sql"),
    include_str!("../../src/host/store/schema/0002_observations.sql"),
    include_str!("../../src/host/store/schema/0003_events.sql"),
    include_str!("../../src/host/store/schema/0004_approvals.sql"),
    include_str!("../../src/host/store/schema/0005_releases.sql"),
    include_str!("../../src/host/store/schema/0006_loop.sql"),
];

/// A later release brings the schema up to date under hosts at work: they stop writing.
pub(crate) fn f27_newer_schema(ground: &Ground) -> Tally {
    let mut tally = Tally::default();
    let mut chance = Chance::new(27);
    while ground.goes_on(tally.count) {
        let folder = ground.folder();
        let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "200 ms"));
        let edge = hosts[0].edge("northwind");
        let ledger = Ledger::new(&folder);
        let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
        let migrated = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::SeqCst;
        let after = std::thread::scope(|scope| {
            let clients: Vec<_> = hosts
                .iter()
                .map(|host| {
                    let (create, ledger, migrated) = (&create, &ledger, &migrated);
                    scope.spawn(move || {
                        let begun = Instant::now();
                        let mut after = 0;
                        // Until the host is gone.
                        loop {
                            let was_migrated = migrated.load(order);
                            match host.try_call(&create()) {
                                Ok(answer) if answer.status == 201 => {
                                    ledger.keep(&answer.body["case"]);
                                    after += u64::from(was_migrated);
                                }
                                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text),
                                Err(_) => return after,
                            }
                            let waits = Duration::from_secs(20);
                            assert!(begun.elapsed() < waits, "an old host goes on");
                        }
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(100 + chance.number(100)));
            let later = Sql {
                sqlite: "BEGIN IMMEDIATE; CREATE TABLE later (x INTEGER); PRAGMA user_version = 99; COMMIT",
                postgres: "BEGIN; CREATE TABLE later (x INTEGER); \
                    INSERT INTO migrations (version) VALUES (99); COMMIT",
            };
            folder.database().execute_batch(later).unwrap();
            migrated.store(true, order);
            clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>()
        });
        // None of them wrote by the old rules after the new ones were there.
        tally.doubled += after;
        for host in hosts {
            assert_eq!(host.wait(), Some(1), "an old host ended as if all were well");
            tally.count += 1;
        }
        let ids = counted(&folder, "SELECT count(*) FROM cases", &[]);
        tally.lost += (ledger.len() as u64).saturating_sub(ids);
    }
    tally
}

/// Starts a host that is to die while it starts: by a wish of the library, or after a while.
fn start_to_die(folder: &Folder, wrapper: &[String], after: Duration) {
    let mut command = Command::new("env");
    command.args(wrapper).arg(env!("CARGO_BIN_EXE_countersign"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--samples", "--data"]).arg(folder.path());
    command.env("COUNTERSIGN_LOG", "off").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = at(&mut command, folder.path()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// A host dies in the middle of making, or bringing up to date, the schema; the next one goes on.
pub(crate) fn f27_cut_migration(ground: &Ground) -> Tally {
    let mut tally = Tally::default();
    let mut chance = Chance::new(270);
    while ground.goes_on(tally.count) {
        let folder = ground.folder();
        if ground.is_server() {
            for _ in 0..3 {
                start_to_die(&folder, &[], Duration::from_millis(10 + chance.number(250)));
                tally.count += 1;
            }
        } else {
            let Some(library) = shim(&folder) else {
                return Tally::skipped("there is no C compiler");
            };
            let versions = turn(chance.number(6), 6);
            if versions > 0 {
                let database = folder.database();
                for schema in &SQLITE[..versions] {
                    database.execute_batch(*schema).unwrap();
                }
                let version =
                    format!("PRAGMA journal_mode = WAL; PRAGMA user_version = {versions}");
                database.execute_batch(version.as_str()).unwrap();
            }
            for _ in 0..4 {
                wish(&folder, "end-at", &(1 + chance.number(90)).to_string());
                start_to_die(&folder, &under(&folder, &library), Duration::from_millis(600));
                tally.count += 1;
            }
        }
        let host = Host::start(&folder);
        let edge = host.edge("northwind");
        host.create(&edge, billing_request());
        assert_sound(folder.path());
    }
    tally
}
