//! Two or more who want the same thing at the same instant, at different hosts.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Chance, Ground, hosts, turn};
use crate::leases::short_leases;
use crate::ledger::counted;
use crate::support::quick_policy;
use crate::support::{Answer, Call, Folder, Host, Who, assert_sound, billing_request, fresh};
use crate::traffic::path;

/// The events of a case, oldest first, as the log has them.
pub(crate) fn told(folder: &Folder, case: &Value) -> Vec<(String, Value)> {
    let database = folder.database();
    let select = "SELECT entry FROM audit_pending WHERE entity_id = ?1 AND entity_kind = 'case' \
        ORDER BY entity_version";
    let mut statement = database.prepare(select).unwrap();
    let id = case["case_id"].as_str().unwrap();
    let entries = statement.query_map([id], |row| row.get::<_, String>(0)).unwrap();
    let read = |text: String| {
        let entry: Value = serde_json::from_str(&text).unwrap();
        (entry["event"].as_str().unwrap().to_owned(), entry)
    };
    entries.map(|text| read(text.unwrap())).collect()
}

/// How often somebody did something with a lease that was over, by the log.
fn done_without_lease(events: &[(String, Value)]) -> u64 {
    let mut is_leased = false;
    let mut wrong = 0;
    for (event, _) in events {
        match event.as_str() {
            "case_claimed" => is_leased = true,
            "case_released" | "case_decided" => {
                wrong += u64::from(!is_leased);
                is_leased = false;
            }
            _ => {}
        }
    }
    wrong
}

