//! A loss of power: what was written and not synced is there, or not, or in part, as it happens.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Tally;
use crate::disk::{shim, start, wish};
use crate::ground::{Chance, Ground};
use crate::ledger::Ledger;
use crate::support::{Folder, Host, assert_sound, quick_policy};
use crate::traffic::{Traffic, replaceable};

/// What a disk writes whole.
const SECTOR: usize = 512;

/// One write that was not synced.
struct Write {
    at: usize,
    length_before: usize,
    before: Vec<u8>,
    after: Vec<u8>,
}

fn unsynced(list: &Path) -> Vec<Write> {
    let bytes = fs::read(list).unwrap();
    let mut rest = bytes.as_slice();
    let mut writes = Vec::new();
    while rest.len() >= 24 {
        let number = |index: usize| {
            let bytes: [u8; 8] = rest[index * 8..index * 8 + 8].try_into().unwrap();
            usize::try_from(i64::from_ne_bytes(bytes)).unwrap()
        };
        let (at, length, length_before) = (number(0), number(1), number(2));
        // A process that was killed may have left half of the last one; then it did not write it either.
        let Some(texts) = rest.get(24..24 + 2 * length) else { break };
        let (before, after) = texts.split_at(length);
        writes.push(Write { at, length_before, before: before.to_vec(), after: after.to_vec() });
        rest = &rest[24 + 2 * length..];
    }
    writes
}

/// Takes back what was not synced, but for what chance leaves, sector by sector.
fn lose_power(folder: &Folder, chance: &mut Chance, left_of_ten: u64) -> u64 {
    let mut count = 0;
    for list in fs::read_dir(folder.join("wishes/unsynced")).unwrap().flatten() {
        let file = folder.join(list.file_name().to_str().unwrap());
        let writes = unsynced(&list.path());
        fs::write(list.path(), "").unwrap();
        let Ok(mut bytes) = fs::read(&file) else { continue };
        for write in writes.iter().rev() {
            let end = write.at + write.before.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[write.at..end].copy_from_slice(&write.before);
            bytes.truncate(write.length_before);
        }
        for write in &writes {
            count += 1;
            for (number, sector) in write.after.chunks(SECTOR).enumerate() {
                if chance.number(10) < left_of_ten {
                    let at = write.at + number * SECTOR;
                    if bytes.len() < at + sector.len() {
                        bytes.resize(at + sector.len(), 0);
                    }
                    bytes[at..at + sector.len()].copy_from_slice(sector);
                }
            }
        }
        fs::write(file, bytes).unwrap();
    }
    count
}

/// Works, and loses power at any instant; gives how many writes chance judged.
fn once(
    folder: &Folder,
    hosts: Vec<Host>,
    ledger: &Ledger,
    chance: &mut Chance,
    left_of_ten: u64,
) -> u64 {
    let hosts = replaceable(hosts);
    let (edge, reviewer) = {
        let host = hosts[0].read().unwrap();
        (host.edge("northwind"), host.sign_in("Jonas"))
    };
    let traffic = Traffic::new(&hosts, (&edge, &reviewer), ledger);
    let pause = Duration::from_millis(150 + chance.number(250));
    let known = ledger.len();
    traffic.until_dark(3, || {
        std::thread::sleep(pause);
        // However slow the machine is, there is something to lose.
        while ledger.len() < known + 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Everything at once; and what runs no more writes no more.
        for host in &hosts {
            host.read().unwrap().signal("STOP");
        }
        for host in &hosts {
            host.read().unwrap().kill_now();
        }
    });
    drop(hosts);
    lose_power(folder, chance, left_of_ten)
}

pub(crate) fn f21_power(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let Some(library) = shim(&folder) else { return Tally::skipped("there is no C compiler") };
    fs::create_dir_all(folder.join("wishes/unsynced")).unwrap();
    let policy = quick_policy(&folder, "20 s", "200 ms");
    let arguments = ["--policy", policy.to_str().unwrap()];
    let hosts = |count: usize| -> Vec<Host> {
        (0..count).map(|_| start(&folder, &library, &arguments)).collect()
    };
    let ledger = Ledger::new(&folder);
    let mut chance = Chance::new(21);
    let mut tally = Tally::default();
    let mut judged = 0;
    while ground.goes_on(tally.count) {
        judged += once(&folder, hosts(2), &ledger, &mut chance, tally.count % 3 * 5);
        tally.count += 1;
        tally.lost += ledger.lost(&folder);
    }
    assert_sound(folder.path());
    // The row can fail: where syncs are a lie, acknowledged writes are gone, and it shows.
    wish(&folder, "sync-lies", "1");
    once(&folder, hosts(1), &ledger, &mut chance, 0);
    assert!(ledger.missing(&folder) > 0, "nothing is lost even without any sync");
    tally.figures =
        format!("{} cases, {judged} writes that were not synced, kept or lost", ledger.len());
    tally
}
