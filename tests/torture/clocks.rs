//! Machines whose clocks are wrong: each process is told another time by libfaketime, which changes
//! while it runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Ground, turn};
use crate::ledger::counted;
use crate::races::told;
use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, quick_policy};
use crate::traffic::path;

/// Where Debian's package `faketime` puts it, by machine.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

fn library() -> Option<PathBuf> {
    let machines = std::fs::read_dir(LIBRARIES).ok()?;
    machines.flatten().map(|machine| machine.path().join(LIBRARY)).find(|path| path.exists())
}

fn set(file: &Path, offset: &str) {
    // At once: a file that is half written is no time.
    let next = file.with_extension("next");
    std::fs::write(&next, offset).unwrap();
    std::fs::rename(next, file).unwrap();
}

/// A host whose clock goes as a file says.
fn start(folder: &Folder, library: &Path, file: &Path, policy: &str) -> Host {
    let preload = format!("LD_PRELOAD={}", library.display());
    let from = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
    let plain = ["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
    Host::start_under_with(
        folder,
        &["env", &preload, &from, plain[0], plain[1]],
        &["--policy", policy],
    )
}

/// A case that somebody holds, and an instant before the lease began.
fn claimed(host: &Host, edge: &Who, who: &Who) -> (Value, Instant) {
    let case = host.create(edge, billing_request());
    let before = Instant::now();
    (host.command(who, &case, "claim", json!({})), before)
}

/// The clocks of three hosts jump by an hour in either direction and differ by seconds, while leases
/// are held.
pub(crate) fn f09_clocks(ground: &Ground) -> Tally {
    const LEASE: Duration = Duration::from_secs(3);
    const JUMPS: &[[&str; 3]] = &[
        ["+0", "+5", "-5"],
        ["+3600", "-3600", "+0"],
        ["-3600", "+3600", "+0"],
        ["-3600", "-3600", "-3600"],
        ["+0", "-3600", "+3600"],
        ["+86400", "+86400", "+86400"],
    ];
    let Some(library) = library() else {
        return Tally::skipped("libfaketime is not here: install the package `faketime`");
    };
    let folder = ground.folder();
    let files: Vec<PathBuf> =
        (0..3).map(|number| folder.join(&format!("clock-{number}"))).collect();
    for file in &files {
        set(file, "+0");
    }
    let policy = quick_policy(&folder, "3 s", "10 min");
    let policy = policy.to_str().unwrap();
    let hosts: Vec<Host> =
        files.iter().map(|file| start(&folder, &library, file, policy)).collect();
    let (edge, jonas, sofia) =
        (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"), hosts[0].sign_in("Sofia"));
    let mut tally = Tally::default();
    let mut round = 0;
    while ground.goes_on(tally.count) {
        let held: Vec<(Value, Instant)> =
            (0..3).map(|number| claimed(&hosts[number], &edge, &jonas)).collect();
        for (file, offset) in files.iter().zip(JUMPS[round % JUMPS.len()]) {
            set(file, offset);
        }
        round += 1;
        // Before a lease ends nobody else gets it, whatever any clock says.
        for _ in 0..5 {
            for (number, (case, before)) in held.iter().enumerate() {
                let host = &hosts[turn(number as u64 + 1, 3)];
                let claim = Call::post(&path(case, "claim"), json!({})).of(&sofia);
                if before.elapsed() > LEASE.mul_f32(0.8) {
                    continue;
                }
                let answer = host.call(&claim.key(&fresh("key")));
                let is_early = before.elapsed() < LEASE.mul_f32(0.98);
                tally.doubled += u64::from(answer.status == 200 && is_early);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        // One is decided in time, at another host; the others end, and not before their time.
        let (case, before) = &held[0];
        let decide = json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" });
        let call = Call::post(&path(case, "decide"), decide).of(&jonas).key(&fresh("key"));
        let in_time = hosts[2].call(&call);
        tally.lost += u64::from(in_time.status != 200 && before.elapsed() < LEASE.mul_f32(0.98));
        for (case, before) in &held[1..] {
            let case_id = case["case_id"].as_str().unwrap();
            hosts[0].wait_for(&edge, case_id, "ready");
            tally.doubled += u64::from(before.elapsed() < LEASE.mul_f32(0.98));
            let released =
                told(&folder, case).iter().filter(|(event, _)| event == "case_released").count();
            tally.doubled += (released as u64).saturating_sub(1);
        }
        tally.count += 3;
    }
    // The log's own times never go back.
    let back = "SELECT count(*) FROM audit_pending a JOIN audit_pending b \
        ON a.tenant_id = b.tenant_id AND a.entity_kind = b.entity_kind AND a.entity_id = b.entity_id \
        AND a.entity_version = b.entity_version - 1 AND a.at > b.at";
    tally.doubled += counted(&folder, back, &[]);
    assert_sound(folder.path());
    tally
}
