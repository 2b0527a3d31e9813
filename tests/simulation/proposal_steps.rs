//! What people do to proposals: every command through the interface, and hosts that act late.

use std::collections::BTreeSet;

use countersign::Id;
use countersign::host::people::actor;
use countersign::host::store::{Failure, approvals};
use countersign::identity::{Door, GrantRole, PrincipalKind};
use countersign::proposal::{Command, Proposal};
use countersign::request::RiskLevel;
use countersign::tool::GateVerdict;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::model::{Ballot, ProposalModel, needs_people, suffice};
use crate::site::{Person, actions, id};
use crate::world::{HOSTS, Sent, World};

const PEOPLE: &[&str] = &[
    "ana", "ana", "ana2", "bo", "bo", "cy", "di", "eve", "fin", "carl", "sec", "sec", "aud", "bot",
    "shop",
];

fn some_actions(chance: &mut Chance) -> Value {
    let amount = chance.one(&["20.00", "420.00", "5000.00"]).unwrap();
    let refund =
        json!({ "tool": "billing.refund", "arguments": { "amount": amount, "customer_id": "c" } });
    let credit =
        json!({ "tool": "billing.credit", "arguments": { "amount": amount, "customer_id": "c" } });
    let mail =
        json!({ "tool": "mail.post", "arguments": { "to": format!("a{}", chance.below(9)) } });
    let config =
        json!({ "tool": "config.update", "arguments": { "key": "a", "value": chance.below(9) } });
    let close = json!({ "tool": "tickets.close", "arguments": { "ticket": "t" } });
    match chance.below(20) {
        0..6 => json!([refund]),
        6..10 => json!([credit]),
        10..13 => json!([mail]),
        13..15 => json!([config]),
        15 => json!([close]),
        16 | 17 => json!([refund, credit]),
        18 => json!([credit, mail]),
        _ => json!([mail, credit]),
    }
}

/// Takes a proposal that is there now into the model; what it must say follows from the policy in
/// force, and from what it stands in the place of.
pub(crate) fn admit(
    world: &mut World<'_>,
    found: &Proposal,
    asked: (&str, &str, Option<String>),
    earlier: Option<(&ProposalModel, &str, Option<&Person>)>,
) -> Result<(), String> {
    let (tenant, requested_by, behind) = asked;
    let now_ms = world.now_ms;
    let mut required = world.site.requirement(world.policy, tenant, &found.actions, now_ms);
    let mut barred: BTreeSet<String> = BTreeSet::new();
    let text = countersign::compile::to_json(&found.actions).unwrap().canonical();
    if let Some((before, _, editor)) = earlier {
        barred.clone_from(&before.barred);
        if let Some(editor) = editor {
            let is_same = moves(&before.text) == moves(&text);
            let tier = before.required.tier.max(required.tier);
            if !is_same || tier >= RiskLevel::High {
                barred.insert(editor.human().to_owned());
            }
        }
        if needs_people(&before.required) && required.verdict == GateVerdict::Allow {
            required.verdict = GateVerdict::RequireApproval;
            required.authorities.clone_from(&before.required.authorities);
            required.quorum = 1;
        }
    }
    let state = match required.verdict {
        GateVerdict::Allow => "approved",
        GateVerdict::Deny => "rejected",
        GateVerdict::RequireApproval => "previewing",
    };
    let root = earlier.map_or(found.proposal_id.as_str(), |(before, ..)| before.root.as_str());
    let names: Vec<Option<String>> = found
        .actions
        .iter()
        .map(|action| world.site.executors.of_tool(&action.tool).map(|found| found.id.clone()))
        .collect();
    let supersedes = found.supersedes.as_ref().map(Id::as_str);
    let fits = found.tenant_id.as_str() == tenant
        && found.requested_by.as_str() == requested_by
        && found.requested_by_person.as_ref().map(Id::as_str) == behind.as_deref()
        && found.root_proposal_id.as_str() == root
        && supersedes == earlier.map(|(_, id, _)| id)
        && found.votes.is_empty()
        && found.executors == names
        && found.required.quorum == required.quorum
        && found.required.authorities == required.authorities
        && found.required.verdict == required.verdict
        && found.required.preview_required == required.preview_required;
    if !fits {
        return Err(format!("it was opened as another, not {required:?} of {root}: {found:?}"));
    }
    let is_new = |known: &ProposalModel| known.digest != found.binding_digest;
    if !world.proposals.iter().all(is_new) {
        return Err("two proposals have one digest".to_owned());
    }
    world.proposals.push(ProposalModel {
        id: found.proposal_id.as_str().to_owned(),
        root: root.to_owned(),
        tenant: tenant.to_owned(),
        requested_by: requested_by.to_owned(),
        behind,
        barred,
        required,
        tools: found.actions.iter().map(|action| action.tool.clone()).collect(),
        text,
        renamed: world.policy == 3,
        has_preview: false,
        digest: found.binding_digest.clone(),
        state,
        ballots: Vec::new(),
        undo_ms: if world.policy == 3 { 0 } else { 10_000 },
        expires_ms: found.expires_at.as_ms(),
        effective_ms: now_ms,
        stop_requested: false,
        has_executors: names.iter().all(Option::is_some),
    });
    Ok(())
}

