//! How an execution moves: every pair of state and command for each promise of an executor.

use countersign::compile::to_json;
use countersign::execution::{
    Attempt, AttemptOutcome, Command, EXECUTION_VERSION, Event, Execution, ExecutionState,
    Guarantee, apply,
};
use countersign::identity::{Actor, authorize_proposal};
use countersign::json::Json;
use countersign::read::Node;
use countersign::{Fault, Id, TimestampMs};

use crate::case::{reviewer, scheduler};
use crate::proposal::propose;
use crate::support::{at, canonical, now};

const SOON: &str = "2026-05-09T14:00:05.000Z";
/// Past `not_after`, within the time for the key.
const LATER: &str = "2026-05-09T14:01:00.000Z";
/// Past the time for the key.
const TOO_LATE: &str = "2026-05-11T14:00:00.000Z";

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn refund() -> countersign::proposal::Proposal {
    propose(
        r#"{"actions":[{"tool":"billing.refund","arguments":{"amount":"420.00","currency":"USD","customer_id":"cust_1"}}]}"#,
    )
}

fn prepared(guarantee: Guarantee) -> Execution {
    let proposal = refund();
    Execution {
        version: EXECUTION_VERSION,
        execution_id: id("exec_1"),
        tenant_id: id("t"),
        revision: 1,
        state: ExecutionState::Prepared,
        proposal_id: proposal.proposal_id,
        authorization_id: id("auth_1"),
        position: 0,
        action: proposal.actions[0].clone(),
        binding_digest: proposal.binding_digest,
        approved_by: Vec::new(),
        executor: "payments".to_owned(),
        guarantee,
        idempotency_key: "key_1".to_owned(),
        precondition: None,
        attempts: Vec::new(),
        resend_until: (guarantee == Guarantee::Idempotent)
            .then(|| now().saturating_add(24 * 60 * 60 * 1_000)),
        next_attempt_at: None,
        result: None,
        reason: None,
        reconciled_by: None,
        stop_requested_at: None,
        created_at: now(),
        closed_at: None,
    }
}

fn step(
    execution: &Execution,
    actor: &Actor,
    command: Command,
    at: TimestampMs,
) -> Result<Execution, Fault> {
    let proof = authorize_proposal(actor, command.operation(), &refund(), at)?;
    let events = apply(execution, command, &proof, at)?;
    for event in &events {
        let stored = to_json(event).unwrap();
        assert_eq!(&Event::read(event.name(), Node::root(&stored)).unwrap(), event);
    }
    Ok(events.iter().fold(execution.clone(), |execution, event| execution.with(event)))
}

fn start(is_absent: bool) -> Command {
    let attempt = Attempt {
        attempt_id: id("att_1"),
        started_at: now(),
        not_after: now().saturating_add(10_000),
        ended_at: None,
        outcome: None,
        detail: None,
    };
    Command::Start { attempt, is_absent }
}

fn succeed() -> Command {
    Command::Succeed { result: Some(Json::Bool(true)) }
}

fn fail() -> Command {
    Command::Fail { drifted: false, reason: "no such order".to_owned() }
}

fn lose() -> Command {
    Command::Lose { detail: "no answer came in time".to_owned(), next_attempt_at: None }
}

fn reconcile(happened: bool) -> Command {
    Command::Reconcile { happened, note: "asked the bank".to_owned() }
}

fn in_state(state: ExecutionState, guarantee: Guarantee) -> Execution {
    let clock = scheduler();
    let prepared = prepared(guarantee);
    let started = step(&prepared, &clock, start(false), now()).unwrap();
    let go = |command| step(&started, &clock, command, at(SOON)).unwrap();
    match state {
        ExecutionState::Prepared => prepared,
        ExecutionState::Started => started,
        ExecutionState::Unknown => go(lose()),
        ExecutionState::Succeeded => go(succeed()),
        ExecutionState::Failed => go(fail()),
        ExecutionState::Cancelled => {
            let reason = "withdrawn".to_owned();
            step(&prepared, &clock, Command::Cancel { reason }, now()).unwrap()
        }
    }
}

