//! What hosts do about proposals and executions by themselves, one transaction at a time, with
//! everything that can happen in between: requests that arrive late, answers that nobody gets.

use std::collections::BTreeSet;

use countersign::execution::{Execution, Guarantee};
use countersign::host::executor::carry;
use countersign::host::executor::messages::{Previewed, Told, told};
use countersign::host::outbound::Answer;
use countersign::host::store::proposals::{self, Due};
use countersign::host::store::{Failure, executions};
use countersign::tool::GateVerdict;

use crate::chance::Chance;
use crate::model::{Ballot, ExecutionModel, ProposalModel, needs_people, suffice};
use crate::proposal_steps::{admit, cancel_rest};
use crate::records::Touched;
use crate::sink::{Asked, Flight};
use crate::site::id;
use crate::world::{CLOCK, HOSTS, World};

const DUE_MAX: i64 = 100;

fn kind(due: Due) -> &'static str {
    match due {
        Due::Preview => "preview",
        Due::Start => "start",
        Due::Expire => "expire",
    }
}

/// What is due, by the model.
fn expected(world: &World<'_>) -> BTreeSet<(&'static str, String)> {
    let now_ms = world.now_ms;
    let mut all = BTreeSet::new();
    for proposal in &world.proposals {
        let what = match proposal.state {
            _ if proposal.is_live() && !proposal.in_time(now_ms) => "expire",
            "previewing" => "preview",
            "approved" if proposal.is_effective(now_ms) && proposal.has_executors => "start",
            _ => continue,
        };
        all.insert((what, proposal.id.clone()));
    }
    for execution in &world.executions {
        let record = &world.records.executions[&execution.id];
        let before = |other: &&ExecutionModel| {
            other.proposal == execution.proposal && other.position < execution.position
        };
        let is_due = match execution.state {
            "prepared" => {
                world.executions.iter().filter(before).all(|other| other.state == "succeeded")
            }
            "started" => execution.is_settled(now_ms),
            "unknown" => record.next_attempt_at.is_some_and(|at| at.as_ms() <= now_ms),
            _ => false,
        };
        if is_due {
            all.insert(("execution", execution.id.clone()));
        }
    }
    all
}

/// A host looks at what is due, and does one thing of it.
pub(crate) fn work(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let host = chance.below(HOSTS);
    let store = world.host(host);
    let read = world.runtime.block_on(store.read(|snapshot| {
        Ok((proposals::due(snapshot, DUE_MAX)?, executions::due(snapshot, DUE_MAX)?))
    }));
    let (of_proposals, of_executions) = read.map_err(|failure| failure.to_string())?;
    let due: BTreeSet<(&'static str, String)> = of_proposals
        .into_iter()
        .map(|(due, _, id)| (kind(due), id.as_str().to_owned()))
        .chain(of_executions.into_iter().map(|id| ("execution", id.as_str().to_owned())))
        .collect();
    let wanted = expected(world);
    if due != wanted {
        return Err(format!("due are {due:?}, expected {wanted:?}"));
    }
    // By the order of the model: ids are not the same in every run.
    let proposals = world.proposals.iter().enumerate().filter_map(|(index, proposal)| {
        let (what, _) = due.iter().find(|(_, id)| *id == proposal.id)?;
        Some((*what, index))
    });
    let executions = world.executions.iter().enumerate();
    let executions = executions
        .filter(|(_, execution)| due.contains(&("execution", execution.id.clone())))
        .map(|(index, _)| ("execution", index));
    let ordered: Vec<(&str, usize)> = proposals.chain(executions).collect();
    let Some((what, index)) = chance.one(&ordered) else { return Ok(()) };
    act(world, chance, host, what, index)
}

/// A host whose list of what is due is old does something of it.
pub(crate) fn work_late(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let host = chance.below(HOSTS);
    let what = chance.one(&["start", "start", "expire", "preview", "execution"]).unwrap();
    let index = if what == "execution" {
        // The steps before were done, and stay so.
        let started: Vec<usize> = (0..world.executions.len())
            .filter(|index| !matches!(world.executions[*index].state, "prepared"))
            .collect();
        chance.one(&started)
    } else {
        let all: Vec<usize> = (0..world.proposals.len()).collect();
        let approved = all.iter().copied().filter(|at| world.proposals[*at].state == "approved");
        let approved: Vec<usize> = approved.collect();
        let wanted = if what == "start" && chance.percent(70) { approved } else { all };
        chance.one(&wanted)
    };
    let Some(index) = index else { return Ok(()) };
    act(world, chance, host, what, index)
}

fn act(
    world: &mut World<'_>,
    chance: &mut Chance,
    host: usize,
    what: &str,
    index: usize,
) -> Result<(), String> {
    world.note(format!("host {host}: {what} {index}"));
    match what {
        "expire" => expire(world, host, index),
        "preview" => preview(world, chance, host, index),
        "start" => start(world, host, index),
        _ => execution(world, chance, host, index),
    }
}

/// What a verb of the host came to: done, or refused; everything else is a fault.
fn outcome<T>(result: Result<T, Failure>) -> Result<Option<T>, String> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(format!("the host failed: {failure}")),
    }
}