/// What moves where: of actions in canonical form, tool, amount and customer.
fn moves(text: &str) -> Vec<(Value, Value, Value)> {
    let all: Vec<Value> = serde_json::from_str(text).unwrap();
    let of = |one: &Value| {
        let money = one["tool"].as_str().is_some_and(|tool| tool.starts_with("billing."));
        let argument =
            |name: &str| if money { one["arguments"][name].clone() } else { Value::Null };
        (one["tool"].clone(), argument("amount"), argument("customer_id"))
    };
    all.iter().map(of).collect()
}

pub(crate) fn propose(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let who = chance.one(&["shop", "shop", "shop", "mart", "ana", "bot", "bo"]).unwrap();
    let person = world.person(who);
    let body = json!({ "actions": some_actions(chance), "proposal_id": world.fresh("p") });
    let may = person.has(GrantRole::Caller, person.tenant, world.now_ms);
    let key = world.some_key(chance, true);
    let sent = Sent { who, path: "/v1/proposals".to_owned(), key, body: body.clone() };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    let behind = person.owner.or(person.person).map(str::to_owned);
    let found = world.records.proposals[body["proposal_id"].as_str().unwrap()].clone();
    if found.actions != actions(&body["actions"]) {
        return Err("it says something else than what was proposed".to_owned());
    }
    admit(world, &found, (person.tenant, who, behind), None)?;
    world.compare(&touched)
}

/// One of the proposals in these states, or any.
fn some(world: &World<'_>, chance: &mut Chance, states: &[&str]) -> Option<usize> {
    let wanted: Vec<usize> = (0..world.proposals.len())
        .filter(|index| states.contains(&world.proposals[*index].state))
        .collect();
    let any: Vec<usize> = (0..world.proposals.len()).collect();
    if chance.percent(88) { chance.one(&wanted) } else { chance.one(&any) }
}

pub(crate) fn approve(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, &["pending"]) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    // Who voted before, and their other account, try again now and then.
    let again: Vec<&'static str> = proposal.ballots.iter().map(|ballot| ballot.name).collect();
    let again = if chance.percent(20) { chance.one(&again) } else { None };
    // So does who wrote what it says.
    let writers: Vec<&'static str> = world
        .people
        .values()
        .filter(|person| proposal.barred.contains(person.human()))
        .map(|person| person.name)
        .collect();
    let again = again.or_else(|| chance.one(&writers).filter(|_| chance.percent(40)));
    let person = world.person(again.or_else(|| chance.one(PEOPLE)).unwrap());
    let other = chance.one(&world.proposals).unwrap();
    let digest = if chance.percent(10) { other.digest } else { proposal.digest.clone() };
    let may = proposal.may_approve(&person, &digest, world.now_ms);
    let key = world.some_key(chance, true);
    let path = format!("/v1/proposals/{}/approve", proposal.id);
    let sent = Sent { who: person.name, path, key, body: json!({ "binding_digest": digest }) };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    world.proposals[index].approve(&person, world.now_ms);
    world.compare(&touched)
}

