//! Why the store did not do what it was asked to.

use super::sql;
use crate::error::{ErrorCode, Fault};
use crate::host::ids::RandomError;

/// Why a read or a write gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command was refused, and changed nothing.
    #[error(transparent)]
    Refused(#[from] Fault),
    /// Too many writes wait already.
    #[error("the store is busy")]
    Busy,
    /// There is no space left.
    #[error("the store is full")]
    Full,
    /// A write could not be made durable; this process stops.
    #[error("the store is lost")]
    Lost,
    /// A fault of ours or of the database; the text is for the log only.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// A fault of ours, told in the log.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::Internal(detail.into())
    }

    /// What the caller gets to know.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let fault = |code: ErrorCode, detail: &str, help: &str| Fault::new(code, "", detail, help);
        match self {
            Self::Refused(fault) => fault.clone(),
            Self::Busy => {
                fault(ErrorCode::StoreBusy, "too many writes wait", "send it again after a moment")
            }
            Self::Full => fault(
                ErrorCode::StoreFull,
                "there is no space left for the write",
                "send it again once an operator made space",
            ),
            Self::Lost => fault(
                ErrorCode::StoreLost,
                "whether the write lasts is not known",
                "send it again with the same idempotency key once the host is back",
            ),
            Self::Internal(_) => fault(
                ErrorCode::Internal,
                "something went wrong in the host",
                "send it again; if it stays, tell the operator the id",
            ),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                Self::Busy
            }
            Some(rusqlite::ErrorCode::SystemIoFailure) => Self::Lost,
            _ => Self::Internal(format!("database: {error}")),
        }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The bundled database library has a known fault.
    #[error(
        "SQLite {found} can lose committed writes; 3.51.3 or later is needed: build with the bundled library"
    )]
    OldSqlite {
        /// The version found.
        found: String,
    },
    /// The data lies on a file system whose locks cannot be trusted.
    #[error(
        "`{directory}` lies on a network file system ({kind}), whose locks lose writes: use a local disk"
    )]
    NetworkFileSystem {
        /// The directory.
        directory: String,
        /// The kind of file system.
        kind: String,
    },
    /// A later release wrote the file.
    #[error("the database has schema {found}, this program knows {known}: use the newer program")]
    NewerSchema {
        /// The version found.
        found: usize,
        /// The version known.
        known: usize,
    },
    /// The file was never opened by a host of this release.
    #[error(
        "the database has an older schema: start `countersign serve` once to bring it up to date"
    )]
    OlderSchema,
    /// A file or directory could not be used.
    #[error("`{path}`: {error}")]
    File {
        /// The path.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<sql::Error> for Failure {
    fn from(error: sql::Error) -> Self {
        match error {
            sql::Error::Sqlite(error) => error.into(),
            other => Self::Internal(format!("database: {other}")),
        }
    }
}

impl From<sql::Error> for StartError {
    fn from(error: sql::Error) -> Self {
        Self::Store(Failure::from(error))
    }
}

impl From<rusqlite::Error> for StartError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(Failure::internal(format!("database: {error}")))
    }
}
