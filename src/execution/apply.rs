//! All transitions of an execution, in one function, and what each event leaves behind.

use crate::error::{ErrorCode, Fault};
use crate::execution::{
    Attempt, AttemptOutcome, Command, Event, Execution, ExecutionState, Guarantee,
};
use crate::identity::Authorized;
use crate::limits;
use crate::units::TimestampMs;

/// Applies one command to an execution and returns the events that follow from it.
///
/// Pure: the caller stores the events and the execution that follows in one transaction.
///
/// # Errors
/// `not_permitted` if the proof is for something else; `in_flight` for a reconciliation while a
/// request may still take effect; `already_decided` after the end; `invalid_state` for every other
/// command that the state does not take. Nothing changes then.
pub fn apply(
    execution: &Execution,
    command: Command,
    by: &Authorized,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
    use ExecutionState as State;
    if !by.covers_proposal(command.operation(), &execution.proposal_id) {
        return Err(Fault::new(
            ErrorCode::NotPermitted,
            "",
            "the authorization is for something else",
            "authorize this command",
        ));
    }
    let approved_by = || execution.approved_by.clone();
    let name = command.name();
    match (execution.state, command) {
        (State::Prepared, Command::Start { attempt, .. }) => {
            Ok(vec![Event::AttemptStarted { attempt }])
        }
        (State::Unknown, Command::Start { attempt, is_absent }) => {
            may_resend(execution, is_absent, now)?;
            Ok(vec![Event::AttemptStarted { attempt }])
        }
        (State::Prepared, Command::Cancel { reason }) => {
            Ok(vec![Event::ExecutionCancelled { reason, closed_at: now }])
        }
        (State::Started | State::Unknown, Command::Succeed { result }) => {
            let approved_by = approved_by();
            Ok(vec![Event::ExecutionSucceeded { result, approved_by, closed_at: now }])
        }
        (State::Started, Command::Fail { drifted, reason }) => {
            let approved_by = approved_by();
            Ok(vec![Event::ExecutionFailed { reason, drifted, approved_by, closed_at: now }])
        }
        // What was prepared in a copy of the data may have been sent after the copy was made.
        (
            State::Prepared | State::Started | State::Unknown,
            Command::Lose { detail, next_attempt_at },
        ) => Ok(vec![Event::ExecutionUnknown { detail, next_attempt_at, ended_at: now }]),
        (State::Unknown, Command::Reconcile { happened, note }) => {
            settled(execution, now)?;
            let by = by.actor().clone();
            Ok(vec![Event::ExecutionReconciled { happened, note, by, closed_at: now }])
        }
        (State::Started | State::Unknown, Command::Stop { reason }) => {
            Ok(vec![Event::StopRequested { reason, requested_at: now }])
        }
        // What is said after the end counts only where it says something else.
        (State::Failed | State::Cancelled, Command::Succeed { .. }) => {
            Ok(vec![Event::Conflict { said: "it happened".to_owned(), at: now }])
        }
        (State::Succeeded, Command::Fail { reason, .. }) => {
            Ok(vec![Event::Conflict { said: format!("it did not happen: {reason}"), at: now }])
        }
        (state, _) => Err(refusal(state, name)),
    }
}