/// All of them at one instant, each at a host of its own.
fn at_once(hosts: &[Host], calls: &[Call], at: Instant) -> Vec<Answer> {
    let barrier = Barrier::new(calls.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(number, call)| {
                let (host, barrier) = (&hosts[number % hosts.len()], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    std::thread::sleep(at.saturating_duration_since(Instant::now()));
                    host.call(call)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn decide(case: &Value, who: &Who) -> Call {
    let body = json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" });
    Call::post(&path(case, "decide"), body).of(who).key(&fresh("key"))
}

/// A lease ends, three schedulers take it back, somebody else claims, and its holder decides: all at
/// about the same instant.
pub(crate) fn f03_rescue_races_completion(ground: &Ground) -> Tally {
    const CASES: usize = 8;
    let folder = ground.folder();
    let hosts = short_leases(&folder, 3);
    let (edge, jonas, sofia) =
        (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"), hosts[0].sign_in("Sofia"));
    let mut chance = Chance::new(3);
    let mut tally = Tally::default();
    let (mut completed, mut rescued) = (0, 0);
    while ground.goes_on(tally.count) {
        let held: Vec<(Value, Instant)> = (0..CASES)
            .map(|number| {
                let host = &hosts[number % 3];
                let case = host.create(&edge, billing_request());
                let case = host.command(&jonas, &case, "claim", json!({}));
                (case, Instant::now())
            })
            .collect();
        let offsets: Vec<u64> = held.iter().map(|_| chance.number(460)).collect();
        std::thread::scope(|scope| {
            let (hosts, jonas, sofia) = (&hosts, &jonas, &sofia);
            let races: Vec<_> = held
                .iter()
                .zip(&offsets)
                .map(|((case, claimed_at), offset_ms)| {
                    let at = *claimed_at + Duration::from_millis(600 + offset_ms);
                    scope.spawn(move || {
                        let claim = Call::post(&path(case, "claim"), json!({})).of(sofia);
                        let calls = [decide(case, jonas), claim.key(&fresh("key"))];
                        at_once(hosts, &calls, at)
                    })
                })
                .collect();
            for (race, (case, _)) in races.into_iter().zip(&held) {
                let answers = race.join().unwrap();
                let events = told(&folder, case);
                let decided = events.iter().filter(|(event, _)| event == "case_decided").count();
                let won = answers[0].status == 200;
                tally.count += 1;
                tally.lost += u64::from(won && decided == 0);
                tally.doubled += done_without_lease(&events);
                // Who was refused has changed nothing; and never both.
                tally.doubled += u64::from(!won && decided > 0);
                tally.doubled += u64::from(won && answers[1].status == 200);
                completed += u64::from(won);
                rescued += u64::from(!won);
            }
        });
    }
    assert_sound(folder.path());
    tally.figures = format!("{completed} completed, {rescued} taken back first");
    tally
}

/// Many claim the next case at once; on a server that plans by statistics that are wrong, with the
/// kind of join that repeats its inner side.
pub(crate) fn f04_never_more_than_one(ground: &Ground) -> Tally {
    const CLAIMERS: usize = 24;
    let folder = ground.folder();
    if ground.is_server() {
        let name = folder.database_name();
        folder
            .database()
            .execute_batch(
                format!(
                    "ALTER DATABASE {name} SET enable_hashjoin = off; \
                     ALTER DATABASE {name} SET enable_mergejoin = off; \
                     ALTER DATABASE {name} SET enable_material = off; \
                     ALTER DATABASE {name} SET enable_seqscan = off"
                )
                .as_str(),
            )
            .unwrap();
    }
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "20 min"));
    let edge = hosts[0].edge("northwind");
    let people = ["Jonas", "Sofia", "Kwame"].map(|name| hosts[0].sign_in(name));
    if ground.is_server() {
        // The planner takes the tables for empty, as they were.
        folder.database().execute_batch("ANALYZE cases").unwrap();
        for table in ["cases", "case_needs"] {
            let never = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
            folder.database().execute_batch(never.as_str()).unwrap();
        }
    }
    let mut tally = Tally::default();
    let mut given = 0;
    while ground.goes_on(tally.count) {
        // Fewer than are claimed.
        for _ in 0..CLAIMERS / 2 {
            hosts[0].create(&edge, billing_request());
        }
        let claims: Vec<Call> = (0..CLAIMERS)
            .map(|number| {
                let claim = Call::post("/v1/queues/billing_dispute/claim", json!({}));
                claim.of(&people[number % 3]).key(&fresh("key"))
            })
            .collect();
        let answers = at_once(&hosts, &claims, Instant::now());
        let mut ids: Vec<&str> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.body["case"]["case_id"].as_str().unwrap())
            .collect();
        assert!(
            answers.iter().all(|answer| matches!(answer.status, 200 | 404 | 503)),
            "{:?}",
            answers.iter().map(|answer| &answer.text).collect::<Vec<_>>()
        );
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        tally.count += count as u64;
        tally.doubled += (count - ids.len()) as u64;
        given += ids.len() as u64;
    }
    // No lease that nobody was told of, and none that somebody was told of and that is not there.
    let leased = counted(&folder, "SELECT count(*) FROM cases WHERE state = 'leased'", &[]);
    tally.doubled += leased.saturating_sub(given);
    tally.lost += given.saturating_sub(leased);
    assert_sound(folder.path());
    tally
}

/// Everybody does everything to the same few cases and proposals, in any order.
pub(crate) fn f20_no_deadlock_shows(ground: &Ground) -> Tally {
    const CLIENTS: u64 = 16;
    let folder = ground.folder();
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "5 s", "200 ms"));
    let edge = hosts[0].edge("northwind");
    let people = ["Jonas", "Sofia", "Kwame"].map(|name| hosts[0].sign_in(name));
    let cases: Vec<Value> = (0..4).map(|_| hosts[0].create(&edge, billing_request())).collect();
    let done = std::sync::atomic::AtomicU64::new(0);
    let busy = std::sync::atomic::AtomicU64::new(0);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (hosts, people, cases, done, busy, edge) =
                (&hosts, &people, &cases, &done, &busy, &edge);
            scope.spawn(move || {
                let mut chance = Chance::new(client);
                while ground.goes_on(done.load(order)) {
                    let case = &cases[turn(chance.number(4), 4)];
                    let other = &cases[turn(chance.number(4), 4)];
                    let who = &people[turn(chance.number(3), 3)];
                    let epoch = json!({ "epoch": chance.number(6) });
                    let merge = json!({ "into": other["case_id"] });
                    let priority = json!({ "priority": chance.number(3) });
                    let key = json!({ "to": "prin_jonas_weber" });
                    let call = match chance.number(8) {
                        0 | 1 => Call::post(&path(case, "claim"), json!({})),
                        2 => Call::post("/v1/queues/billing_dispute/claim", json!({})),
                        3 => Call::post(&path(case, "release"), epoch),
                        4 => Call::post(&path(case, "set_priority"), priority),
                        5 => Call::post(&path(case, "assign"), key),
                        6 if chance.number(40) == 0 => Call::post(&path(case, "merge"), merge),
                        6 => Call::post(&path(case, "transfer"), json!({ "queue": "triage" })),
                        _ => Call::post("/v1/cases", billing_request()),
                    };
                    let who = if call.path == "/v1/cases" { edge } else { who };
                    let host = &hosts[turn(chance.number(3), 3)];
                    let answer = host.call(&call.of(who).key(&fresh("key")));
                    // Refused for its own reasons or told to come again: nothing of locks.
                    assert!(answer.status < 500 || answer.status == 503, "{}", answer.text);
                    busy.fetch_add(u64::from(answer.status == 503), order);
                    done.fetch_add(1, order);
                }
            });
        }
    });
    assert_sound(folder.path());
    let mut figures = format!("{} told to come again", busy.load(order));
    if ground.is_server() {
        let select = "SELECT coalesce(sum(deadlocks), 0)::bigint FROM pg_stat_database \
            WHERE datname = current_database()";
        figures = format!("{figures}, {} deadlocks solved inside", counted(&folder, select, &[]));
    }
    Tally { count: done.load(order), figures, ..Tally::default() }
}