fn settle(world: &mut World<'_>) -> Result<Touched, String> {
    let touched = world.look()?;
    if touched.actors.iter().any(|actor| actor != CLOCK) {
        return Err(format!("another than the host did it: {touched:?}"));
    }
    world.compare(&touched)?;
    Ok(touched)
}

fn expire(world: &mut World<'_>, host: usize, index: usize) -> Result<(), String> {
    let model = world.proposals[index].clone();
    let (tenant, of) = (id(&model.tenant), id(&model.id));
    let done = outcome(world.write(host, move |tx| carry::expire(tx, &tenant, &of)))?.is_some();
    let may = model.is_live() && !model.in_time(world.now_ms);
    if done != may {
        return Err(format!("expiry was {done}, expected {may}: {model:?}"));
    }
    if may {
        world.proposals[index].state = "expired";
    }
    settle(world).map(|_| ())
}

fn preview(
    world: &mut World<'_>,
    chance: &mut Chance,
    host: usize,
    index: usize,
) -> Result<(), String> {
    let model = world.proposals[index].clone();
    let mut said: Vec<Result<Option<Previewed>, String>> = Vec::new();
    for tool in &model.tools {
        let previews = world.site.executors.of_tool(tool).is_some_and(|found| found.previews);
        said.push(match (previews, chance.percent(85)) {
            (false, _) => Ok(None),
            (true, false) => Err("it is down".to_owned()),
            (true, true) => Ok(Some(Previewed {
                changes: Vec::new(),
                note: None,
                precondition: Some(world.sink.precondition()),
            })),
        });
    }
    let is_whole = said.iter().all(|one| matches!(one, Ok(Some(_))));
    let says_nothing = said.iter().all(|one| matches!(one, Ok(None)));
    let (tenant, of) = (id(&model.tenant), id(&model.id));
    outcome(world.write(host, move |tx| carry::previewed(tx, &tenant, &of, said)))?;
    if model.state != "previewing" {
        return world.unchanged();
    }
    let fails = model.required.preview_required && !is_whole;
    let touched = world.look()?;
    let found = &world.records.proposals[&model.id];
    let changed = found.binding_digest != model.digest;
    if !fails && changed == says_nothing {
        return Err("the digest does not cover the preview".to_owned());
    }
    let digest = found.binding_digest.clone();
    let now = &mut world.proposals[index];
    now.digest = digest;
    now.has_preview = !fails && !says_nothing;
    now.state = if fails { "void" } else { "pending" };
    world.compare(&touched)
}

