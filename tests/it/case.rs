//! How a case moves: every pair of state and command, and what holds after any history.

use countersign::case::{
    Answer, Case, CaseState, CaseVote, ClockKind, Command, Consequence, Decision, Depends,
    Escalation, Event, FollowUp, MarkAction, NoticeKind, Outcome, Place, RerouteKind,
    ReviewVerdict, Step, Successor, Timing, UserNotice, Work, apply,
};
use countersign::compile::DEFAULT_POLICY;
use countersign::identity::{
    Actor, Authorized, Door, Grant, GrantRole, Principal, PrincipalKind, PrincipalStatus, authorize,
};
use countersign::policy::Authority;
use countersign::read::Node;
use countersign::request::{Message, Role};
use countersign::{Fault, Id, TimestampMs, evaluate};
use proptest::prelude::*;

use crate::support::{at, canonical, compile_text, default_policy, json, now};

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn actor(name: &str, kind: PrincipalKind, role: GrantRole) -> Actor {
    let principal_id = id(&format!("prin_{name}"));
    Actor {
        principal: Principal {
            principal_id: principal_id.clone(),
            kind,
            tenant_id: id("t"),
            person_id: (kind == PrincipalKind::Person).then(|| id(&format!("person_{name}"))),
            owner_person: None,
            status: PrincipalStatus::Active,
            name: name.to_owned(),
            languages: Vec::new(),
            skills: vec!["billing".to_owned()],
            away: None,
        },
        grants: vec![Grant {
            grant_id: id("grant_1"),
            principal_id,
            role,
            tenants: vec!["t".to_owned()],
            queues: vec!["*".to_owned()],
            domain: "billing".to_owned(),
            level: 2,
            from: TimestampMs::MIN,
            until: None,
            granted_by: id("prin_root"),
        }],
        credential_id: None,
        door: Door::Api,
    }
}

pub(crate) fn reviewer(name: &str) -> Actor {
    actor(name, PrincipalKind::Person, GrantRole::Reviewer)
}

pub(crate) fn service(name: &str) -> Actor {
    actor(name, PrincipalKind::Service, GrantRole::Caller)
}

pub(crate) fn scheduler() -> Actor {
    actor("scheduler", PrincipalKind::Service, GrantRole::Scheduler)
}

pub(crate) fn lead(name: &str) -> Actor {
    actor(name, PrincipalKind::Person, GrantRole::Lead)
}

/// A billing case in English that `prin_shop` sent; due in four hours, warned of at half of them.
pub(crate) fn case() -> Case {
    let body = json(
        r#"{"version":1,"tenant_id":"t","user_question":"Charged twice?","model_draft":"No.",
            "domain":"billing","language":"en","risk_level":"high"}"#,
    );
    let policy = default_policy();
    let escalation = Escalation::read(&body, now()).unwrap();
    let verdict = evaluate(policy, &escalation.request, now());
    let case = escalation.open(id("case_1"), &service("shop"), policy, verdict, now()).unwrap();
    let step = |percent, then| Step {
        clock: ClockKind::Resolution,
        percent,
        then,
        queue: None,
        template: None,
        page: None,
    };
    let steps = [
        step(50, MarkAction::Warn),
        step(100, MarkAction::Escalate),
        step(200, MarkAction::Expire),
    ];
    let timing = Timing::begin(&steps, None, None, now(), case.due_at);
    Case { marks: timing.marks, ..case }
}

fn prove(
    actor: &Actor,
    command: &Command,
    case: &Case,
    at: TimestampMs,
) -> Result<Authorized, Fault> {
    authorize(actor, command.operation(), case, at)
}

fn step(case: &Case, actor: &Actor, command: Command, at: TimestampMs) -> Result<Case, Fault> {
    let proof = prove(actor, &command, case, at)?;
    let events = apply(case, command, &proof, at)?;
    assert!(!events.is_empty());
    Ok(events.iter().fold(case.clone(), |case, event| case.with(event)))
}

fn claim() -> Command {
    Command::Claim { lease_duration_ms: 600_000 }
}

fn finalize() -> Command {
    Command::Finalize { depends: Depends::Met }
}

fn decide_now(by: &Actor) -> Command {
    Command::Decide { epoch: 1, revision: None, decision: decision(by, now()) }
}

fn fire(percent: i64, consequence: Consequence) -> Command {
    Command::Fire { clock: ClockKind::Resolution, percent, deadline_version: 1, consequence }
}

fn turn(timing: Option<Timing>) -> Command {
    let content = "It was the second of May.".to_owned();
    Command::AppendTurn { message: Message { role: Role::User, content, at: Some(now()) }, timing }
}

fn reroute(kind: RerouteKind, epoch: Option<i64>, to: Option<&Actor>) -> Command {
    let authority = Authority { domain: "billing".to_owned(), level: 2 };
    let place = Place {
        queue: "billing_dispute".to_owned(),
        authority,
        skills: vec!["billing".to_owned()],
        assigned_to: to.map(|actor| actor.principal.principal_id.clone()),
    };
    Command::Reroute { kind, epoch, place, note: None, timing: None }
}

