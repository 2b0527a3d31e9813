//! Moving a case to another queue, person or authority. Clocks and history are kept.

use super::lease;
use crate::case::{Case, CaseState, Event, Place, RerouteKind, Timing};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::units::TimestampMs;

/// A holder moves what they hold. Whoever is not the holder takes it away only as a lead or as the
/// host, which the authorization has looked at; a colleague who escalates does not.
pub(super) fn check(
    case: &Case,
    kind: RerouteKind,
    epoch: Option<i64>,
    by: &Authorized,
    now: TimestampMs,
) -> Result<(), Fault> {
    match (case.state, epoch) {
        (CaseState::Leased, Some(epoch)) => lease::hold(case, epoch, by, now),
        (_, Some(_)) => Err(lease::lost()),
        (CaseState::Leased, None)
            if kind == RerouteKind::Escalated && !lease::is_over(case, now) =>
        {
            Err(lease::held_by_another())
        }
        (_, None) if matches!(kind, RerouteKind::Delegated | RerouteKind::HandedOver) => {
            Err(Fault::new(
                ErrorCode::LeaseLost,
                "/epoch",
                "only who holds a case gives it away",
                "claim it first, or ask a lead to assign it",
            ))
        }
        (_, None) => Ok(()),
    }
}

pub(super) fn rerouted(
    case: &Case,
    kind: RerouteKind,
    place: Place,
    note: Option<String>,
    timing: Option<Timing>,
) -> Event {
    let epoch = case.epoch + i64::from(case.state == CaseState::Leased);
    Event::CaseRerouted { kind, place, note, epoch, timing: case.paused_at.and(timing) }
}
