//! What is done to cases: every command through the interface, time, and hosts that act late.

use countersign::Id;
use countersign::case::Command;
use countersign::host::people::{HostActor, actor, host_actor};
use countersign::host::scheduler;
use countersign::host::store::{Failure, moves};
use countersign::identity::{Door, GrantRole};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::model::CaseModel;
use crate::site::{MINUTE_MS, Person, id, json as core_json};
use crate::world::{CLOCK, HOSTS, Sent, World};

pub(crate) const LEASE_MS: i64 = 10 * MINUTE_MS;

/// A command on a case: its body, whether it may be done, and what follows.
pub(crate) struct CaseCommand {
    pub(crate) name: &'static str,
    pub(crate) weight: usize,
    /// Whether the interface asks for a key.
    needs_key: bool,
    body: fn(&CaseModel, i64, &mut Chance) -> Value,
    may: fn(&CaseModel, &Person, &Value, i64) -> bool,
    then: fn(&mut CaseModel, &Person, &Value, i64),
}

fn epoch(body: &Value) -> i64 {
    body["epoch"].as_i64().unwrap_or(-1)
}

fn holds(case: &CaseModel, person: &Person, body: &Value, now_ms: i64) -> bool {
    case.may_work(person, now_ms) && case.holds(person, epoch(body), now_ms)
}

/// One row for each command that people give; a new one needs nothing else.
pub(crate) const COMMANDS: &[CaseCommand] = &[
    CaseCommand {
        name: "claim",
        weight: 14,
        needs_key: false,
        body: |_, _, _| json!({}),
        may: |case, person, _, now_ms| {
            let free =
                case.state == "ready" || (case.state == "leased" && case.lease_is_over(now_ms));
            case.may_work(person, now_ms) && free
        },
        then: |case, person, _, now_ms| case.claim(person, LEASE_MS, now_ms),
    },
    CaseCommand {
        name: "heartbeat",
        weight: 4,
        needs_key: false,
        body: |_, epoch, _| json!({ "epoch": epoch }),
        may: holds,
        then: |case, _, _, now_ms| case.lease_until_ms = now_ms + LEASE_MS,
    },
    CaseCommand {
        name: "save",
        weight: 4,
        needs_key: false,
        body: |_, epoch, chance| json!({ "epoch": epoch, "work": { "text": format!("half {}", chance.below(1000)) } }),
        may: holds,
        then: |case, _, body, _| {
            case.work = body["work"]["text"].as_str().map(str::to_owned);
        },
    },
    CaseCommand {
        name: "release",
        weight: 3,
        needs_key: false,
        body: |_, epoch, _| json!({ "epoch": epoch }),
        may: holds,
        then: |case, _, _, _| case.go("ready"),
    },
    CaseCommand {
        name: "skip",
        weight: 3,
        needs_key: false,
        body: |_, epoch, _| json!({ "epoch": epoch, "reason": "not mine" }),
        may: holds,
        then: |case, _, _, _| case.go("ready"),
    },
    CaseCommand {
        name: "decide",
        weight: 12,
        needs_key: true,
        body: |_, epoch, _| json!({ "epoch": epoch, "verdict": "accepted", "outcome": "send" }),
        may: holds,
        then: |case, person, _, now_ms| case.decide(person, now_ms),
    },
    CaseCommand {
        name: "undo",
        weight: 6,
        needs_key: false,
        body: |_, _, _| json!({}),
        may: |case, person, _, now_ms| {
            case.may_work(person, now_ms)
                && case.state == "held"
                && case.decider == Some(person.name)
                && now_ms < case.effective_ms
        },
        then: |case, _, _, _| {
            case.decider = None;
            case.go("ready");
        },
    },
    CaseCommand {
        name: "withdraw",
        weight: 2,
        needs_key: false,
        body: |_, _, _| json!({ "reason": "not needed any more" }),
        may: |case, person, _, now_ms| {
            let over = matches!(case.state, "resolved" | "withdrawn");
            case.is_own(person) && person.has(GrantRole::Caller, &case.tenant, now_ms) && !over
        },
        then: |case, _, _, _| case.go("withdrawn"),
    },
];

const PEOPLE: &[&str] =
    &["ana", "ana2", "bo", "cy", "di", "eve", "fin", "carl", "sec", "aud", "bot", "shop", "mart"];

