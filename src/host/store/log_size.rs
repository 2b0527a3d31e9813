//! The log of changes beside a file (its WAL) begins anew by itself where nobody reads. Where readers
//! always overlap it never would: then the writer waits for those that are there, now and then.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sql::Connection;

/// From this size on the log is made to begin anew.
const RESTART_BYTES: u64 = 16 * 1024 * 1024;
/// From this size on an operator should look who reads for so long.
pub const ALARM_BYTES: u64 = 64 * 1024 * 1024;
/// How long readers are waited for; writes wait too.
const READERS_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long nobody is waited for after it was in vain.
const PAUSE: Duration = Duration::from_secs(3);

/// The size of the log, as one writer watches it.
pub(super) struct LogSize {
    path: PathBuf,
    not_before: Instant,
}

/// The log of a database.
#[must_use]
pub fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Its size, without opening it: to close a file of the database drops the locks of the process on it.
#[must_use]
pub fn bytes(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |log| log.len())
}

impl LogSize {
    pub(super) fn new(database: &Path) -> Self {
        Self { path: path_of(database), not_before: Instant::now() }
    }

    /// Makes the log begin anew where it has grown. The store's lock must be held, outside of a
    /// transaction; that it is in vain is no fault of any write.
    pub(super) fn bound(&mut self, connection: &Connection, wait_max: Duration) {
        let size = bytes(&self.path);
        if size < RESTART_BYTES || Instant::now() < self.not_before {
            return;
        }
        let Some(connection) = connection.sqlite() else { return };
        let begun = connection.busy_timeout(READERS_WAIT_MAX).and_then(|()| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        });
        if let Err(error) = connection.busy_timeout(wait_max) {
            tracing::warn!(%error, "the time to wait for locks could not be set back");
        }
        if matches!(begun, Ok(0)) {
            return;
        }
        self.not_before = Instant::now() + PAUSE;
        if size >= ALARM_BYTES {
            tracing::error!(
                bytes = size,
                "the log of the database grows: some program reads it for a long time"
            );
        }
    }
}
