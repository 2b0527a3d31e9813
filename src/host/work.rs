//! What a command on a case means under the policy in force: places, clocks, and what else follows
//! from it in the same write.

use crate::case::{
    Answer, Case, CaseState, Command, Consequence, Depends, FollowUp, Mark, MarkAction, NoticeKind,
    Outcome, Place, RerouteKind, Successor, Timing,
};
use crate::error::{ErrorCode, Fault};
use crate::execution::ExecutionState;
use crate::host::ids;
use crate::host::people::{self, HostActor, host_actor};
use crate::host::store::{
    Failure, Snapshot, Tx, cases, executions, identity, moves, next, policies, proposals,
};
use crate::identity::{Actor, CaseOperation, Door, Need, Principal, authorize};
use crate::policy::Policy;
use crate::proposal::{Proposal, ProposalState};
use crate::units::{Id, TimestampMs};
use crate::work::{WorkPolicy, calendar_of, place_above, place_in, place_of};

/// How the clocks of a case go on now, where they stand still.
///
/// # Errors
/// Where the store fails.
pub fn resumed(snapshot: &Snapshot<'_>, case: &Case) -> Result<Option<Timing>, Failure> {
    if case.paused_at.is_none() {
        return Ok(None);
    }
    let policy = policies::of_tenant(snapshot, &case.tenant_id)?;
    Ok(case.resumed(calendar_of(&policy, &case.queue), snapshot.now))
}

/// The clocks of a case with another deadline.
///
/// # Errors
/// Where the store fails.
pub fn retimed(
    snapshot: &Snapshot<'_>,
    case: &Case,
    due_at: TimestampMs,
) -> Result<Timing, Failure> {
    let policy = policies::of_tenant(snapshot, &case.tenant_id)?;
    Ok(case.retimed(calendar_of(&policy, &case.queue), due_at, snapshot.now))
}

/// How long a customer is waited for from now on.
///
/// # Errors
/// Where the store fails.
pub fn waits_until(snapshot: &Snapshot<'_>, case: &Case) -> Result<TimestampMs, Failure> {
    let work = WorkPolicy::of(&*policies::of_tenant(snapshot, &case.tenant_id)?)?;
    Ok(snapshot.now.saturating_add(work.waiting_ms))
}

/// The place of a case in another queue.
///
/// # Errors
/// `unknown_queue` where the policy in force does not have it.
pub fn in_queue(snapshot: &Snapshot<'_>, case: &Case, queue: &str) -> Result<Place, Failure> {
    let policy = policies::of_tenant(snapshot, &case.tenant_id)?;
    place_in(&policy, case, queue).ok_or_else(|| {
        Failure::Refused(Fault::new(
            ErrorCode::UnknownQueue,
            "/queue",
            format!("the policy has no queue `{}`", crate::read::excerpt(queue)),
            "see `GET /v1/queues`",
        ))
    })
}

/// The place where a case is, one level higher.
///
/// # Errors
/// `invalid_state` where there is no higher one.
pub fn above(snapshot: &Snapshot<'_>, case: &Case) -> Result<Place, Failure> {
    let place = place_above(&*policies::of_tenant(snapshot, &case.tenant_id)?, case);
    if place.authority.level > case.authority.level {
        return Ok(place);
    }
    Err(Failure::Refused(Fault::new(
        ErrorCode::InvalidState,
        "",
        "nobody has a higher authority for this case",
        "name a queue, or ask a lead to assign it",
    )))
}

