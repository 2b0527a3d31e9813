//! Every step that a history can have, with its weight, and how a history is run.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::chance::Chance;
use crate::site::{MINUTE_MS, Site};
use crate::world::{HOSTS, World};
use crate::{carry_steps, case_steps, policy_steps, proposal_steps};

type Step = fn(&mut World<'_>, &mut Chance) -> Result<(), String>;

/// What a step is about; most histories leave one of the first two out, to go deeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Cases,
    Actions,
    Both,
}
use About::{Actions, Both, Cases};

const STEPS: &[(&str, About, usize, Step)] = &[
    ("a case", Cases, 9, case_steps::create),
    ("the next case", Cases, 4, case_steps::claim_next),
    ("time passes", Both, 5, case_steps::pass_time),
    ("a late host, a case", Cases, 9, case_steps::stale),
    ("a proposal", Actions, 12, proposal_steps::propose),
    ("approve", Actions, 30, proposal_steps::approve),
    ("refuse", Actions, 2, proposal_steps::refuse),
    ("edit", Actions, 4, proposal_steps::edit),
    ("withdraw", Actions, 2, proposal_steps::withdraw),
    ("undo", Actions, 4, proposal_steps::undo),
    ("revoke", Actions, 3, proposal_steps::revoke),
    ("reconcile", Actions, 6, proposal_steps::reconcile),
    ("a late host, a proposal", Actions, 6, proposal_steps::stale),
    ("rights", Both, 3, proposal_steps::suspend),
    ("a policy", Both, 3, policy_steps::by_operator),
    ("a release", Both, 2, policy_steps::propose),
    ("a second person", Both, 3, policy_steps::approve),
    ("work", Actions, 45, carry_steps::work),
    ("work, late", Actions, 8, carry_steps::work_late),
    ("an answer about", Actions, 4, carry_steps::answered),
    ("a request arrives", Actions, 16, carry_steps::deliver),
    ("an answer arrives", Actions, 14, carry_steps::land),
    ("a hand in the database", Actions, 4, carry_steps::tamper),
    ("ripe", Actions, 9, carry_steps::ripe),
    ("the world moves on", Actions, 2, move_on),
    ("the clock", Both, 18, clock),
    ("a crash", Both, 3, crash),
    ("again", Both, 10, again),
    ("another body", Both, 3, another_body),
];

/// What went wrong, and where.
pub(crate) struct Broken {
    pub(crate) step: usize,
    pub(crate) told: String,
    pub(crate) trace: Vec<String>,
}

/// How often each command was done, and refused.
pub(crate) type Counts = BTreeMap<String, (u64, u64)>;

/// Runs the history of a seed, with only these of its steps.
pub(crate) fn run(site: &Site, seed: u64, steps: &[usize]) -> Result<Counts, Broken> {
    let mut world = World::new(site);
    let about = [Cases, Actions, Actions, Both][usize::try_from(seed % 4).unwrap()];
    for step in steps {
        let mut chance = Chance::of(seed, *step);
        let result = catch_unwind(AssertUnwindSafe(|| one(&mut world, about, &mut chance)));
        let result = result.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(format!("a panic: {}", text.unwrap_or_default()))
        });
        if let Err(told) = result {
            let trace = std::mem::take(&mut world.trace);
            return Err(Broken { step: *step, told, trace });
        }
    }
    let step = steps.len();
    let trace = std::mem::take(&mut world.trace);
    world.close().map_err(|told| Broken { step, told, trace })
}

fn one(world: &mut World<'_>, about: About, chance: &mut Chance) -> Result<(), String> {
    let fits = |of: About| of == Both || about == Both || of == about;
    let commands = if fits(Cases) { case_steps::COMMANDS } else { &[] };
    let of_cases: usize = commands.iter().map(|command| command.weight).sum();
    let steps = || STEPS.iter().filter(|(_, of, ..)| fits(*of));
    let total = of_cases + steps().map(|(_, _, weight, _)| weight).sum::<usize>();
    let mut place = chance.below(total);
    for command in commands {
        match place.checked_sub(command.weight) {
            None => return case_steps::command(world, chance, command),
            Some(rest) => place = rest,
        }
    }
    for (name, _, weight, step) in steps() {
        match place.checked_sub(*weight) {
            None => return step(world, chance).map_err(|told| format!("{name}: {told}")),
            Some(rest) => place = rest,
        }
    }
    Ok(())
}

