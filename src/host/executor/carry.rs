//! What the host does about proposals and executions, each in one transaction: let people decide,
//! use an authorization, make a request durable before it leaves, and keep what came of it.

use super::messages::{Previewed, Told};
use super::{Executor, Executors};
use crate::error::ErrorCode;
use crate::execution::{
    Approver, Attempt, Command, EXECUTION_VERSION, Execution, ExecutionState, Guarantee,
};
use crate::host::ids;
use crate::host::people::{HostActor, host_actor};
use crate::host::propose::{asks_for_more, objection, renew};
use crate::host::store::{self, Failure, Tx, approvals, executions, proposals};
use crate::host::webhook::secret::WebhookKey;
use crate::identity::Actor;
use crate::proposal::{self, Preview, Proposal, ProposalState, binding};
use crate::units::{Id, TimestampMs};

/// The first pause before a request is sent again, in milliseconds.
const BACKOFF_MS_MIN: i64 = 1_000;
/// The longest one.
const BACKOFF_MS_MAX: i64 = 5 * 60_000;

/// Ends a proposal whose time is over.
///
/// # Errors
/// What the proposal's or the execution's state refuses, and where the store fails.
pub fn expire(tx: &Tx<'_>, tenant_id: &Id, proposal_id: &Id) -> Result<(), Failure> {
    let Some(proposal) = proposals::get(tx, tenant_id, proposal_id)? else { return Ok(()) };
    let by = host_actor(tx, HostActor::Scheduler)?;
    approvals::perform(tx, &by, proposal, proposal::Command::Expire).map(|_| ())
}

