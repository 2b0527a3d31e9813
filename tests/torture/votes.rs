//! Reviewers who decide at the same instant, at different hosts.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Tally;
use crate::ground::Ground;
use crate::ledger::counted;
use crate::support::{Answer, Call, Folder, Host, Who, assert_sound, fresh, run_ok};

/// The simulation's policy: a credit needs two people.
const POLICY: &str = include_str!("../simulation/policy.toml");

struct Room {
    folder: Folder,
    hosts: [Host; 2],
    edge: Who,
    reviewers: Vec<Who>,
}

fn room(ground: &Ground, count: usize) -> Room {
    let folder = ground.folder();
    let path = folder.join("policy.toml");
    let text = POLICY.replace("VERSION", "1").replace("UNDO", "10 min").replace("REFUND", "Refund");
    std::fs::write(&path, text).unwrap();
    let start = || Host::start_with(&folder, &["--policy", path.to_str().unwrap()]);
    let hosts = [start(), start()];
    let edge = hosts[0].edge("northwind");
    let reviewer = |number: usize| {
        let name = format!("Reviewer {number}");
        let made = ["principal", "create", "--tenant", "northwind", "--name", &name];
        let id = run_ok(folder.path(), &made);
        run_ok(folder.path(), &["grant", "add", &id, "--role", "reviewer", "--level", "4"]);
        let link = run_ok(folder.path(), &["sign-in-link", &id]);
        hosts[0].sign_in_with(link.rsplit('/').next().unwrap())
    };
    let reviewers = (0..count).map(reviewer).collect();
    Room { hosts, edge, reviewers, folder }
}

impl Room {
    /// A credit that waits for its votes.
    fn pending(&self) -> Value {
        let body = json!({ "actions": [{ "tool": "billing.credit",
            "arguments": { "amount": "20.00", "customer_id": fresh("cust") } }] });
        let call = Call::post("/v1/proposals", body).of(&self.edge).key(&fresh("key"));
        let made = self.hosts[0].expect(&call, 201)["proposal"]["proposal_id"].clone();
        let path = format!("/v1/proposals/{}", made.as_str().unwrap());
        let begun = Instant::now();
        loop {
            let view = self.hosts[0].expect(&Call::get(&path).of(&self.edge), 200);
            if view["proposal"]["state"] == "pending" {
                return view["proposal"].clone();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{view}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn call(&self, proposal: &Value, number: usize, name: &str) -> Call {
        let body = match name {
            "approve" => json!({ "binding_digest": proposal["binding_digest"] }),
            _ => json!({ "reason": "no" }),
        };
        let path = format!("/v1/proposals/{}/{name}", proposal["proposal_id"].as_str().unwrap());
        Call::post(&path, body).of(&self.reviewers[number]).key(&fresh("key"))
    }

    /// All of them at once, each at a host of their own choice.
    fn at_once(&self, calls: Vec<Call>) -> Vec<Answer> {
        let barrier = Barrier::new(calls.len());
        std::thread::scope(|scope| {
            let threads: Vec<_> = calls
                .iter()
                .enumerate()
                .map(|(number, call)| {
                    let (host, barrier) = (&self.hosts[number % 2], &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        host.call(call)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// How often a proposal was resolved, with how many votes, and whether there is a right to do it.
    fn outcome(&self, proposal: &Value) -> (u64, usize, String, bool) {
        let id = proposal["proposal_id"].as_str().unwrap();
        let path = format!("/v1/proposals/{id}");
        let now = self.hosts[1].expect(&Call::get(&path).of(&self.edge), 200)["proposal"].clone();
        let select = "SELECT count(*) FROM audit_pending WHERE entity_id = ?1 \
            AND entry ->> '$.event' = 'approval_resolved'";
        let resolved = counted(&self.folder, select, &[id]);
        let votes = now["votes"].as_array().unwrap().len();
        let state = now["state"].as_str().unwrap().to_owned();
        (resolved, votes, state, now["authorization_id"].is_string())
    }
}

/// The last two votes at one instant, and four more people who would vote too.
pub(crate) fn f60_votes_at_once(ground: &Ground) -> Tally {
    let room = room(ground, 6);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let proposal = room.pending();
        let voters = if tally.count.is_multiple_of(2) { 2 } else { 6 };
        let calls = (0..voters).map(|number| room.call(&proposal, number, "approve")).collect();
        let answers = room.at_once(calls);
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let told = answers.iter().filter(|answer| answer.body["code"] == "quorum_closed").count();
        let outcome = room.outcome(&proposal);
        tally.count += 1;
        tally.lost += u64::from(won < 2 || outcome.1 < 2 || !outcome.3);
        tally.doubled += u64::from(
            won > 2 || won + told != voters || outcome != (1, 2, "approved".to_owned(), true),
        );
    }
    assert_sound(room.folder.path());
    tally
}

/// One vote is there; then approvals and rejections arrive at one instant.
pub(crate) fn f31_approve_or_reject(ground: &Ground) -> Tally {
    let room = room(ground, 6);
    let mut tally = Tally::default();
    while ground.goes_on(tally.count) {
        let proposal = room.pending();
        assert_eq!(room.hosts[0].call(&room.call(&proposal, 0, "approve")).status, 200);
        let name = |number: usize| if number.is_multiple_of(2) { "approve" } else { "reject" };
        let calls = (1..6).map(|number| room.call(&proposal, number, name(number))).collect();
        let answers = room.at_once(calls);
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let (resolved, votes, state, has_right) = room.outcome(&proposal);
        let is_approved = state == "approved" && votes == 2 && has_right;
        let is_rejected = state == "rejected" && !has_right;
        tally.count += 1;
        tally.lost += u64::from(won == 0 || !(is_approved || is_rejected));
        tally.doubled += u64::from(won > 1 || resolved != 1);
    }
    assert_sound(room.folder.path());
    tally
}
