//! How a proposal moves: every pair of state and command, who may approve, and what is approved.

use countersign::compile::to_json;
use countersign::gate::classify;
use countersign::identity::{Actor, PrincipalStatus, authorize_proposal};
use countersign::json::Json;
use countersign::proposal::{
    Author, Command, Event, Opening, Preview, PreviewChange, Proposal, ProposalState, Request,
    apply, binding, editor_counts, open,
};
use countersign::read::Node;
use countersign::{Fault, Id, TimestampMs};

use crate::case::{reviewer, scheduler, service};
use crate::support::{at, canonical, default_policy, json, now};

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A reviewer of this level in billing.
fn approver(name: &str, level: i64) -> Actor {
    let mut actor = reviewer(name);
    actor.grants[0].level = level;
    actor
}

pub(crate) fn propose(body: &str) -> Proposal {
    let request = Request::read(Node::root(&json(body)), &id("t")).unwrap();
    let gate = classify(default_policy(), &request.actions, &request.context, now()).unwrap();
    let (requested_by, requested_by_person) = Opening::requester(&service("shop"));
    let executors = request.actions.iter().map(|_| Some("payments".to_owned())).collect();
    let opening = Opening {
        proposal_id: id("prop_1"),
        request,
        requested_by,
        requested_by_person,
        gate_record: to_json(&gate).unwrap(),
        gate: &gate,
        tools_digest: "sha256:tools".to_owned(),
        executors,
        undo_window_ms: 10_000,
        instance_id: &id("inst_1"),
        nonce: "n".to_owned(),
        authorization_id: id("auth_0"),
    };
    open(opening, now())
}

const REFUND: &str = r#"{"actions":[{"tool":"billing.refund","arguments":{"amount":"420.00","currency":"USD","customer_id":"cust_1"}}]}"#;

fn refund() -> Proposal {
    propose(REFUND)
}

fn step(
    proposal: &Proposal,
    actor: &Actor,
    command: Command,
    at: TimestampMs,
) -> Result<Proposal, Fault> {
    let proof = authorize_proposal(actor, command.operation(), proposal, at)?;
    let events = apply(proposal, command, &proof, at)?;
    assert!(!events.is_empty());
    for event in &events {
        // What is stored is read back as it was.
        let stored = to_json(event).unwrap();
        assert_eq!(&Event::read(event.name(), Node::root(&stored)).unwrap(), event);
    }
    Ok(events.iter().fold(proposal.clone(), |proposal, event| proposal.with(event)))
}

fn no_preview(proposal: &Proposal) -> Command {
    Command::Preview { preview: None, binding_digest: proposal.binding_digest.clone() }
}

fn approve(proposal: &Proposal) -> Command {
    Command::Approve {
        binding_digest: proposal.binding_digest.clone(),
        note: None,
        authorization_id: id("auth_1"),
        line_is_clear: true,
    }
}

fn revoke() -> Command {
    Command::Revoke { reason: "wrong customer".to_owned() }
}

const AFTER: &str = "2026-05-09T14:00:10.000Z";
const EXPIRED: &str = "2026-06-09T14:00:00.000Z";

/// A refund brought to a state, approved by `ana` where it is.
fn in_state(state: ProposalState) -> Proposal {
    let (ana, shop, clock) = (reviewer("ana"), service("shop"), scheduler());
    let previewing = refund();
    let pending = step(&previewing, &clock, no_preview(&previewing), now()).unwrap();
    let approved = step(&pending, &ana, approve(&pending), now()).unwrap();
    let go = |actor: &Actor, command| step(&pending, actor, command, now()).unwrap();
    match state {
        ProposalState::Previewing => previewing,
        ProposalState::Pending => pending,
        ProposalState::Approved => approved,
        ProposalState::Consumed => step(&approved, &clock, Command::Start, at(AFTER)).unwrap(),
        ProposalState::Rejected => go(&ana, Command::Reject { reason: "no".to_owned() }),
        ProposalState::Expired => step(&pending, &clock, Command::Expire, at(EXPIRED)).unwrap(),
        ProposalState::Withdrawn => go(&shop, Command::Withdraw { reason: None }),
        ProposalState::Superseded => go(&ana, Command::Supersede { successor_id: id("prop_2") }),
        ProposalState::Void => {
            let reason = "the policy changed".to_owned();
            go(&clock, Command::Void { reason, successor_id: None })
        }
        ProposalState::Revoked => step(&approved, &ana, revoke(), now()).unwrap(),
    }
}

