//! What SQLite itself does for a copy: one instant of the whole file, and whether a file is whole.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::connection::open_read_only;
use super::failure::{Failure, StartError};

/// Writes the database as it stands at one instant into an empty file. It reads one view, so that it
/// holds up no writer, and none of them makes it begin again, as the pages of SQLite's own backup would.
///
/// # Errors
/// Where the one cannot be read, or the other written.
pub(in crate::host) fn whole(from: &Path, to: &Path) -> Result<(), StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let to = to.to_str().ok_or_else(|| Failure::internal("the path is not text"))?;
    connection.execute("VACUUM INTO ?1", [to]).map_err(Failure::from)?;
    Ok(())
}

/// What is wrong with a file by itself: a page, an index, a reference.
///
/// # Errors
/// Where it cannot be read at all.
pub(in crate::host) fn damage(path: &Path) -> Result<Option<String>, StartError> {
    let connection = open_read_only(path)?;
    let Some(connection) = connection.sqlite() else { return Ok(None) };
    let check: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Ok(Some(check));
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    Ok(match rows.next()? {
        None => None,
        Some(row) => {
            let table: String = row.get(0)?;
            Some(format!("a row of `{table}` names another that is not there"))
        }
    })
}

/// Puts everything of a database that nobody has open into its one file.
///
/// # Errors
/// Where the file cannot be written, or somebody has it open.
pub(in crate::host) fn settle(path: &Path) -> Result<(), StartError> {
    let connection = Connection::open(path)?;
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    let log = format!("{}-wal", path.display());
    if busy != 0 || std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(Failure::internal(format!("`{}` is in use", path.display())).into());
    }
    Ok(())
}
