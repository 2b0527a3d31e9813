//! How a connection to the database is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::failure::StartError;
use super::migrate::migrate;
use super::sql::Connection;

/// How long SQLite itself waits for a lock that a foreign program holds.
pub(super) const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);

/// The one connection of this process that writes, with the schema brought up to date.
pub(super) fn open_writer(database: &Path) -> Result<Connection, StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(BUSY_WAIT_MAX)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged write is on the disk, not only in the cache of the system.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    harden(&connection)?;
    migrate(&connection)?;
    Ok(connection.into())
}

/// A connection that cannot write.
///
/// # Errors
/// Where the file cannot be opened.
pub fn open_read_only(database: &Path) -> Result<Connection, StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(BUSY_WAIT_MAX)?;
    connection.pragma_update(None, "query_only", true)?;
    harden(&connection)?;
    Ok(connection.into())
}

/// No memory map, whose faults would end the process, and no code out of a schema.
fn harden(connection: &rusqlite::Connection) -> Result<(), StartError> {
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
