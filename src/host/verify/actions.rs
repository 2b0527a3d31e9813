//! Proposals and executions: the stored rows against what their events give.

use super::Report;
use super::cases::differing_fields;
use super::entries::{Fold, Folded};
use crate::compile::to_json;
use crate::execution::{Execution, ExecutionState};
use crate::host::store::sql::{self, Connection, OptionalExtension as _, Value};
use crate::host::store::{Failure, StartError};
use crate::json::Json;
use crate::proposal::Proposal;
use crate::units::{Id, TimestampMs};

/// Compares one proposal or execution with its row.
pub(super) fn compare(
    connection: &Connection,
    fold: &Fold,
    report: &mut Report,
) -> Result<(), StartError> {
    report.actions += 1;
    let (table, id, expected, columns) = match &fold.folded {
        Some(Folded::Proposal(proposal)) => {
            let expected = to_json(proposal).map_err(Failure::Refused)?;
            compare_votes(connection, fold, proposal, report)?;
            ("proposals", "proposal_id", expected, columns_of_proposal(proposal))
        }
        Some(Folded::Execution(execution)) => {
            let expected = to_json(execution).map_err(Failure::Refused)?;
            ("executions", "execution_id", expected, columns_of_execution(execution))
        }
        _ => {
            report.fault(&fold.key, None, "the entries do not begin with its creation");
            return Ok(());
        }
    };
    compare_row(connection, fold, report, (table, id), &expected, &columns)
}

fn compare_row(
    connection: &Connection,
    fold: &Fold,
    report: &mut Report,
    (table, id): (&str, &str),
    expected: &Json,
    columns: &[(&'static str, Value)],
) -> Result<(), StartError> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let select = format!("SELECT body, {names} FROM {table} WHERE tenant_id = ?1 AND {id} = ?2");
    let mut statement = connection.prepare_cached(&select)?;
    let row = statement.query_row([&fold.key.tenant_id, &fold.key.id], |row| {
        let body: String = row.get(0)?;
        let found: sql::Result<Vec<Value>> =
            (1..=columns.len()).map(|index| row.get(index)).collect();
        Ok((body, found?))
    });
    let Some((body, found)) = row.optional()? else {
        report.fault(&fold.key, None, "there are entries, and no row");
        return Ok(());
    };
    if body != expected.canonical() {
        let names = differing_fields(expected, &body);
        report.fault(&fold.key, None, format!("the row is not what its events give: {names}"));
    }
    for ((name, expected), found) in columns.iter().zip(&found) {
        if expected != found {
            report.fault(&fold.key, None, format!("the column `{name}` is not its own"));
        }
    }
    Ok(())
}

/// Each vote of the record has its row, and no row is without one.
fn compare_votes(
    connection: &Connection,
    fold: &Fold,
    proposal: &Proposal,
    report: &mut Report,
) -> Result<(), StartError> {
    let select = "SELECT person_id FROM proposal_votes WHERE tenant_id = ?1 AND proposal_id = ?2 \
        ORDER BY person_id";
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_map([&fold.key.tenant_id, &fold.key.id], |row| row.get(0))?;
    let found: Vec<String> = rows.collect::<sql::Result<_>>()?;
    let mut expected: Vec<&str> =
        proposal.votes.iter().map(|vote| vote.person().as_str()).collect();
    expected.sort_unstable();
    if found != expected {
        report.fault(&fold.key, None, "its votes are not those of its events");
    }
    Ok(())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn maybe(id: Option<&Id>) -> Value {
    id.map_or(Value::Null, |id| text(id.as_str()))
}

fn instant(at: Option<TimestampMs>) -> Value {
    at.map_or(Value::Null, |at| Value::Integer(at.as_ms()))
}

fn columns_of_proposal(proposal: &Proposal) -> Vec<(&'static str, Value)> {
    vec![
        ("revision", Value::Integer(proposal.revision)),
        ("state", text(proposal.state.as_str())),
        ("root_proposal_id", text(proposal.root_proposal_id.as_str())),
        ("case_id", maybe(proposal.case_id.as_ref())),
        ("risk_level", text(proposal.required.tier.as_str())),
        ("requested_by", text(proposal.requested_by.as_str())),
        ("requested_by_person", maybe(proposal.requested_by_person.as_ref())),
        ("created_at", instant(Some(proposal.created_at))),
        ("expires_at", instant(Some(proposal.expires_at))),
        ("effective_at", instant(proposal.effective_at)),
    ]
}

fn columns_of_execution(execution: &Execution) -> Vec<(&'static str, Value)> {
    let started = execution.state == ExecutionState::Started;
    let sent = execution.last_attempt().filter(|_| started).map(|attempt| attempt.not_after);
    vec![
        ("revision", Value::Integer(execution.revision)),
        ("state", text(execution.state.as_str())),
        ("proposal_id", text(execution.proposal_id.as_str())),
        ("position", Value::Integer(execution.position)),
        ("executor", text(&execution.executor)),
        ("idempotency_key", text(&execution.idempotency_key)),
        ("next_attempt_at", instant(execution.next_attempt_at)),
        ("not_after", instant(sent)),
    ]
}
