//! Holding a case: one holder at a time, known by an epoch that grows with each claim.

use crate::case::{Case, Event, ReleaseReason};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::units::TimestampMs;

pub(super) fn claim(
    case: &Case,
    epoch: i64,
    by: &Authorized,
    lease_duration_ms: i64,
    now: TimestampMs,
) -> Event {
    debug_assert!(epoch >= case.epoch, "an epoch never falls");
    Event::CaseClaimed {
        leased_by: by.actor().principal_id.clone(),
        lease_until: now.saturating_add(lease_duration_ms),
        epoch: epoch + 1,
        first_touched_at: case.first_touched_at.unwrap_or(now),
    }
}

/// What is offered to one alone is not for others.
pub(super) fn is_offered_to(case: &Case, by: &Authorized) -> Result<(), Fault> {
    match &case.assigned_to {
        Some(other) if *other != by.actor().principal_id => Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "this case is assigned to somebody else",
            "take another case, or ask a lead to assign it to you",
        )),
        _ => Ok(()),
    }
}

pub(super) const fn timeout(case: &Case) -> Event {
    released(case.epoch + 1, ReleaseReason::Timeout, None)
}

pub(super) const fn released(epoch: i64, reason: ReleaseReason, note: Option<String>) -> Event {
    Event::CaseReleased { reason, note, epoch }
}

pub(super) fn is_over(case: &Case, now: TimestampMs) -> bool {
    case.lease_until.is_none_or(|until| until <= now)
}

/// The holder, with the epoch of the claim, before the lease is over.
pub(super) fn hold(
    case: &Case,
    epoch: i64,
    by: &Authorized,
    now: TimestampMs,
) -> Result<(), Fault> {
    let holds = case.leased_by.as_ref() == Some(&by.actor().principal_id)
        && case.epoch == epoch
        && !is_over(case, now);
    holds.then_some(()).ok_or_else(lost)
}

pub(super) fn lost() -> Fault {
    Fault::new(
        ErrorCode::LeaseLost,
        "/epoch",
        "the lease is over, or another claim came after yours",
        "keep your text, claim the case again, and send it with the new epoch",
    )
}

pub(super) fn held_by_another() -> Fault {
    Fault::new(
        ErrorCode::LeaseLost,
        "",
        "somebody else holds this case",
        "take another case, or wait until the lease ends",
    )
}