/// Whether what was approved may not be done any more.
fn objects(world: &World<'_>, model: &ProposalModel) -> bool {
    let found = &world.records.proposals[&model.id];
    let now_ms = world.now_ms;
    let required = world.site.requirement(world.policy, &model.tenant, &found.actions, now_ms);
    let is_refund = model.tools.iter().any(|tool| tool == "billing.refund");
    let renamed = is_refund && model.renamed != (world.policy == 3);
    let was_asked = needs_people(&model.required);
    let needed = [Some(&required), was_asked.then_some(&model.required)];
    let short = needed.into_iter().flatten().filter(|needed| needs_people(needed)).any(|needed| {
        let ballots = model.ballots.iter().filter_map(|ballot| {
            let person = &world.people[ballot.name];
            let authorities = person.reaches(&needed.authorities, &model.tenant, now_ms);
            let counts =
                person.is_active && (!authorities.is_empty() || needed.authorities.is_empty());
            counts.then_some(Ballot { authorities, ..ballot.clone() })
        });
        let ballots: Vec<Ballot> = ballots.collect();
        !suffice(&ballots, needed) || (needed.preview_required && !model.has_preview)
    });
    required.verdict == GateVerdict::Deny || renamed || short
}

/// The proposal that stands in the place of another, where one appeared.
fn succeeds(
    world: &mut World<'_>,
    earlier: &ProposalModel,
    touched: &Touched,
) -> Result<(), String> {
    let fresh = |id: &&String| world.proposals.iter().all(|known| known.id != **id);
    let fresh: Vec<String> = touched.proposals.iter().filter(fresh).cloned().collect();
    let [successor] = fresh.as_slice() else {
        return Err(format!("expected one successor, found {fresh:?}"));
    };
    let found = world.records.proposals[successor].clone();
    let asked = (earlier.tenant.as_str(), earlier.requested_by.as_str(), earlier.behind.clone());
    admit(world, &found, asked, Some((earlier, &earlier.id, None)))
}

fn start(world: &mut World<'_>, host: usize, index: usize) -> Result<(), String> {
    let model = world.proposals[index].clone();
    let now_ms = world.now_ms;
    let (tenant, of) = (id(&model.tenant), id(&model.id));
    let (executors, key) = (world.site.executors.clone(), world.key.clone());
    let result = world.write(host, move |tx| carry::start(tx, &tenant, &of, &executors, &key));
    let done = outcome(result)?.is_some();
    if model.state != "approved" || !model.has_executors {
        return world.unchanged();
    }
    if objects(world, &model) {
        let touched = world.look()?;
        world.proposals[index].state = "void";
        succeeds(world, &model, &touched)?;
        return world.compare(&touched);
    }
    let may = model.is_effective(now_ms) && model.in_time(now_ms);
    if done != may {
        return Err(format!("the start was {done}, expected {may}: {model:?}"));
    }
    if !may {
        return world.unchanged();
    }
    let touched = world.look()?;
    world.proposals[index].state = "consumed";
    prepared(world, &model, &touched)?;
    world.compare(&touched)
}

/// One execution for each action, with a key that no other ever had.
fn prepared(world: &mut World<'_>, model: &ProposalModel, touched: &Touched) -> Result<(), String> {
    let mut found: Vec<Execution> =
        touched.executions.iter().map(|id| world.records.executions[id].clone()).collect();
    found.sort_by_key(|execution| execution.position);
    if found.len() != model.tools.len() {
        return Err(format!("{} executions for {:?}", found.len(), model.tools));
    }
    let proposal = world.records.proposals[&model.id].clone();
    for (position, execution) in found.into_iter().enumerate() {
        let key = execution.idempotency_key.clone();
        let executor = world.site.executors.of_tool(&model.tools[position]).unwrap();
        let preview = proposal.preview.as_ref();
        let seen = preview.and_then(|preview| preview.preconditions.get(position).cloned());
        let approvers: Vec<&str> =
            execution.approved_by.iter().map(|one| one.principal_id.as_str()).collect();
        let voters: Vec<&str> = model.ballots.iter().map(|ballot| ballot.name).collect();
        let fits = usize::try_from(execution.position) == Ok(position)
            && execution.action == proposal.actions[position]
            && execution.binding_digest == model.digest
            && execution.precondition == seen.flatten()
            && Some(&execution.authorization_id) == proposal.authorization_id.as_ref()
            && approvers == voters
            && execution.executor == executor.id
            && execution.guarantee == executor.guarantee
            && world.executions.iter().all(|other| other.key != key);
        if !fits {
            return Err(format!("it is not what was approved: {execution:?}"));
        }
        world.executions.push(ExecutionModel {
            id: execution.execution_id.as_str().to_owned(),
            proposal: model.id.clone(),
            root: model.root.clone(),
            position: execution.position,
            key,
            guarantee: execution.guarantee,
            state: "prepared",
            attempts: 0,
            not_after_ms: 0,
            resend_until_ms: world.now_ms + executor.key_kept_ms,
            stop_requested: false,
        });
    }
    Ok(())
}