#[test]
fn every_pair_of_state_and_command_goes_where_the_table_says() {
    use ProposalState::{
        Approved, Consumed, Expired, Pending, Previewing, Rejected, Revoked, Superseded, Void,
        Withdrawn,
    };
    let (ana, bo, shop, clock) = (reviewer("ana"), reviewer("bo"), service("shop"), scheduler());
    // By whom, what, when, and what follows from each live state; in every other it is refused.
    type Row<'a> = (&'a Actor, Command, &'a str, Vec<(ProposalState, ProposalState)>);
    let refund = refund();
    let reject = Command::Reject { reason: "no".to_owned() };
    let respond = Command::Respond { message: "ask for the order first".to_owned() };
    let edit = Command::Supersede { successor_id: id("prop_2") };
    let void = Command::Void { reason: "stricter".to_owned(), successor_id: None };
    let failed = Command::PreviewFailed { reason: "down".to_owned() };
    let withdraw = Command::Withdraw { reason: None };
    let live = |to| vec![(Previewing, to), (Pending, to), (Approved, to)];
    let rows: Vec<Row<'_>> = vec![
        (&clock, no_preview(&refund), AFTER, vec![(Previewing, Pending)]),
        (&clock, failed, AFTER, vec![(Previewing, Void)]),
        (&bo, approve(&refund), AFTER, vec![(Pending, Approved)]),
        (&bo, reject, AFTER, vec![(Pending, Rejected)]),
        (&bo, respond, AFTER, vec![(Pending, Rejected)]),
        (&bo, edit, AFTER, live(Superseded)),
        (&shop, withdraw, AFTER, live(Withdrawn)),
        (&clock, Command::Expire, EXPIRED, live(Expired)),
        (&clock, Command::Expire, AFTER, vec![]),
        (&clock, void, AFTER, live(Void)),
        (&ana, Command::Undo, "2026-05-09T14:00:09.999Z", vec![(Approved, Pending)]),
        (&ana, Command::Undo, AFTER, vec![]),
        (&bo, revoke(), AFTER, vec![(Approved, Revoked), (Consumed, Consumed)]),
        (&clock, Command::Start, AFTER, vec![(Approved, Consumed)]),
        (&clock, Command::Start, "2026-05-09T14:00:09.999Z", vec![]),
        (&clock, Command::Start, EXPIRED, vec![]),
    ];
    for (actor, command, instant, goes) in &rows {
        for (_, state) in ProposalState::WORDS {
            let proposal = in_state(*state);
            let outcome = step(&proposal, actor, command.clone(), at(instant));
            let expected = goes.iter().find(|(from, _)| from == state).map(|(_, to)| *to);
            let name = format!("{state} · {} at {instant}: {outcome:?}", command.name());
            assert_eq!(outcome.ok().map(|after| after.state), expected, "{name}");
        }
    }
}

#[test]
fn a_refusal_says_why() {
    use ProposalState as State;
    let bo = reviewer("bo");
    for (state, code) in [
        (State::Previewing, "invalid_state"),
        (State::Approved, "quorum_closed"),
        (State::Consumed, "quorum_closed"),
        (State::Rejected, "already_decided"),
        (State::Expired, "expired"),
        (State::Withdrawn, "withdrawn"),
        (State::Superseded, "proposal_void"),
        (State::Void, "proposal_void"),
        (State::Revoked, "already_decided"),
    ] {
        let proposal = in_state(state);
        let fault = step(&proposal, &bo, approve(&proposal), now()).unwrap_err();
        assert_eq!(fault.code.as_str(), code, "{state}");
    }
    let pending = in_state(State::Pending);
    let late = step(&pending, &bo, approve(&pending), at(EXPIRED)).unwrap_err();
    assert_eq!(late.code.as_str(), "expired");
}

#[test]
fn f29_what_is_approved_is_what_the_digest_covers() {
    let (bo, clock) = (reviewer("bo"), scheduler());
    let pending = in_state(ProposalState::Pending);
    type Change = Box<dyn Fn(&mut Proposal)>;
    let changes: Vec<(&str, Change)> = vec![
        ("actions", Box::new(|it| it.required.action_digest.push('0'))),
        ("tools", Box::new(|it| it.tools_digest.push('0'))),
        ("executor", Box::new(|it| it.executors = vec![Some("other".to_owned())])),
        ("policy", Box::new(|it| it.required.policy.hash.push('0'))),
        ("tier", Box::new(|it| it.required.tier = countersign::RiskLevel::Critical)),
        ("requester", Box::new(|it| it.requested_by = id("prin_other"))),
        ("tenant", Box::new(|it| it.tenant_id = id("other"))),
        ("expiry", Box::new(|it| it.expires_at = it.expires_at.saturating_add(1))),
        ("nonce", Box::new(|it| it.nonce.push('0'))),
        ("proposal", Box::new(|it| it.proposal_id = id("prop_9"))),
        (
            "preview",
            Box::new(|it| {
                it.preview = Some(Preview {
                    changes: Vec::new(),
                    note: None,
                    preconditions: vec![Some("v1".to_owned())],
                    previewed_at: now(),
                });
            }),
        ),
    ];
    let instance = id("inst_1");
    assert_eq!(binding::digest(&pending, &instance), pending.binding_digest);
    assert_ne!(binding::digest(&pending, &id("inst_2")), pending.binding_digest);
    let mut seen = vec![pending.binding_digest.clone()];
    for (name, change) in changes {
        let mut changed = pending.clone();
        change(&mut changed);
        let digest = binding::digest(&changed, &instance);
        assert!(!seen.contains(&digest), "{name} is not covered");
        seen.push(digest);
    }
    // A preview is part of it: who approved before it came, approved something else.
    let change =
        PreviewChange { subject: "balance".to_owned(), before: Json::Null, after: Json::Null };
    let preview = Preview {
        changes: vec![change],
        note: None,
        preconditions: vec![Some("v7".to_owned())],
        previewed_at: now(),
    };
    let previewing = in_state(ProposalState::Previewing);
    let seen = Proposal { preview: Some(preview.clone()), ..previewing.clone() };
    let binding_digest = binding::digest(&seen, &instance);
    let command = Command::Preview { preview: Some(preview), binding_digest };
    let pending = step(&previewing, &clock, command, now()).unwrap();
    let fault = step(&pending, &bo, approve(&previewing), now()).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.path.as_str()), ("stale_version", "/binding_digest"));
    assert!(step(&pending, &bo, approve(&pending), now()).is_ok());
}