/// The place where a case is, for one colleague alone; whoever is away is stood in for.
///
/// # Errors
/// `not_eligible` where they could not work on it.
pub fn for_colleague(snapshot: &Snapshot<'_>, case: &Case, to: &Id) -> Result<Place, Failure> {
    let refused = |detail: String| {
        let help = "name somebody who may decide this case";
        Failure::Refused(Fault::new(ErrorCode::NotEligible, "/to", detail, help))
    };
    let Some(colleague) = people::actor(snapshot, to, None, Door::Scheduler)? else {
        return Err(refused(format!("there is no principal `{to}`")));
    };
    may_take(case, &colleague, snapshot.now).map_err(|fault| {
        // Who is no reviewer of the tenant is as good as absent.
        match fault.code {
            ErrorCode::NotFound => refused(format!("there is no principal `{to}`")),
            _ => refused(format!("`{to}` cannot take it: {}", fault.detail)),
        }
    })?;
    let Some(away) = colleague.principal.away.as_ref().filter(|away| away.covers(snapshot.now))
    else {
        return Ok(place_of(case, Some(to.clone())));
    };
    let place = in_place_of(snapshot, case, &colleague.principal, away.delegate.as_ref())?;
    if place.assigned_to.is_none() {
        let detail = format!("`{to}` is away until {}, and nobody stands in for them", away.until);
        return Err(refused(detail));
    }
    Ok(place)
}

/// The place of a case that was somebody's alone who is away: that of who stands in for them, where
/// they are there and may decide it, and otherwise its queue.
///
/// # Errors
/// Where the store fails.
pub fn in_place_of(
    snapshot: &Snapshot<'_>,
    case: &Case,
    absent: &Principal,
    delegate: Option<&Id>,
) -> Result<Place, Failure> {
    let stands_in = match delegate.filter(|delegate| **delegate != absent.principal_id) {
        Some(delegate) => people::actor(snapshot, delegate, None, Door::Scheduler)?,
        None => None,
    };
    let stands_in = stands_in.filter(|other| {
        !other.principal.is_away(snapshot.now) && may_take(case, other, snapshot.now).is_ok()
    });
    Ok(place_of(case, stands_in.map(|other| other.principal.principal_id)))
}

/// Whether somebody could work on a case, were it offered to them alone.
fn may_take(case: &Case, actor: &Actor, now: TimestampMs) -> Result<(), Fault> {
    let mut there = case.clone();
    there.assigned_to = Some(actor.principal.principal_id.clone());
    authorize(actor, CaseOperation::Work, &there, now).map(|_| ())
}

/// Who decides where several reviewers do not agree: one level higher, where there is one.
///
/// # Errors
/// Where the store fails.
pub fn adjudication(
    snapshot: &Snapshot<'_>,
    case: &Case,
) -> Result<crate::policy::Authority, Failure> {
    Ok(place_above(&*policies::of_tenant(snapshot, &case.tenant_id)?, case).authority)
}

/// Whether a reviewer may hold one more case.
///
/// # Errors
/// `invalid_state` where they hold as many as the policy lets them.
pub fn require_capacity(snapshot: &Snapshot<'_>, actor: &Actor) -> Result<(), Failure> {
    let most = WorkPolicy::of(&*policies::of_tenant(snapshot, &actor.principal.tenant_id)?)?
        .open_leases_max;
    let held = next::held_by(snapshot, &actor.principal.principal_id)?;
    if held < most {
        return Ok(());
    }
    Err(Failure::Refused(Fault::new(
        ErrorCode::InvalidState,
        "",
        format!("you hold {held} cases, and nobody holds more than {most}"),
        "decide one, or give one back",
    )))
}

/// Sends a case that was just opened where it will be taken: on, where its queue is full, and up,
/// where nobody in its queue may decide it.
///
/// # Errors
/// Where the store fails.
pub fn placed(tx: &Tx<'_>, policy: &Policy, case: Case) -> Result<Case, Failure> {
    if case.state != CaseState::Ready {
        return Ok(case);
    }
    let work = WorkPolicy::of(policy)?;
    let overflow = work.queue(&case.queue).and_then(|queue| queue.overflow.as_ref());
    if let Some(overflow) = overflow
        // The case itself is one of those that wait.
        && next::waiting_in(tx, &case.queue, overflow.ready_max + 1)? > overflow.ready_max
        && let Some(place) = place_in(policy, &case, &overflow.queue)
    {
        let note = "its queue is full";
        let case = reroute(tx, case, RerouteKind::Overflowed, place, note)?;
        return attended(tx, policy, case);
    }
    attended(tx, policy, case)
}

