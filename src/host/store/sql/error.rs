//! What can go wrong between a statement and its rows.

/// What a statement gave.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a statement gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no row.
    #[error("no row")]
    NoRows,
    /// A column is not there, or holds something else.
    #[error("column {0} is missing or of another type")]
    Column(usize),
    /// A text holds the character U+0000, which PostgreSQL does not store.
    #[error("a text holds the character U+0000")]
    Nul,
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL failed.
    #[cfg(feature = "postgres")]
    #[error("{}", super::postgres::told(.0))]
    Postgres(#[from] ::postgres::Error),
}

/// Takes that there is no row for an answer.
pub trait OptionalExtension<T> {
    /// `None` where there is no row.
    ///
    /// # Errors
    /// Every other error.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRows) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