pub(crate) fn create(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let who = chance.one(&["shop", "shop", "mart", "ana", "bot", "bo", "eve"]).unwrap();
    let person = world.person(who);
    // Now and then an id that is taken.
    let taken = chance.percent(10).then(|| chance.one(&world.cases)).flatten();
    let own = |case: &CaseModel| case.tenant == person.tenant;
    let is_taken = taken.as_ref().is_some_and(own);
    let case_id = match taken.filter(own) {
        Some(case) => case.id,
        None => world.fresh("c"),
    };
    let domain = chance.one(&["billing", "legal"]).unwrap();
    let body = json!({
        "version": 1, "case_id": case_id, "user_question": "Why was I charged twice?",
        "model_draft": "It is a hold.", "domain": domain, "asks_for_person": true,
    });
    let key = world.some_key(chance, true);
    let may = person.has(GrantRole::Caller, person.tenant, world.now_ms) && !is_taken;
    let sent = Sent { who, path: "/v1/cases".to_owned(), key, body };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    let case = &world.records.cases[&case_id];
    let text = |id: &Option<Id>| id.as_ref().map(|id| id.as_str().to_owned());
    let model = CaseModel {
        id: case_id,
        tenant: person.tenant.to_owned(),
        requested_by: who.to_owned(),
        behind: person.owner.or(person.person).map(str::to_owned),
        authority: case.authority.clone(),
        queue: case.queue.clone(),
        undo_ms: case.undo_window_ms,
        state: "ready",
        epoch: 0,
        holder: None,
        lease_until_ms: 0,
        decider: None,
        effective_ms: 0,
        work: None,
    };
    let queue = if domain == "legal" { "legal" } else { "triage" };
    if text(&case.requested_by_person) != model.behind
        || case.tenant_id.as_str() != person.tenant
        || case.queue != queue
    {
        return Err(format!("it was opened as another: {case:?}"));
    }
    world.cases.push(model);
    world.compare(&touched)
}

/// A command by anybody on any case, mostly by who may and with what they know.
pub(crate) fn command(
    world: &mut World<'_>,
    chance: &mut Chance,
    command: &CaseCommand,
) -> Result<(), String> {
    let wanted: Vec<usize> = (0..world.cases.len())
        .filter(|index| match command.name {
            "claim" => matches!(world.cases[*index].state, "ready" | "leased"),
            "undo" => world.cases[*index].state == "held",
            "withdraw" => true,
            _ => world.cases[*index].state == "leased",
        })
        .collect();
    let any: Vec<usize> = (0..world.cases.len()).collect();
    let index = if chance.percent(85) { chance.one(&wanted) } else { chance.one(&any) };
    let Some(index) = index else { return Ok(()) };
    let case = world.cases[index].clone();
    let known = if command.name == "undo" { case.decider } else { case.holder };
    let known = match command.name {
        "withdraw" => PEOPLE.iter().copied().find(|name| *name == case.requested_by),
        _ => known,
    };
    let anybody = chance.one(PEOPLE).unwrap();
    let who = known.filter(|_| chance.percent(75)).unwrap_or(anybody);
    let person = world.person(who);
    let off = if chance.percent(15) { chance.one(&[-2, -1, 1]).unwrap() } else { 0 };
    let body = (command.body)(&case, (case.epoch + off).max(0), chance);
    let may = (command.may)(&case, &person, &body, world.now_ms);
    let key = world.some_key(chance, command.needs_key);
    let path = format!("/v1/cases/{}/{}", case.id, command.name);
    let sent = Sent { who, path, key, body: body.clone() };
    let Some((_, touched)) = world.send(chance, sent, may)? else { return Ok(()) };
    (command.then)(&mut world.cases[index], &person, &body, world.now_ms);
    world.compare(&touched)
}

/// The next case of a queue: the one that is due first, of those that may be worked on.
pub(crate) fn claim_next(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let queue = chance.one(&["triage", "legal"]).unwrap();
    let person = world.person(chance.one(PEOPLE).unwrap());
    let now_ms = world.now_ms;
    let fits = |case: &CaseModel| {
        case.queue == queue && case.state == "ready" && case.may_work(&person, now_ms)
    };
    let any = world.cases.iter().any(fits);
    let path = format!("/v1/queues/{queue}/claim");
    let key = world.some_key(chance, false);
    let sent = Sent { who: person.name, path, key, body: json!({}) };
    let Some((answer, touched)) = world.send(chance, sent, any)? else { return Ok(()) };
    let order = |case: &CaseModel| {
        let record = &world.records.cases[&case.id];
        (-record.priority, record.due_at, record.created_at, case.id.clone())
    };
    let next = world.cases.iter().filter(|case| fits(case)).map(order).min();
    let given = answer.body["case"]["case_id"].as_str().unwrap_or_default().to_owned();
    if next.is_none_or(|(.., id)| id != given) {
        return Err(format!("`{given}` is not the next of the queue"));
    }
    let case = world.cases.iter_mut().find(|case| case.id == given).unwrap();
    case.claim(&person, LEASE_MS, now_ms);
    world.compare(&touched)
}