fn execution(
    world: &mut World<'_>,
    chance: &mut Chance,
    host: usize,
    index: usize,
) -> Result<(), String> {
    let model = world.executions[index].clone();
    if model.state == "started" {
        return give_up(world, host, index);
    }
    if model.state == "unknown" && model.guarantee == Guarantee::Queryable {
        let execution = world.records.executions[&model.id].clone();
        let answer = world.sink.status(&execution, chance);
        let life = world.hosts[host].life;
        world.sink.asked.push(Asked { host, life, execution, answer });
        // Mostly it goes on at once; a host that is stopped here does later.
        return if chance.percent(60) { answered(world, chance) } else { Ok(()) };
    }
    let seen = world.records.executions[&model.id].clone();
    begin(world, host, index, &seen, None)
}

/// A host goes on with what an executor said of an execution.
pub(crate) fn answered(world: &mut World<'_>, _: &mut Chance) -> Result<(), String> {
    let Some(asked) = world.sink.asked.pop() else { return Ok(()) };
    if world.hosts[asked.host].life != asked.life {
        return Ok(());
    }
    let heard = heard(&asked.execution, asked.answer.as_ref());
    let index = world
        .executions
        .iter()
        .position(|one| one.id == asked.execution.execution_id.as_str())
        .unwrap();
    let now = countersign::TimestampMs::new(world.now_ms).unwrap();
    world.note(format!("host {} hears {heard:?} of {index}", asked.host));
    if heard == Told::Absent && asked.execution.can_resend(true, now) {
        let after = asked.execution.attempts.len();
        return begin(world, asked.host, index, &asked.execution, Some(after));
    }
    finish(world, asked.host, index, &asked.execution, heard)
}

/// What the host makes of an answer, which is what anybody would.
fn heard(execution: &Execution, answer: Option<&(u16, String)>) -> Told {
    let Some((status, body)) = answer else {
        return Told::Unknown("no answer came in time".to_owned());
    };
    let heard = told(execution, &Answer { status: *status, body: body.clone().into() });
    let value: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let names_it = value["idempotency_key"] == execution.idempotency_key.as_str();
    let fits = match value["status"].as_str() {
        Some(word) if names_it && *status < 500 => match &heard {
            Told::Succeeded(_) => word == "succeeded",
            Told::Refused(_) => word == "refused",
            Told::Drifted(_) => word == "drifted",
            Told::Absent => word == "absent",
            Told::Unknown(_) => false,
        },
        _ => matches!(heard, Told::Unknown(_)),
    };
    assert!(fits, "{status} {body} was heard as {heard:?}");
    heard
}

fn give_up(world: &mut World<'_>, host: usize, index: usize) -> Result<(), String> {
    let model = world.executions[index].clone();
    let of = id(&model.id);
    outcome(world.write(host, move |tx| carry::give_up(tx, &of)))?;
    if !model.is_settled(world.now_ms) {
        return world.unchanged();
    }
    world.executions[index].state = "unknown";
    settle(world).map(|_| ())
}

