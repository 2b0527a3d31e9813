//! How a case moves: every pair of state and command, and what holds after any history.

use countersign::case::{
    Case, CaseState, Command, Decision, Escalation, Event, Outcome, ReviewVerdict, Work, apply,
};
use countersign::identity::{
    Actor, Authorized, Door, Grant, GrantRole, Principal, PrincipalKind, PrincipalStatus, authorize,
};
use countersign::read::Node;
use countersign::{Fault, Id, TimestampMs, evaluate};
use proptest::prelude::*;

use crate::support::{at, canonical, default_policy, json, now};

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

/// A billing case in English that `prin_shop` sent.
pub(crate) fn case() -> Case {
    let body = json(
        r#"{"version":1,"tenant_id":"t","user_question":"Charged twice?","model_draft":"No.",
            "domain":"billing","language":"en","risk_level":"high"}"#,
    );
    let policy = default_policy();
    let escalation = Escalation::read(&body, now()).unwrap();
    let verdict = evaluate(policy, &escalation.request, now());
    escalation.open(id("case_1"), &service("shop"), policy, verdict, now()).unwrap()
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
    let decide = Command::Decide { epoch: 1, decision: decision(&ana, now()) };
    match state {
        CaseState::Ready => ready,
        CaseState::Leased => leased,
        CaseState::Held => step(&leased, &ana, decide, now()).unwrap(),
        CaseState::Resolved => {
            let held = step(&leased, &ana, decide, now()).unwrap();
            step(&held, &scheduler(), Command::Finalize, at("2026-05-09T14:00:10Z")).unwrap()
        }
        CaseState::Withdrawn => {
            step(&ready, &service("shop"), Command::Withdraw { reason: None }, now()).unwrap()
        }
        // Nothing reaches these states yet; the type has them all, and nothing may leave them by
        // a command that does not belong there.
        CaseState::Waiting | CaseState::Deferred | CaseState::Expired => Case { state, ..ready },
    }
}