/// A host looks what time has done to cases: everything whose time has come, and nothing else.
pub(crate) fn pass_time(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let host = chance.below(HOSTS);
    let store = world.host(host);
    world.note(format!("time passes at host {host}"));
    world.runtime.block_on(scheduler::pass_time(&store)).map_err(|told| told.to_string())?;
    let now_ms = world.now_ms;
    for case in &mut world.cases {
        if case.state == "leased" && case.lease_is_over(now_ms) {
            case.epoch += 1;
            case.go("ready");
        } else if case.state == "held" && case.effective_ms <= now_ms {
            case.go("resolved");
        }
    }
    let touched = world.look()?;
    if touched.actors.iter().any(|actor| actor != CLOCK) {
        return Err(format!("the clock is not who did it: {touched:?}"));
    }
    let all: Vec<String> = world.cases.iter().map(|case| case.id.clone()).collect();
    for id in all {
        let model = world.cases.iter().find(|case| case.id == id).unwrap();
        model.same(&world.records.cases[&id])?;
    }
    world.compare(&touched)
}

/// A host reads a case and is stopped; or it wakes up and goes on with what it read.
pub(crate) fn stale(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    // Now and then a host takes for due what is not, and read it a moment ago.
    let open: Vec<String> = world
        .cases
        .iter()
        .filter(|case| matches!(case.state, "leased" | "held"))
        .map(|case| case.id.clone())
        .collect();
    let hasty = chance.one(&open).filter(|_| chance.percent(40));
    let case = if let Some(id) = hasty {
        world.records.cases[&id].clone()
    } else {
        if world.stale_cases.len() < 3 || chance.percent(40) {
            let all: Vec<_> = world.records.cases.values().cloned().collect();
            world.stale_cases.extend(chance.one(&all));
            return Ok(());
        }
        let index = chance.below(world.stale_cases.len());
        world.stale_cases.swap_remove(index)
    };
    let position = world.cases.iter().position(|one| one.id == case.case_id.as_str()).unwrap();
    let model = world.cases[position].clone();
    let now_ms = world.now_ms;
    let is_fresh = world.records.cases[&model.id].revision == case.revision;
    let kind = chance.below(6);
    let holder = model.holder.filter(|_| matches!(kind, 1 | 2 | 5)).unwrap_or("bo");
    let name = if matches!(kind, 3 | 4) { CLOCK } else { holder };
    let epoch = case.epoch;
    let draft = json!({ "verdict": "accepted", "outcome": "send", "answer": "It is a hold.",
        "decided_by": holder, "decided_at": crate::site::instant(now_ms).to_string() });
    let person = world.person(holder);
    let (held, work) = (model.holds(&person, epoch, now_ms), model.may_work(&person, now_ms));
    let (command, fits) = match kind {
        0 => {
            let free =
                model.state == "ready" || model.state == "leased" && model.lease_is_over(now_ms);
            (Command::Claim { lease_duration_ms: LEASE_MS }, work && free)
        }
        1 => {
            let command = Command::Heartbeat { epoch, lease_duration_ms: LEASE_MS };
            (command, work && held)
        }
        2 => (Command::Release { epoch }, work && held),
        3 => (Command::Timeout, model.state == "leased" && model.lease_is_over(now_ms)),
        4 => (Command::Finalize, model.state == "held" && model.effective_ms <= now_ms),
        _ => {
            let decision = core_json(&draft);
            let decision = countersign::case::Decision::read(
                countersign::read::Node::root(&decision),
                case.model_draft.as_deref(),
            );
            (Command::Decide { epoch, decision: decision.unwrap() }, work && held)
        }
    };
    // Everything of it is undone where the process dies before the commit.
    let dies = chance.percent(25);
    world.note(format!("{name} {command:?} on {} at revision {}", model.id, case.revision));
    let by = id(name);
    let host = chance.below(HOSTS);
    let result = world.write(host, move |tx| {
        let by = if by.as_str() == CLOCK {
            host_actor(tx, HostActor::Scheduler)?
        } else {
            actor(tx, &by, None, Door::Api)?.unwrap()
        };
        moves::perform(tx, &by, case, command)?;
        if dies { Err(Failure::Busy) } else { Ok(()) }
    });
    let may = is_fresh && fits;
    match result {
        Ok(()) if may => {}
        Err(Failure::Refused(_)) if !may => return world.unchanged(),
        Err(Failure::Busy) if may && dies => return world.unchanged(),
        other => return Err(format!("expected {may} of a host that acts late: {other:?}")),
    }
    let case = &mut world.cases[position];
    match kind {
        0 => case.claim(&person, LEASE_MS, now_ms),
        1 => case.lease_until_ms = now_ms + LEASE_MS,
        2 => case.go("ready"),
        3 => {
            case.epoch += 1;
            case.go("ready");
        }
        4 => case.go("resolved"),
        _ => case.decide(&person, now_ms),
    }
    let touched = world.look()?;
    world.compare(&touched)
}
