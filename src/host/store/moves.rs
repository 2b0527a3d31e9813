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
    let forms = forms(case, &events, Case::with);
    let (last, _) = forms.last().ok_or_else(|| Failure::internal("a command without an event"))?;
    // First of all: whoever comes with an old form is told so, before anything is written.
    cases::update(tx, last, revision_before)?;
    for (case, event) in &forms {
        record(tx, case, event, &proof)?;
    }
    if last.purpose == Purpose::Audit && last.state.is_terminal() {
        random_audits::settle(tx, last, proof.actor())?;
    }
    Ok(last.clone())
}

/// Every event with the form that it leaves behind.
pub(super) fn forms<'a, T: Clone, E>(
    first: T,
    events: &'a [E],
    with: impl Fn(T, &E) -> T,
) -> Vec<(T, &'a E)> {
    let mut form = first;
    let follow = |event: &'a E| {
        form = with(form.clone(), event);
        (form.clone(), event)
    };
    events.iter().map(follow).collect()
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
