//! What happens when two come at once.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::support::{Call, Folder, Host, Who, assert_sound, billing_request, fresh, run_ok};

/// Calls from many threads at the same instant.
fn at_once(host: &Host, calls: Vec<Call>) -> Vec<(u16, Value)> {
    let barrier = Barrier::new(calls.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = calls
            .iter()
            .map(|call| {
                scope.spawn(|| {
                    barrier.wait();
                    let answer = host.call(call);
                    (answer.status, answer.body)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A second reviewer of the billing queue.
fn second_reviewer(folder: &Folder, host: &Host) -> Who {
    let data = folder.path();
    let principal = run_ok(
        data,
        &["principal", "create", "--tenant", "northwind", "--name", "Ada", "--skill", "billing"],
    );
    run_ok(
        data,
        &["grant", "add", &principal, "--role", "reviewer", "--tenant", "*", "--level", "2"],
    );
    let link = run_ok(data, &["sign-in-link", &principal]);
    host.sign_in_with(link.rsplit('/').next().unwrap())
}

#[test]
fn of_many_claims_at_once_exactly_one_wins() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas, ada) =
        (host.edge("northwind"), host.sign_in("Jonas"), second_reviewer(&folder, &host));
    for _ in 0..10 {
        let case = host.create(&edge, billing_request());
        let path = format!("/v1/cases/{}/claim", case["case_id"].as_str().unwrap());
        let call = |number: usize| {
            Call::post(&path, json!({})).of(if number.is_multiple_of(2) { &jonas } else { &ada })
        };
        let answers = at_once(&host, (0..16).map(call).collect());
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        let lost = answers
            .iter()
            .filter(|(status, body)| *status == 409 && body["code"] == "lease_lost")
            .count();
        assert_eq!((won, lost), (1, 15));
    }
    assert_sound(folder.path());
}

#[test]
fn the_next_case_of_a_queue_is_given_to_one_reviewer_only() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas, ada) =
        (host.edge("northwind"), host.sign_in("Jonas"), second_reviewer(&folder, &host));
    for _ in 0..12 {
        host.create(&edge, billing_request());
    }
    let call =
        |number: usize| {
            Call::post("/v1/queues/billing_dispute/claim", json!({}))
                .of(if number.is_multiple_of(2) { &jonas } else { &ada })
        };
    let answers = at_once(&host, (0..16).map(call).collect());
    let mut won: Vec<&str> =
        answers.iter().filter_map(|(_, body)| body["case"]["case_id"].as_str()).collect();
    won.sort_unstable();
    won.dedup();
    let nothing = answers.iter().filter(|(status, _)| *status == 404).count();
    assert_eq!((won.len(), nothing), (12, 4));
    assert_sound(folder.path());
}

#[test]
fn of_many_decisions_at_once_exactly_one_counts() {
    let folder = Folder::new();
    let host = Host::start(&folder);
    let (edge, jonas) = (host.edge("northwind"), host.sign_in("Jonas"));
    let case = host.create(&edge, billing_request());
    let claimed = host.command(&jonas, &case, "claim", json!({}));
    let path = format!("/v1/cases/{}/decide", case["case_id"].as_str().unwrap());
    let call = |number: usize| {
        let body = json!({ "epoch": claimed["epoch"], "verdict": "edited", "outcome": "send", "answer": format!("{number}") });
        Call::post(&path, body).of(&jonas).key(&fresh("key"))
    };
    let answers = at_once(&host, (0..16).map(call).collect());
    let won = answers.iter().filter(|(status, _)| *status == 200).count();
    let lost = answers.iter().filter(|(_, body)| body["code"] == "already_decided").count();
    assert_eq!((won, lost), (1, 15));
    assert_sound(folder.path());
}

#[test]
fn two_processes_share_one_database() {
    let folder = Folder::new();
    let first = Host::start(&folder);
    let second = Host::start(&folder);
    let edge = first.edge("northwind");
    std::thread::scope(|scope| {
        for host in [&first, &second, &first, &second] {
            scope.spawn(|| {
                for _ in 0..25 {
                    host.create(&edge, billing_request());
                }
            });
        }
    });
    let seen = second.expect(&Call::get("/v1/cases?limit=500&view=all").of(&edge), 200);
    assert_eq!(seen["cases"].as_array().unwrap().len(), 100);
    // A claim at one host is seen at the other.
    let jonas = second.sign_in("Jonas");
    let case = first.create(&edge, billing_request());
    let claimed = second.command(&jonas, &case, "claim", json!({}));
    first.command(&jonas, &case, "release", json!({ "epoch": claimed["epoch"] }));
    assert_sound(folder.path());
}
