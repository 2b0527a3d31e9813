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
    /// A later release changed the schema; this process stops.
    #[error("a later release changed the schema")]
    Outdated,
    /// Another write was in the way; the store runs it again by itself before it says so.
    #[error("the store is busy with the same things")]
    Conflict,
    /// The database is not to be reached; nothing was changed.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The database did not say whether the write lasts; asking again with the same key tells.
    #[error("the database did not say whether the write lasts")]
    Unknown,
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
            Self::Busy | Self::Conflict => {
                fault(ErrorCode::StoreBusy, "too many writes wait", "send it again after a moment")
            }
            Self::Unreachable(_) => fault(
                ErrorCode::StoreBusy,
                "the database cannot be reached",
                "send it again after a moment",
            ),
            Self::Outdated => fault(
                ErrorCode::StoreBusy,
                "this host is older than the database's schema, and stops",
                "send it again after a moment: another host takes it",
            ),
            Self::Full => fault(
                ErrorCode::StoreFull,
                "there is no space left for the write",
                "send it again once an operator made space",
            ),
            Self::Lost | Self::Unknown => fault(
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

/// What an error of the server means for the write that met it.
#[cfg(feature = "postgres")]
fn of_postgres(error: &postgres::Error) -> Failure {
    let told = sql::postgres::told(error);
    let Some(code) = error.code() else {
        // Without a code it is the session that failed, not the statement.
        return match error.is_closed() || std::error::Error::source(error).is_some_and(is_io) {
            true => Failure::Unreachable(told),
            false => Failure::Internal(format!("database: {told}")),
        };
    };
    match code.code() {
        // Serialization, deadlock, a lock that was not to be had, and a row that another write made
        // meanwhile: run again, it sees what the other one did.
        "40001" | "40P01" | "55P03" | "23505" | "23503" => {
            tracing::debug!(told, "a write is run again");
            Failure::Conflict
        }
        "53100" => Failure::Full,
        "53200" | "53300" | "57014" => Failure::Busy,
        code if code.starts_with("08") || code.starts_with("57P") || code == "25P03" => {
            Failure::Unreachable(told)
        }
        _ => Failure::Internal(format!("database: {told}")),
    }
}

#[cfg(feature = "postgres")]
fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
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
    /// The address of the database is not one, or cannot be used.
    #[error("the address of the database: {detail}")]
    Address {
        /// What is wrong with it.
        detail: String,
    },
    /// The server does not let this host in.
    #[error("the database refuses this host: {detail}; check the user, the password and the name")]
    Refused {
        /// What the server said.
        detail: String,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: 15 or later is needed")]
    OldPostgres {
        /// The version found.
        found: i32,
    },
    /// The role that this host signs in with cannot do what it must, or could do too much.
    #[error(
        "the role of this host: {detail}; start `countersign serve` once as the owner of the \
         database, with the right to create roles, then `GRANT countersign_app TO` the host's own"
    )]
    Role {
        /// What is wrong with it.
        detail: String,
    },
    /// The database has something else where the host's tables would be.
    #[error("the database has a schema `countersign` that no host made: use another database")]
    ForeignSchema,
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
            sql::Error::Nul => Self::Refused(Fault::new(
                ErrorCode::InvalidField,
                "",
                "a text holds the character U+0000, which the database does not store",
                "leave that character out",
            )),
            #[cfg(feature = "postgres")]
            sql::Error::Postgres(error) => of_postgres(&error),
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
