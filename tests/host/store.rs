//! The store itself: jobs that fail alone, a full disk, a lock that another process keeps.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use countersign::host::store::{Failure, Store, meta};
use countersign::{ErrorCode, Fault};

use crate::support::{
    Call, Folder, Host, aside, assert_sound, billing_request, fresh, only_sqlite,
};

fn open(folder: &Folder) -> Arc<Store> {
    Arc::new(Store::open(&folder.place(), "test").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_rolls_back_alone() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut jobs = tokio::task::JoinSet::new();
    for number in 0..60 {
        let store = Arc::clone(&store);
        jobs.spawn(async move {
            let write = store.write(move |tx| {
                let insert = "INSERT INTO meta (name, value) VALUES (?1, 'here')";
                tx.connection.execute(insert, [format!("job-{number:02}")])?;
                match number % 3 {
                    0 => Ok(()),
                    1 => Err(Failure::Refused(Fault::new(ErrorCode::InvalidState, "", "no", "no"))),
                    _ => panic!("a job that panics, as the test wants"),
                }
            });
            let result = write.await;
            match number % 3 {
                0 => assert!(result.is_ok()),
                1 => assert!(matches!(result, Err(Failure::Refused(_)))),
                _ => assert!(matches!(result, Err(Failure::Internal(_)))),
            }
        });
    }
    while let Some(ended) = jobs.join_next().await {
        ended.unwrap();
    }
    let names = store.read(|snapshot| {
        let mut statement = snapshot
            .connection
            .prepare("SELECT name FROM meta WHERE name LIKE 'job-%' ORDER BY name")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<Vec<String>, _>>()?)
    });
    let kept: Vec<String> = (0..60).step_by(3).map(|number| format!("job-{number:02}")).collect();
    assert_eq!(names.await.unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_a_full_store_says_so_keeps_nothing_half_and_recovers() {
    if !only_sqlite("f23_a_full_store_says_so_keeps_nothing_half_and_recovers") {
        return;
    }
    let folder = Folder::new();
    let store = open(&folder);
    let limit = |pages: i64| {
        store.write(move |tx| {
            let set: i64 = tx.connection.query_row(
                &format!("PRAGMA max_page_count = {pages}"),
                [],
                |row| row.get(0),
            )?;
            Ok(set)
        })
    };
    let fill = |name: &'static str| {
        store.write(move |tx| {
            let insert = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
            tx.connection.execute(insert, [format!("{name}-small"), "x".to_owned()])?;
            tx.connection.execute(insert, [name.to_owned(), "x".repeat(4_000_000)])?;
            Ok(())
        })
    };
    limit(1).await.unwrap();
    let refused = fill("full").await.unwrap_err();
    assert!(matches!(refused, Failure::Full), "{refused:?}");
    assert_eq!(refused.fault().code, ErrorCode::StoreFull);
    let half = store.read(|snapshot| meta(snapshot.connection, "full-small")).await.unwrap();
    assert_eq!(half, None);
    limit(1_000_000).await.unwrap();
    fill("room").await.unwrap();
    let whole = store.read(|snapshot| meta(snapshot.connection, "room")).await.unwrap();
    assert_eq!(whole.map(|text| text.len()), Some(4_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_write() {
    let folder = Folder::new();
    let store = open(&folder);
    let written =
        store.read(|snapshot| Ok(snapshot.connection.execute("DELETE FROM meta", [])?)).await;
    assert!(matches!(written, Err(Failure::Internal(_))), "{written:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_never_goes_back_even_where_the_wall_clock_did() {
    let folder = Folder::new();
    let store = open(&folder);
    let ahead = store.now().saturating_add(3_600_000);
    // As if another process, whose clock was ahead, had written before.
    aside(|| {
        let update = "UPDATE meta SET value = ?1 WHERE name = 'clock_ms'";
        folder.database().execute(update, [ahead.as_ms().to_string()]).unwrap();
    });
    let seen = store.write(|tx| Ok(tx.now)).await.unwrap();
    assert!(seen >= ahead);
    assert!(store.now() >= ahead);
}

#[test]
fn f26_a_lock_that_another_process_keeps_is_waited_for_within_a_bound() {
    if !only_sqlite("f26_a_lock_that_another_process_keeps_is_waited_for_within_a_bound") {
        return;
    }
    let folder = Folder::new();
    let host = Host::start(&folder);
    let edge = host.edge("northwind");
    let lock =
        File::options().read(true).write(true).open(folder.join("countersign.lock")).unwrap();
    lock.lock().unwrap();
    let call = Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
    let busy = host.call(&call);
    assert_eq!(
        (busy.status, busy.body["code"].as_str()),
        (503, Some("store_busy")),
        "{}",
        busy.text
    );
    assert_eq!(busy.header("retry-after"), "1");
    assert_eq!(busy.body["retry_after_ms"], 1_000);
    // Reads go on, and so do writes once the lock is free.
    assert_eq!(host.call(&Call::get("/v1/me").of(&edge)).status, 200);
    lock.unlock().unwrap();
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(host.call(&call).status, 201);
}

#[test]
fn f24_a_write_that_cannot_be_made_durable_ends_the_process() {
    if !only_sqlite("f24_a_write_that_cannot_be_made_durable_ends_the_process") {
        return;
    }
    let folder = Folder::new();
    Host::start(&folder).stop();
    // Past this size of a file the system refuses to write, and not for want of space.
    let limit_kb = std::fs::metadata(folder.join("countersign.db")).unwrap().len() / 1_024 + 1_000;
    let script = format!("trap '' XFSZ; ulimit -f {limit_kb}; exec \"$0\" \"$@\"");
    let host = Host::start_under(&folder, &["bash", "-c", &script]);
    let edge = host.edge("northwind");
    let create = || Call::post("/v1/cases", billing_request()).of(&edge).key(&fresh("key"));
    let mut acknowledged = 0;
    let lost = loop {
        let answer = host.call(&create());
        if answer.status != 201 {
            break answer;
        }
        acknowledged += 1;
        assert!(acknowledged < 10_000, "the limit was never reached");
    };
    assert_eq!(
        (lost.status, lost.body["code"].as_str()),
        (503, Some("store_lost")),
        "{}",
        lost.text
    );
    assert_eq!(host.wait(), Some(1));
    let host = Host::start(&folder);
    let found: i64 =
        folder.database().query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap();
    assert!(found >= acknowledged, "{acknowledged} acknowledged, {found} found");
    host.expect(&create(), 201);
    assert_sound(folder.path());
}