/// A case that nobody may decide goes to the fallback queue at once, with the same authority.
fn attended(tx: &Tx<'_>, policy: &Policy, case: Case) -> Result<Case, Failure> {
    let fallback = &policy.fallback().queue;
    if case.queue == *fallback || identity::anybody_meets(tx, &Need::of(&case), &case.excluded)? {
        return Ok(case);
    }
    let Some(place) = place_in(policy, &case, fallback) else { return Ok(case) };
    let note = "nobody in its queue may decide it";
    reroute(tx, case, RerouteKind::Escalated, place, note)
}

/// A case as it was opened, with what the policy says of the work on it.
///
/// # Errors
/// Where the policy cannot be read.
pub fn prepared(policy: &Policy, mut case: Case) -> Result<Case, Failure> {
    let work = WorkPolicy::of(policy)?;
    let timing = work.begin(policy, &case.queue, case.created_at, case.due_at);
    case.reviewers_needed = work.reviewers(&case.queue);
    case.first_touch_due_at = timing.first_touch_due_at;
    case.marks = timing.marks;
    // The user of what is audited has the answer already.
    if !case.purpose.is_hidden() {
        case.notices.extend(work.notice(NoticeKind::Received, &case));
    }
    Ok(case)
}

/// Opens the case that follows from a resolved one.
///
/// # Errors
/// What the core refuses, or the store.
pub fn follow(
    tx: &Tx<'_>,
    actor: &Actor,
    parent: Case,
    kind: FollowUp,
    reason: Option<String>,
) -> Result<Case, Failure> {
    let policy = policies::of_tenant(tx, &parent.tenant_id)?;
    let (timing, place) = begins(&policy, &parent, tx.now)?;
    let own = kind == FollowUp::Appeal;
    let successor = Successor {
        case_id: ids::new_id("case", tx.now)?,
        kind,
        reason,
        // Who answers for the request goes on answering for it; a lead is not made its author.
        requested_by: if own {
            actor.principal.principal_id.clone()
        } else {
            parent.requested_by.clone()
        },
        requested_by_person: parent.requested_by_person.clone(),
        timing,
    };
    let child = moves::follow(tx, actor, parent, successor)?;
    match place.filter(|place| place.queue != child.queue) {
        Some(place) => reroute(tx, child, RerouteKind::Transferred, place, "its queue is gone"),
        None => Ok(child),
    }
}

/// The clocks of a case that follows from another, and where its queue is now.
///
/// # Errors
/// Where the policy cannot be read.
pub fn begins(
    policy: &Policy,
    parent: &Case,
    now: TimestampMs,
) -> Result<(Timing, Option<Place>), Failure> {
    let work = WorkPolicy::of(policy)?;
    // A queue that the policy gave up has no hours and no reviewers of its own.
    let queue = policy.queue(&parent.queue).unwrap_or_else(|| policy.fallback());
    let calendar = queue.calendar.as_deref().and_then(|name| policy.calendar(name));
    let due_at = queue.sla.deadline(calendar, now).due_at;
    let timing = work.begin(policy, &queue.queue, now, due_at);
    Ok((timing, place_in(policy, parent, &queue.queue)))
}

/// Moves a case by the host's own hand.
///
/// # Errors
/// What the core refuses, or the store.
pub fn reroute(
    tx: &Tx<'_>,
    case: Case,
    kind: RerouteKind,
    place: Place,
    note: &str,
) -> Result<Case, Failure> {
    let timing = resumed(tx, &case)?;
    let note = Some(note.to_owned());
    let command = Command::Reroute { kind, epoch: None, place, note, timing };
    moves::perform(tx, &host_actor(tx, HostActor::Scheduler)?, case, command)
}

