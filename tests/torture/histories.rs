//! Claims, releases, decisions and reads by several people at two hosts at once, some of whose answers
//! are lost, recorded as they were seen from outside; whether there is an order that explains them is
//! said by a checker that is not ours.

use std::sync::Mutex;

use serde_json::{Value, json};
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester, SequentialSpec};

use crate::leases::send_only;
use crate::support::{Call, Folder, Host, Who, billing_request, fresh, quick_policy};

/// Who calls, by number.
type Person = usize;

/// A case as anybody would think of it: one holder, and an epoch that counts the claims.
#[derive(Clone, Debug, PartialEq)]
struct OneCase {
    epoch: i64,
    holder: Option<Person>,
    decider: Option<Person>,
}

#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Claim(Person),
    Release(Person, i64),
    Decide(Person, i64),
    Undo(Person),
    Read,
}

#[derive(Clone, Debug, PartialEq)]
enum Returned {
    Claimed(i64),
    Done,
    Refused,
    Seen { state: String, epoch: i64 },
}

impl SequentialSpec for OneCase {
    type Op = Operation;
    type Ret = Returned;

    fn invoke(&mut self, operation: &Operation) -> Returned {
        let holds = |one: &Self, person: Person, epoch: i64| {
            one.holder == Some(person) && one.epoch == epoch && one.decider.is_none()
        };
        match *operation {
            Operation::Claim(person) => {
                if self.holder.is_some() || self.decider.is_some() {
                    return Returned::Refused;
                }
                self.holder = Some(person);
                self.epoch += 1;
                return Returned::Claimed(self.epoch);
            }
            Operation::Release(person, epoch) if holds(self, person, epoch) => self.holder = None,
            Operation::Decide(person, epoch) if holds(self, person, epoch) => {
                (self.holder, self.decider) = (None, Some(person));
            }
            Operation::Undo(person) if self.decider == Some(person) => self.decider = None,
            Operation::Read => {
                let state = match (self.holder, self.decider) {
                    (_, Some(_)) => "held",
                    (Some(_), None) => "leased",
                    (None, None) => "ready",
                };
                return Returned::Seen { state: state.to_owned(), epoch: self.epoch };
            }
            _ => return Returned::Refused,
        }
        Returned::Done
    }
}

/// What was seen from outside, in the order in which it was seen.
#[derive(Clone, Debug)]
enum Seen {
    Invoked(u64, Operation),
    Returned(u64, Returned),
}

fn is_linearizable(history: &[Seen]) -> bool {
    let free = OneCase { epoch: 0, holder: None, decider: None };
    let mut tester = LinearizabilityTester::new(free);
    for seen in history {
        match seen.clone() {
            Seen::Invoked(thread, operation) => tester.on_invoke(thread, operation).unwrap(),
            Seen::Returned(thread, returned) => tester.on_return(thread, returned).unwrap(),
        };
    }
    tester.is_consistent()
}

fn numbers(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Works on one case with others.
fn work(
    hosts: &[Host; 2],
    who: &Who,
    person: Person,
    case_id: &str,
    history: &Mutex<Vec<Seen>>,
    mut seed: u64,
) {
    // Whose answer is lost goes on as another thread: the call may still take effect.
    let mut thread = u64::try_from(person).unwrap();
    let mut epoch = 0;
    for _ in 0..4 {
        let operation = match numbers(&mut seed) % 8 {
            0..3 => Operation::Claim(person),
            3 => Operation::Release(person, epoch),
            4 | 5 => Operation::Decide(person, epoch),
            6 => Operation::Undo(person),
            _ => Operation::Read,
        };
        let at = |name: &str| format!("/v1/cases/{case_id}/{name}");
        let holder = json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" });
        let call = match &operation {
            Operation::Claim(_) => Call::post(&at("claim"), json!({})),
            Operation::Release(..) => Call::post(&at("release"), json!({ "epoch": epoch })),
            Operation::Decide(..) => Call::post(&at("decide"), holder),
            Operation::Undo(_) => Call::post(&at("undo"), json!({})),
            Operation::Read => Call::get(&format!("/v1/cases/{case_id}")),
        };
        let call = call.of(who);
        let call = if operation == Operation::Read { call } else { call.key(&fresh("key")) };
        let host = &hosts[usize::try_from(numbers(&mut seed) % 2).unwrap()];
        let fate = numbers(&mut seed) % 8;
        history.lock().unwrap().push(Seen::Invoked(thread, operation.clone()));
        if fate == 0 && operation != Operation::Read {
            // The answer is lost, and nobody asks again.
            send_only(host, &call);
            thread += 100;
            continue;
        }
        if fate == 1 {
            // The answer is lost, and the same is asked again with its key: one operation.
            send_only(host, &call);
        }
        let answer = host.call(&call);
        let returned = match (&operation, answer.status) {
            (Operation::Read, 200) => {
                let case: &Value = &answer.body["case"];
                let state = case["state"].as_str().unwrap().to_owned();
                Returned::Seen { state, epoch: case["epoch"].as_i64().unwrap() }
            }
            (Operation::Claim(_), 200) => {
                Returned::Claimed(answer.body["case"]["epoch"].as_i64().unwrap())
            }
            (_, 200) => Returned::Done,
            (_, 403 | 409) => Returned::Refused,
            _ => panic!("{}", answer.text),
        };
        if let Returned::Claimed(given) = returned {
            epoch = given;
        }
        history.lock().unwrap().push(Seen::Returned(thread, returned));
    }
}

fn record(hosts: &[Host; 2], edge: &Who, people: &[Who], seed: u64) -> Vec<Seen> {
    let case = hosts[0].create(edge, billing_request());
    let case_id = case["case_id"].as_str().unwrap();
    let history = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (person, who) in people.iter().enumerate() {
            let history = &history;
            let seed = seed.wrapping_mul(31).wrapping_add(person as u64);
            scope.spawn(move || work(hosts, who, person, case_id, history, seed));
        }
    });
    history.into_inner().unwrap()
}

