//! All transitions of a case, in one function, and what each event leaves behind.

use crate::case::{Answer, Case, CaseState, Command, Event, ReleaseReason};
use crate::error::{ErrorCode, Fault};
use crate::identity::Authorized;
use crate::units::TimestampMs;

/// Applies one command to a case and returns the events that follow from it.
///
/// Pure: the caller stores the events and the case that follows in one transaction.
///
/// # Errors
/// `not_permitted` if the proof is for something else; `lease_lost` if the holder's lease is over or
/// another's; `already_decided`, `withdrawn`, `expired` in a state that ends the case;
/// `invalid_state` for every other command that the state does not take. Nothing changes then.
pub fn apply(
    case: &Case,
    command: Command,
    by: &Authorized,
    now: TimestampMs,
) -> Result<Vec<Event>, Fault> {
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
        (CaseState::Ready, Command::Claim { lease_duration_ms }) => {
            Ok(vec![claim(case, case.epoch, by, lease_duration_ms, now)])
        }
        // A lease that is over is taken from its holder by whoever claims next.
        (CaseState::Leased, Command::Claim { lease_duration_ms }) if lease_is_over(case, now) => {
            let epoch = case.epoch + 1;
            Ok(vec![timeout(case), claim(case, epoch, by, lease_duration_ms, now)])
        }
        (CaseState::Leased, Command::Claim { .. }) => Err(Fault::new(
            ErrorCode::LeaseLost,
            "",
            "somebody else holds this case",
            "take another case, or wait until the lease ends",
        )),
        (CaseState::Leased, Command::Heartbeat { epoch, lease_duration_ms }) => {
            hold(case, epoch, by, now)?;
            Ok(vec![Event::LeaseExtended { lease_until: now.saturating_add(lease_duration_ms) }])
        }
        (CaseState::Leased, Command::Save { epoch, work }) => {
            hold(case, epoch, by, now)?;
            Ok(vec![Event::WorkSaved { work }])
        }
        (CaseState::Leased, Command::Release { epoch }) => {
            hold(case, epoch, by, now)?;
            Ok(vec![released(case.epoch, ReleaseReason::Released, None)])
        }
        (CaseState::Leased, Command::Skip { epoch, reason }) => {
            hold(case, epoch, by, now)?;
            Ok(vec![released(case.epoch, ReleaseReason::Skipped, Some(reason))])
        }
        (CaseState::Leased, Command::Timeout) if lease_is_over(case, now) => {
            Ok(vec![timeout(case)])
        }
        (CaseState::Leased, Command::Decide { epoch, decision }) => {
            hold(case, epoch, by, now)?;
            let effective_at = now.saturating_add(case.undo_window_ms);
            let mut events = vec![Event::CaseDecided { decision, effective_at }];
            if case.undo_window_ms == 0 {
                events.push(Event::AnswerReleased { released_at: now });
            }
            Ok(events)
        }
        (CaseState::Held, Command::Undo) => undo(case, by, now),
        (CaseState::Held, Command::Finalize) if is_effective(case, now) => {
            Ok(vec![Event::AnswerReleased { released_at: now }])
        }
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
        (state, _) => Err(refusal(state, name)),
    }
}

impl Case {
    /// The case after an event.
    #[must_use]
    pub fn with(mut self, event: &Event) -> Self {
        self.revision += 1;
        match event {
            Event::CaseCreated { case } => return (**case).clone(),
            Event::CaseClaimed { leased_by, lease_until, epoch } => {
                self.state = CaseState::Leased;
                self.leased_by = Some(leased_by.clone());
                self.lease_until = Some(*lease_until);
                self.epoch = *epoch;
            }
            Event::LeaseExtended { lease_until } => self.lease_until = Some(*lease_until),
            Event::WorkSaved { work } => self.work = Some(work.clone()),
            Event::CaseReleased { epoch, .. } => {
                self.go(CaseState::Ready);
                self.epoch = *epoch;
            }
            Event::CaseDecided { decision, effective_at } => {
                self.go(CaseState::Held);
                self.decision = Some(decision.clone());
                self.effective_at = Some(*effective_at);
            }
            Event::DecisionUndone {} => {
                self.go(CaseState::Ready);
                self.decision = None;
                self.effective_at = None;
            }
            Event::AnswerReleased { released_at } => {
                self.go(CaseState::Resolved);
                self.closed_at = Some(*released_at);
                self.answer = self.decision.as_ref().map(|decision| Answer {
                    text: decision.answer.clone(),
                    outcome: decision.outcome,
                    released_at: *released_at,
                });
            }
            Event::CaseRejudged { rejudged } => self.raise(rejudged),
            Event::CaseWithdrawn { withdrawn_at, .. } => {
                self.go(CaseState::Withdrawn);
                self.closed_at = Some(*withdrawn_at);
            }
        }
        self
    }

    /// Changes the state and ends the lease.
    fn go(&mut self, state: CaseState) {
        self.state = state;
        self.leased_by = None;
        self.lease_until = None;
    }
}

fn claim(
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
    }
}

const fn timeout(case: &Case) -> Event {
    released(case.epoch + 1, ReleaseReason::Timeout, None)
}

const fn released(epoch: i64, reason: ReleaseReason, note: Option<String>) -> Event {
    Event::CaseReleased { reason, note, epoch }
}

fn lease_is_over(case: &Case, now: TimestampMs) -> bool {
    case.lease_until.is_none_or(|until| until <= now)
}

fn is_effective(case: &Case, now: TimestampMs) -> bool {
    case.effective_at.is_none_or(|effective_at| effective_at <= now)
}

/// The holder, with the epoch of the claim, before the lease is over.
fn hold(case: &Case, epoch: i64, by: &Authorized, now: TimestampMs) -> Result<(), Fault> {
    let holds = case.leased_by.as_ref() == Some(&by.actor().principal_id)
        && case.epoch == epoch
        && !lease_is_over(case, now);
    holds.then_some(()).ok_or_else(lease_lost)
}

fn lease_lost() -> Fault {
    Fault::new(
        ErrorCode::LeaseLost,
        "/epoch",
        "the lease is over, or another claim came after yours",
        "keep your text, claim the case again, and send it with the new epoch",
    )
}

fn undo(case: &Case, by: &Authorized, now: TimestampMs) -> Result<Vec<Event>, Fault> {
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
    Ok(vec![Event::DecisionUndone {}])
}

fn refusal(state: CaseState, command: &str) -> Fault {
    let fault = |code, detail: &str, help: &str| Fault::new(code, "", detail, help);
    match state {
        CaseState::Held | CaseState::Resolved if command != "withdraw" => {
            fault(ErrorCode::AlreadyDecided, "this case is decided", "read the case again")
        }
        CaseState::Resolved => {
            fault(ErrorCode::AlreadyDecided, "the answer was released", "read the case again")
        }
        CaseState::Withdrawn => {
            fault(ErrorCode::Withdrawn, "this case was withdrawn", "take another case")
        }
        CaseState::Expired => fault(ErrorCode::Expired, "this case expired", "take another case"),
        // A holder whose lease was taken away finds the case back in its queue.
        CaseState::Ready
            if matches!(command, "heartbeat" | "save" | "release" | "skip" | "decide") =>
        {
            lease_lost()
        }
        CaseState::Ready
        | CaseState::Leased
        | CaseState::Waiting
        | CaseState::Deferred
        | CaseState::Held => fault(
            ErrorCode::InvalidState,
            &format!("a case that is `{state}` does not take `{command}`"),
            "read the case again",
        ),
    }
}