/// Tells the user, where the policy has words for it and they were not told yet.
///
/// # Errors
/// Where the store fails.
pub fn tell(tx: &Tx<'_>, case: Case, kind: NoticeKind) -> Result<Case, Failure> {
    let work = WorkPolicy::of(&*policies::of_tenant(tx, &case.tenant_id)?)?;
    let Some(notice) = work.notice(kind, &case) else { return Ok(case) };
    let told = case
        .notices
        .iter()
        .any(|earlier| earlier.kind == kind && earlier.deadline_version == notice.deadline_version);
    if told || case.state.is_terminal() || case.purpose.is_hidden() {
        return Ok(case);
    }
    let actor = host_actor(tx, HostActor::Scheduler)?;
    moves::perform(tx, &actor, case, Command::Notify { notice })
}

/// What time alone does to a case whose time has come; `None` where there is nothing to be done yet.
///
/// # Errors
/// Where the store fails.
pub fn due_command(tx: &Tx<'_>, case: &Case) -> Result<Option<Command>, Failure> {
    let is_over = |at: Option<TimestampMs>| at.is_some_and(|at| at <= tx.now);
    let until = case.waiting.as_ref().map(|waiting| waiting.until);
    // A deadline that passed before something else ended comes first.
    if let Some(mark) = case.next_mark().filter(|mark| mark.at <= tx.now) {
        return fire(tx, case, mark).map(Some);
    }
    Ok(match case.state {
        CaseState::Held if is_over(case.effective_at) => {
            let depends = depends(tx, case)?;
            (depends != Depends::Pending).then_some(Command::Finalize { depends })
        }
        CaseState::Leased if is_over(case.lease_until) => Some(Command::Timeout),
        CaseState::Waiting if is_over(until) => {
            Some(Command::EndWait { timing: resumed(tx, case)? })
        }
        CaseState::Deferred if is_over(case.deferred_until) => Some(Command::Wake),
        _ => None,
    })
}

/// Performs what time alone does to a case, and tells the user what they should know of it.
///
/// # Errors
/// What the core refuses, or the store.
pub fn pass_time(tx: &Tx<'_>, case: Case, command: Command) -> Result<Case, Failure> {
    let breach = matches!(&command, Command::Fire { percent, clock, .. }
        if *percent >= 100 && *clock == crate::case::ClockKind::Resolution);
    let actor = host_actor(tx, HostActor::Scheduler)?;
    let case = moves::perform(tx, &actor, case, command)?;
    if breach { tell(tx, case, NoticeKind::Overdue) } else { Ok(case) }
}

fn fire(tx: &Tx<'_>, case: &Case, mark: &Mark) -> Result<Command, Failure> {
    let policy = policies::of_tenant(tx, &case.tenant_id)?;
    let consequence = match mark.then {
        MarkAction::Warn => Consequence::Told,
        MarkAction::Reassign => match (case.state, &case.assigned_to) {
            (CaseState::Leased, _) | (_, Some(_)) => Consequence::Reroute(place_of(case, None)),
            _ => Consequence::Told,
        },
        MarkAction::Escalate | MarkAction::RaiseAuthority => {
            let named = mark.queue.as_ref().and_then(|queue| place_in(&policy, case, queue));
            let place = named.unwrap_or_else(|| place_above(&policy, case));
            let stays = place.queue == case.queue && place.authority == case.authority;
            if stays && case.assigned_to.is_none() {
                Consequence::Told
            } else {
                Consequence::Reroute(place)
            }
        }
        MarkAction::Expire => expiry(&policy, case, mark, tx.now),
    };
    Ok(Command::Fire {
        clock: mark.clock,
        percent: mark.percent,
        deadline_version: case.deadline_version,
        consequence,
    })
}

/// A template that the policy in force does not have any more ends nothing.
fn expiry(policy: &Policy, case: &Case, mark: &Mark, now: TimestampMs) -> Consequence {
    let template = mark.template.as_ref();
    let Some(texts) = template.and_then(|name| policy.bundle().templates.get(name)) else {
        return Consequence::Told;
    };
    let language = case.language.as_deref().unwrap_or("");
    let primary = language.split('-').next().unwrap_or("");
    let text = texts.get(language).or_else(|| texts.get(primary));
    let text = text.or_else(|| texts.get("default")).cloned();
    Consequence::Expire(Answer { text, outcome: Outcome::Limited, released_at: now })
}

