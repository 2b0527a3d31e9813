//! What time does: leases that nobody gave back, and deadlines that act.

use std::time::{Duration, Instant};

use countersign::TimestampMs;
use countersign::host::clock::wall_clock;
use countersign::host::store::sql::{Connection, params};
use serde_json::{Value, json};

use crate::client::Client;
use crate::probe::percentile;
use crate::site::Site;
use crate::support::{Call, Who, billing_request, fresh};
use crate::{Bar, Row, setting};

const CLAIM: &str = "/v1/queues/billing_dispute/claim";

/// Somebody claims and is not heard of again; a colleague asks for the next case until there is one.
pub(crate) fn abandoned_leases() -> Vec<Row> {
    let site = Site::new(1, 2, &["billing".to_owned()], "2 s");
    let host = site.start();
    let [gone, colleague] = [&site.reviewers[0][0], &site.reviewers[0][1]];
    let (mut gone, mut colleague) =
        (Client::new(&host.url, gone), Client::new(&host.url, colleague));
    let mut late_ms = Vec::new();
    for _ in 0..setting("LEASES", 10) {
        site.fill(&host.url, 1);
        let claimed = gone.must(CLAIM, None, "{}");
        let until = TimestampMs::parse(claimed["case"]["lease_until"].as_str().unwrap()).unwrap();
        let taken = loop {
            match colleague.post(CLAIM, None, "{}") {
                (200, answer) => break answer,
                (404, _) => std::thread::sleep(Duration::from_millis(10)),
                (status, answer) => panic!("{status} {answer}"),
            }
        };
        late_ms.push((wall_clock().as_ms() - until.as_ms()) as f64);
        assert_eq!(taken["case"]["case_id"], claimed["case"]["case_id"]);
        let case = &taken["case"];
        let path = format!("/v1/cases/{}/decide", case["case_id"].as_str().unwrap());
        let body = json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" });
        colleague.must(&path, Some(&fresh("decide")), &body.to_string());
    }
    let note = format!(
        "{} leases, half of them within {:.0} ms",
        late_ms.len(),
        percentile(&mut late_ms, 50)
    );
    let worst = percentile(&mut late_ms, 100);
    vec![Row::new(
        "an abandoned lease is free after its end",
        worst,
        "ms",
        Bar::AtMost(1_000.0),
        note,
    )]
}

/// A case as the host stores it, to make others of.
fn template(site: &Site, url: &str) -> Value {
    let who = Who::Token(site.callers[0].clone());
    let call = Call::post("/v1/cases", billing_request()).of(&who).key(&fresh("key"));
    let mut client = Client::new(url, &site.callers[0]);
    let made =
        client.must("/v1/cases", Some(&fresh("key")), std::str::from_utf8(&call.body).unwrap());
    let database = site.folder.database();
    let select = "SELECT body FROM cases WHERE case_id = ?1";
    let body: String = database
        .query_row(select, [made["case"]["case_id"].as_str().unwrap()], |row| row.get(0))
        .unwrap();
    serde_json::from_str(&body).unwrap()
}

/// Stores cases like this one, the marks of each at its own instant.
fn arm(database: &Connection, template: &Value, count: usize, at: impl Fn(usize) -> TimestampMs) {
    let insert = "INSERT INTO cases (tenant_id, case_id, revision, state, queue, priority, \
        risk_level, language, domain, due_at, created_at, epoch, requested_by, body, need_id, next_at) \
        SELECT tenant_id, ?2, revision, state, queue, priority, risk_level, language, domain, due_at, \
        created_at, epoch, requested_by, ?3, need_id, ?4 FROM cases WHERE case_id = ?1";
    database.execute_batch("BEGIN").unwrap();
    let mut statement = database.prepare_cached(insert).unwrap();
    let mut case = template.clone();
    for number in 0..count {
        let (name, at) = (fresh("case_armed"), at(number));
        case["case_id"] = json!(name);
        for mark in case["marks"].as_array_mut().unwrap() {
            // The first mark alone comes soon.
            mark["at"] = json!(at.saturating_add(3_600_000).to_string());
        }
        case["marks"][0]["at"] = json!(at.to_string());
        let body = countersign_canonical(&case);
        let first = template["case_id"].as_str().unwrap();
        statement.execute(params![first, name, body, at.as_ms()]).unwrap();
    }
    drop(statement);
    database.execute_batch("COMMIT").unwrap();
}

fn countersign_canonical(value: &Value) -> String {
    let value: countersign::Json = serde_json::from_value(value.clone()).unwrap();
    value.canonical()
}

fn lateness(database: &Connection) -> Vec<f64> {
    let mut statement = database.prepare("SELECT late_ms FROM sla_marks").unwrap();
    let late = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    late.map(|late| late.unwrap() as f64).collect()
}

/// A hundred thousand cases whose marks come over half an hour, of which half a minute is waited for;
/// then many marks that came at one instant, as after an outage.
pub(crate) fn deadlines() -> Vec<Row> {
    let count = setting("DEADLINES", 100_000);
    let (spread_ms, window) = (30 * 60_000, Duration::from_secs(30));
    let site = Site::new(1, 1, &["billing".to_owned()], "20 min");
    let host = site.start();
    let template = template(&site, &host.url);
    assert!(!template["marks"].as_array().unwrap().is_empty(), "the queue has no marks");
    host.stop();
    let database = site.folder.database();
    // What is seeded need not last; what the host writes does.
    let begins = wall_clock().saturating_add(i64::try_from(count / 8 + 5_000).unwrap());
    let step = |number: usize| {
        begins.saturating_add(
            i64::try_from(number).unwrap() * spread_ms / i64::try_from(count).unwrap(),
        )
    };
    arm(&database, &template, count, step);
    let seeded = wall_clock();
    assert!(seeded < begins, "seeding took too long: {} ms over", seeded.as_ms() - begins.as_ms());
    let host = site.start();
    while wall_clock() < begins.saturating_add(i64::try_from(window.as_millis()).unwrap()) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut late = lateness(&database);
    let (fired, expected) = (late.len(), count * window.as_millis() as usize / spread_ms as usize);
    assert!(fired * 10 >= expected * 9, "{fired} of {expected} deadlines acted");
    let note = format!(
        "{count} armed, of which {fired} came within {} s; half of them within {:.0} ms",
        window.as_secs(),
        percentile(&mut late, 50)
    );
    let p99 = percentile(&mut late, 99);
    host.stop();

    // An outage: what came meanwhile is made up for.
    let burst = count / 20;
    let before = wall_clock();
    arm(&database, &template, burst, |_| before);
    let host = site.start();
    let begun = Instant::now();
    let target = lateness(&database).len() + burst;
    while lateness(&database).len() < target && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let rate = (lateness(&database).len() + burst - target) as f64 / begun.elapsed().as_secs_f64();
    host.stop();
    vec![
        Row::new("lateness of deadlines, p99", p99, "ms", Bar::AtMost(1_000.0), note),
        Row::new(
            "deadlines made up for after an outage",
            rate,
            "a second",
            Bar::None,
            format!("{burst} at one instant"),
        ),
    ]
}
