//! One way to speak to the database, whichever it is.
//!
//! The names and forms are those of `rusqlite`, so that a statement with its parameters and rows is
//! written once, beside the record that it stores. What both engines take is written as a plain
//! text with `?1` for the first parameter; where they differ, a [`Sql`] carries both forms. What
//! SQLite offers and PostgreSQL does not by itself (`body ->> '$.kind'`, `json_each`, `instr`,
//! `unixepoch`) is made in the schema of PostgreSQL, so that those statements stay one text too.

mod error;
#[cfg(feature = "postgres")]
pub(in crate::host::store) mod postgres;
mod rows;
mod value;

pub use error::{Error, OptionalExtension, Result};
pub use rows::{MappedRows, Row, Rows};
pub use value::{
    FromSql, Kind as ValueKind, Kinded, Params, ToSql, Value, ValueRef, params_from_iter,
};

pub use crate::sql_params as params;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file.
    Sqlite,
    /// A server.
    #[cfg(feature = "postgres")]
    Postgres,
}

/// A statement that is not the same for every engine.
#[derive(Clone, Copy, Debug)]
pub struct Sql<'a> {
    /// For SQLite.
    pub sqlite: &'a str,
    /// For PostgreSQL.
    pub postgres: &'a str,
}

/// The text of a statement for one engine.
pub trait Text: Copy {
    /// The text.
    fn of(&self, engine: Engine) -> &str;
}

impl Text for &str {
    fn of(&self, _: Engine) -> &str {
        self
    }
}

impl Text for &String {
    fn of(&self, _: Engine) -> &str {
        self
    }
}

impl Text for Sql<'_> {
    fn of(&self, engine: Engine) -> &str {
        match engine {
            Engine::Sqlite => self.sqlite,
            #[cfg(feature = "postgres")]
            Engine::Postgres => self.postgres,
        }
    }
}

/// A connection to the database.
pub struct Connection(Kind);

enum Kind {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Session>),
}

/// A statement that is ready to be run.
pub struct Statement<'c>(Prepared<'c>);

enum Prepared<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Prepared<'c>),
}

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self(Kind::Sqlite(connection))
    }
}

impl Connection {
    /// A connection to a server.
    #[cfg(feature = "postgres")]
    pub(in crate::host::store) fn of_session(session: postgres::Session) -> Self {
        Self(Kind::Postgres(Box::new(session)))
    }

    /// Which database it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match &self.0 {
            Kind::Sqlite(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => Engine::Postgres,
        }
    }

    /// The connection of SQLite itself, for what only it has.
    pub(in crate::host::store) const fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match &self.0 {
            Kind::Sqlite(connection) => Some(connection),
            #[cfg(feature = "postgres")]
            Kind::Postgres(_) => None,
        }
    }

    /// The session of PostgreSQL itself.
    #[cfg(feature = "postgres")]
    pub(in crate::host::store) const fn session(&self) -> Option<&postgres::Session> {
        match &self.0 {
            Kind::Sqlite(_) => None,
            Kind::Postgres(session) => Some(session),
        }
    }

    /// Prepares a statement, or finds it prepared.
    ///
    /// # Errors
    /// Where the database does not take it.
    pub fn prepare_cached(&self, sql: impl Text) -> Result<Statement<'_>> {
        let text = sql.of(self.engine());
        Ok(Statement(match &self.0 {
            Kind::Sqlite(connection) => Prepared::Sqlite(connection.prepare_cached(text)?),
            #[cfg(feature = "postgres")]
            Kind::Postgres(session) => Prepared::Postgres(session.prepare(text)),
        }))
    }

    /// The same as [`Self::prepare_cached`].
    ///
    /// # Errors
    /// Where the database does not take it.
    pub fn prepare(&self, sql: impl Text) -> Result<Statement<'_>> {
        self.prepare_cached(sql)
    }

    /// Runs a statement that gives no rows, and gives how many it changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn execute(&self, sql: impl Text, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn execute_batch(&self, sql: impl Text) -> Result<()> {
        let text = sql.of(self.engine());
        match &self.0 {
            Kind::Sqlite(connection) => Ok(connection.execute_batch(text)?),
            #[cfg(feature = "postgres")]
            Kind::Postgres(session) => session.execute_batch(text),
        }
    }

    /// The first row of a statement.
    ///
    /// # Errors
    /// [`Error::NoRows`], or where the database fails.
    pub fn query_row<T>(
        &self,
        sql: impl Text,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }
}

impl Statement<'_> {
    /// Runs it, and gives how many rows it changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.bind(|values| match &mut self.0 {
            Prepared::Sqlite(statement) => {
                Ok(statement.execute(rusqlite::params_from_iter(values))?)
            }
            #[cfg(feature = "postgres")]
            Prepared::Postgres(statement) => statement.execute(values),
        })
    }

    /// The first row.
    ///
    /// # Errors
    /// [`Error::NoRows`], or where the database fails.
    pub fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.query(params)?;
        let row = rows.next()?.ok_or(Error::NoRows)?;
        read(&row)
    }

    /// Whether there is any row.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.query(params)?.next()?.is_some())
    }

    /// The rows.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.bind(|values| match &mut self.0 {
            Prepared::Sqlite(statement) => {
                Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(values))?))
            }
            #[cfg(feature = "postgres")]
            Prepared::Postgres(statement) => Ok(Rows::of_list(statement.query(values)?)),
        })
    }

    /// The rows, of which there may be more than memory holds: they are brought as they are read.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn walk(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.bind(|values| match &mut self.0 {
            Prepared::Sqlite(statement) => {
                Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(values))?))
            }
            #[cfg(feature = "postgres")]
            Prepared::Postgres(statement) => Ok(Rows::of_cursor(statement.walk(values)?)),
        })
    }

    /// The rows, each read.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn query_map<T, F: FnMut(&Row<'_>) -> Result<T>>(
        &mut self,
        params: impl Params,
        read: F,
    ) -> Result<MappedRows<'_, F>> {
        Ok(MappedRows { rows: self.query(params)?, read })
    }
}