/// How it stands with the proposals of a case. What was refused before the reviewer decided is no
/// news to them.
///
/// # Errors
/// Where the store fails.
pub fn depends(snapshot: &Snapshot<'_>, case: &Case) -> Result<Depends, Failure> {
    let decided_at =
        case.decision.as_ref().map_or(TimestampMs::MIN, |decision| decision.decided_at);
    let mut pending = false;
    for proposal in proposals::of_case(snapshot, &case.tenant_id, &case.case_id)? {
        if !case.proposal_ids.contains(&proposal.proposal_id) {
            continue;
        }
        match depends_on(snapshot, &proposal, decided_at)? {
            Depends::Met => {}
            Depends::Pending => pending = true,
            failed @ Depends::Failed(_) => return Ok(failed),
        }
    }
    Ok(if pending { Depends::Pending } else { Depends::Met })
}

fn depends_on(
    snapshot: &Snapshot<'_>,
    proposal: &Proposal,
    decided_at: TimestampMs,
) -> Result<Depends, Failure> {
    let failed = |at: Option<TimestampMs>, what: &str| {
        if at.is_some_and(|at| at <= decided_at) {
            return Depends::Met;
        }
        Depends::Failed(format!("`{}` {what}", proposal.proposal_id))
    };
    let closed_at = proposal.closing.as_ref().map(|closing| closing.closed_at);
    Ok(match proposal.state {
        ProposalState::Previewing | ProposalState::Pending => Depends::Pending,
        // What has no executor is done by whoever proposed it.
        ProposalState::Approved if proposal.executors.iter().all(Option::is_none) => Depends::Met,
        ProposalState::Approved => Depends::Pending,
        ProposalState::Consumed => {
            let mut all = Depends::Met;
            let of = (&proposal.tenant_id, &proposal.proposal_id);
            for execution in executions::of_proposal(snapshot, of.0, of.1)? {
                match execution.state {
                    ExecutionState::Succeeded => {}
                    ExecutionState::Failed | ExecutionState::Cancelled => {
                        return Ok(failed(execution.closed_at, "was not done"));
                    }
                    _ => all = Depends::Pending,
                }
            }
            all
        }
        // Its successor counts, which is looked at by itself.
        ProposalState::Superseded => Depends::Met,
        state => failed(closed_at, &format!("is {state}")),
    })
}

/// Whether cases are the same, so that one of them is enough: merges the newer into the older.
///
/// # Errors
/// What the core refuses, or the store.
pub fn merge_duplicate(tx: &Tx<'_>, case: Case) -> Result<Case, Failure> {
    let Some(key) = &case.dedupe_key else { return Ok(case) };
    let Some(first) = cases::open_with_key(tx, &case.tenant_id, key)? else { return Ok(case) };
    // Another sender's case is another's to read.
    if first.case_id == case.case_id || first.requested_by != case.requested_by {
        return Ok(case);
    }
    let actor = host_actor(tx, HostActor::Scheduler)?;
    moves::perform(tx, &actor, case, Command::Merge { into: first.case_id })
}

/// Adds a proposal to the case that it names, where whoever proposed it may read that case, or the
/// proposal stands in the place of one that belongs to it.
///
/// # Errors
/// What the core refuses, or the store.
pub fn link(tx: &Tx<'_>, actor: &Actor, proposal: &Proposal) -> Result<(), Failure> {
    let Some(case_id) = &proposal.case_id else { return Ok(()) };
    let Some(case) = cases::get(tx, &proposal.tenant_id, case_id)? else { return Ok(()) };
    let follows = case.proposal_ids.contains(&proposal.root_proposal_id);
    let reads = authorize(actor, CaseOperation::Read, &case, tx.now).is_ok();
    let known = case.proposal_ids.contains(&proposal.proposal_id);
    if case.state.is_terminal() || known || !(follows || reads) {
        return Ok(());
    }
    let command = Command::Link { proposal_id: proposal.proposal_id.clone() };
    moves::perform(tx, &host_actor(tx, HostActor::Scheduler)?, case, command).map(|_| ())
}