pub(crate) fn refuse(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, &["pending"]) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    let person = world.person(chance.one(PEOPLE).unwrap());
    let (name, body) = chance
        .one(&[
            ("reject", json!({ "reason": "no" })),
            ("respond", json!({ "message": "ask first" })),
        ])
        .unwrap();
    let may = proposal.state == "pending"
        && proposal.in_time(world.now_ms)
        && proposal.decides(&person, world.now_ms).is_some();
    let key = world.some_key(chance, true);
    let sent =
        Sent { who: person.name, path: format!("/v1/proposals/{}/{name}", proposal.id), key, body };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    world.proposals[index].state = "rejected";
    world.compare(&touched)
}

pub(crate) fn edit(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, crate::model::LIVE) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    let person = world.person(chance.one(PEOPLE).unwrap());
    let mut changed: Value = serde_json::from_str(&proposal.text).unwrap();
    for one in changed.as_array_mut().unwrap() {
        // What is optional stays out where it is not said.
        one.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        match chance.below(3) {
            0 => one["arguments"]["amount"] = json!("77.00"),
            1 => one["arguments"]["note"] = json!(format!("n{}", chance.below(5))),
            _ => {}
        }
    }
    let changed_text = countersign::compile::to_json(&actions(&changed)).unwrap().canonical();
    let revision = world.records.proposals[&proposal.id].revision;
    let seen = if chance.percent(12) { revision - 1 } else { revision };
    let may = proposal.is_live()
        && proposal.in_time(world.now_ms)
        && seen == revision
        && changed_text != proposal.text
        && proposal.decides(&person, world.now_ms).is_some();
    let key = world.some_key(chance, true);
    let path = format!("/v1/proposals/{}/edit", proposal.id);
    let body = json!({ "revision": seen.max(0), "actions": changed });
    let sent = Sent { who: person.name, path, key, body };
    let Some((answer, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    world.proposals[index].state = "superseded";
    let id = answer.body["proposal"]["proposal_id"].as_str().unwrap_or_default();
    let found = world.records.proposals[id].clone();
    let asked = (proposal.tenant.as_str(), proposal.requested_by.as_str(), proposal.behind.clone());
    admit(world, &found, asked, Some((&proposal, &proposal.id, Some(&person))))?;
    let earlier = &world.records.proposals[&proposal.id];
    if earlier.superseded_by.as_ref() != Some(&found.proposal_id) {
        return Err("the earlier form does not name the later one".to_owned());
    }
    world.compare(&touched)
}

pub(crate) fn withdraw(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, crate::model::LIVE) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    let own = ["shop", "mart", "ana", "bot"].into_iter().find(|one| *one == proposal.requested_by);
    let anybody = chance.one(PEOPLE).unwrap();
    let person = world.person(own.filter(|_| chance.percent(60)).unwrap_or(anybody));
    let may = proposal.is_live()
        && proposal.is_own(&person)
        && person.has(GrantRole::Caller, &proposal.tenant, world.now_ms);
    let key = world.some_key(chance, false);
    let path = format!("/v1/proposals/{}/withdraw", proposal.id);
    let sent = Sent { who: person.name, path, key, body: json!({}) };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    world.proposals[index].state = "withdrawn";
    world.compare(&touched)
}