/// Makes a request durable, and sends it.
fn begin(
    world: &mut World<'_>,
    host: usize,
    index: usize,
    seen: &Execution,
    absent_after: Option<usize>,
) -> Result<(), String> {
    let model = world.executions[index].clone();
    let now_ms = world.now_ms;
    let position =
        world.proposals.iter().position(|proposal| proposal.id == model.proposal).unwrap();
    let proposal = world.proposals[position].clone();
    let executor = world.records.executions[&model.id].executor.clone();
    let executor = world.site.executors.get(&executor).unwrap().clone();
    let (of, timeout_ms) = (seen.clone(), executor.timeout_ms);
    let absent = absent_after.is_some();
    let result = world.write(host, move |tx| carry::begin(tx, &of, &executor, absent));
    let begun = outcome(result)?.flatten();
    let may = match model.state {
        "prepared" if proposal.stop_requested || !proposal.in_time(now_ms) => {
            cancel_rest(world, &proposal.id);
            false
        }
        "prepared" => true,
        "unknown" => model.may_resend(absent_after, now_ms),
        _ => false,
    };
    if begun.is_some() != may {
        let told = format!("a request was begun: {}, expected {may}", begun.is_some());
        return Err(format!("{told}: {model:?}"));
    }
    if let Some(execution) = begun {
        let model = &mut world.executions[index];
        model.state = "started";
        model.attempts += 1;
        model.not_after_ms = now_ms + timeout_ms;
        let attempt = execution.last_attempt().ok_or("a request that was not made durable")?;
        if attempt.not_after.as_ms() != model.not_after_ms {
            return Err(format!("it may be acted on until {}", attempt.not_after));
        }
        let life = world.hosts[host].life;
        let flight = Flight { host, life, execution, is_delivered: false, answer: None };
        world.flights.push(flight);
    }
    settle(world).map(|_| ())
}

/// A request arrives at its executor.
pub(crate) fn deliver(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let waiting: Vec<usize> =
        (0..world.flights.len()).filter(|index| !world.flights[*index].is_delivered).collect();
    let Some(index) = chance.one(&waiting) else { return Ok(()) };
    let flight = &mut world.flights[index];
    flight.is_delivered = true;
    flight.answer = world.sink.deliver(&flight.execution, world.now_ms, chance);
    let told = format!("flight {index} arrives: {:?}", flight.answer);
    let key = flight.execution.idempotency_key.clone();
    world.note(told);
    let effects = world.sink.effects(&key);
    if effects > 1 { Err(format!("{effects} effects under one key")) } else { Ok(()) }
}

/// The host that sent a request hears how it ended, or that nobody says.
pub(crate) fn land(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let delivered: Vec<usize> =
        (0..world.flights.len()).filter(|index| world.flights[*index].is_delivered).collect();
    let any: Vec<usize> = (0..world.flights.len()).collect();
    let index = if chance.percent(85) { chance.one(&delivered) } else { chance.one(&any) };
    let Some(index) = index else { return Ok(()) };
    let flight = &world.flights[index];
    let (host, is_there) = (flight.host, world.hosts[flight.host].life == flight.life);
    let execution = flight.execution.clone();
    let heard = heard(&execution, flight.answer.as_ref());
    if flight.is_delivered {
        world.flights.swap_remove(index);
    } else {
        // The connection is cut; the request may still arrive.
        world.flights[index].life = u64::MAX;
    }
    if !is_there {
        return Ok(());
    }
    let of =
        world.executions.iter().position(|one| one.id == execution.execution_id.as_str()).unwrap();
    world.note(format!("host {host} is told {heard:?} of {of}"));
    finish(world, host, of, &execution, heard)
}

fn finish(
    world: &mut World<'_>,
    host: usize,
    index: usize,
    sent: &Execution,
    heard: Told,
) -> Result<(), String> {
    let model = world.executions[index].clone();
    let now_ms = world.now_ms;
    let executors = world.site.executors.clone();
    let of = sent.clone();
    let (said, is_drift) = (format!("{heard:?}"), matches!(heard, Told::Drifted(_)));
    let is_success = matches!(heard, Told::Succeeded(_));
    // A refusal speaks of the request that it answers.
    let is_last = sent.attempts.len() == model.attempts;
    let is_refusal = matches!(heard, Told::Refused(_) | Told::Drifted(_)) && is_last;
    let result = world.write(host, move |tx| carry::finish(tx, &of, heard, &executors));
    outcome(result)?;
    let proposal =
        world.proposals.iter().find(|proposal| proposal.id == model.proposal).unwrap().clone();
    let mut renews = false;
    let now = &mut world.executions[index];
    match (model.state, is_success) {
        ("started" | "unknown", true) => now.state = "succeeded",
        // Said after the end, it stands in the log and changes nothing.
        ("failed" | "cancelled", true) => {}
        ("started", false) if is_refusal => {
            now.state = "failed";
            cancel_rest(world, &proposal.id);
            renews = is_drift && proposal.tools.len() == 1 && proposal.in_time(now_ms);
        }
        // What an earlier request came to says nothing of the one that went out since.
        (_, false) if !is_last => {}
        ("started" | "unknown", false) => now.state = "unknown",
        _ => {}
    }
    let touched = world.look()?;
    if renews {
        succeeds(world, &proposal, &touched)?;
    }
    world.compare(&touched).map_err(|told| format!("{told}, after {said}"))
}

