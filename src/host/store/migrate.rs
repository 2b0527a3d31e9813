//! Numbered migrations: all that are missing in one transaction, and no newer schema is touched.

use rusqlite::{Transaction, TransactionBehavior};

use super::Shared;
use super::failure::{Failure, StartError};
use super::sql::Connection;

/// Every migration in order; the schema's version is how many were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002_observations.sql"),
    include_str!("schema/0003_events.sql"),
    include_str!("schema/0004_approvals.sql"),
    include_str!("schema/0005_releases.sql"),
    include_str!("schema/0006_loop.sql"),
    include_str!("schema/0007_queues.sql"),
    include_str!("schema/0008_dropped_decisions.sql"),
    include_str!("schema/0009_layers.sql"),
    include_str!("schema/0010_watching.sql"),
];

/// Brings the schema to this program's version.
///
/// # Errors
/// [`StartError::NewerSchema`] where a later release wrote the file.
pub(super) fn migrate(connection: &rusqlite::Connection) -> Result<(), StartError> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    let known =
        i64::try_from(MIGRATIONS.len()).map_err(|_| Failure::internal("too many migrations"))?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Refuses a schema that this program does not know, without changing anything.
///
/// # Errors
/// [`StartError::NewerSchema`] or [`StartError::OlderSchema`].
pub fn require_current(connection: &Connection) -> Result<(), StartError> {
    let Some(connection) = connection.sqlite() else { return Ok(()) };
    if version(connection)? < MIGRATIONS.len() {
        return Err(StartError::OlderSchema);
    }
    Ok(())
}

/// Refuses a schema that a later release made while this process was running.
pub(super) fn require_known(connection: &Connection, shared: &Shared) -> Result<(), Failure> {
    let Some(connection) = connection.sqlite() else { return Ok(()) };
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    shared.require_known(usize::try_from(found).unwrap_or(0), MIGRATIONS.len())
}

fn version(connection: &rusqlite::Connection) -> Result<usize, StartError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = usize::try_from(found)
        .map_err(|_| Failure::internal("the schema's version is negative"))?;
    if found > MIGRATIONS.len() {
        return Err(StartError::NewerSchema { found, known: MIGRATIONS.len() });
    }
    Ok(found)
}
