//! What time alone does, with three hosts that all look at it, one of which dies meanwhile.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Tally;
use crate::ground::Ground;
use crate::ledger::counted;
use crate::support::{Call, Host, assert_sound, billing_request, fresh, quick_policy};
use crate::traffic::path;

pub(crate) fn f41_fire_once(ground: &Ground) -> Tally {
    let folder = ground.folder();
    let policy = quick_policy(&folder, "1 s", "1 s");
    let start = || Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let mut hosts = [start(), start(), start()];
    let (edge, jonas) = (hosts[0].edge("northwind"), hosts[0].sign_in("Jonas"));
    let mut tally = Tally::default();
    let mut worst = Duration::ZERO;
    while ground.goes_on(tally.count) {
        // Half of them are decided and are released by time, half lose their lease by time.
        let mut waiting = Vec::new();
        for number in 0..12 {
            let case = hosts[0].create(&edge, billing_request());
            let decide = |case: &serde_json::Value| {
                let claimed = hosts[1].command(&jonas, case, "claim", json!({}));
                let holder = &claimed["epoch"];
                let body = json!({ "epoch": holder, "verdict": "accepted", "outcome": "send" });
                hosts[2]
                    .call(&Call::post(&path(case, "decide"), body).of(&jonas).key(&fresh("key")))
            };
            if number % 2 == 0 {
                // On a slow machine a lease of a second may end first: then once more.
                while decide(&case).body["code"] == "lease_lost" {}
            } else {
                hosts[1].command(&jonas, &case, "claim", json!({}));
            }
            let case_id = case["case_id"].as_str().unwrap().to_owned();
            waiting.push((case_id, if number % 2 == 0 { "resolved" } else { "ready" }));
        }
        let begun = Instant::now();
        std::thread::sleep(Duration::from_millis(900));
        let victim = usize::try_from(tally.count / 12 % 3).unwrap();
        hosts[victim].kill_now();
        hosts[victim] = start();
        for (case_id, state) in waiting {
            hosts[(victim + 1) % 3].wait_for(&edge, &case_id, state);
            worst = worst.max(begun.elapsed());
            let event = if state == "ready" { "case_released" } else { "answer_released" };
            let select = "SELECT count(*) FROM audit_pending WHERE entity_id = ?1 \
                AND entry ->> '$.event' = ?2";
            let fired = counted(&folder, select, &[&case_id, event]);
            tally.count += 1;
            tally.lost += u64::from(fired == 0);
            tally.doubled += fired.saturating_sub(1);
        }
    }
    assert_sound(folder.path());
    tally.figures = format!("the last of a lot after {} ms", worst.as_millis());
    tally
}
