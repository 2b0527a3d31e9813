//! Clocks: what is done when a mark has come, and who changes deadlines.

use super::refusal::not_now;
use super::route;
use crate::case::{
    Case, ClockKind, Consequence, Event, MarkAction, RerouteKind, Timing, UserNotice,
};
use crate::error::{ErrorCode, Fault};
use crate::limits;
use crate::units::TimestampMs;

/// Each mark once for each deadline, not before its time, and not while the clock stands still.
pub(super) fn fire(
    case: &Case,
    clock: ClockKind,
    percent: i64,
    deadline_version: i64,
    consequence: Consequence,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    if deadline_version != case.deadline_version {
        return Err(Fault::new(
            ErrorCode::StaleVersion,
            "/deadline_version",
            "the deadline was changed",
            "read the case again",
        ));
    }
    let of_level = |mark: &&crate::case::Mark| mark.clock == clock && mark.percent == percent;
    let Some(mark) = case.marks.iter().find(of_level) else {
        return Err(not_now("the case has no such mark"));
    };
    let moot = clock == ClockKind::FirstTouch && case.first_touched_at.is_some();
    if mark.fired_at.is_some() || moot || case.paused_at.is_some() || now < mark.at {
        return Err(not_now("this mark was passed already, or its time has not come"));
    }
    let late_ms = now.as_ms() - mark.at.as_ms();
    let (deadline_version, fired_at) = (case.deadline_version, now);
    let told = if mark.is_breach() {
        Event::SlaBreached { clock, percent, deadline_version, late_ms, fired_at }
    } else {
        Event::SlaWarned { clock, percent, deadline_version, late_ms, fired_at }
    };
    let follows = match (mark.then, consequence) {
        (MarkAction::Warn, _) | (_, Consequence::Told) => None,
        (MarkAction::Expire, Consequence::Expire(answer)) => Some(Event::CaseExpired { answer }),
        (MarkAction::Expire, _) | (_, Consequence::Expire(_)) => {
            return Err(not_now("the mark asks for something else"));
        }
        (action, Consequence::Reroute(place)) => {
            let kind = match action {
                MarkAction::Reassign => RerouteKind::Reassigned,
                _ => RerouteKind::Escalated,
            };
            Some(route::rerouted(case, kind, place, None, None))
        }
    };
    Ok([told].into_iter().chain(follows).collect())
}

pub(super) fn set_priority(
    case: &Case,
    priority: i64,
    reason: Option<String>,
) -> Result<Vec<Event>, Fault> {
    let deadline_version = case.deadline_version;
    Ok(vec![Event::CaseRetimed { priority, deadline_version, timing: None, reason }])
}

pub(super) fn set_due(
    case: &Case,
    timing: Timing,
    reason: Option<String>,
) -> Result<Vec<Event>, Fault> {
    let deadline_version = case.deadline_version + 1;
    let (priority, timing) = (case.priority, Some(timing));
    Ok(vec![Event::CaseRetimed { priority, deadline_version, timing, reason }])
}

/// A user is told each thing once for each deadline.
pub(super) fn notify(case: &Case, notice: UserNotice) -> Result<Vec<Event>, Fault> {
    let told = |earlier: &UserNotice| {
        earlier.kind == notice.kind && earlier.deadline_version == notice.deadline_version
    };
    if case.notices.iter().any(told) || case.notices.len() >= limits::NOTICES_MAX {
        return Err(not_now("the user was told already"));
    }
    Ok(vec![Event::UserNotified { notice }])
}