/// Takes steps out for as long as the history still breaks.
pub(crate) fn shrink(
    site: &Site,
    seed: u64,
    broken: Broken,
    steps: &[usize],
) -> (Vec<usize>, Broken) {
    let begun = std::time::Instant::now();
    let end = steps.iter().position(|step| *step == broken.step).map_or(steps.len(), |at| at + 1);
    let (mut kept, mut last) = (steps[..end].to_vec(), broken);
    let mut chunk = kept.len() / 2;
    while chunk > 0 && begun.elapsed().as_secs() < 20 {
        let mut at = 0;
        while at < kept.len() && begun.elapsed().as_secs() < 20 {
            let mut fewer = kept.clone();
            fewer.drain(at..(at + chunk).min(fewer.len()));
            match run(site, seed, &fewer) {
                Err(broken) => (kept, last) = (fewer, broken),
                Ok(_) => at += chunk,
            }
        }
        chunk /= 2;
    }
    (kept, last)
}

/// The clock goes on: a little, or to the very instant at which something is decided.
fn clock(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let now_ms = world.now_ms;
    let mut instants = Vec::new();
    for case in &world.cases {
        match case.state {
            "leased" => instants.push(case.lease_until_ms),
            "held" => instants.push(case.effective_ms),
            _ => {}
        }
    }
    for proposal in world.proposals.iter().filter(|proposal| proposal.is_live()) {
        instants.push(proposal.expires_ms);
        if proposal.state == "approved" {
            instants.push(proposal.effective_ms);
        }
    }
    for execution in world.executions.iter().filter(|execution| !execution.is_over()) {
        instants.extend([execution.not_after_ms, execution.not_after_ms + 1]);
        instants.push(execution.resend_until_ms);
        let record = &world.records.executions[&execution.id];
        instants.extend(record.next_attempt_at.map(countersign::TimestampMs::as_ms));
    }
    instants.retain(|at| *at > now_ms);
    instants.sort_unstable();
    let next = if chance.percent(80) {
        instants.truncate(4);
        chance.one(&instants)
    } else {
        chance.one(&instants)
    };
    let off = chance.one(&[-1, 0, 0, 1]).unwrap();
    let small = i64::try_from(chance.below(4_000)).unwrap();
    let to_ms = match chance.below(100) {
        0..60 => now_ms + small,
        60..98 => next.map_or(now_ms + small, |at| (at + off).max(now_ms)),
        _ => now_ms + 30 * MINUTE_MS,
    };
    world.note(format!("the clock goes {} ms", to_ms - now_ms));
    world.advance(to_ms);
    Ok(())
}

/// What previews saw is not so any more.
fn move_on(world: &mut World<'_>, _: &mut Chance) -> Result<(), String> {
    world.sink.version += 1;
    Ok(())
}

fn crash(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let host = chance.below(HOSTS);
    world.note(format!("host {host} dies, and starts again"));
    world.crash(host);
    world.unchanged()
}

/// An answer was lost: the request is sent again, to any host, and gets the same bytes.
fn again(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some((sent, first)) = chance.one(&world.acknowledged) else { return Ok(()) };
    let host = chance.below(HOSTS);
    world.note(format!("{} again, by host {host}", sent.path));
    let answer = world.call(host, &sent);
    let is_same = answer.replayed && answer.status == first.status && answer.text == first.text;
    let may = world.people[sent.who].is_active;
    if may != is_same || (!may && answer.status != 403) {
        return Err(format!("sent again it gives {} {}", answer.status, answer.text));
    }
    world.unchanged()
}

/// The key of one request on another one.
fn another_body(world: &mut World<'_>, chance: &mut Chance) -> Result<(), String> {
    let Some((mut sent, _)) = chance.one(&world.acknowledged) else { return Ok(()) };
    // Two doors look at the body before the key.
    if sent.path.contains("/policies/") || sent.path.contains("/queues/") {
        return Ok(());
    }
    sent.body["other"] = serde_json::json!(chance.below(1000));
    let host = chance.below(HOSTS);
    let answer = world.call(host, &sent);
    let expected = if world.people[sent.who].is_active { 422 } else { 403 };
    if answer.status != expected || (expected == 422 && answer.code() != "idempotency_mismatch") {
        return Err(format!("one key, two bodies: {} {}", answer.status, answer.text));
    }
    world.unchanged()
}
