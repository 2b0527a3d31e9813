//! All transitions of a case, in one function; what each needs stands in the files beside it.

mod clock;
mod decide;
mod fold;
mod follow;
mod lease;
mod refusal;
mod route;
mod wait;

use crate::case::{Case, CaseState, Command, Event, ReleaseReason};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::units::TimestampMs;
use refusal::refusal;

/// Applies one command to a case and returns the events that follow from it.
///
/// Pure: the caller stores the events and the case that follows in one transaction.
///
/// # Errors
/// `not_permitted` if the proof is for something else; `lease_lost` if the holder's lease is over or
/// another's; `already_decided`, `withdrawn`, `expired` in a state that ends the case;
/// `stale_version` where the user wrote again and the holder did not see it; `invalid_state` for every
/// other command that the state does not take. Nothing changes then.
pub fn apply(
    case: &Case,
    command: Command,
    by: &Authorized,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    use CaseState::{Deferred, Held, Leased, Ready, Resolved, Waiting};
    if !by.covers(command.operation(), &case.case_id) {
        return Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "the authorization is for something else",
            "authorize this command",
        ));
    }
    let name = command.name();
    match (case.state, command) {
        (Ready, Command::Claim { lease_duration_ms }) => {
            lease::is_offered_to(case, by)?;
            Ok(vec![lease::claim(case, case.epoch, by, lease_duration_ms, now)])
        }
        // A lease that is over is taken from its holder by whoever claims next.
        (Leased, Command::Claim { lease_duration_ms }) if lease::is_over(case, now) => {
            lease::is_offered_to(case, by)?;
            let epoch = case.epoch + 1;
            Ok(vec![lease::timeout(case), lease::claim(case, epoch, by, lease_duration_ms, now)])
        }
        (Leased, Command::Claim { .. }) => Err(lease::held_by_another()),
        (Leased, Command::Heartbeat { epoch, lease_duration_ms }) => {
            lease::hold(case, epoch, by, now)?;
            Ok(vec![Event::LeaseExtended { lease_until: now.saturating_add(lease_duration_ms) }])
        }
        (Leased, Command::Save { epoch, work }) => {
            lease::hold(case, epoch, by, now)?;
            Ok(vec![Event::WorkSaved { work }])
        }
        (Leased, Command::Release { epoch }) => {
            lease::hold(case, epoch, by, now)?;
            Ok(vec![lease::released(case.epoch, ReleaseReason::Released, None)])
        }
        (Leased, Command::Skip { epoch, reason }) => {
            lease::hold(case, epoch, by, now)?;
            Ok(vec![lease::released(case.epoch, ReleaseReason::Skipped, Some(reason))])
        }
        (Leased, Command::Timeout) if lease::is_over(case, now) => Ok(vec![lease::timeout(case)]),
        (state, Command::Reroute { kind, epoch, place, note, timing }) if state.is_open() => {
            route::check(case, kind, epoch, by, now)?;
            Ok(vec![route::rerouted(case, kind, place, note, timing)])
        }
        (Leased, Command::AskCustomer { epoch, question, until }) => {
            lease::hold(case, epoch, by, now)?;
            wait::ask(by, question, until, now)
        }
        (Waiting, Command::Deliver) => wait::deliver(case, now),
        (state, Command::AppendTurn { message, timing }) if state.is_open() => {
            wait::append(case, message, timing)
        }
        (Waiting, Command::EndWait { timing }) => wait::end(case, timing, now),
        (Leased, Command::Defer { epoch, until, reason }) => {
            lease::hold(case, epoch, by, now)?;
            wait::defer(case, until, reason, now)
        }
        (Deferred, Command::Wake) => wait::wake(case, now),
        (Leased, Command::Decide { epoch, revision, decision }) => {
            lease::hold(case, epoch, by, now)?;
            decide::alone(case, by, revision, decision, now)
        }
        (Leased, Command::Vote { epoch, revision, decision, adjudication }) => {
            lease::hold(case, epoch, by, now)?;
            decide::together(case, by, revision, decision, adjudication, now)
        }
        (Held, Command::Undo) => decide::undo(case, by, now),
        (Held, Command::Finalize { depends }) if decide::is_effective(case, now) => {
            decide::finalize(case, depends, now)
        }
        (Resolved, Command::Follow { kind, case_id, reason }) => {
            follow::reopened(case, kind, case_id, reason)
        }
        (state, Command::Fire { clock, percent, deadline_version, consequence })
            if state.is_open() =>
        {
            clock::fire(case, clock, percent, deadline_version, consequence, now)
        }
        (state, Command::SetPriority { priority, reason }) if state.is_open() => {
            clock::set_priority(case, priority, reason)
        }
        (state, Command::SetDue { timing, reason }) if state.is_open() => {
            clock::set_due(case, timing, reason)
        }
        (state, Command::Link { proposal_id }) if !state.is_terminal() => {
            follow::linked(case, proposal_id)
        }
        (state, Command::Notify { notice }) if !state.is_terminal() => clock::notify(case, notice),
        (state, Command::Withdraw { reason }) if !state.is_terminal() => {
            Ok(vec![Event::CaseWithdrawn { reason, withdrawn_at: now }])
        }
        (state, Command::Rejudge { rejudged }) if state.is_open() => {
            let known = case.rejudgings.last().map(|last| last.sequence);
            let is_new = known.is_none_or(|known| known < rejudged.sequence);
            is_new
                .then(|| vec![Event::CaseRejudged { rejudged }])
                .ok_or_else(|| refusal(CaseState::Held, name))
        }
        (state, Command::Merge { into }) if !state.is_terminal() => follow::merged(case, into, now),
        (state, _) => Err(refusal(state, name)),
    }
}