/// Lets people decide, with what the dry run said of each action; or ends the proposal where it must
/// have said something, and did not.
///
/// # Errors
/// What the proposal's or the execution's state refuses, and where the store fails.
pub fn previewed(
    tx: &Tx<'_>,
    tenant_id: &Id,
    proposal_id: &Id,
    said: Vec<Result<Option<Previewed>, String>>,
) -> Result<(), Failure> {
    let Some(proposal) = proposals::get(tx, tenant_id, proposal_id)? else { return Ok(()) };
    if proposal.state != ProposalState::Previewing {
        return Ok(());
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    let failed = said.iter().find_map(|said| match said {
        Err(reason) => Some(reason.clone()),
        Ok(None) => Some("no executor shows beforehand what it would do".to_owned()),
        Ok(Some(_)) => None,
    });
    let command = match failed {
        Some(reason) if proposal.required.preview_required => {
            proposal::Command::PreviewFailed { reason: format!("there is no preview: {reason}") }
        }
        _ => {
            let preview = together(said, tx.now);
            let seen = Proposal { preview: preview.clone(), ..proposal.clone() };
            let binding_digest = binding::digest(&seen, &store::instance_id(tx)?);
            proposal::Command::Preview { preview, binding_digest }
        }
    };
    approvals::perform(tx, &by, proposal, command).map(|_| ())
}

/// One preview of all actions; `None` where nothing was said of any.
fn together(said: Vec<Result<Option<Previewed>, String>>, now: TimestampMs) -> Option<Preview> {
    if said.iter().all(|said| matches!(said, Ok(None))) {
        return None;
    }
    let mut preview =
        Preview { changes: Vec::new(), note: None, preconditions: Vec::new(), previewed_at: now };
    let mut notes = Vec::new();
    for said in said {
        let precondition = match said {
            Ok(Some(previewed)) => {
                preview.changes.extend(previewed.changes);
                notes.extend(previewed.note);
                previewed.precondition
            }
            Ok(None) => None,
            Err(reason) => {
                notes.push(reason);
                None
            }
        };
        preview.preconditions.push(precondition);
    }
    preview.changes.truncate(crate::limits::PREVIEW_CHANGES_MAX);
    if !notes.is_empty() {
        preview.note = Some(notes.join("; "));
    }
    Some(preview)
}

/// Uses an authorization: everything is checked again, then its executions are prepared. What does
/// not hold any more goes back to people.
///
/// # Errors
/// What the proposal's or the execution's state refuses, and where the store fails.
pub fn start(
    tx: &Tx<'_>,
    tenant_id: &Id,
    proposal_id: &Id,
    executors: &Executors,
    key: &WebhookKey,
) -> Result<(), Failure> {
    let Some(proposal) = proposals::get(tx, tenant_id, proposal_id)? else { return Ok(()) };
    if proposal.state != ProposalState::Approved || proposal.executors.iter().any(Option::is_none) {
        return Ok(());
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    let instance_id = store::instance_id(tx)?;
    if let Some(reason) = objection(tx, &proposal, &instance_id, executors)? {
        let successor = renew(tx, &by, &proposal, executors)?;
        let successor_id = Some(successor.proposal_id);
        let command = proposal::Command::Void { reason, successor_id };
        return approvals::perform(tx, &by, proposal, command).map(|_| ());
    }
    let proposal = approvals::perform(tx, &by, proposal, proposal::Command::Start)?;
    for position in 0..proposal.actions.len() {
        let execution = prepare(tx, &proposal, position, executors, key)?;
        approvals::prepare(tx, &by, &proposal, execution)?;
    }
    Ok(())
}

/// Takes back what waits for people, or for its time, under a policy that asks for less than the one
/// in force; people get a new proposal without votes.
pub(in crate::host) fn reconsider(
    tx: &Tx<'_>,
    tenant_id: &Id,
    proposal_id: &Id,
    executors: &Executors,
) -> Result<(), Failure> {
    let Some(proposal) = proposals::get(tx, tenant_id, proposal_id)? else { return Ok(()) };
    if !proposal.state.is_live() || proposal.expires_at <= tx.now {
        return Ok(());
    }
    let Some(reason) = asks_for_more(tx, &proposal, executors)? else { return Ok(()) };
    let by = host_actor(tx, HostActor::Scheduler)?;
    let successor = renew(tx, &by, &proposal, executors)?;
    let command = proposal::Command::Void { reason, successor_id: Some(successor.proposal_id) };
    approvals::perform(tx, &by, proposal, command).map(|_| ())
}

fn prepare(
    tx: &Tx<'_>,
    proposal: &Proposal,
    position: usize,
    executors: &Executors,
    key: &WebhookKey,
) -> Result<Execution, Failure> {
    let missing = || Failure::internal("an approved proposal is not whole");
    let authorization_id = proposal.authorization_id.clone().ok_or_else(missing)?;
    let name = proposal.executors.get(position).and_then(Option::as_deref).ok_or_else(missing)?;
    let executor = executors.get(name).ok_or_else(missing)?;
    let preview = proposal.preview.as_ref();
    let place = i64::try_from(position).unwrap_or(i64::MAX);
    let kept = (executor.guarantee == Guarantee::Idempotent)
        .then(|| tx.now.saturating_add(executor.key_kept_ms));
    let approver = |vote: &proposal::Vote| Approver {
        principal_id: vote.by.principal_id.clone(),
        person_id: vote.by.person_id.clone(),
        name: vote.by.name.clone(),
        approved_at: vote.voted_at,
    };
    Ok(Execution {
        version: EXECUTION_VERSION,
        execution_id: ids::new_id("exec", tx.now)?,
        tenant_id: proposal.tenant_id.clone(),
        revision: 1,
        state: ExecutionState::Prepared,
        proposal_id: proposal.proposal_id.clone(),
        idempotency_key: key.execution_key(authorization_id.as_str(), place)?,
        authorization_id,
        position: place,
        action: proposal.actions.get(position).cloned().ok_or_else(missing)?,
        binding_digest: proposal.binding_digest.clone(),
        approved_by: proposal.votes.iter().map(approver).collect(),
        executor: name.to_owned(),
        guarantee: executor.guarantee,
        precondition: preview.and_then(|seen| seen.preconditions.get(position).cloned()).flatten(),
        attempts: Vec::new(),
        resend_until: kept,
        next_attempt_at: None,
        result: None,
        reason: None,
        reconciled_by: None,
        stop_requested_at: None,
        created_at: tx.now,
        closed_at: None,
    })
}

/// Makes a request durable, right before it is sent. `None` where it must not be sent any more.
/// `is_absent` says that the executor was asked about `seen`, and that nothing had happened.
///
/// # Errors
/// Where the store fails.
pub fn begin(
    tx: &Tx<'_>,
    seen: &Execution,
    executor: &Executor,
    is_absent: bool,
) -> Result<Option<Execution>, Failure> {
    let Some(execution) = executions::get(tx, &seen.execution_id)? else { return Ok(None) };
    // Nothing had happened then; another request went out since, and has to be asked about itself.
    if is_absent && !is_last(&execution, seen) {
        return Ok(None);
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    let proposal = approvals::proposal_of(tx, &execution)?;
    if execution.state == ExecutionState::Prepared {
        let over = match (proposal.stop_requested_at, tx.now >= proposal.expires_at) {
            (Some(_), _) => Some("somebody asked to stop it"),
            (None, true) => Some("the approval ended before the executor could be reached"),
            (None, false) => None,
        };
        if let Some(reason) = over {
            stop_plan(tx, &by, &proposal, reason)?;
            return Ok(None);
        }
    }
    if execution.state == ExecutionState::Unknown && !execution.can_resend(is_absent, tx.now) {
        let detail = "it is not sent again: somebody has to find out what happened".to_owned();
        let command = Command::Lose { detail, next_attempt_at: None };
        approvals::carry(tx, &by, execution, command)?;
        return Ok(None);
    }
    let attempt = Attempt {
        attempt_id: ids::new_id("att", tx.now)?,
        started_at: tx.now,
        not_after: tx.now.saturating_add(executor.timeout_ms),
        ended_at: None,
        outcome: None,
        detail: None,
    };
    match approvals::carry(tx, &by, execution, Command::Start { attempt, is_absent }) {
        Ok(execution) => Ok(Some(execution)),
        // Somebody else was first, or it came to an end meanwhile.
        Err(Failure::Refused(fault)) if fault.code != ErrorCode::Internal => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether no request went out since an execution was seen like this.
fn is_last(execution: &Execution, seen: &Execution) -> bool {
    let attempt =
        |execution: &Execution| execution.last_attempt().map(|one| one.attempt_id.clone());
    attempt(execution) == attempt(seen)
}

/// Keeps what came of the last request of an execution as it was seen then, or of a question about
/// it. Of an earlier request only that it was done counts: a refusal says nothing of the one that
/// another host has sent since.
///
/// # Errors
/// Where the store fails.
pub fn finish(
    tx: &Tx<'_>,
    seen: &Execution,
    told: Told,
    executors: &Executors,
) -> Result<(), Failure> {
    let Some(execution) = executions::get(tx, &seen.execution_id)? else { return Ok(()) };
    if !is_last(&execution, seen) && !matches!(told, Told::Succeeded(_)) {
        return Ok(());
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    let was_drift = matches!(told, Told::Drifted(_));
    let command = match told {
        Told::Succeeded(result) => Command::Succeed { result },
        Told::Refused(reason) | Told::Drifted(reason)
            if execution.state == ExecutionState::Started =>
        {
            Command::Fail { drifted: was_drift, reason }
        }
        Told::Refused(detail) | Told::Drifted(detail) | Told::Unknown(detail) => {
            let next_attempt_at = next_attempt(&execution, tx.now);
            Command::Lose { detail, next_attempt_at }
        }
        // It can be sent again at once, where nothing that was sent can still take effect.
        Told::Absent => {
            let detail = "the executor says that nothing happened".to_owned();
            let settled = execution
                .last_attempt()
                .map_or(tx.now, |attempt| attempt.not_after.saturating_add(1).max(tx.now));
            let may = execution.guarantee == Guarantee::Queryable
                && execution.stop_requested_at.is_none();
            Command::Lose { detail, next_attempt_at: may.then_some(settled) }
        }
    };
    let execution = approvals::carry(tx, &by, execution, command)?;
    if execution.state != ExecutionState::Failed {
        return Ok(());
    }
    let proposal = approvals::proposal_of(tx, &execution)?;
    stop_plan(tx, &by, &proposal, "an earlier step did not succeed")?;
    let is_alone = proposal.actions.len() == 1;
    if was_drift && is_alone && tx.now < proposal.expires_at {
        // People look at it again, with what it would do now.
        renew(tx, &by, &proposal, executors)?;
    }
    Ok(())
}

/// Nobody told how a request ended, and it cannot take effect any more.
///
/// # Errors
/// What the proposal's or the execution's state refuses, and where the store fails.
pub fn give_up(tx: &Tx<'_>, execution_id: &Id) -> Result<(), Failure> {
    let Some(execution) = executions::get(tx, execution_id)? else { return Ok(()) };
    let overdue = execution.last_attempt().is_some_and(|attempt| attempt.not_after < tx.now);
    if execution.state != ExecutionState::Started || !overdue {
        return Ok(());
    }
    let by = host_actor(tx, HostActor::Scheduler)?;
    let next_attempt_at = next_attempt(&execution, tx.now);
    let detail = "nobody told how the request ended".to_owned();
    approvals::carry(tx, &by, execution, Command::Lose { detail, next_attempt_at }).map(|_| ())
}

/// Cancels what was not sent yet.
///
/// # Errors
/// Where the store fails.
pub fn stop_plan(
    tx: &Tx<'_>,
    by: &Actor,
    proposal: &Proposal,
    reason: &str,
) -> Result<(), Failure> {
    let all = executions::of_proposal(tx, &proposal.tenant_id, &proposal.proposal_id)?;
    for execution in all.into_iter().filter(|one| one.state == ExecutionState::Prepared) {
        approvals::carry(tx, by, execution, Command::Cancel { reason: reason.to_owned() })?;
    }
    Ok(())
}

/// When something can be done about an outcome that is not known.
fn next_attempt(execution: &Execution, now: TimestampMs) -> Option<TimestampMs> {
    let is_stopped =
        execution.stop_requested_at.is_some() && execution.guarantee != Guarantee::Queryable;
    if is_stopped || execution.attempts.len() >= crate::limits::ATTEMPTS_MAX {
        return None;
    }
    match execution.guarantee {
        Guarantee::None => None,
        // It is asked about once the last request cannot take effect any more.
        Guarantee::Queryable => {
            let settled = execution.last_attempt().map_or(now, |attempt| attempt.not_after);
            Some(settled.saturating_add(1).max(now.saturating_add(backoff_ms(execution))))
        }
        Guarantee::Idempotent => {
            let next = now.saturating_add(backoff_ms(execution));
            execution.resend_until.filter(|until| next < *until).map(|_| next)
        }
    }
}

fn backoff_ms(execution: &Execution) -> i64 {
    let doublings = u32::try_from(execution.attempts.len().saturating_sub(1)).unwrap_or(30).min(20);
    (BACKOFF_MS_MIN << doublings).min(BACKOFF_MS_MAX)
}