#[test]
fn every_pair_of_state_and_command_goes_where_the_table_says() {
    use ExecutionState::{Cancelled, Failed, Prepared, Started, Succeeded, Unknown};
    use Guarantee::{Idempotent, None, Queryable};
    let (ana, clock) = (reviewer("ana"), scheduler());
    let cancel = || Command::Cancel { reason: "an earlier step failed".to_owned() };
    let stop = || Command::Stop { reason: "wrong customer".to_owned() };
    let all = [None, Queryable, Idempotent];
    type Row<'a> =
        (&'a Actor, Command, &'a str, &'a [Guarantee], &'a [(ExecutionState, ExecutionState)]);
    let rows: Vec<Row<'_>> = vec![
        (&clock, start(false), SOON, &[None, Queryable], &[(Prepared, Started)]),
        (&clock, start(false), LATER, &[None, Queryable], &[(Prepared, Started)]),
        (&clock, start(true), SOON, &[None, Queryable], &[(Prepared, Started)]),
        // Asked, and past the time of the last request: it did not happen, and will not.
        (&clock, start(true), LATER, &[Queryable], &[(Prepared, Started), (Unknown, Started)]),
        (&clock, start(true), LATER, &[None], &[(Prepared, Started)]),
        (&clock, start(false), SOON, &[Idempotent], &[(Prepared, Started), (Unknown, Started)]),
        (&clock, start(false), TOO_LATE, &[Idempotent], &[(Prepared, Started)]),
        (&clock, cancel(), SOON, &all, &[(Prepared, Cancelled)]),
        (
            &clock,
            succeed(),
            SOON,
            &all,
            // Said after the end, it is kept as a contradiction and changes nothing.
            &[(Started, Succeeded), (Unknown, Succeeded), (Failed, Failed), (Cancelled, Cancelled)],
        ),
        (&clock, fail(), SOON, &all, &[(Started, Failed), (Succeeded, Succeeded)]),
        (
            &clock,
            lose(),
            SOON,
            &all,
            &[(Prepared, Unknown), (Started, Unknown), (Unknown, Unknown)],
        ),
        (&ana, reconcile(true), SOON, &all, &[]),
        (&ana, reconcile(true), LATER, &all, &[(Unknown, Succeeded)]),
        (&ana, reconcile(false), LATER, &all, &[(Unknown, Failed)]),
        (&ana, stop(), SOON, &all, &[(Started, Started), (Unknown, Unknown)]),
    ];
    for (actor, command, instant, guarantees, goes) in rows {
        for guarantee in guarantees {
            for (_, state) in ExecutionState::WORDS {
                let execution = in_state(*state, *guarantee);
                let outcome = step(&execution, actor, command.clone(), at(instant));
                let expected = goes.iter().find(|(from, _)| from == state).map(|(_, to)| *to);
                let name =
                    format!("{guarantee} {state} · {} at {instant}: {outcome:?}", command.name());
                assert_eq!(outcome.ok().map(|after| after.state), expected, "{name}");
            }
        }
    }
}

#[test]
fn nothing_is_sent_again_after_a_stop_or_too_many_attempts() {
    let (ana, clock) = (reviewer("ana"), scheduler());
    let unknown = in_state(ExecutionState::Unknown, Guarantee::Idempotent);
    assert!(unknown.can_resend(false, at(SOON)));
    let stopped = step(&unknown, &ana, Command::Stop { reason: "no".to_owned() }, at(SOON));
    assert!(!stopped.unwrap().can_resend(false, at(SOON)));
    let mut tried = unknown;
    for _ in tried.attempts.len()..countersign::limits::ATTEMPTS_MAX {
        tried = step(&tried, &clock, start(false), at(SOON)).unwrap();
        tried = step(&tried, &clock, lose(), at(SOON)).unwrap();
    }
    assert!(!tried.can_resend(false, at(SOON)));
    assert_eq!(tried.idempotency_key, "key_1", "the key is never another one");
}

#[test]
fn f33_an_attempt_keeps_how_it_ended_and_unknown_is_not_failed() {
    let clock = scheduler();
    let unknown = in_state(ExecutionState::Unknown, Guarantee::Idempotent);
    assert_eq!(unknown.last_attempt().unwrap().outcome, Some(AttemptOutcome::Unknown));
    let late = step(&unknown, &clock, succeed(), at(LATER)).unwrap();
    assert_eq!(late.last_attempt().unwrap().outcome, Some(AttemptOutcome::Succeeded));
    assert_eq!(late.result, Some(Json::Bool(true)));
    let again = step(&unknown, &clock, start(false), at(SOON)).unwrap();
    assert_eq!(again.attempts.len(), 2);
    // Only somebody with the authority says that it did not happen.
    let fault = step(&unknown, &clock, reconcile(false), at(LATER)).unwrap_err();
    assert_eq!(fault.code.as_str(), "not_permitted");
}

#[test]
fn a_stored_execution_is_read_back_as_it_was() {
    for (_, state) in ExecutionState::WORDS {
        let execution = in_state(*state, Guarantee::Queryable);
        let stored = to_json(&execution).unwrap();
        let back = Execution::read(Node::root(&stored)).unwrap();
        assert_eq!(canonical(&back), stored.canonical(), "{state}");
    }
}