#[test]
fn recorded_histories_are_linearizable_and_doctored_ones_are_not() {
    let asked = std::env::var("HISTORIES").ok().and_then(|text| text.parse().ok());
    let folder = Folder::new();
    // Nothing is released, and no lease ends, while it is recorded.
    let policy = quick_policy(&folder, "20 min", "20 min");
    let start = || Host::start_with(&folder, &["--policy", policy.to_str().unwrap()]);
    let hosts = [start(), start()];
    let edge = hosts[0].edge("northwind");
    let people = ["Jonas", "Sofia", "Kwame"].map(|name| hosts[0].sign_in(name));
    let (mut operations, mut lost, mut doctored) = (0, 0, 0);
    for seed in 0..asked.unwrap_or(40_u64) {
        let history = record(&hosts, &edge, &people, seed);
        let returns = history.iter().filter(|seen| matches!(seen, Seen::Returned(..))).count();
        operations += history.len() - returns;
        lost += history.len() - 2 * returns;
        assert!(is_linearizable(&history), "seed {seed}: no order explains {history:#?}");
        // To refuse a history the checker has to try every order: those with few lost answers, and one
        // answer of each that is another than it was.
        if history.len() - 2 * returns > 1 {
            continue;
        }
        let given = |seen: &Seen| matches!(seen, Seen::Returned(_, Returned::Claimed(_)));
        if let Some(at) = history.iter().position(given) {
            let mut other = history.clone();
            if let Seen::Returned(_, Returned::Claimed(epoch)) = &mut other[at] {
                *epoch += 7;
            }
            doctored += 1;
            assert!(!is_linearizable(&other), "seed {seed}: {other:#?} should be refused");
        }
    }
    println!("{operations} operations, {lost} answers lost, {doctored} doctored histories refused");
    assert!(lost > 5 && doctored > 10, "hardly anything was tried");
}

/// Two holders of one epoch, and a read of what was over: what the checker is there for.
#[test]
fn the_checker_refuses_two_holders_and_old_reads() {
    let invoked = |thread, operation| Seen::Invoked(thread, operation);
    let two_holders = [
        invoked(0, Operation::Claim(0)),
        invoked(1, Operation::Claim(1)),
        Seen::Returned(0, Returned::Claimed(1)),
        Seen::Returned(1, Returned::Claimed(1)),
    ];
    assert!(!is_linearizable(&two_holders));
    let old_read = |state: &str, epoch| {
        let returned = Returned::Seen { state: state.to_owned(), epoch };
        [
            invoked(0, Operation::Claim(0)),
            Seen::Returned(0, Returned::Claimed(1)),
            invoked(1, Operation::Read),
            Seen::Returned(1, returned),
        ]
    };
    assert!(is_linearizable(&old_read("leased", 1)));
    assert!(!is_linearizable(&old_read("ready", 0)));
    // A claim whose answer was lost may have been done, or not; not both.
    let lost = |second| {
        [
            invoked(0, Operation::Claim(0)),
            invoked(1, Operation::Claim(1)),
            Seen::Returned(1, second),
        ]
    };
    assert!(is_linearizable(&lost(Returned::Claimed(1))));
    assert!(is_linearizable(&lost(Returned::Refused)));
    assert!(!is_linearizable(&lost(Returned::Claimed(2))));
}
