//! Moves of cases: authorize, apply, store the case, and one audit entry and one event of the
//! outbox for each thing that happened.

use super::audit::{self, Entity};
use super::events::{self, Happened};
use super::sql::params;
use super::{Failure, Tx, cases, monitors, random_audits};
use crate::case::{Case, CaseState, Command, Event, Purpose, Successor, apply};
use crate::compile::to_json;
use crate::host::second_review;
use crate::identity::{Actor, Authorized, CaseOperation, authorize};

/// Stores a case that was opened now.
///
/// # Errors
/// `not_permitted` where the actor may not send it, `duplicate` where its id is taken.
pub fn create(tx: &Tx<'_>, actor: &Actor, case: Case) -> Result<Case, Failure> {
    let proof = authorize(actor, CaseOperation::Create, &case, tx.now)?;
    open(tx, &case, &proof)?;
    Ok(case)
}

/// Gives a command to a case that was read in this transaction.
///
/// # Errors
/// What [`authorize`] and [`apply`] refuse.
pub fn perform(tx: &Tx<'_>, actor: &Actor, case: Case, command: Command) -> Result<Case, Failure> {
    let proof = authorize(actor, command.operation(), &case, tx.now)?;
    let (revision_before, was_over) = (case.revision, case.state.is_terminal());
    let events = apply(&case, command, &proof, tx.now)?;
    let forms = forms(case, &events, Case::with);
    let (last, _) = forms.last().ok_or_else(|| Failure::internal("a command without an event"))?;
    // First of all: whoever comes with an old form is told so, before anything is written.
    cases::update(tx, last, revision_before)?;
    for (case, event) in &forms {
        record(tx, case, event, &proof)?;
    }
    if last.purpose == Purpose::Audit
        && last.state.is_terminal()
        && !was_over
        && let Some(audit) = random_audits::settle(tx, last, proof.actor())?
    {
        monitors::judged(tx, &audit, proof.actor())?;
    }
    if last.state == CaseState::Resolved && !was_over {
        second_review::draw(tx, last)?;
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

/// Opens the case that follows from a resolved one: both in one write, so that neither is without the
/// other.
///
/// # Errors
/// What [`authorize`] and [`apply`] refuse, or `duplicate` where the id is taken.
pub fn follow(
    tx: &Tx<'_>,
    actor: &Actor,
    parent: Case,
    successor: Successor,
) -> Result<Case, Failure> {
    let command = Command::Follow {
        kind: successor.kind,
        case_id: successor.case_id.clone(),
        reason: successor.reason.clone(),
    };
    let proof = authorize(actor, command.operation(), &parent, tx.now)?;
    let child = parent.followed_by(successor, tx.now);
    perform(tx, actor, parent, command)?;
    open(tx, &child, &proof)?;
    Ok(child)
}

/// Stores a case that the host opened now.
///
/// # Errors
/// `duplicate` where its id is taken.
pub fn open(tx: &Tx<'_>, case: &Case, proof: &Authorized) -> Result<(), Failure> {
    cases::insert(tx, case)?;
    let event = Event::CaseCreated { case: Box::new(case.clone()) };
    record(tx, case, &event, proof)
}

/// The case's revision counts its entries, so that a gap in either shows.
fn record(tx: &Tx<'_>, case: &Case, event: &Event, proof: &Authorized) -> Result<(), Failure> {
    if let Event::SlaWarned { clock, percent, deadline_version, late_ms, fired_at }
    | Event::SlaBreached { clock, percent, deadline_version, late_ms, fired_at } = event
    {
        let insert = "INSERT INTO sla_marks (tenant_id, case_id, clock, percent, deadline_version, \
            fired_at, late_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        tx.connection.prepare_cached(insert)?.execute(params![
            case.tenant_id.as_str(),
            case.case_id.as_str(),
            clock.as_str(),
            percent,
            deadline_version,
            fired_at.as_ms(),
            late_ms,
        ])?;
    }
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
