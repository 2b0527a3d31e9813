//! Moves of proposals and executions: authorize, apply, store, and one audit entry and one event of
//! the outbox for each thing that happened.

use super::audit::{self, Entity};
use super::events::{self, Happened};
use super::moves::forms;
use super::{Failure, Snapshot, Tx, executions, proposals};
use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::execution::{self, Execution};
use crate::host::work;
use crate::identity::{Actor, Authorized, ProposalOperation, authorize_proposal};
use crate::proposal::{self, Proposal};
use crate::units::Id;

/// Stores a proposal that was opened now, by somebody who may do so under this operation.
///
/// # Errors
/// `not_permitted` where the actor may not, `duplicate` where its id is taken.
pub fn create(
    tx: &Tx<'_>,
    actor: &Actor,
    operation: ProposalOperation,
    proposal: Proposal,
) -> Result<Proposal, Failure> {
    let proof = authorize_proposal(actor, operation, &proposal, tx.now)?;
    proposals::insert(tx, &proposal)?;
    let event = proposal::Event::ApprovalRequested { proposal: Box::new(proposal.clone()) };
    record(tx, &proposal, &event, &proof)?;
    work::link(tx, actor, &proposal)?;
    Ok(proposal)
}

/// Gives a command to a proposal that was read in this transaction.
///
/// # Errors
/// What [`authorize_proposal`] and [`proposal::apply`] refuse.
pub fn perform(
    tx: &Tx<'_>,
    actor: &Actor,
    proposal: Proposal,
    command: proposal::Command,
) -> Result<Proposal, Failure> {
    let proof = authorize_proposal(actor, command.operation(), &proposal, tx.now)?;
    let revision_before = proposal.revision;
    let events = proposal::apply(&proposal, command, &proof, tx.now)?;
    let forms = forms(proposal, &events, Proposal::with);
    let (last, _) = forms.last().ok_or_else(|| Failure::internal("a command without an event"))?;
    proposals::update(tx, last, revision_before)?;
    for (proposal, event) in &forms {
        record(tx, proposal, event, &proof)?;
    }
    Ok(last.clone())
}

/// Stores an execution that was prepared now.
///
/// # Errors
/// `not_permitted` where the actor does not carry proposals out.
pub fn prepare(
    tx: &Tx<'_>,
    actor: &Actor,
    proposal: &Proposal,
    execution: Execution,
) -> Result<Execution, Failure> {
    let proof = authorize_proposal(actor, ProposalOperation::Carry, proposal, tx.now)?;
    executions::insert(tx, &execution)?;
    let event = execution::Event::ExecutionPrepared { execution: Box::new(execution.clone()) };
    record_execution(tx, proposal, &execution, &event, &proof)?;
    Ok(execution)
}

/// Gives a command to an execution that was read in this transaction.
///
/// # Errors
/// What [`authorize_proposal`] and [`execution::apply`] refuse.
pub fn carry(
    tx: &Tx<'_>,
    actor: &Actor,
    execution: Execution,
    command: execution::Command,
) -> Result<Execution, Failure> {
    let proposal = proposal_of(tx, &execution)?;
    let proof = authorize_proposal(actor, command.operation(), &proposal, tx.now)?;
    let revision_before = execution.revision;
    let events = execution::apply(&execution, command, &proof, tx.now)?;
    let forms = forms(execution, &events, Execution::with);
    let (last, _) = forms.last().ok_or_else(|| Failure::internal("a command without an event"))?;
    executions::update(tx, last, revision_before)?;
    for (execution, event) in &forms {
        record_execution(tx, &proposal, execution, event, &proof)?;
    }
    Ok(last.clone())
}

/// The proposal of an execution.
///
/// # Errors
/// Where it is not there.
pub fn proposal_of(snapshot: &Snapshot<'_>, execution: &Execution) -> Result<Proposal, Failure> {
    proposals::get(snapshot, &execution.tenant_id, &execution.proposal_id)?
        .ok_or_else(|| Failure::internal("an execution without a proposal"))
}

/// The one proposal of that id that the actor may know of.
///
/// # Errors
/// `not_found`, or `invalid_field` where several tenants have it.
pub fn find(
    snapshot: &Snapshot<'_>,
    actor: &Actor,
    proposal_id: &Id,
    tenant_id: Option<&Id>,
) -> Result<Proposal, Failure> {
    let readable = |proposal: &Proposal| {
        tenant_id.is_none_or(|id| proposal.tenant_id == *id)
            && authorize_proposal(actor, ProposalOperation::Read, proposal, snapshot.now).is_ok()
    };
    let mut found = proposals::find(snapshot, proposal_id)?.into_iter().filter(readable);
    let refused = |code, path: &str, detail: &str, help: &str| {
        Err(Failure::Refused(Fault::new(code, path, detail, help)))
    };
    match (found.next(), found.next()) {
        (Some(proposal), None) => Ok(proposal),
        (None, _) => refused(ErrorCode::NotFound, "", "there is no such proposal", "check the id"),
        (Some(_), Some(_)) => refused(
            ErrorCode::InvalidField,
            "/query/tenant_id",
            "proposals of several tenants have this id",
            "say which one: add `?tenant_id=…`",
        ),
    }
}

fn record(
    tx: &Tx<'_>,
    proposal: &Proposal,
    event: &proposal::Event,
    proof: &Authorized,
) -> Result<(), Failure> {
    let tenant_id = &proposal.tenant_id;
    let entity = Entity { tenant_id, kind: "proposal", id: &proposal.proposal_id };
    let (data, actor) = (to_json(event)?, proof.actor().clone());
    let entry_id = audit::append_at(tx, entity, proposal.revision, event.name(), data, actor)?;
    events::append(tx, &entry_id, &Happened::Proposal(proposal), event.name())
}

fn record_execution(
    tx: &Tx<'_>,
    proposal: &Proposal,
    execution: &Execution,
    event: &execution::Event,
    proof: &Authorized,
) -> Result<(), Failure> {
    let tenant_id = &execution.tenant_id;
    let entity = Entity { tenant_id, kind: "execution", id: &execution.execution_id };
    let (data, actor) = (to_json(event)?, proof.actor().clone());
    let entry_id = audit::append_at(tx, entity, execution.revision, event.name(), data, actor)?;
    events::append(tx, &entry_id, &Happened::Execution(proposal, execution), event.name())
}
