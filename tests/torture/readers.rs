//! Readers that always overlap: the log of the database may not grow for ever because of them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::Tally;
use crate::ground::{Ground, hosts};
use crate::support::{Call, assert_sound, billing_request, fresh, quick_policy};
use crate::traffic::path;

/// Half of what would be an alarm.
const LOG_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What is saved in each round; with copies, entries and indexes the log gets four times as much.
const ROUND_BYTES: u64 = 10 * 1024 * 1024;

pub(crate) fn f25_long_readers(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "20 min"));
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let stop = AtomicBool::new(false);
    let largest = AtomicU64::new(0);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (folder, stop) = (&folder, &stop);
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(50 * number));
                while !stop.load(Ordering::Relaxed) {
                    let database = folder.database();
                    database.execute_batch("BEGIN").unwrap();
                    let select = "SELECT count(*) FROM cases";
                    let _: i64 = database.query_row(select, [], |row| row.get(0)).unwrap();
                    std::thread::sleep(Duration::from_millis(400));
                    database.execute_batch("ROLLBACK").unwrap();
                }
            });
        }
        let text = "It is a hold and drops off. ".repeat(1_500);
        let mut written = 0;
        while ground.goes_on(tally.count) {
            let case = hosts[0].create(&edge, billing_request());
            let case = hosts[1].command(&jonas, &case, "claim", json!({}));
            let until = written + ROUND_BYTES;
            while written < until {
                for host in &hosts {
                    let work = json!({ "epoch": case["epoch"], "work": { "text": text } });
                    let save = Call::post(&path(&case, "save"), work).of(&jonas).key(&fresh("key"));
                    host.expect(&save, 200);
                    written += text.len() as u64;
                }
                let log = std::fs::metadata(folder.join("countersign.db-wal"));
                largest.fetch_max(log.map_or(0, |log| log.len()), Ordering::Relaxed);
            }
            tally.count += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_sound(folder.path());
    let largest = largest.into_inner();
    tally.doubled = u64::from(largest > LOG_BYTES_MAX);
    tally.figures = format!("the log had {} MB at most", largest >> 20);
    tally
}