pub(crate) fn undo(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, &["approved"]) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    let voters: Vec<&'static str> = proposal.ballots.iter().map(|ballot| ballot.name).collect();
    let anybody = chance.one(PEOPLE).unwrap();
    let voter = chance.one(&voters).filter(|_| chance.percent(75));
    let person = world.person(voter.unwrap_or(anybody));
    let has_voted = proposal.ballots.iter().any(|ballot| person.is(ballot.human));
    let may = proposal.state == "approved"
        && has_voted
        && !proposal.is_effective(world.now_ms)
        && proposal.decides(&person, world.now_ms).is_some();
    let key = world.some_key(chance, false);
    let path = format!("/v1/proposals/{}/undo", proposal.id);
    let sent = Sent { who: person.name, path, key, body: json!({}) };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    let model = &mut world.proposals[index];
    model.state = "pending";
    model.ballots.retain(|ballot| !person.is(ballot.human));
    world.compare(&touched)
}

pub(crate) fn revoke(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some(index) = some(world, chance, &["approved", "consumed"]) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    let person = world.person(chance.one(PEOPLE).unwrap());
    let may = matches!(proposal.state, "approved" | "consumed")
        && proposal.decides(&person, world.now_ms).is_some();
    let key = world.some_key(chance, false);
    let path = format!("/v1/proposals/{}/revoke", proposal.id);
    let sent = Sent { who: person.name, path, key, body: json!({ "reason": "wrong customer" }) };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    let model = &mut world.proposals[index];
    if model.state == "approved" {
        model.state = "revoked";
    } else {
        model.stop_requested = true;
        for execution in world.executions.iter_mut().filter(|one| one.proposal == proposal.id) {
            match execution.state {
                "prepared" => execution.state = "cancelled",
                "started" | "unknown" => execution.stop_requested = true,
                _ => {}
            }
        }
    }
    world.compare(&touched)
}

/// Somebody finds out what happened, and says so; they look, and tell the truth.
pub(crate) fn reconcile(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let unknown: Vec<usize> = (0..world.executions.len())
        .filter(|index| world.executions[*index].state == "unknown")
        .collect();
    let any: Vec<usize> = (0..world.executions.len()).collect();
    let index = if chance.percent(85) { chance.one(&unknown) } else { chance.one(&any) };
    let Some(index) = index else { return Ok(()) };
    let execution = world.executions[index].clone();
    let proposal = world.proposals.iter().find(|one| one.id == execution.proposal).unwrap().clone();
    let person = world.person(chance.one(PEOPLE).unwrap());
    let happened = world.sink.effects(&execution.key) > 0;
    let may = execution.state == "unknown"
        && execution.is_settled(world.now_ms)
        && proposal.decides(&person, world.now_ms).is_some();
    let key = world.some_key(chance, true);
    let path = format!("/v1/executions/{}/reconcile", execution.id);
    let body = json!({ "happened": happened, "note": "asked the bank" });
    let sent = Sent { who: person.name, path, key, body };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    world.executions[index].state = if happened { "succeeded" } else { "failed" };
    if !happened {
        cancel_rest(world, &proposal.id);
    }
    world.compare(&touched)
}

/// A step that failed stops its plan.
pub(crate) fn cancel_rest(world: &mut World<'_>, proposal: &str) {
    for execution in world.executions.iter_mut().filter(|one| one.proposal == proposal) {
        if execution.state == "prepared" {
            execution.state = "cancelled";
        }
    }
}

