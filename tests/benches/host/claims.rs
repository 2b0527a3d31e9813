//! What a claim costs by how many cases are open, and by how many different sets of skills they ask for.

use std::time::Instant;

use countersign::host::store::sql::{Connection, params};
use serde_json::{Value, json};

use crate::client::Client;
use crate::probe::percentile;
use crate::site::Site;
use crate::support::{billing_request, fresh};
use crate::{Bar, Row, setting};

/// Skills that the reviewer has, as far as there are so many.
const KNOWN: usize = 50;
const CLAIMS: usize = 300;

fn skill(number: usize) -> String {
    format!("skill-{number:06}")
}

/// Cases like the first one, from one number to another, that ask for skills in turn.
fn seed(database: &Connection, from: usize, to: usize, sets: usize) {
    let body: String = database
        .query_row("SELECT body FROM cases ORDER BY created_at LIMIT 1", [], |row| row.get(0))
        .unwrap();
    let case: Value = serde_json::from_str(&body).unwrap();
    let first = case["case_id"].as_str().unwrap();
    let skills = format!("\"skills\":{}", case["skills"]);
    assert!(body.contains(&skills) && body.contains(first), "{body}");
    let needs = "INSERT INTO case_needs (need_id, tenant_id, queue, skills, language, domain, level, \
        assigned_to) SELECT ?1, tenant_id, queue, ?2, language, domain, level, '' FROM case_needs \
        WHERE need_id = 1 ON CONFLICT DO NOTHING";
    let insert = "INSERT INTO cases (tenant_id, case_id, revision, state, queue, priority, \
        risk_level, language, domain, due_at, created_at, epoch, requested_by, body, need_id) \
        SELECT tenant_id, ?2, revision, 'ready', queue, priority, risk_level, language, domain, \
        due_at + ?3, created_at + ?3, epoch, requested_by, ?4, ?5 FROM cases WHERE case_id = ?1";
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN").unwrap();
    let mut need = database.prepare_cached(needs).unwrap();
    let mut row = database.prepare_cached(insert).unwrap();
    for number in from..to {
        let set = number % sets;
        // The first need is that of the case which the others are made of.
        let need_id = i64::try_from(set + 2).unwrap();
        let asked = format!("[\"{}\"]", skill(set));
        if number < sets {
            need.execute(params![need_id, asked.clone()]).unwrap();
        }
        let case_id = format!("case_seeded_{number:07}");
        let body = body.replace(first, &case_id).replace(&skills, &format!("\"skills\":{asked}"));
        let later = i64::try_from(number + 1).unwrap();
        row.execute(params![first, case_id, later, body, need_id]).unwrap();
    }
    drop((need, row));
    database.execute_batch("COMMIT").unwrap();
}

/// How long claims take, in milliseconds: the first, for which needs are read, and the median after it.
fn claims(site: &Site) -> (f64, f64) {
    let host = site.start();
    let mut client = Client::new(&host.url, &site.reviewers[0][0]);
    let mut claim = || {
        let begun = Instant::now();
        let claimed = client.must("/v1/queues/billing_dispute/claim", Some(&fresh("claim")), "{}");
        let took_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        let case = &claimed["case"];
        let path = format!("/v1/cases/{}/release", case["case_id"].as_str().unwrap());
        client.must(&path, Some(&fresh("key")), &json!({ "epoch": case["epoch"] }).to_string());
        took_ms
    };
    let first = claim();
    let mut later: Vec<f64> = (0..CLAIMS).map(|_| claim()).collect();
    host.stop();
    (first, percentile(&mut later, 50))
}

pub(crate) fn by_size() -> Vec<Row> {
    let many = setting("CASES", 1_000_000);
    let mut rows = Vec::new();
    for sets in [10, 1_000, 100_000] {
        let known: Vec<String> = (0..sets.min(KNOWN)).map(skill).collect();
        let site = Site::new(1, 1, &known, "20 min");
        let host = site.start();
        let mut caller = Client::new(&host.url, &site.callers[0]);
        caller.must("/v1/cases", Some(&fresh("key")), &billing_request().to_string());
        host.stop();
        let database = site.folder.database();
        seed(&database, 0, 1_000, sets);
        let (_, few_ms) = claims(&site);
        seed(&database, 1_000, many, sets);
        let (first_ms, many_ms) = claims(&site);
        let note = format!(
            "median {few_ms:.2} ms at 1,000 and {many_ms:.2} ms at {many} open cases; the first, for \
             which what each asks for is read, took {first_ms:.0} ms"
        );
        let name = format!("a claim among {sets} sets of skills, many to few");
        rows.push(Row::new(name, many_ms / few_ms, "", Bar::AtMost(2.0), note));
    }
    rows
}
