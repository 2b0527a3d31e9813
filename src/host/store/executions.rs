//! Executions as they are stored: the record in canonical form, and copies of what indexes need.

use super::audit::stored_json;
use super::events::stored_id;
use super::hold::Hold;
use super::sql::{OptionalExtension as _, params};
use super::{Failure, Snapshot, Tx};
use crate::compile::to_json;
use crate::error::{ErrorCode, Fault};
use crate::execution::{Execution, ExecutionState};
use crate::read::Node;
use crate::units::{Id, TimestampMs};

/// Stores a new execution. That its proposal's action has one already, or that its key was used, is
/// refused by the database.
///
/// # Errors
/// Where the store fails.
pub fn insert(tx: &Tx<'_>, execution: &Execution) -> Result<(), Failure> {
    let insert = "INSERT INTO executions (tenant_id, execution_id, revision, state, proposal_id, \
        position, executor, idempotency_key, next_attempt_at, not_after, body) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.connection.prepare_cached(insert)?.execute(params![
        execution.tenant_id.as_str(),
        execution.execution_id.as_str(),
        execution.revision,
        execution.state.as_str(),
        execution.proposal_id.as_str(),
        execution.position,
        execution.executor,
        execution.idempotency_key,
        execution.next_attempt_at.map(TimestampMs::as_ms),
        not_after(execution),
        canonical(execution)?,
    ])?;
    Ok(())
}

/// Stores the new form of an execution that was read at `revision_before`.
///
/// # Errors
/// `stale_version` if exactly one row did not change.
pub fn update(tx: &Tx<'_>, execution: &Execution, revision_before: i64) -> Result<(), Failure> {
    let update = "UPDATE executions SET revision = ?4, state = ?5, next_attempt_at = ?6, \
        not_after = ?7, body = ?8 WHERE tenant_id = ?1 AND execution_id = ?2 AND revision = ?3";
    let changed = tx.connection.prepare_cached(update)?.execute(params![
        execution.tenant_id.as_str(),
        execution.execution_id.as_str(),
        revision_before,
        execution.revision,
        execution.state.as_str(),
        execution.next_attempt_at.map(TimestampMs::as_ms),
        not_after(execution),
        canonical(execution)?,
    ])?;
    match changed {
        1 => Ok(()),
        _ => Err(Failure::Refused(Fault::new(
            ErrorCode::StaleVersion,
            "",
            "the execution has changed meanwhile",
            "read the proposal again",
        ))),
    }
}

/// The executions of a proposal, in the order of its actions.
///
/// # Errors
/// Where the store fails.
pub fn of_proposal(
    snapshot: &Snapshot<'_>,
    tenant_id: &Id,
    proposal_id: &Id,
) -> Result<Vec<Execution>, Failure> {
    let select =
        "SELECT body FROM executions WHERE tenant_id = ?1 AND proposal_id = ?2 ORDER BY position";
    let select = snapshot.holding(select, Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let key = [tenant_id.as_str(), proposal_id.as_str()];
    let bodies = statement.query_map(key, |row| row.get::<_, String>(0))?;
    bodies.map(|body| read(&body?)).collect()
}

/// One execution, by id.
///
/// # Errors
/// Where the store fails.
pub fn get(snapshot: &Snapshot<'_>, execution_id: &Id) -> Result<Option<Execution>, Failure> {
    hold_proposal(snapshot, execution_id)?;
    let select =
        snapshot.holding("SELECT body FROM executions WHERE execution_id = ?1", Hold::Change);
    let mut statement = snapshot.connection.prepare_cached(&*select)?;
    let body: Option<String> =
        statement.query_row([execution_id.as_str()], |row| row.get(0)).optional()?;
    body.map(|body| read(&body)).transpose()
}

/// Holds the proposal of an execution, which comes before it in the order.
fn hold_proposal(snapshot: &Snapshot<'_>, execution_id: &Id) -> Result<(), Failure> {
    if snapshot.must_take() {
        let select = "SELECT 1 FROM proposals WHERE (tenant_id, proposal_id) = \
            (SELECT tenant_id, proposal_id FROM executions WHERE execution_id = ?1)";
        let select = snapshot.holding(select, Hold::Change);
        snapshot.connection.prepare_cached(&*select)?.exists([execution_id.as_str()])?;
    }
    Ok(())
}

/// Executions whose time has come: to be sent first or again, to be asked about, or to be given up
/// as unknown because nobody told how their request ended.
///
/// # Errors
/// Where the store fails.
pub fn due(snapshot: &Snapshot<'_>, limit: i64) -> Result<Vec<Id>, Failure> {
    let select = "SELECT execution_id FROM \
        (SELECT execution_id FROM executions WHERE next_attempt_at IS NOT NULL \
         AND next_attempt_at <= ?1 ORDER BY next_attempt_at LIMIT ?2) AS due \
        UNION ALL SELECT execution_id FROM \
        (SELECT execution_id FROM executions WHERE state = 'started' AND not_after < ?1 \
         ORDER BY not_after LIMIT ?2) AS over \
        UNION ALL SELECT execution_id FROM \
        (SELECT execution_id FROM executions e WHERE state = 'prepared' AND NOT EXISTS \
         (SELECT 1 FROM executions b WHERE b.tenant_id = e.tenant_id \
          AND b.proposal_id = e.proposal_id AND b.position < e.position \
          AND b.state <> 'succeeded') LIMIT ?2) AS first";
    let mut statement = snapshot.connection.prepare_cached(select)?;
    let rows =
        statement.query_map(params![snapshot.now.as_ms(), limit], |row| row.get::<_, String>(0))?;
    rows.map(|id| stored_id(&id?)).collect()
}

/// Until when a request that is on its way can take effect.
fn not_after(execution: &Execution) -> Option<i64> {
    let started = execution.state == ExecutionState::Started;
    execution.last_attempt().filter(|_| started).map(|attempt| attempt.not_after.as_ms())
}

fn canonical(execution: &Execution) -> Result<String, Failure> {
    let value = to_json(execution)?;
    // What could not be read again must not be stored.
    Execution::read(Node::root(&value)).map_err(Failure::Refused)?;
    Ok(value.canonical())
}

/// An execution from its stored form.
pub(super) fn read(body: &str) -> Result<Execution, Failure> {
    Execution::read(Node::root(&stored_json(body)?))
        .map_err(|fault| Failure::internal(format!("a stored execution cannot be read: {fault}")))
}
