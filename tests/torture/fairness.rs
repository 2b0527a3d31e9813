//! One tenant floods, another trickles; what is urgent floods, what is not has to be done all the same.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::{Ground, hosts, turn};
use crate::support::{Call, Host, Who, assert_sound, billing_request, fresh, quick_policy};

fn next(host: &Host, who: &Who) -> (Value, Duration) {
    let begun = Instant::now();
    let claim = Call::post("/v1/queues/billing_dispute/claim", json!({})).of(who);
    let case = host.expect(&claim.key(&fresh("key")), 200)["case"].clone();
    (case, begun.elapsed())
}

fn finish(host: &Host, who: &Who, case: &Value) {
    let body = json!({ "epoch": case["epoch"], "verdict": "accepted", "outcome": "send" });
    host.command(who, case, "decide", body);
}

pub(crate) fn f16_noisy_tenant(ground: &Ground) -> Tally {
    const FLOOD: usize = 30;
    const TRICKLE: usize = 3;
    let folder = ground.folder();
    let hosts = hosts(&folder, 3, &quick_policy(&folder, "20 min", "0 s"));
    let (noisy, quiet) = (hosts[0].edge("northwind"), hosts[0].edge("meridian-health"));
    let sofia = hosts[0].sign_in("Sofia");
    let mut tally = Tally::default();
    let mut waits: Vec<Duration> = Vec::new();
    while ground.goes_on(tally.count) {
        // As many again as were worked on, so that the flood never ends.
        std::thread::scope(|scope| {
            for host in &hosts {
                let noisy = &noisy;
                scope.spawn(move || {
                    for _ in 0..FLOOD / 3 {
                        host.create(noisy, billing_request());
                    }
                });
            }
        });
        let trickle: Vec<Value> = (0..TRICKLE)
            .map(|_| hosts[1].create(&quiet, billing_request())["case_id"].clone())
            .collect();
        // Tenants take turns: whoever came after thirty of the other is not the thirty-first.
        let mut found = 0;
        for number in 0..2 * TRICKLE + 1 {
            let host = &hosts[turn(number as u64, 3)];
            let (case, waited) = next(host, &sofia);
            if trickle.contains(&case["case_id"]) {
                found += 1;
                waits.push(waited);
            }
            finish(host, &sofia, &case);
        }
        tally.count += TRICKLE as u64;
        tally.lost += (TRICKLE - found) as u64;
        // An old case of no urgency among urgent ones that keep coming, fewer than can be done: two are
        // done for each that comes, so the queue is worked off, and it with it.
        let plain = hosts[0].create(&noisy, billing_request())["case_id"].clone();
        let mut is_done = false;
        for number in 0..2 * FLOOD + 10 {
            let host = &hosts[turn(number as u64, 3)];
            if number % 2 == 0 && number < FLOOD {
                let urgent = host.create(&noisy, billing_request());
                host.command(&sofia, &urgent, "set_priority", json!({ "priority": 3 }));
            }
            let (case, _) = next(host, &sofia);
            is_done |= case["case_id"] == plain;
            finish(host, &sofia, &case);
            if is_done {
                break;
            }
        }
        tally.count += 1;
        tally.lost += u64::from(!is_done);
    }
    assert_sound(folder.path());
    waits.sort_unstable();
    let late = waits.get(waits.len() * 95 / 100).copied().unwrap_or_default();
    tally.figures = format!("claims of the quiet tenant: p95 {} ms", late.as_millis());
    tally
}
