//! People at work, at one host after the other: what is not answered is asked again with its key,
//! until it is known what became of it.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::support::{Answer, Call, Host, Who, billing_request, fresh};

/// How long a host, or the database behind it, may be away.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was asked of which hosts, and what was seen.
pub(crate) struct Traffic<'a> {
    pub(crate) hosts: &'a [RwLock<Host>],
    pub(crate) edge: &'a Who,
    pub(crate) reviewer: &'a Who,
    pub(crate) ledger: &'a Ledger,
    /// Cases that were worked on to their end.
    pub(crate) cycles: AtomicU64,
    /// Answers that did not come, or said that nothing is known.
    pub(crate) unanswered: AtomicU64,
    /// Calls that were told to come again.
    pub(crate) busy: AtomicU64,
    /// Answers that no one history of the case explains.
    pub(crate) contradictions: AtomicU64,
    /// The longest that anybody waited for what became of a call, in milliseconds.
    pub(crate) worst_ms: AtomicU64,
    /// No host will answer any more.
    is_dark: AtomicBool,
}

pub(crate) fn path(case: &Value, command: &str) -> String {
    format!("/v1/cases/{}/{command}", case["case_id"].as_str().unwrap())
}

/// Ways to hold hosts that may be replaced while they are called.
pub(crate) fn replaceable(hosts: Vec<Host>) -> Vec<RwLock<Host>> {
    hosts.into_iter().map(RwLock::new).collect()
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(
        hosts: &'a [RwLock<Host>],
        (edge, reviewer): (&'a Who, &'a Who),
        ledger: &'a Ledger,
    ) -> Self {
        let zero = AtomicU64::default;
        Self {
            hosts,
            edge,
            reviewer,
            ledger,
            cycles: zero(),
            unanswered: zero(),
            busy: zero(),
            contradictions: zero(),
            worst_ms: zero(),
            is_dark: AtomicBool::default(),
        }
    }

    /// So many clients work while something happens.
    pub(crate) fn during<T>(&self, clients: usize, happens: impl FnOnce() -> T) -> T {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for first in 0..clients {
                let stop = &stop;
                scope.spawn(move || {
                    let mut turn = first;
                    while !stop.load(Ordering::Relaxed) {
                        self.cycle(&mut turn);
                    }
                });
            }
            let happened = happens();
            stop.store(true, Ordering::Relaxed);
            happened
        })
    }

    /// The same, where no host is left afterwards.
    pub(crate) fn until_dark(&self, clients: usize, happens: impl FnOnce()) {
        self.during(clients, || {
            happens();
            self.is_dark.store(true, Ordering::Relaxed);
        });
    }

    /// One case from its beginning to its end.
    pub(crate) fn cycle(&self, turn: &mut usize) {
        let mut body = billing_request();
        body["case_id"] = json!(fresh("case"));
        let create = Call::post("/v1/cases", body).of(self.edge).key(&fresh("key"));
        let Some(case) = self.done(&create, turn) else { return };
        let claim = Call::post(&path(&case, "claim"), json!({})).of(self.reviewer);
        let Some(claimed) = self.done(&claim.key(&fresh("key")), turn) else { return };
        let epoch = claimed["epoch"].clone();
        let save = json!({ "epoch": epoch, "work": { "text": "half" } });
        let decide = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
        for (command, body) in [("save", save), ("decide", decide)] {
            let call = Call::post(&path(&case, command), body).of(self.reviewer);
            if self.done(&call.key(&fresh("key")), turn).is_none() {
                return;
            }
        }
        self.cycles.fetch_add(1, Ordering::Relaxed);
    }

    /// The case after a call; `None` where the lease ended meanwhile, which nobody can exclude.
    fn done(&self, call: &Call, turn: &mut usize) -> Option<Value> {
        let answer = self.ask(call, turn)?;
        if matches!(answer.status, 200 | 201) {
            self.ledger.keep(&answer.body["case"]);
            return Some(answer.body["case"].clone());
        }
        // These cases are this client's alone: nothing else can be in the way of a call, unless one
        // that was not answered was done, and was not recognized when it came again.
        if answer.body["code"] != "lease_lost" {
            println!("{} {}: {}", call.method, call.path, answer.text);
            self.contradictions.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Asks at one host after the other until it is known what became of the call; `None` where no
    /// host is left.
    pub(crate) fn ask(&self, call: &Call, turn: &mut usize) -> Option<Answer> {
        let begun = Instant::now();
        loop {
            *turn += 1;
            let answer = self.hosts[*turn % self.hosts.len()].read().unwrap().try_call(call);
            match answer {
                Ok(answer) if answer.status == 503 => {
                    assert!(!answer.header("retry-after").is_empty(), "{}", answer.text);
                    let is_unknown = answer.body["code"] == "store_lost";
                    let counter = if is_unknown { &self.unanswered } else { &self.busy };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) => {
                    let waited_ms = u64::try_from(begun.elapsed().as_millis()).unwrap();
                    self.worst_ms.fetch_max(waited_ms, Ordering::Relaxed);
                    return Some(answer);
                }
                Err(_) if self.is_dark.load(Ordering::Relaxed) => return None,
                Err(_) => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                }
            }
            assert!(begun.elapsed() < PATIENCE, "{} {}: never answered", call.method, call.path);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn figures(&self) -> String {
        let seen = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        format!(
            "{} cases, {} answers lost, {} told to come again, worst wait {} ms",
            self.ledger.len(),
            seen(&self.unanswered),
            seen(&self.busy),
            seen(&self.worst_ms)
        )
    }
}