/// Something is approved and could be done now; then something happens, and it is started.
pub(crate) fn ripe(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let approved: Vec<usize> = (0..world.proposals.len())
        .filter(|index| {
            let proposal = &world.proposals[*index];
            proposal.state == "approved"
                && proposal.has_executors
                && proposal.in_time(world.now_ms.max(proposal.effective_ms))
        })
        .collect();
    let Some(index) = chance.one(&approved) else { return Ok(()) };
    let proposal = world.proposals[index].clone();
    if chance.percent(85) {
        world.advance(world.now_ms.max(proposal.effective_ms));
    }
    match chance.below(6) {
        0 => crate::policy_steps::by_operator(world, chance)?,
        1 => {
            let voters: Vec<&'static str> = proposal.ballots.iter().map(|one| one.name).collect();
            if let Some(name) = chance.one(&voters) {
                crate::proposal_steps::suspend_or_not(world, chance, name)?;
            }
        }
        2 | 3 => tamper(world, chance)?,
        4 => world.advance(world.now_ms.max(proposal.expires_ms - chance.one(&[0, 1]).unwrap())),
        _ => {}
    }
    let host = chance.below(HOSTS);
    act(world, chance, host, "start", index)
}

/// What was approved is another thing in the database than it was: nothing is done. The transaction
/// is undone afterwards.
pub(crate) fn tamper(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let now_ms = world.now_ms;
    let ready: Vec<usize> = (0..world.proposals.len())
        .filter(|index| {
            let proposal = &world.proposals[*index];
            proposal.state == "approved"
                && proposal.is_effective(now_ms)
                && proposal.in_time(now_ms)
                && proposal.has_executors
        })
        .collect();
    let Some(index) = chance.one(&ready) else { return Ok(()) };
    let model = world.proposals[index].clone();
    let mut proposal = world.records.proposals[&model.id].clone();
    let what = chance.below(7);
    match what {
        0 => {
            let other = countersign::Json::String("999.00".to_owned());
            proposal.actions[0].arguments.insert("amount".to_owned(), other);
            let gate =
                world.site.requirement(world.policy, &model.tenant, &proposal.actions, now_ms);
            proposal.required.action_digest = gate.action_digest;
        }
        1 => proposal.requested_by = id("mart"),
        2 => proposal.expires_at = proposal.expires_at.saturating_add(60_000),
        3 => proposal.nonce.push('x'),
        4 => {
            if let Some(preview) = &mut proposal.preview {
                preview.preconditions[0] = Some("v999".to_owned());
            } else {
                proposal.nonce.push('y');
            }
        }
        5 => proposal.required.policy.hash.push('x'),
        _ => proposal.tools_digest.push('x'),
    }
    let revision = proposal.revision;
    proposal.revision += 1;
    world.note(format!("{index} is tampered with: {what}"));
    let (executors, key) = (world.site.executors.clone(), world.key.clone());
    let (send, receive) = std::sync::mpsc::channel();
    let host = chance.below(HOSTS);
    let result: Result<(), Failure> = world.write(host, move |tx| {
        proposals::update(tx, &proposal, revision)?;
        let (tenant, of) = (&proposal.tenant_id, &proposal.proposal_id);
        let _ = carry::start(tx, tenant, of, &executors, &key);
        let after = proposals::get(tx, tenant, of)?;
        let _ = send.send(after.map(|after| after.state.as_str()));
        Err(Failure::Busy)
    });
    if !matches!(result, Err(Failure::Busy)) {
        return Err(format!("it should have been undone: {result:?}"));
    }
    if receive.recv() == Ok(Some("consumed")) {
        return Err(format!("what was not approved would be done ({what}): {model:?}"));
    }
    world.unchanged()
}