/// What the first policy makes of the case that gives another reason for a person.
fn rejudge() -> Command {
    let more = "[[trigger]]\nid = \"doubled\"\nkind = \"policy_boundary\"\n\
        when = 'request.domain == \"billing\"'\nthen = \"escalate\"\n\
        risk_level = \"critical\"\nwhy = \"charges are looked at twice\"\n";
    let policy = compile_text(&format!("{DEFAULT_POLICY}\n{more}")).policy;
    Command::Rejudge { rejudged: Box::new(case().rejudge(&policy, 2, now()).unwrap()) }
}

fn vote(by: &Actor, case: &Case, answer: Option<&str>) -> Command {
    let verdict = if answer.is_some() { ReviewVerdict::Edited } else { ReviewVerdict::Accepted };
    let answer = answer.map_or_else(|| Some("No.".to_owned()), |text| Some(text.to_owned()));
    Command::Vote {
        epoch: case.epoch,
        revision: None,
        decision: Decision { verdict, answer, ..decision(by, now()) },
        adjudication: Authority { domain: "billing".to_owned(), level: 2 },
    }
}

fn decision(by: &Actor, at: TimestampMs) -> Decision {
    Decision {
        verdict: ReviewVerdict::Accepted,
        outcome: Outcome::Send,
        answer: Some("No.".to_owned()),
        reason_code: None,
        policy_reason: None,
        notes: None,
        missing_evidence: Vec::new(),
        incorrect_evidence: Vec::new(),
        better_retrieval_query: None,
        active_ms: 0,
        decided_by: by.principal.principal_id.clone(),
        decided_at: at,
    }
}