#[test]
fn every_pair_of_state_and_command_goes_where_the_table_says() {
    use CaseState::{Deferred, Expired, Held, Leased, Ready, Resolved, Waiting, Withdrawn};
    let (ana, bo, shop, clock) = (reviewer("ana"), reviewer("bo"), service("shop"), scheduler());
    let epoch = 1;
    let before = now();
    let after = at("2026-05-09T14:10:00.000Z");
    let heartbeat = || Command::Heartbeat { epoch, lease_duration_ms: 600_000 };
    let save = || Command::Save { epoch, work: work(&ana, now()) };
    let release = || Command::Release { epoch };
    let skip = || Command::Skip { epoch, reason: "not mine".to_owned() };
    let decide = || Command::Decide { epoch, decision: decision(&ana, now()) };
    let withdraw = || Command::Withdraw { reason: None };
    type Row<'a> = (CaseState, &'a Actor, Command, TimestampMs, Result<CaseState, &'a str>);
    let rows: Vec<Row<'_>> = vec![
        (Ready, &ana, claim(), before, Ok(Leased)),
        (Ready, &ana, heartbeat(), before, Err("lease_lost")),
        (Ready, &ana, save(), before, Err("lease_lost")),
        (Ready, &ana, release(), before, Err("lease_lost")),
        (Ready, &ana, skip(), before, Err("lease_lost")),
        (Ready, &ana, decide(), before, Err("lease_lost")),
        (Ready, &ana, Command::Undo, before, Err("invalid_state")),
        (Ready, &clock, Command::Timeout, before, Err("invalid_state")),
        (Ready, &clock, Command::Finalize, before, Err("invalid_state")),
        (Ready, &shop, withdraw(), before, Ok(Withdrawn)),
        (Leased, &bo, claim(), before, Err("lease_lost")),
        (Leased, &bo, claim(), after, Ok(Leased)),
        (Leased, &ana, heartbeat(), before, Ok(Leased)),
        (Leased, &ana, heartbeat(), after, Err("lease_lost")),
        (Leased, &bo, heartbeat(), before, Err("lease_lost")),
        (Leased, &ana, save(), before, Ok(Leased)),
        (Leased, &ana, save(), after, Err("lease_lost")),
        (Leased, &ana, release(), before, Ok(Ready)),
        (Leased, &bo, release(), before, Err("lease_lost")),
        (Leased, &ana, skip(), before, Ok(Ready)),
        (Leased, &ana, decide(), before, Ok(Held)),
        (Leased, &ana, decide(), after, Err("lease_lost")),
        (Leased, &bo, decide(), before, Err("lease_lost")),
        (Leased, &clock, Command::Timeout, before, Err("invalid_state")),
        (Leased, &clock, Command::Timeout, after, Ok(Ready)),
        (Leased, &ana, Command::Undo, before, Err("invalid_state")),
        (Leased, &clock, Command::Finalize, before, Err("invalid_state")),
        (Leased, &shop, withdraw(), before, Ok(Withdrawn)),
        (Held, &ana, claim(), before, Err("already_decided")),
        (Held, &ana, decide(), before, Err("already_decided")),
        (Held, &ana, save(), before, Err("already_decided")),
        (Held, &ana, Command::Undo, before, Ok(Ready)),
        (Held, &ana, Command::Undo, after, Err("already_decided")),
        (Held, &bo, Command::Undo, before, Err("not_permitted")),
        (Held, &clock, Command::Finalize, before, Err("already_decided")),
        (Held, &clock, Command::Finalize, after, Ok(Resolved)),
        (Held, &clock, Command::Timeout, after, Err("already_decided")),
        (Held, &shop, withdraw(), before, Ok(Withdrawn)),
        (Resolved, &ana, claim(), after, Err("already_decided")),
        (Resolved, &ana, decide(), after, Err("already_decided")),
        (Resolved, &ana, Command::Undo, after, Err("already_decided")),
        (Resolved, &clock, Command::Finalize, after, Err("already_decided")),
        (Resolved, &shop, withdraw(), after, Err("already_decided")),
        (Withdrawn, &ana, claim(), before, Err("withdrawn")),
        (Withdrawn, &ana, decide(), before, Err("withdrawn")),
        (Withdrawn, &shop, withdraw(), before, Err("withdrawn")),
        (Withdrawn, &clock, Command::Finalize, before, Err("withdrawn")),
        (Expired, &ana, claim(), before, Err("expired")),
        (Expired, &shop, withdraw(), before, Err("expired")),
        (Waiting, &ana, claim(), before, Err("invalid_state")),
        (Waiting, &shop, withdraw(), before, Ok(Withdrawn)),
        (Deferred, &ana, claim(), before, Err("invalid_state")),
        (Deferred, &shop, withdraw(), before, Ok(Withdrawn)),
    ];
    for (state, actor, command, instant, expected) in rows {
        let name = format!("{state} · {} by {} at {instant}", command.name(), actor.principal.name);
        let case = in_state(state);
        let outcome = step(&case, actor, command, instant);
        let told = outcome.as_ref().map(|case| case.state).map_err(|fault| fault.code.as_str());
        assert_eq!(told, expected, "{name}");
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
        let command = Command::Decide { epoch, decision: decision(&ana, after) };
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
    let decide = Command::Decide { epoch: 1, decision: decision(&ana, now()) };
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
fn command(kind: u8, epoch: i64, actor: &Actor, instant: TimestampMs) -> Command {
    match kind % 8 {
        0 | 1 => Command::Claim { lease_duration_ms: 5_000 },
        2 => Command::Heartbeat { epoch, lease_duration_ms: 5_000 },
        3 => Command::Save { epoch, work: work(actor, instant) },
        4 => Command::Release { epoch },
        5 => Command::Decide { epoch, decision: decision(actor, instant) },
        6 => Command::Undo,
        _ => Command::Skip { epoch, reason: "another time".to_owned() },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_history_folds_to_the_state_and_nobody_writes_without_the_lease(
        steps in prop::collection::vec((0..12_u8, 0..3_usize, -1..=1_i64, 0..4_000_i64), 1..60),
    ) {
        let people = [reviewer("ana"), reviewer("bo"), reviewer("cy")];
        let clock = scheduler();
        let created = case();
        let (mut state, mut instant) = (created.clone(), now());
        let mut history: Vec<Event> = Vec::new();
        for (kind, who, drift, wait_ms) in steps {
            instant = instant.saturating_add(wait_ms);
            let (actor, command) = match kind {
                9 => (&clock, Command::Timeout),
                10 => (&clock, Command::Finalize),
                11 => (&clock, Command::Timeout),
                _ => (&people[who], command(kind, (state.epoch + drift).max(0), &people[who], instant)),
            };
            let holder_only = matches!(
                command,
                Command::Heartbeat { .. } | Command::Save { .. } | Command::Release { .. }
                    | Command::Decide { .. } | Command::Skip { .. }
            );
            let named = match &command {
                Command::Heartbeat { epoch, .. } | Command::Save { epoch, .. }
                | Command::Release { epoch } | Command::Decide { epoch, .. } | Command::Skip { epoch, .. } => *epoch,
                _ => state.epoch,
            };
            let Ok(proof) = prove(actor, &command, &state, instant) else { continue };
            let Ok(events) = apply(&state, command, &proof, instant) else { continue };
            if holder_only {
                prop_assert_eq!(state.state, CaseState::Leased);
                prop_assert_eq!(state.leased_by.as_ref(), Some(&actor.principal.principal_id));
                prop_assert!(state.lease_until.unwrap() > instant && named == state.epoch);
            }
            let next = events.iter().fold(state.clone(), |case, event| case.with(event));
            prop_assert!(next.epoch >= state.epoch && next.revision > state.revision);
            prop_assert_eq!(next.state == CaseState::Leased, next.leased_by.is_some());
            prop_assert_eq!(next.state == CaseState::Resolved, next.answer.is_some());
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
