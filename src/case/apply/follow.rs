//! What a case has to do with other things: cases that follow from it, the case that it is the same
//! as, and actions that its answer depends on.

use super::refusal::not_now;
use crate::case::{Case, Event, FollowUp};
use crate::error::{ErrorCode, Fault};
use crate::limits;
use crate::units::{Id, TimestampMs};

pub(super) fn reopened(
    case: &Case,
    kind: FollowUp,
    case_id: Id,
    reason: Option<String>,
) -> Result<Vec<Event>, Fault> {
    if case.reopened_as.len() >= limits::FOLLOW_UPS_MAX {
        return Err(Fault::new(
            ErrorCode::LimitExceeded,
            "",
            format!("{} cases follow from this one already", limits::FOLLOW_UPS_MAX),
            "go on in one of them",
        ));
    }
    Ok(vec![Event::CaseReopened { kind, case_id, reason }])
}

pub(super) fn linked(case: &Case, proposal_id: Id) -> Result<Vec<Event>, Fault> {
    if case.proposal_ids.contains(&proposal_id) {
        return Err(not_now("the proposal belongs to the case already"));
    }
    if case.proposal_ids.len() >= limits::PROPOSED_ACTIONS_MAX {
        return Err(Fault::new(
            ErrorCode::LimitExceeded,
            "/case_id",
            format!("a case has at most {} proposals", limits::PROPOSED_ACTIONS_MAX),
            "propose it without a case, or in another one",
        ));
    }
    Ok(vec![Event::ProposalLinked { proposal_id }])
}

pub(super) fn merged(case: &Case, into: Id, now: TimestampMs) -> Result<Vec<Event>, Fault> {
    if into == case.case_id {
        return Err(Fault::new(
            ErrorCode::InvalidState,
            "/into",
            "a case is not merged into itself",
            "name the other case",
        ));
    }
    Ok(vec![Event::CaseMerged { into, merged_at: now }])
}
