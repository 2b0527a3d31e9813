//! Decisions: of one reviewer or of several, taken back, and released.

use super::refusal::{not_now, refusal};
use crate::case::{Case, CaseState, CaseVote, Decision, Depends, Event, Outcome};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::policy::Authority;
use crate::units::TimestampMs;

/// One reviewer decides, alone or because several did not agree.
pub(super) fn alone(
    case: &Case,
    by: &Authorized,
    revision: Option<i64>,
    decision: Decision,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    if case.takes_votes() {
        return Err(not_now("several reviewers are asked about this case: vote on it"));
    }
    saw(case, revision)?;
    Ok(decided(case, by, decision, now))
}

/// One of several reviewers says what they would decide. The last of them who agrees decides; the
/// first who does not hands the case to somebody who adjudicates.
pub(super) fn together(
    case: &Case,
    by: &Authorized,
    revision: Option<i64>,
    decision: Decision,
    adjudication: Authority,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    if !case.takes_votes() {
        return Err(not_now("one reviewer decides this case: decide it"));
    }
    saw(case, revision)?;
    let vote = CaseVote { person_id: by.actor().person_id.clone(), decision };
    if case.votes.iter().any(|earlier| !earlier.agrees_with(&vote)) {
        return Ok(vec![Event::VoteRecorded { vote, adjudication: Some(adjudication) }]);
    }
    let decision = vote.decision.clone();
    let mut events = vec![Event::VoteRecorded { vote, adjudication: None }];
    if i64::try_from(case.votes.len()).unwrap_or(i64::MAX) + 1 >= case.reviewers_needed {
        events.extend(decided(case, by, decision, now));
    }
    Ok(events)
}

pub(super) fn undo(case: &Case, by: &Authorized, now: TimestampMs) -> Result<Vec<Event>, Fault> {
    let decider = case.decision.as_ref().map(|decision| &decision.decided_by);
    if decider != Some(&by.actor().principal_id) {
        return Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "only who decided takes the decision back",
            "ask them, or reopen the case once it is resolved",
        ));
    }
    if is_effective(case, now) {
        return Err(refusal(CaseState::Resolved, "undo"));
    }
    Ok(vec![Event::DecisionUndone { reason: None }])
}

/// The answer goes out once all that it speaks of was done. Where something of it will not be done,
/// the decision does not stand, and people decide again.
pub(super) fn finalize(
    case: &Case,
    depends: Depends,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    match depends {
        Depends::Pending if needs_proposals(case, case.decision.as_ref()) => {
            Err(not_now("an action that the answer depends on is not done yet"))
        }
        Depends::Failed(reason) if needs_proposals(case, case.decision.as_ref()) => {
            Ok(vec![Event::DecisionUndone { reason: Some(reason) }])
        }
        _ => Ok(vec![Event::AnswerReleased { released_at: now }]),
    }
}

pub(super) fn is_effective(case: &Case, now: TimestampMs) -> bool {
    case.effective_at.is_none_or(|effective_at| effective_at <= now)
}

fn decided(case: &Case, by: &Authorized, decision: Decision, now: TimestampMs) -> Vec<Event> {
    let waits = case.undo_window_ms > 0 || needs_proposals(case, Some(&decision));
    let effective_at = now.saturating_add(case.undo_window_ms);
    let person_id = by.actor().person_id.clone();
    let mut events = vec![Event::CaseDecided { decision, person_id, effective_at }];
    if !waits {
        events.push(Event::AnswerReleased { released_at: now });
    }
    events
}

/// A refusal or a question speaks of no action that was done.
fn needs_proposals(case: &Case, decision: Option<&Decision>) -> bool {
    let speaks =
        decision.is_some_and(|one| matches!(one.outcome, Outcome::Send | Outcome::Limited));
    speaks && !case.proposal_ids.is_empty()
}

/// What is decided is the case as it stands; once the user wrote again, that must be said.
fn saw(case: &Case, revision: Option<i64>) -> Result<(), Fault> {
    let fault = |detail: &str| {
        let help = "read the case again, and send the `revision` that was on screen";
        Err(Fault::new(ErrorCode::StaleVersion, "/revision", detail, help))
    };
    match revision {
        Some(revision) if revision != case.revision => {
            fault("the case has changed since it was read")
        }
        None if case.stale_since.is_some() => {
            fault("the user wrote again, and the draft does not know it")
        }
        _ => Ok(()),
    }
}