fn work(by: &Actor, at: TimestampMs) -> Work {
    let text = json(r#"{"text":"half done"}"#);
    Work::read(Node::root(&text), by.principal.principal_id.clone(), at).unwrap()
}

/// A case brought to a state, with `ana` as its holder or decider.
fn in_state(state: CaseState) -> Case {
    let ana = reviewer("ana");
    let ready = case();
    let leased = step(&ready, &ana, claim(), now()).unwrap();
    let decide = decide_now(&ana);
    let hour = at("2026-05-09T15:00:00.000Z");
    match state {
        CaseState::Ready => ready,
        CaseState::Leased => leased,
        CaseState::Held => step(&leased, &ana, decide, now()).unwrap(),
        CaseState::Resolved => {
            let held = step(&leased, &ana, decide, now()).unwrap();
            step(&held, &scheduler(), finalize(), at("2026-05-09T14:00:10Z")).unwrap()
        }
        CaseState::Withdrawn => {
            step(&ready, &service("shop"), Command::Withdraw { reason: None }, now()).unwrap()
        }
        CaseState::Waiting => {
            let question = "Which charge?".to_owned();
            let ask = Command::AskCustomer { epoch: 1, question, until: hour };
            step(&leased, &ana, ask, now()).unwrap()
        }
        CaseState::Deferred => {
            let defer = Command::Defer { epoch: 1, until: hour, reason: None };
            step(&leased, &ana, defer, now()).unwrap()
        }
        CaseState::Expired => {
            let late = at("2026-05-09T22:00:00.000Z");
            let answer = Answer {
                text: Some("We are sorry.".to_owned()),
                outcome: Outcome::Limited,
                released_at: late,
            };
            let expire = fire(200, Consequence::Expire(answer));
            step(&ready, &scheduler(), expire, late).unwrap()
        }
    }
}

/// Where each command leads from each state, in the order of the states: ready, leased, waiting,
/// deferred, held, resolved, expired, withdrawn. Lower case words are states, the others refusals.
#[test]
fn every_pair_of_state_and_command_goes_where_the_table_says() {
    let (ana, bo, lea) = (reviewer("ana"), reviewer("bo"), lead("lea"));
    let (shop, clock) = (service("shop"), scheduler());
    let minute = at("2026-05-09T14:01:00.000Z");
    let over = at("2026-05-09T15:00:00.000Z");
    let half = at("2026-05-09T16:00:00.000Z");
    let epoch = 1;
    let notice = UserNotice {
        kind: NoticeKind::Received,
        text: "We have it.".to_owned(),
        expected_at: over,
        deadline_version: 1,
    };
    let followed = |kind| Command::Follow { kind, case_id: id("case_2"), reason: None };
    let defer = Command::Defer { epoch, until: over, reason: None };
    let ask = Command::AskCustomer { epoch, question: "Which?".to_owned(), until: over };
    let set_due = Command::SetDue { timing: case().retimed(None, half, now()), reason: None };
    let rows: Vec<(&Actor, Command, TimestampMs, [&str; 8])> = vec![
        (&bo, claim(), now(), ["leased", "LOST", "NO", "NO", "DONE", "DONE", "GONE", "BACK"]),
        (
            &ana,
            Command::Heartbeat { epoch, lease_duration_ms: 600_000 },
            now(),
            ["LOST", "leased", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            Command::Save { epoch, work: work(&ana, now()) },
            now(),
            ["LOST", "leased", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            Command::Release { epoch },
            now(),
            ["LOST", "ready", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            Command::Skip { epoch, reason: "not mine".to_owned() },
            now(),
            ["LOST", "ready", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            Command::Timeout,
            over,
            ["NO", "ready", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &lea,
            reroute(RerouteKind::Assigned, None, Some(&bo)),
            now(),
            ["ready", "ready", "ready", "ready", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &lea,
            reroute(RerouteKind::Transferred, None, None),
            now(),
            ["ready", "ready", "ready", "ready", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            reroute(RerouteKind::Transferred, Some(1), None),
            now(),
            ["LOST", "ready", "LOST", "LOST", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            reroute(RerouteKind::Delegated, Some(1), Some(&bo)),
            now(),
            ["LOST", "ready", "LOST", "LOST", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            reroute(RerouteKind::HandedOver, Some(1), None),
            now(),
            ["LOST", "ready", "LOST", "LOST", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &ana,
            reroute(RerouteKind::Escalated, Some(1), None),
            now(),
            ["LOST", "ready", "LOST", "LOST", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &bo,
            reroute(RerouteKind::Escalated, None, None),
            now(),
            ["ready", "LOST", "ready", "ready", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            reroute(RerouteKind::Overflowed, None, None),
            now(),
            ["ready", "ready", "ready", "ready", "DONE", "DONE", "GONE", "BACK"],
        ),
        (&ana, ask, now(), ["LOST", "waiting", "NO", "NO", "DONE", "DONE", "GONE", "BACK"]),
        (
            &shop,
            Command::Deliver,
            now(),
            ["NO", "NO", "waiting", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &shop,
            turn(None),
            now(),
            ["ready", "leased", "ready", "deferred", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            Command::EndWait { timing: None },
            over,
            ["NO", "NO", "ready", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (&ana, defer, now(), ["LOST", "deferred", "NO", "NO", "DONE", "DONE", "GONE", "BACK"]),
        (&clock, Command::Wake, over, ["NO", "NO", "NO", "ready", "DONE", "DONE", "GONE", "BACK"]),
        (
            &ana,
            decide_now(&ana),
            now(),
            ["LOST", "held", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        // One reviewer is asked about it, who decides.
        (
            &ana,
            vote(&ana, &in_state(CaseState::Leased), None),
            now(),
            ["LOST", "NO", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (&ana, Command::Undo, now(), ["NO", "NO", "NO", "NO", "ready", "DONE", "GONE", "BACK"]),
        (&clock, finalize(), minute, ["NO", "NO", "NO", "NO", "resolved", "DONE", "GONE", "BACK"]),
        (
            &clock,
            Command::Finalize { depends: Depends::Failed("refused".to_owned()) },
            minute,
            ["NO", "NO", "NO", "NO", "resolved", "DONE", "GONE", "BACK"],
        ),
        (
            &lea,
            followed(FollowUp::Reopen),
            minute,
            ["NO", "NO", "NO", "NO", "DONE", "resolved", "GONE", "BACK"],
        ),
        (
            &shop,
            followed(FollowUp::Appeal),
            minute,
            ["NO", "NO", "NO", "NO", "DONE", "resolved", "GONE", "BACK"],
        ),
        (
            &bo,
            followed(FollowUp::CorrectReleased),
            minute,
            ["NO", "NO", "NO", "NO", "DONE", "resolved", "GONE", "BACK"],
        ),
        (
            &lea,
            followed(FollowUp::QualityReview),
            minute,
            ["NO", "NO", "NO", "NO", "DONE", "resolved", "GONE", "BACK"],
        ),
        (
            &clock,
            fire(50, Consequence::Told),
            half,
            ["ready", "leased", "waiting", "deferred", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            fire(50, Consequence::Told),
            minute,
            ["NO", "NO", "NO", "NO", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &lea,
            Command::SetPriority { priority: 3, reason: None },
            now(),
            ["ready", "leased", "waiting", "deferred", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &lea,
            set_due,
            now(),
            ["ready", "leased", "waiting", "deferred", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            Command::Link { proposal_id: id("prop_1") },
            now(),
            ["ready", "leased", "waiting", "deferred", "held", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            Command::Notify { notice },
            now(),
            ["ready", "leased", "waiting", "deferred", "held", "DONE", "GONE", "BACK"],
        ),
        (
            &clock,
            rejudge(),
            now(),
            ["ready", "leased", "waiting", "deferred", "DONE", "DONE", "GONE", "BACK"],
        ),
        (
            &shop,
            Command::Withdraw { reason: None },
            now(),
            [
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "DONE",
                "GONE",
                "BACK",
            ],
        ),
        (
            &lea,
            Command::Merge { into: id("case_2") },
            now(),
            [
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "withdrawn",
                "DONE",
                "GONE",
                "BACK",
            ],
        ),
    ];
    let mut met = std::collections::BTreeSet::new();
    for (actor, command, instant, expected) in rows {
        met.insert(command.name());
        for ((word, state), expected) in CaseState::WORDS.iter().zip(expected) {
            let told = match step(&in_state(*state), actor, command.clone(), instant) {
                Ok(case) => case.state.as_str(),
                Err(fault) => match fault.code.as_str() {
                    "lease_lost" => "LOST",
                    "invalid_state" => "NO",
                    "already_decided" => "DONE",
                    "expired" => "GONE",
                    "withdrawn" => "BACK",
                    other => other,
                },
            };
            let name = command.name();
            assert_eq!(told, expected, "{word} · {name} by {}", actor.principal.name);
        }
    }
    // A mark of a clock moves it by what the host passes along.
    assert_eq!(met.len(), 34, "a command is not in the table: {met:?}");
}

#[test]
fn whose_time_has_not_come_and_who_does_not_hold_changes_nothing() {
    let (ana, bo, clock) = (reviewer("ana"), reviewer("bo"), scheduler());
    let over = at("2026-05-09T14:10:00.000Z");
    let rows = [
        (CaseState::Leased, &bo, claim(), over, Ok(CaseState::Leased)),
        (CaseState::Leased, &bo, decide_now(&bo), now(), Err("lease_lost")),
        (CaseState::Leased, &ana, decide_now(&ana), over, Err("lease_lost")),
        (CaseState::Leased, &clock, Command::Timeout, now(), Err("invalid_state")),
        (CaseState::Waiting, &clock, Command::EndWait { timing: None }, over, Err("invalid_state")),
        (CaseState::Deferred, &clock, Command::Wake, over, Err("invalid_state")),
        (CaseState::Held, &ana, Command::Undo, over, Err("already_decided")),
        (CaseState::Held, &bo, Command::Undo, now(), Err("not_permitted")),
        (CaseState::Held, &clock, finalize(), now(), Err("already_decided")),
    ];
    for (state, actor, command, instant, expected) in rows {
        let name = format!("{state} · {} by {}", command.name(), actor.principal.name);
        let told = step(&in_state(state), actor, command, instant);
        let told = told.as_ref().map(|case| case.state).map_err(|fault| fault.code.as_str());
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn a_turn_of_the_user_must_be_seen_before_deciding() {
    let (ana, shop) = (reviewer("ana"), service("shop"));
    let stale = step(&in_state(CaseState::Leased), &shop, turn(None), now()).unwrap();
    assert_eq!(stale.messages.len(), 1);
    let decide = |revision| Command::Decide { epoch: 1, revision, decision: decision(&ana, now()) };
    for unseen in [None, Some(stale.revision - 1)] {
        let told = step(&stale, &ana, decide(unseen), now()).unwrap_err();
        assert_eq!(told.code.as_str(), "stale_version");
    }
    let decided = step(&stale, &ana, decide(Some(stale.revision)), now()).unwrap();
    assert_eq!((decided.state, decided.stale_since), (CaseState::Held, None));
}

#[test]
fn the_clock_stands_still_from_delivery_to_the_answer() {
    let (shop, clock) = (service("shop"), scheduler());
    let asked = in_state(CaseState::Waiting);
    let delivered = step(&asked, &shop, Command::Deliver, at("2026-05-09T14:30:00Z")).unwrap();
    let late = at("2026-05-09T19:00:00Z");
    let warned = step(&delivered, &clock, fire(50, Consequence::Told), late).unwrap_err();
    assert_eq!(warned.code.as_str(), "invalid_state");
    assert!(delivered.next_mark().is_none());
    let answered = step(&delivered, &shop, turn(delivered.resumed(None, late)), late).unwrap();
    // Four hours, of which half an hour had passed.
    assert_eq!(answered.due_at, at("2026-05-09T22:30:00Z"));
    assert_eq!(answered.original_due_at, answered.due_at);
    assert_eq!(answered.next_mark().unwrap().at, at("2026-05-09T20:30:00Z"));
    assert_eq!((answered.paused_at, answered.waiting), (None, None));
}

#[test]
fn each_mark_is_passed_once_for_each_deadline() {
    let (lea, clock) = (lead("lea"), scheduler());
    let half = at("2026-05-09T16:00:05Z");
    let warned = step(&case(), &clock, fire(50, Consequence::Told), half).unwrap();
    let again = step(&warned, &clock, fire(50, Consequence::Told), half).unwrap_err();
    assert_eq!(again.code.as_str(), "invalid_state");
    let timing = warned.retimed(None, at("2026-05-09T17:00:05Z"), half);
    let retimed = step(&warned, &lea, Command::SetDue { timing, reason: None }, half).unwrap();
    assert_eq!((retimed.deadline_version, retimed.original_due_at), (2, warned.original_due_at));
    assert_eq!(retimed.next_mark().unwrap().at, at("2026-05-09T16:30:05Z"));
    let late = at("2026-05-09T16:40:00Z");
    let old = step(&retimed, &clock, fire(50, Consequence::Told), late).unwrap_err();
    assert_eq!(old.code.as_str(), "stale_version");
    let fire = Command::Fire {
        clock: ClockKind::Resolution,
        percent: 50,
        deadline_version: 2,
        consequence: Consequence::Told,
    };
    let proof = prove(&clock, &fire, &retimed, late).unwrap();
    let events = apply(&retimed, fire, &proof, late).unwrap();
    let Event::SlaWarned { late_ms, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*late_ms, 9 * 60_000 + 55_000);
}

#[test]
fn a_missed_deadline_takes_the_case_to_whom_it_names_and_keeps_the_clock() {
    let clock = scheduler();
    let leased = in_state(CaseState::Leased);
    let authority = Authority { domain: "billing".to_owned(), level: 3 };
    let place = Place {
        queue: "leads".to_owned(),
        authority: authority.clone(),
        skills: Vec::new(),
        assigned_to: None,
    };
    let late = at("2026-05-09T18:00:00Z");
    let moved = step(&leased, &clock, fire(100, Consequence::Reroute(place)), late).unwrap();
    assert_eq!((moved.state, moved.queue.as_str(), moved.epoch), (CaseState::Ready, "leads", 2));
    assert_eq!((moved.authority, moved.due_at), (authority, leased.due_at));
}

/// A case that two reviewers are asked about, claimed by one.
fn of_two(by: &Actor) -> Case {
    step(&Case { reviewers_needed: 2, ..case() }, by, claim(), now()).unwrap()
}

#[test]
fn two_who_agree_decide_and_nobody_votes_twice() {
    let (ana, bo) = (reviewer("ana"), reviewer("bo"));
    let leased = of_two(&ana);
    let alone = step(&leased, &ana, decide_now(&ana), now()).unwrap_err();
    assert_eq!(alone.code.as_str(), "invalid_state");
    let first = step(&leased, &ana, vote(&ana, &leased, None), now()).unwrap();
    assert_eq!((first.state, first.votes.len()), (CaseState::Ready, 1));
    assert_eq!(step(&first, &ana, claim(), now()).unwrap_err().code.as_str(), "not_permitted");
    // The same human being by another account is no second reviewer.
    let mut twin = reviewer("cy");
    twin.principal.person_id = ana.principal.person_id.clone();
    assert_eq!(step(&first, &twin, claim(), now()).unwrap_err().code.as_str(), "not_permitted");
    let second = step(&first, &bo, claim(), now()).unwrap();
    let held = step(&second, &bo, vote(&bo, &second, None), now()).unwrap();
    assert_eq!((held.state, held.votes.len()), (CaseState::Held, 2));
    let undone = step(&held, &bo, Command::Undo, now()).unwrap();
    assert_eq!((undone.state, undone.votes.len()), (CaseState::Ready, 1));
}

#[test]
fn where_two_disagree_a_third_decides_alone() {
    let (ana, bo, cy) = (reviewer("ana"), reviewer("bo"), reviewer("cy"));
    let leased = of_two(&ana);
    let first = step(&leased, &ana, vote(&ana, &leased, None), now()).unwrap();
    let second = step(&first, &bo, claim(), now()).unwrap();
    let split = step(&second, &bo, vote(&bo, &second, Some("Yes.")), now()).unwrap();
    assert!(split.adjudicating && split.state == CaseState::Ready);
    assert_eq!(step(&split, &bo, claim(), now()).unwrap_err().code.as_str(), "not_permitted");
    let third = step(&split, &cy, claim(), now()).unwrap();
    let epoch = third.epoch;
    let decide = Command::Decide { epoch, revision: None, decision: decision(&cy, now()) };
    assert_eq!(step(&third, &cy, decide, now()).unwrap().state, CaseState::Held);
}

#[test]
fn votes_agree_where_the_user_would_get_the_same() {
    let (ana, bo) = (reviewer("ana"), reviewer("bo"));
    let vote = |answer: &str, outcome| CaseVote {
        person_id: None,
        decision: Decision {
            answer: Some(answer.to_owned()),
            outcome,
            ..decision(if answer.is_empty() { &bo } else { &ana }, now())
        },
    };
    let yes = vote("Yes.", Outcome::Send);
    assert!(yes.agrees_with(&vote(" Yes.\n", Outcome::Send)));
    assert!(!yes.agrees_with(&vote("Yes.", Outcome::Limited)));
    assert!(!yes.agrees_with(&vote("No.", Outcome::Send)));
}

#[test]
fn an_answer_waits_for_what_it_speaks_of() {
    let (ana, clock) = (reviewer("ana"), scheduler());
    let link = Command::Link { proposal_id: id("prop_1") };
    let linked = step(&in_state(CaseState::Leased), &clock, link, now()).unwrap();
    // Even where nothing could be taken back.
    let linked = Case { undo_window_ms: 0, ..linked };
    let held = step(&linked, &ana, decide_now(&ana), now()).unwrap();
    assert_eq!(held.state, CaseState::Held);
    let minute = at("2026-05-09T14:01:00Z");
    let wait = Command::Finalize { depends: Depends::Pending };
    assert_eq!(step(&held, &clock, wait, minute).unwrap_err().code.as_str(), "invalid_state");
    let failed = Command::Finalize { depends: Depends::Failed("it was refused".to_owned()) };
    let back = step(&held, &clock, failed.clone(), minute).unwrap();
    assert_eq!((back.state, back.decision), (CaseState::Ready, None));
    assert_eq!(step(&held, &clock, finalize(), minute).unwrap().state, CaseState::Resolved);
    // A refusal speaks of nothing that was done.
    let refusal = Decision {
        verdict: ReviewVerdict::Rejected,
        outcome: Outcome::Nothing,
        answer: None,
        ..decision(&ana, now())
    };
    let decide = Command::Decide { epoch: 1, revision: None, decision: refusal };
    let refused = step(&linked, &ana, decide, now()).unwrap();
    assert_eq!(refused.state, CaseState::Resolved);
}

#[test]
fn whoever_decided_does_not_hear_the_appeal() {
    let (ana, bo, shop) = (reviewer("ana"), reviewer("bo"), service("shop"));
    let resolved = in_state(CaseState::Resolved);
    for (kind, told) in [
        (FollowUp::Appeal, Err("not_permitted")),
        (FollowUp::QualityReview, Err("not_permitted")),
        (FollowUp::Reopen, Ok(())),
        (FollowUp::CorrectReleased, Ok(())),
    ] {
        let successor = Successor {
            case_id: id("case_2"),
            kind,
            reason: Some("no".to_owned()),
            requested_by: shop.principal.principal_id.clone(),
            requested_by_person: None,
            timing: resolved.timing(),
        };
        let child = resolved.followed_by(successor, now());
        assert_eq!(child.parent_case_id, Some(id("case_1")));
        assert_eq!(child.model_draft.as_deref(), Some("No."));
        let claimed = step(&child, &ana, claim(), now());
        assert_eq!(claimed.map(|_| ()).map_err(|fault| fault.code.as_str()), told, "{kind}");
        assert!(step(&child, &bo, claim(), now()).is_ok());
        assert_eq!(Case::read(Node::root(&json(&canonical(&child)))).unwrap(), child);
    }
}

#[test]
fn what_is_assigned_is_for_one_alone_and_what_is_put_off_ends_before_it_is_due() {
    let (ana, bo, lea) = (reviewer("ana"), reviewer("bo"), lead("lea"));
    let assign = reroute(RerouteKind::Assigned, None, Some(&bo));
    let assigned = step(&case(), &lea, assign, now()).unwrap();
    assert_eq!(step(&assigned, &ana, claim(), now()).unwrap_err().code.as_str(), "not_permitted");
    assert!(step(&assigned, &bo, claim(), now()).is_ok());
    let leased = in_state(CaseState::Leased);
    for until in [now(), at("2026-05-09T18:00:01Z")] {
        let defer = Command::Defer { epoch: 1, until, reason: None };
        assert_eq!(step(&leased, &ana, defer, now()).unwrap_err().path, "/until");
    }
}

#[test]
fn a_holder_whose_lease_was_taken_cannot_write_and_finds_nothing_changed() {
    let (ana, bo) = (reviewer("ana"), reviewer("bo"));
    let leased = in_state(CaseState::Leased);
    let after = at("2026-05-09T14:10:00.000Z");
    let taken = step(&leased, &bo, claim(), after).unwrap();
    assert_eq!((taken.epoch, taken.leased_by.as_ref()), (3, Some(&bo.principal.principal_id)));
    for epoch in [1, 2, 3] {
        let command = Command::Decide { epoch, revision: None, decision: decision(&ana, after) };
        assert_eq!(step(&taken, &ana, command, after).unwrap_err().code.as_str(), "lease_lost");
    }
}

#[test]
fn saved_work_survives_release_and_timeout() {
    let ana = reviewer("ana");
    let saved = step(
        &in_state(CaseState::Leased),
        &ana,
        Command::Save { epoch: 1, work: work(&ana, now()) },
        now(),
    );
    let released = step(&saved.unwrap(), &ana, Command::Release { epoch: 1 }, now()).unwrap();
    assert_eq!(released.work.unwrap().text.as_deref(), Some("half done"));
}

#[test]
fn a_proof_is_good_for_one_operation_on_one_case() {
    let ana = reviewer("ana");
    let (case, mut other) = (in_state(CaseState::Leased), in_state(CaseState::Leased));
    other.case_id = id("case_2");
    let proof = prove(&ana, &claim(), &case, now()).unwrap();
    let decide = decide_now(&ana);
    assert_eq!(apply(&case, decide, &proof, now()).unwrap_err().code.as_str(), "not_permitted");
    let release = Command::Release { epoch: 1 };
    assert_eq!(apply(&other, release, &proof, now()).unwrap_err().code.as_str(), "not_permitted");
}

#[test]
fn verdict_outcome_and_answer_may_not_contradict_each_other() {
    let check = |fields: &str, draft: Option<&str>, expected: Result<Option<&str>, &str>| {
        let value = json(&format!("{{{fields}}}"));
        let mut fields_of = Node::root(&value).object().unwrap();
        let read = Decision::read_fields(&mut fields_of, draft, id("prin_ana"), now());
        let told = read
            .as_ref()
            .map(|decision| decision.answer.as_deref())
            .map_err(|fault| fault.path.as_str());
        assert_eq!(told, expected, "{fields}");
    };
    let draft = Some("draft");
    check(r#""verdict":"accepted","outcome":"send""#, draft, Ok(Some("draft")));
    check(r#""verdict":"accepted","outcome":"send","answer":"draft""#, draft, Ok(Some("draft")));
    check(r#""verdict":"accepted","outcome":"send","answer":"other""#, draft, Err("/answer"));
    check(r#""verdict":"accepted","outcome":"nothing""#, draft, Err("/outcome"));
    check(r#""verdict":"accepted","outcome":"send""#, None, Err("/verdict"));
    check(r#""verdict":"edited","outcome":"send","answer":"better""#, draft, Ok(Some("better")));
    check(r#""verdict":"edited","outcome":"send","answer":"draft""#, draft, Err("/answer"));
    check(r#""verdict":"edited","outcome":"send""#, draft, Err("/answer"));
    check(r#""verdict":"edited","outcome":"refuse","answer":"no""#, draft, Err("/outcome"));
    check(r#""verdict":"replaced","outcome":"send","answer":"mine""#, None, Ok(Some("mine")));
    check(
        r#""verdict":"replaced","outcome":"ask","answer":"which one?""#,
        draft,
        Ok(Some("which one?")),
    );
    check(r#""verdict":"replaced","outcome":"send","answer":"  ""#, draft, Err("/answer"));
    check(r#""verdict":"replaced","outcome":"nothing","answer":"mine""#, draft, Err("/outcome"));
    check(r#""verdict":"rejected","outcome":"send""#, draft, Err("/outcome"));
    check(r#""verdict":"rejected","outcome":"refuse","answer":"sorry""#, draft, Ok(Some("sorry")));
    check(r#""verdict":"rejected","outcome":"nothing""#, draft, Ok(None));
    check(r#""verdict":"rejected","outcome":"nothing","answer":"x""#, draft, Err("/answer"));
    check(r#""verdict":"rejected","outcome":"regenerate""#, draft, Ok(None));
    check(r#""outcome":"send""#, draft, Err("/verdict"));
}

/// A command by its number, with an epoch that is right most of the time.
fn any_command(kind: u8, epoch: i64, actor: &Actor, case: &Case, instant: TimestampMs) -> Command {
    let later = instant.saturating_add(3_000);
    match kind {
        0..=3 => Command::Claim { lease_duration_ms: 5_000 },
        4 => Command::Heartbeat { epoch, lease_duration_ms: 5_000 },
        5 => Command::Save { epoch, work: work(actor, instant) },
        6 => Command::Release { epoch },
        7 => {
            let revision = Some(case.revision);
            Command::Decide { epoch, revision, decision: decision(actor, instant) }
        }
        8 => Command::Undo,
        9 => Command::Skip { epoch, reason: "another time".to_owned() },
        10 => Command::AskCustomer { epoch, question: "Which?".to_owned(), until: later },
        11 => Command::Defer { epoch, until: later, reason: None },
        12 => Command::Vote {
            epoch,
            revision: Some(case.revision),
            decision: Decision {
                answer: Some(if epoch % 3 == 0 { "Yes." } else { "No." }.to_owned()),
                verdict: if epoch % 3 == 0 {
                    ReviewVerdict::Edited
                } else {
                    ReviewVerdict::Accepted
                },
                ..decision(actor, instant)
            },
            adjudication: Authority { domain: "billing".to_owned(), level: 2 },
        },
        13 => reroute(RerouteKind::HandedOver, Some(epoch), None),
        14 => reroute(RerouteKind::Delegated, Some(epoch), Some(actor)),
        15 => reroute(RerouteKind::Escalated, None, None),
        16 => reroute(RerouteKind::Transferred, None, None),
        17 => Command::SetPriority { priority: epoch.rem_euclid(4), reason: None },
        18 => {
            let timing = case.retimed(None, instant.saturating_add(60_000), instant);
            Command::SetDue { timing, reason: None }
        }
        19 => turn(case.resumed(None, instant)),
        20 => Command::Deliver,
        21 => Command::Timeout,
        22 => Command::EndWait { timing: case.resumed(None, instant) },
        23 => Command::Wake,
        24 => finalize(),
        25 => Command::Follow {
            kind: FollowUp::Reopen,
            case_id: id(&format!("case_{instant}")),
            reason: None,
        },
        26 => Command::Link { proposal_id: id(&format!("prop_{}", case.revision)) },
        _ => {
            let mark = case.next_mark();
            let percent = mark.map_or(50, |mark| mark.percent);
            let consequence = match mark.map(|mark| mark.then) {
                Some(MarkAction::Expire) => Consequence::Expire(Answer {
                    text: None,
                    outcome: Outcome::Limited,
                    released_at: instant,
                }),
                _ => Consequence::Told,
            };
            let (clock, deadline_version) = (ClockKind::Resolution, case.deadline_version);
            Command::Fire { clock, percent, deadline_version, consequence }
        }
    }
}

/// Whether only a holder may do it, and with which epoch.
fn held_epoch(command: &Command) -> Option<i64> {
    match command {
        Command::Heartbeat { epoch, .. }
        | Command::Save { epoch, .. }
        | Command::Release { epoch }
        | Command::Skip { epoch, .. }
        | Command::AskCustomer { epoch, .. }
        | Command::Defer { epoch, .. }
        | Command::Vote { epoch, .. }
        | Command::Decide { epoch, .. } => Some(*epoch),
        Command::Reroute { epoch, .. } => *epoch,
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_history_folds_to_the_state_and_nobody_writes_without_the_lease(
        reviewers in 1..=3_i64,
        steps in prop::collection::vec((0..30_u8, 0..4_usize, -1..=1_i64, 0..4_000_i64), 1..80),
    ) {
        let people = [reviewer("ana"), reviewer("bo"), reviewer("cy"), reviewer("di")];
        let (clock, lea, shop) = (scheduler(), lead("lea"), service("shop"));
        let created = case();
        // A quarter of a minute, so that marks come while it is worked on.
        let due_at = now().saturating_add(15_000);
        let timing = created.retimed(None, due_at, now());
        let created = Case {
            reviewers_needed: reviewers,
            due_at,
            sla_deadline: due_at,
            original_due_at: due_at,
            marks: timing.marks,
            ..created
        };
        let (mut state, mut instant) = (created.clone(), now());
        let mut history: Vec<Event> = Vec::new();
        let mut fired = std::collections::BTreeSet::new();
        for (kind, who, drift, wait_ms) in steps {
            instant = instant.saturating_add(wait_ms);
            let actor = match kind {
                16..=18 | 25 => &lea,
                19 => &shop,
                20..=24 | 26.. => &clock,
                _ => &people[who],
            };
            let command = any_command(kind, (state.epoch + drift).max(0), actor, &state, instant);
            let (holder_only, follows) =
                (held_epoch(&command), matches!(command, Command::Follow { .. }));
            let Ok(proof) = prove(actor, &command, &state, instant) else { continue };
            let Ok(events) = apply(&state, command, &proof, instant) else { continue };
            if let Some(named) = holder_only {
                prop_assert_eq!(state.state, CaseState::Leased);
                prop_assert_eq!(state.leased_by.as_ref(), Some(&actor.principal.principal_id));
                prop_assert!(state.lease_until.unwrap() > instant && named == state.epoch);
            }
            // What has ended stays as it ended; only other cases follow from it.
            prop_assert!(!state.state.is_terminal() || follows);
            let next = events.iter().fold(state.clone(), |case, event| case.with(event));
            prop_assert!(next.epoch >= state.epoch && next.revision > state.revision);
            prop_assert!(next.deadline_version >= state.deadline_version);
            prop_assert!(next.authority.level >= state.authority.level);
            prop_assert_eq!(next.state == CaseState::Leased, next.leased_by.is_some());
            prop_assert_eq!(next.state == CaseState::Waiting, next.waiting.is_some());
            prop_assert_eq!(next.state == CaseState::Deferred, next.deferred_until.is_some());
            let ended = matches!(next.state, CaseState::Resolved | CaseState::Expired);
            prop_assert_eq!(ended, next.answer.is_some());
            prop_assert_eq!(next.state.is_terminal(), next.closed_at.is_some());
            prop_assert!(next.paused_at.is_none() || next.state == CaseState::Waiting);
            for event in &events {
                if let Event::SlaWarned { percent, deadline_version, .. }
                | Event::SlaBreached { percent, deadline_version, .. } = event
                {
                    prop_assert!(fired.insert((*percent, *deadline_version)));
                    prop_assert!(state.state.is_open());
                }
            }
            let mut voters: Vec<&Id> = next.votes.iter().map(|vote| &vote.decision.decided_by).collect();
            voters.sort();
            voters.dedup();
            prop_assert_eq!(voters.len(), next.votes.len());
            history.extend(events);
            state = next;
        }
        // Through the stored form, as the audit's check folds it.
        let mut folded = Case::read(Node::root(&json(&canonical(&created)))).unwrap();
        for event in &history {
            let data = json(&canonical(event));
            folded = folded.clone().with(&Event::read(event.name(), Node::root(&data), Some(&folded)).unwrap());
        }
        prop_assert_eq!(canonical(&folded), canonical(&state));
    }
}
