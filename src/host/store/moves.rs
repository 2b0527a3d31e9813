//! Moves of cases: authorize, apply, store the case, and one audit entry and one event of the
//! outbox for each thing that happened.

use super::audit::{self, Entity};
use super::events::{self, Happened};
use super::{Failure, Tx, cases, random_audits};
use crate::case::{Case, Command, Event, Purpose, apply};
use crate::compile::to_json;
use crate::identity::{Actor, Authorized, CaseOperation, authorize};

/// Stores a case that was opened now.
///
/// # Errors
/// `not_permitted` where the actor may not send it, `duplicate` where its id is taken.
pub fn create(tx: &Tx<'_>, actor: &Actor, case: Case) -> Result<Case, Failure> {
    let proof = authorize(actor, CaseOperation::Create, &case, tx.now)?;
    cases::insert(tx, &case)?;
    let event = Event::CaseCreated { case: Box::new(case.clone()) };
    record(tx, &case, &event, &proof)?;
    Ok(case)
}

/// Gives a command to a case that was read in this transaction.
///
/// # Errors
/// What [`authorize`] and [`apply`] refuse.
pub fn perform(tx: &Tx<'_>, actor: &Actor, case: Case, command: Command) -> Result<Case, Failure> {
    let proof = authorize(actor, command.operation(), &case, tx.now)?;
    let revision_before = case.revision;
    let events = apply(&case, command, &proof, tx.now)?;
    let mut case = case;
    for event in &events {
        case = case.with(event);
        record(tx, &case, event, &proof)?;
    }
    cases::update(tx, &case, revision_before)?;
    if case.purpose == Purpose::Audit && case.state.is_terminal() {
        random_audits::settle(tx, &case, proof.actor())?;
    }
    Ok(case)
}

/// The case's revision counts its entries, so that a gap in either shows.
fn record(tx: &Tx<'_>, case: &Case, event: &Event, proof: &Authorized) -> Result<(), Failure> {
    let entity = Entity { tenant_id: &case.tenant_id, kind: "case", id: &case.case_id };
    let entry_id = audit::append_at(
        tx,
        entity,
        case.revision,
        event.name(),
        to_json(event)?,
        proof.actor().clone(),
    )?;
    events::append(tx, &entry_id, &Happened::Case(case, event), event.name())
}
