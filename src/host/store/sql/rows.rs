//! Rows as a statement gives them.

use super::error::{Error, Result};
use super::value::{FromSql, ValueRef};

/// One row.
pub enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(&'a ::postgres::Row),
}

/// What a column is named by: its place in the row.
pub trait RowIndex {
    /// The place, from 0.
    fn place(self) -> usize;
}

impl RowIndex for usize {
    fn place(self) -> usize {
        self
    }
}

impl Row<'_> {
    /// The value of a column.
    ///
    /// # Errors
    /// Where there is no such column, or it holds something else.
    pub fn get<I: RowIndex, T: FromSql>(&self, index: I) -> Result<T> {
        let place = index.place();
        let value = match self {
            Self::Sqlite(row) => ValueRef::from(row.get_ref(place)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(place)?,
        };
        T::from_sql(value).ok_or(Error::Column(place))
    }
}

/// Rows, one after another.
pub enum Rows<'s> {
    /// Of SQLite.
    Sqlite(rusqlite::Rows<'s>),
    /// Of PostgreSQL, all here already.
    #[cfg(feature = "postgres")]
    List {
        /// The rows that are still to come.
        rows: std::vec::IntoIter<::postgres::Row>,
        /// The row that is being read.
        current: Option<::postgres::Row>,
    },
    /// Of PostgreSQL, brought piece by piece.
    #[cfg(feature = "postgres")]
    Cursor(super::postgres::Cursor<'s>),
}

impl<'s> Rows<'s> {
    #[cfg(feature = "postgres")]
    pub(super) fn of_list(rows: Vec<::postgres::Row>) -> Self {
        Self::List { rows: rows.into_iter(), current: None }
    }

    #[cfg(feature = "postgres")]
    pub(super) const fn of_cursor(cursor: super::postgres::Cursor<'s>) -> Self {
        Self::Cursor(cursor)
    }

    /// The next row.
    ///
    /// # Errors
    /// Where the database fails.
    #[expect(
        clippy::should_implement_trait,
        reason = "a row lives until the next one is asked for"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            #[cfg(feature = "postgres")]
            Self::List { rows, current } => {
                *current = rows.next();
                current.as_ref().map(Row::Postgres)
            }
            #[cfg(feature = "postgres")]
            Self::Cursor(cursor) => cursor.next()?.map(Row::Postgres),
        })
    }
}

/// Rows, each read.
pub struct MappedRows<'s, F> {
    pub(super) rows: Rows<'s>,
    pub(super) read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.rows.next() {
            Ok(Some(row)) => Some((self.read)(&row)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