#[test]
fn f31_a_quorum_takes_distinct_people_with_the_authority() {
    let clock = scheduler();
    let large = propose(&REFUND.replace("420.00", "40000.00"));
    assert_eq!(large.required.quorum, 2);
    assert!(large.required.preview_required, "so much needs a preview");
    let without = step(&large, &clock, no_preview(&large), now()).unwrap_err();
    assert_eq!(without.code.as_str(), "invalid_state");
    let preview =
        Preview { changes: Vec::new(), note: None, preconditions: vec![None], previewed_at: now() };
    let seen = Proposal { preview: Some(preview.clone()), ..large.clone() };
    let binding_digest = binding::digest(&seen, &id("inst_1"));
    let command = Command::Preview { preview: Some(preview), binding_digest };
    let pending = step(&large, &clock, command, now()).unwrap();

    let specialist = step(&pending, &approver("bo", 2), approve(&pending), now()).unwrap_err();
    assert_eq!(specialist.code.as_str(), "not_permitted");
    let ana = approver("ana", 4);
    let once = step(&pending, &ana, approve(&pending), now()).unwrap();
    assert_eq!((once.state, once.votes.len()), (ProposalState::Pending, 1));
    let twice = step(&once, &ana, approve(&once), now()).unwrap_err();
    assert_eq!(twice.code.as_str(), "already_decided");
    // Another account of the same human being is not another person.
    let mut other_account = approver("cleo", 4);
    other_account.principal.person_id = ana.principal.person_id.clone();
    let again = step(&once, &other_account, approve(&once), now()).unwrap_err();
    assert_eq!(again.code.as_str(), "already_decided");
    let done = step(&once, &approver("cleo", 4), approve(&once), now()).unwrap();
    assert_eq!(done.state, ProposalState::Approved);
    assert_eq!(done.authorization_id, Some(id("auth_1")));
    assert_eq!(done.effective_at, Some(now().saturating_add(10_000)));
    // Undone, one vote is struck, and the authorization with it.
    let undone = step(&done, &ana, Command::Undo, now()).unwrap();
    assert_eq!((undone.votes.len(), undone.authorization_id), (1, None));
}

#[test]
fn f39_nobody_decides_what_they_asked_for_or_wrote() {
    let pending = in_state(ProposalState::Pending);
    let owner = {
        let mut owner = reviewer("owner");
        owner.principal.person_id = Some(id("person_shop"));
        owner
    };
    let of_owner = Proposal { requested_by_person: Some(id("person_shop")), ..pending.clone() };
    let mut agent = reviewer("robot");
    agent.principal.kind = countersign::identity::PrincipalKind::Agent;
    let mut suspended = reviewer("gone");
    suspended.principal.status = PrincipalStatus::Suspended;
    let mut self_made = service("shop");
    self_made.grants.extend(reviewer("shop").grants);
    let mut elsewhere = reviewer("far");
    elsewhere.grants[0].tenants = vec!["other".to_owned()];
    let mut legal = reviewer("lex");
    legal.grants[0].domain = "legal".to_owned();
    for (name, actor, proposal, code) in [
        ("the owner of the agent", &owner, &of_owner, "self_approval"),
        ("an agent with a reviewer's grant", &agent, &pending, "not_permitted"),
        ("a suspended reviewer", &suspended, &pending, "not_permitted"),
        ("who proposed it", &self_made, &pending, "not_permitted"),
        ("another tenant's reviewer", &elsewhere, &pending, "not_found"),
        ("another domain's reviewer", &legal, &pending, "not_found"),
        ("too low a level", &approver("low", 1), &pending, "not_permitted"),
    ] {
        for command in [approve(proposal), Command::Reject { reason: "no".to_owned() }, revoke()] {
            let fault = step(proposal, actor, command.clone(), now()).unwrap_err();
            assert_eq!(fault.code.as_str(), code, "{name}: {}", command.name());
        }
    }
    // Who wrote what it says now may not approve it where that matters, and may reject it.
    let writer = reviewer("bo");
    let author = Author {
        principal_id: writer.principal.principal_id.clone(),
        person_id: writer.principal.person_id.clone(),
        may_approve: false,
    };
    let edited = Proposal { authors: vec![author], ..pending };
    let fault = step(&edited, &writer, approve(&edited), now()).unwrap_err();
    assert_eq!(fault.code.as_str(), "self_approval");
    assert!(step(&edited, &reviewer("ana"), approve(&edited), now()).is_ok());
    assert!(step(&edited, &writer, Command::Reject { reason: "no".to_owned() }, now()).is_ok());
}