/// A host reads a proposal and is stopped; or it wakes up and goes on with what it read.
pub(crate) fn stale(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    if world.stale_proposals.len() < 3 || chance.percent(50) {
        let all: Vec<_> = world.records.proposals.values().cloned().collect();
        // Ids are not the same in every run; the order of the model is.
        let index = chance.below(all.len().max(1));
        let model = world.proposals.get(index);
        world.stale_proposals.extend(model.map(|one| world.records.proposals[&one.id].clone()));
        return Ok(());
    }
    let place = chance.below(world.stale_proposals.len());
    let proposal = world.stale_proposals.swap_remove(place);
    let index =
        world.proposals.iter().position(|one| one.id == proposal.proposal_id.as_str()).unwrap();
    let model = world.proposals[index].clone();
    let now_ms = world.now_ms;
    let is_fresh = world.records.proposals[&model.id].revision == proposal.revision;
    let kind = chance.below(3);
    let person = world.person(chance.one(&["bo", "ana2", "cy", "sec"]).unwrap());
    let decides = model.decides(&person, now_ms);
    let (command, fits) = match kind {
        0 => (
            Command::Approve {
                binding_digest: model.digest.clone(),
                note: None,
                authorization_id: id("auth_late"),
                line_is_clear: true,
            },
            model.may_approve(&person, &model.digest, now_ms),
        ),
        1 => (
            Command::Reject { reason: "no".to_owned() },
            decides.is_some() && model.state == "pending" && model.in_time(now_ms),
        ),
        _ => (
            Command::Undo,
            decides.is_some()
                && model.state == "approved"
                && !model.is_effective(now_ms)
                && model.ballots.iter().any(|ballot| person.is(ballot.human)),
        ),
    };
    let may = is_fresh && fits;
    // The authorization of a late vote must not be the only one of its name.
    let dies = chance.percent(25)
        || matches!(&command, Command::Approve { .. }) && {
            let mut ballots = model.ballots.clone();
            ballots.push(Ballot {
                name: person.name,
                human: person.human(),
                authorities: decides.clone().unwrap_or_default(),
            });
            suffice(&ballots, &model.required)
        };
    world.note(format!("{} {command:?} late on {}", person.name, model.id));
    let by = id(person.name);
    let host = chance.below(HOSTS);
    let result = world.write(host, move |tx| {
        let by = actor(tx, &by, None, Door::Api)?.unwrap();
        approvals::perform(tx, &by, proposal, command)?;
        if dies { Err(Failure::Busy) } else { Ok(()) }
    });
    match result {
        Ok(()) if may => {}
        Err(Failure::Refused(_)) if !may => return world.unchanged(),
        Err(Failure::Busy) if may && dies => return world.unchanged(),
        other => return Err(format!("expected {may} of a host that acts late: {other:?}")),
    }
    let model = &mut world.proposals[index];
    match kind {
        0 => model.approve(&person, now_ms),
        1 => model.state = "rejected",
        _ => {
            model.state = "pending";
            model.ballots.retain(|ballot| !person.is(ballot.human));
        }
    }
    let touched = world.look()?;
    world.compare(&touched)
}

/// Rights come and go.
pub(crate) fn suspend(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let name = chance.one(&["ana", "bo", "cy", "sec", "shop", "fin"]).unwrap();
    suspend_or_not(world, chance, name)
}

/// Somebody may not act any more, or may again.
pub(crate) fn suspend_or_not(
    world: &mut World<'_>,
    chance: &mut Chance,
    name: &'static str,
) -> Result<(), String> {
    use countersign::host::people::{HostActor, host_actor, set_status};
    use countersign::identity::PrincipalStatus;
    let is_active = !world.people[name].is_active;
    world.note(format!("{name} may act: {is_active}"));
    let status = if is_active { PrincipalStatus::Active } else { PrincipalStatus::Suspended };
    let host = chance.below(HOSTS);
    let done = world.write(host, move |tx| {
        let by = host_actor(tx, HostActor::CommandLine)?;
        set_status(tx, &id(name), status, by.reference())
    });
    done.map_err(|failure| failure.to_string())?;
    world.people.get_mut(name).unwrap().is_active = is_active;
    assert_ne!(world.people[name].kind, PrincipalKind::Agent);
    let touched = world.look()?;
    if touched.entries == 1 && touched.events.is_empty() {
        Ok(())
    } else {
        Err(format!("{touched:?}"))
    }
}
