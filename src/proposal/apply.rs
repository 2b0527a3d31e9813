//! All transitions of a proposal, in one function, and what each event leaves behind.

use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::proposal::{Closing, Command, Event, Proposal, ProposalState, Vote};
use crate::units::{Id, TimestampMs};

/// Applies one command to a proposal and returns the events that follow from it.
///
/// Pure: the caller stores the events and the proposal that follows in one transaction.
///
/// # Errors
/// `not_permitted` if the proof is for something else; `stale_version` if another thing was approved
/// than what stands there now; `self_approval` for an approver who wrote it; `quorum_closed`,
/// `already_decided`, `expired`, `withdrawn`, `proposal_void` in a state that ends it; `in_flight`
/// while an execution of the same line is not finished; `invalid_state` for every other command that
/// the state does not take. Nothing changes then.
pub fn apply(
    proposal: &Proposal,
    command: Command,
    by: &Authorized,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    use ProposalState as State;
    if !by.covers_proposal(command.operation(), &proposal.proposal_id) {
        return Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "the authorization is for something else",
            "authorize this command",
        ));
    }
    let closing = |reason: &str, message: Option<String>| Closing {
        reason: reason.to_owned(),
        message,
        by: Some(by.actor().clone()),
        closed_at: now,
    };
    let by_time = |reason: &str| Closing { by: None, ..closing(reason, None) };
    let name = command.name();
    match (proposal.state, command) {
        (state, Command::Expire) if state.is_live() && now >= proposal.expires_at => {
            let reason = match state {
                State::Approved => "it was approved, and not executed in time",
                _ => "nobody decided in time",
            };
            Ok(vec![Event::ApprovalExpired { closing: by_time(reason) }])
        }
        (state, Command::Withdraw { reason }) if state.is_live() => {
            let reason = reason.unwrap_or_else(|| "withdrawn by who proposed it".to_owned());
            Ok(vec![Event::ProposalWithdrawn { closing: closing(&reason, None) }])
        }
        (state, Command::Supersede { successor_id }) if state.is_live() => {
            in_time(proposal, now)?;
            Ok(vec![Event::ProposalSuperseded { successor_id, closing: closing("edited", None) }])
        }
        (state, Command::Void { reason, successor_id }) if state.is_live() => {
            Ok(vec![Event::ProposalVoided { closing: by_time(&reason), successor_id }])
        }
        (State::Previewing, Command::PreviewFailed { reason }) => {
            let closing = by_time(&reason);
            Ok(vec![Event::ProposalVoided { closing, successor_id: None }])
        }
        (State::Previewing, Command::Preview { preview, binding_digest }) => {
            if preview.is_none() && proposal.required.preview_required {
                return Err(Fault::new(
                    ErrorCode::InvalidState,
                    "/preview",
                    "the policy asks for a preview",
                    "run the preview",
                ));
            }
            Ok(vec![Event::PreviewRecorded { preview, binding_digest }])
        }
        (
            State::Pending,
            Command::Approve { binding_digest, note, authorization_id, line_is_clear },
        ) => {
            in_time(proposal, now)?;
            let vote = vote(proposal, binding_digest, note, by, now)?;
            approve(proposal, vote, authorization_id, line_is_clear, now)
        }
        (State::Pending, Command::Reject { reason }) => {
            in_time(proposal, now)?;
            Ok(vec![rejected(closing(&reason, None))])
        }
        (State::Pending, Command::Respond { message }) => {
            in_time(proposal, now)?;
            Ok(vec![rejected(closing("answered instead", Some(message)))])
        }
        (State::Approved, Command::Undo) => undo(proposal, by, now),
        (State::Approved, Command::Revoke { reason }) => {
            Ok(vec![Event::ApprovalRevoked { closing: closing(&reason, None) }])
        }
        (State::Consumed, Command::Revoke { reason }) => {
            Ok(vec![Event::StopRequested { reason, requested_at: now }])
        }
        (State::Approved, Command::Start) if is_effective(proposal, now) => {
            in_time(proposal, now)?;
            Ok(vec![Event::ApprovalConsumed { consumed_at: now }])
        }
        (state, _) => Err(refusal(state, name)),
    }
}

impl Proposal {
    /// The proposal after an event.
    #[must_use]
    pub fn with(mut self, event: &Event) -> Self {
        self.revision += 1;
        match event {
            Event::ApprovalRequested { proposal } => return (**proposal).clone(),
            Event::PreviewRecorded { preview, binding_digest } => {
                self.state = ProposalState::Pending;
                self.preview.clone_from(preview);
                self.binding_digest.clone_from(binding_digest);
            }
            Event::ApprovalRecorded { vote } => self.votes.push(vote.clone()),
            Event::ApprovalResolved { state, authorization_id, effective_at, closing } => {
                self.state = *state;
                self.authorization_id.clone_from(authorization_id);
                self.effective_at = *effective_at;
                self.closing.clone_from(closing);
            }
            Event::ProposalSuperseded { successor_id, closing } => {
                self.close(ProposalState::Superseded, closing);
                self.superseded_by = Some(successor_id.clone());
            }
            Event::ProposalWithdrawn { closing } => self.close(ProposalState::Withdrawn, closing),
            Event::ApprovalExpired { closing } => self.close(ProposalState::Expired, closing),
            Event::ProposalVoided { closing, successor_id } => {
                self.close(ProposalState::Void, closing);
                self.superseded_by.clone_from(successor_id);
            }
            Event::ApprovalUndone { person_id } => {
                self.state = ProposalState::Pending;
                self.votes.retain(|vote| vote.person() != person_id);
                self.authorization_id = None;
                self.effective_at = None;
            }
            Event::ApprovalRevoked { closing } => self.close(ProposalState::Revoked, closing),
            Event::ApprovalConsumed { .. } => self.state = ProposalState::Consumed,
            Event::StopRequested { requested_at, .. } => {
                self.stop_requested_at = Some(*requested_at);
            }
        }
        self
    }