impl Execution {
    /// The execution after an event.
    #[must_use]
    pub fn with(mut self, event: &Event) -> Self {
        self.revision += 1;
        match event {
            Event::ExecutionPrepared { execution } => return (**execution).clone(),
            Event::AttemptStarted { attempt } => {
                self.state = ExecutionState::Started;
                self.next_attempt_at = None;
                self.attempts.push(attempt.clone());
            }
            Event::ExecutionCancelled { reason, closed_at } => {
                self.close(ExecutionState::Cancelled, *closed_at);
                self.reason = Some(reason.clone());
            }
            Event::ExecutionSucceeded { result, closed_at, .. } => {
                self.end_attempt(AttemptOutcome::Succeeded, None, *closed_at);
                self.close(ExecutionState::Succeeded, *closed_at);
                self.result.clone_from(result);
            }
            Event::ExecutionFailed { reason, drifted, closed_at, .. } => {
                let outcome =
                    if *drifted { AttemptOutcome::Drifted } else { AttemptOutcome::Refused };
                self.end_attempt(outcome, Some(reason), *closed_at);
                self.close(ExecutionState::Failed, *closed_at);
                self.reason = Some(reason.clone());
            }
            Event::ExecutionUnknown { detail, next_attempt_at, ended_at } => {
                self.end_attempt(AttemptOutcome::Unknown, Some(detail), *ended_at);
                self.state = ExecutionState::Unknown;
                self.next_attempt_at = *next_attempt_at;
            }
            Event::ExecutionReconciled { happened, note, by, closed_at } => {
                let state =
                    if *happened { ExecutionState::Succeeded } else { ExecutionState::Failed };
                self.close(state, *closed_at);
                self.reason = Some(note.clone());
                self.reconciled_by = Some(by.clone());
            }
            Event::StopRequested { requested_at, .. } => {
                self.stop_requested_at = Some(*requested_at);
                self.next_attempt_at = None;
            }
            Event::Conflict { .. } => {}
        }
        self
    }

    /// Whether a request whose outcome is not known may be sent once more.
    #[must_use]
    pub fn can_resend(&self, is_absent: bool, now: TimestampMs) -> bool {
        may_resend(self, is_absent, now).is_ok()
    }

    fn close(&mut self, state: ExecutionState, at: TimestampMs) {
        self.state = state;
        self.closed_at = Some(at);
        self.next_attempt_at = None;
    }

    /// An attempt that is known to have ended keeps how it did.
    fn end_attempt(&mut self, outcome: AttemptOutcome, detail: Option<&String>, at: TimestampMs) {
        if let Some(attempt) = self.attempts.last_mut()
            && attempt.outcome.is_none_or(|known| known == AttemptOutcome::Unknown)
        {
            *attempt = Attempt {
                ended_at: Some(attempt.ended_at.unwrap_or(at)),
                outcome: Some(outcome),
                detail: detail.cloned(),
                ..attempt.clone()
            };
        }
    }
}

/// Within the executor's time for the key, or, where it can be asked, once an earlier request can no
/// longer take effect; never after a stop.
fn may_resend(execution: &Execution, is_absent: bool, now: TimestampMs) -> Result<(), Fault> {
    let fault = |detail: &str| {
        let help = "find out what happened, and reconcile it";
        Err(Fault::new(ErrorCode::InvalidState, "", detail, help))
    };
    if execution.stop_requested_at.is_some() {
        return fault("somebody asked to stop it");
    }
    if execution.attempts.len() >= limits::ATTEMPTS_MAX {
        return fault("it was tried too often");
    }
    let kept = execution.resend_until.is_some_and(|until| now < until);
    match execution.guarantee {
        Guarantee::Idempotent if kept => Ok(()),
        Guarantee::Idempotent => fault("the executor's time for the key is over"),
        Guarantee::Queryable if is_absent => settled(execution, now),
        Guarantee::Queryable => fault("the executor has to be asked first"),
        Guarantee::None => fault("the executor could do it twice"),
    }
}

/// No request can take effect any more.
fn settled(execution: &Execution, now: TimestampMs) -> Result<(), Fault> {
    match execution.last_attempt() {
        Some(attempt) if now <= attempt.not_after => Err(Fault::new(
            ErrorCode::InFlight,
            "",
            format!("the last request can take effect until {}", attempt.not_after),
            "wait until then",
        )),
        _ => Ok(()),
    }
}

fn refusal(state: ExecutionState, command: &str) -> Fault {
    let code =
        if state.is_terminal() { ErrorCode::AlreadyDecided } else { ErrorCode::InvalidState };
    let detail = format!("an execution that is `{state}` does not take `{command}`");
    Fault::new(code, "", detail, "read the proposal again")
}