#[test]
fn who_edits_becomes_an_author_where_amount_target_or_stake_change() {
    let earlier = refund();
    let again = |body: &str| {
        let request = Request::read(Node::root(&json(body)), &id("t")).unwrap();
        let gate = classify(default_policy(), &request.actions, &request.context, now()).unwrap();
        let record = to_json(&gate).unwrap();
        editor_counts(&earlier, &earlier.gate, &gate, &record)
    };
    assert!(again(&REFUND.replace("\"customer_id\"", "\"reason\":\"late\",\"customer_id\"")));
    assert!(!again(&REFUND.replace("420.00", "42.00")), "another amount");
    assert!(!again(&REFUND.replace("cust_1", "cust_2")), "another target");
    assert!(!again(&REFUND.replace("billing.refund", "account.delete")), "more at stake");
}

#[test]
fn a_line_that_people_had_to_approve_is_not_let_through_by_an_edit() {
    let earlier = in_state(ProposalState::Pending);
    let small = propose(&REFUND.replace("420.00", "4.00"));
    assert_eq!(small.state, ProposalState::Approved, "alone, it needs nobody");
    let successor = small.in_place_of(&earlier, None, &id("inst_1"));
    assert_eq!(successor.state, ProposalState::Previewing);
    assert_eq!(successor.required.quorum, 1);
    assert_eq!(successor.required.authorities, earlier.required.authorities);
    assert_eq!(successor.authorization_id, None);
    assert_eq!(successor.root_proposal_id, earlier.proposal_id);
    assert_eq!(successor.binding_digest, binding::digest(&successor, &id("inst_1")));
}

#[test]
fn an_execution_that_is_not_finished_holds_up_the_next_approval_of_its_line() {
    let bo = reviewer("bo");
    let pending = in_state(ProposalState::Pending);
    let Command::Approve { binding_digest, note, authorization_id, .. } = approve(&pending) else {
        panic!("an approval")
    };
    let busy = Command::Approve { binding_digest, note, authorization_id, line_is_clear: false };
    assert_eq!(step(&pending, &bo, busy, now()).unwrap_err().code.as_str(), "in_flight");
}

#[test]
fn a_stored_proposal_is_read_back_as_it_was() {
    for (_, state) in ProposalState::WORDS {
        let proposal = in_state(*state);
        let stored = to_json(&proposal).unwrap();
        let back = Proposal::read(Node::root(&stored)).unwrap();
        assert_eq!(canonical(&back), stored.canonical(), "{state}");
    }
}

#[test]
fn the_flat_form_and_the_whole_form_ask_for_the_same() {
    let flat = propose(
        r#"{"proposed_action":"issue_refund","amount":4200,"currency":"USD","customer_id":"cust_981",
            "policy_basis":"enterprise exception","requires_approval":true}"#,
    );
    assert_eq!(flat.state, ProposalState::Previewing);
    // An exception is decided one level up from the one for 4200 USD.
    assert_eq!(flat.required.authorities[0].level, 4);
    for (body, path) in [
        (r#"{"actions":[]}"#, None),
        (r#"{"acitons":[]}"#, Some("/acitons")),
        (r#"{"actions":[{"arguments":{}}]}"#, Some("/actions/0/tool")),
        (
            r#"{"actions":[{"tool":"x"}],"context":{"tenant_id":"other"}}"#,
            Some("/context/tenant_id"),
        ),
    ] {
        let read = Request::read(Node::root(&json(body)), &id("t"));
        match path {
            Some(path) => assert!(
                read.is_err_and(|fault| fault.path == path || fault.path == "/actions"),
                "{body}"
            ),
            None => assert!(read.unwrap().actions.is_empty(), "the gate refuses it"),
        }
    }
}