/// A deadline is moved, paused or met at the instant at which it fires.
pub(crate) fn f42_at_the_deadline(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let policy = quick_policy(&folder, "20 s", "20 s");
    let text = std::fs::read_to_string(&policy).unwrap();
    let (from, to) = ("sla = \"4 h\"\nsla_min = \"30 min\"", "sla = \"1 s\"");
    assert!(text.contains(from));
    std::fs::write(&policy, text.replace(from, to)).unwrap();
    let hosts = hosts(&folder, 3, &policy);
    let (edge, sofia, kwame) =
        (hosts[0].edge("northwind"), hosts[0].sign_in("Sofia"), hosts[0].sign_in("Kwame"));
    let mut chance = Chance::new(42);
    let mut tally = Tally::default();
    let (mut first, mut after) = (0, 0);
    while ground.goes_on(tally.count) {
        let cases: Vec<(Value, Instant)> = (0..9)
            .map(|number: usize| {
                let case = hosts[number % 3].create(&edge, billing_request());
                let begun = Instant::now();
                (hosts[number % 3].command(&sofia, &case, "claim", json!({})), begun)
            })
            .collect();
        let offsets: Vec<u64> = cases.iter().map(|_| 900 + chance.number(700)).collect();
        std::thread::scope(|scope| {
            for (number, ((case, begun), offset_ms)) in cases.iter().zip(&offsets).enumerate() {
                let at = *begun + Duration::from_millis(*offset_ms);
                let due = json!({ "due_at": "2036-01-01T00:00:00Z", "reason": "asked for" });
                let epoch = case["epoch"].clone();
                let ask = json!({ "epoch": epoch, "question": "Which of the two?" });
                let calls = match number % 3 {
                    0 => vec![decide(case, &sofia)],
                    1 => {
                        vec![Call::post(&path(case, "set_due"), due).of(&kwame).key(&fresh("key"))]
                    }
                    _ => vec![
                        Call::post(&path(case, "ask_customer"), ask).of(&sofia).key(&fresh("key")),
                    ],
                };
                let (hosts, edge) = (&hosts[..], &edge);
                scope.spawn(move || {
                    let answers = at_once(hosts, &calls, at);
                    assert!(matches!(answers[0].status, 200 | 403 | 409), "{}", answers[0].text);
                    if number % 3 == 2 && answers[0].status == 200 {
                        let deliver = Call::post(&path(case, "deliver"), json!({})).of(edge);
                        hosts[0].call(&deliver.key(&fresh("key")));
                    }
                });
            }
        });
        // Every scheduler looks twice more.
        std::thread::sleep(Duration::from_millis(1_100));
        for (number, (case, begun)) in cases.iter().enumerate() {
            let settles = ["case_decided", "case_retimed", "question_delivered"][number % 3];
            let mut events = told(&folder, case);
            let is_over = |events: &[(String, Value)]| {
                events.iter().any(|(event, _)| event == settles || event == "sla_breached")
            };
            while !is_over(&events) && begun.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(100));
                events = told(&folder, case);
            }
            let mut is_settled = false;
            let mut breaches = 0;
            for (event, _) in &events {
                is_settled |= event == settles;
                if event == "sla_breached" {
                    breaches += 1;
                    tally.doubled += u64::from(is_settled);
                }
            }
            tally.count += 1;
            tally.doubled += u64::from(breaches > 1);
            tally.lost += u64::from(breaches == 0 && !is_settled);
            first += u64::from(breaches == 1);
            after += u64::from(breaches == 0);
        }
    }
    assert_sound(folder.path());
    tally.figures = format!("{first} had fired first, {after} were settled first");
    tally
}