    fn close(&mut self, state: ProposalState, closing: &Closing) {
        self.state = state;
        self.closing = Some(closing.clone());
    }
}

/// A vote for exactly what stands there, by somebody who neither wrote it nor voted before.
fn vote(
    proposal: &Proposal,
    binding_digest: String,
    note: Option<String>,
    by: &Authorized,
    now: TimestampMs,
) -> Result<Vote, Fault> {
    if binding_digest != proposal.binding_digest {
        return Err(Fault::new(
            ErrorCode::StaleVersion,
            "/binding_digest",
            "this is not what the proposal says now",
            "read the proposal again, and decide on what it says now",
        ));
    }
    let vote = Vote {
        by: by.actor().clone(),
        authorities: by.authorities().to_vec(),
        note,
        binding_digest,
        voted_at: now,
    };
    let person: &Id = vote.person();
    let wrote = proposal.authors.iter().any(|author| {
        let writer = author.person_id.as_ref().unwrap_or(&author.principal_id);
        writer == person && !author.may_approve
    });
    if wrote {
        return Err(Fault::new(
            ErrorCode::SelfApproval,
            "",
            "who changed what an action does, or to whom, does not approve it",
            "leave it to another reviewer",
        ));
    }
    if proposal.votes.iter().any(|earlier| earlier.person() == person) {
        return Err(Fault::new(
            ErrorCode::AlreadyDecided,
            "",
            "you have approved this already",
            "leave the next approval to another person",
        ));
    }
    Ok(vote)
}

fn approve(
    proposal: &Proposal,
    vote: Vote,
    authorization_id: Id,
    line_is_clear: bool,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    let votes: Vec<Vote> = proposal.votes.iter().chain([&vote]).cloned().collect();
    let mut events = vec![Event::ApprovalRecorded { vote }];
    if proposal.required.is_met_by(&votes) {
        if !line_is_clear {
            return Err(Fault::new(
                ErrorCode::InFlight,
                "",
                "an execution of an earlier form of this proposal is not finished",
                "wait for its outcome, or reconcile it",
            ));
        }
        events.push(Event::ApprovalResolved {
            state: ProposalState::Approved,
            authorization_id: Some(authorization_id),
            effective_at: Some(now.saturating_add(proposal.undo_window_ms)),
            closing: None,
        });
    }
    Ok(events)
}

const fn rejected(closing: Closing) -> Event {
    Event::ApprovalResolved {
        state: ProposalState::Rejected,
        authorization_id: None,
        effective_at: None,
        closing: Some(closing),
    }
}

fn undo(proposal: &Proposal, by: &Authorized, now: TimestampMs) -> Result<Vec<Event>, Fault> {
    let actor = by.actor();
    let person = actor.person_id.as_ref().unwrap_or(&actor.principal_id);
    if proposal.votes.iter().all(|vote| vote.person() != person) {
        return Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "only who approved takes the approval back",
            "ask them, or revoke the approval",
        ));
    }
    if is_effective(proposal, now) {
        return Err(refusal(ProposalState::Consumed, "undo"));
    }
    Ok(vec![Event::ApprovalUndone { person_id: person.clone() }])
}

fn is_effective(proposal: &Proposal, now: TimestampMs) -> bool {
    proposal.effective_at.is_some_and(|effective_at| effective_at <= now)
}

fn in_time(proposal: &Proposal, now: TimestampMs) -> Result<(), Fault> {
    if now < proposal.expires_at {
        return Ok(());
    }
    Err(refusal(ProposalState::Expired, ""))
}

fn refusal(state: ProposalState, command: &str) -> Fault {
    use ProposalState as State;
    let fault = |code, detail: &str, help: &str| Fault::new(code, "", detail, help);
    match state {
        State::Approved | State::Consumed if command == "approve" => fault(
            ErrorCode::QuorumClosed,
            "enough people have approved this already",
            "read the proposal again",
        ),
        State::Approved | State::Consumed | State::Rejected | State::Revoked => fault(
            ErrorCode::AlreadyDecided,
            &format!("this proposal is `{state}`"),
            "read the proposal again",
        ),
        State::Expired => {
            fault(ErrorCode::Expired, "the time to decide is over", "propose the action anew")
        }
        State::Withdrawn => {
            fault(ErrorCode::Withdrawn, "this proposal was withdrawn", "take another one")
        }
        State::Superseded | State::Void => fault(
            ErrorCode::ProposalVoid,
            "another proposal may stand in the place of this one",
            "read `superseded_by`, and decide on that one",
        ),
        State::Previewing | State::Pending => fault(
            ErrorCode::InvalidState,
            &format!("a proposal that is `{state}` does not take `{command}`"),
            "read the proposal again",
        ),
    }
}
