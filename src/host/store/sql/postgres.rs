//! One session with a PostgreSQL server, under the same names.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;

use ::postgres::types::private::BytesMut;
use ::postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, Row};

use super::error::{Error, Result};
use super::value::{Kind, ValueRef};

/// Statements that a session keeps prepared; past it, all are let go.
const STATEMENTS_MAX: usize = 256;
/// Rows that a walk brings at once.
const WALK_LENGTH: usize = 200;

/// One session; it is used by one thread at a time.
pub(in crate::host::store) struct Session {
    client: RefCell<Client>,
    statements: RefCell<BTreeMap<String, Arc<Entry>>>,
    walks: Cell<u64>,
}

struct Entry {
    text: String,
    types: Vec<Type>,
    statement: ::postgres::Statement,
}

/// A statement of a session. The server learns of it when its first parameters show of what kinds
/// they are: where one is compared with nothing first, the server could not guess.
pub(in crate::host::store) struct Prepared<'c> {
    session: &'c Session,
    sql: String,
}

/// A walk over rows that stay with the server until they are asked for.
pub struct Cursor<'s> {
    session: &'s Session,
    name: String,
    rows: std::vec::IntoIter<Row>,
    current: Option<Row>,
    is_done: bool,
}

impl Session {
    pub(in crate::host::store) fn new(client: Client) -> Self {
        Self { client: RefCell::new(client), statements: RefCell::default(), walks: Cell::new(0) }
    }

    /// Does something with the client itself.
    pub(in crate::host::store) fn with<T>(&self, run: impl FnOnce(&mut Client) -> T) -> T {
        run(&mut self.client.borrow_mut())
    }

    pub(super) fn prepare(&self, sql: &str) -> Prepared<'_> {
        Prepared { session: self, sql: sql.to_owned() }
    }

    fn entry(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<Arc<Entry>> {
        if let Some(entry) = self.statements.borrow().get(sql) {
            return Ok(Arc::clone(entry));
        }
        let text = numbered(sql);
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let statement = self.with(|client| client.prepare_typed(&text, &types))?;
        let entry = Arc::new(Entry { text, types, statement });
        let mut known = self.statements.borrow_mut();
        if known.len() >= STATEMENTS_MAX {
            known.clear();
        }
        known.insert(sql.to_owned(), Arc::clone(&entry));
        Ok(entry)
    }

    /// Says whose rows the rest of the transaction may touch.
    pub(in crate::host::store) fn narrow(&self, tenants: &str) -> Result<()> {
        let set = "SELECT set_config('countersign.tenants', ?1, true)";
        self.prepare(set).query(&[ValueRef::Text(tenants)]).map(|_| ())
    }

    pub(super) fn execute_batch(&self, sql: &str) -> Result<()> {
        Ok(self.with(|client| client.batch_execute(sql))?)
    }
}

impl<'c> Prepared<'c> {
    pub(super) fn execute(&self, values: &[ValueRef<'_>]) -> Result<usize> {
        let entry = self.session.entry(&self.sql, values)?;
        let values = parameters(values)?;
        let changed = self.session.with(|client| client.execute(&entry.statement, &values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(super) fn query(&self, values: &[ValueRef<'_>]) -> Result<Vec<Row>> {
        let entry = self.session.entry(&self.sql, values)?;
        let values = parameters(values)?;
        Ok(self.session.with(|client| client.query(&entry.statement, &values))?)
    }

    pub(super) fn walk(&self, values: &[ValueRef<'_>]) -> Result<Cursor<'c>> {
        let session = self.session;
        let entry = session.entry(&self.sql, values)?;
        session.walks.set(session.walks.get() + 1);
        let name = format!("walk_{}", session.walks.get());
        let declare = format!("DECLARE {name} NO SCROLL CURSOR FOR {}", entry.text);
        let values = parameters(values)?;
        session.with(|client| {
            let statement = client.prepare_typed(&declare, &entry.types)?;
            client.execute(&statement, &values)
        })?;
        Ok(Cursor { session, name, rows: Vec::new().into_iter(), current: None, is_done: false })
    }
}

impl Cursor<'_> {
    pub(super) fn next(&mut self) -> Result<Option<&Row>> {
        self.current = self.rows.next();
        if self.current.is_none() && !self.is_done {
            let fetch = format!("FETCH {WALK_LENGTH} FROM {}", self.name);
            let rows = self.session.with(|client| client.query_typed(&fetch, &[]))?;
            self.is_done = rows.len() < WALK_LENGTH;
            self.rows = rows.into_iter();
            self.current = self.rows.next();
        }
        Ok(self.current.as_ref())
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // Where this fails, the transaction is over, and the cursor with it.
        let _ = self.session.execute_batch(&format!("CLOSE {}", self.name));
    }
}

/// What the server is told that a parameter is.
const fn type_of(value: &ValueRef<'_>) -> Type {
    match value {
        ValueRef::Null(Kind::Any) | ValueRef::Unreadable => Type::UNKNOWN,
        ValueRef::Integer(_) | ValueRef::Null(Kind::Integer) => Type::INT8,
        ValueRef::Real(_) | ValueRef::Null(Kind::Real) => Type::FLOAT8,
        ValueRef::Text(_) | ValueRef::Null(Kind::Text) => Type::TEXT,
        ValueRef::Blob(_) | ValueRef::Null(Kind::Blob) => Type::BYTEA,
    }
}

/// The statement with its parameters named as PostgreSQL names them: `$1` for `?1`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        let is_parameter = character == '?' && characters.peek().is_some_and(char::is_ascii_digit);
        text.push(if is_parameter { '$' } else { character });
    }
    text
}

fn parameters<'v>(values: &'v [ValueRef<'v>]) -> Result<Vec<&'v (dyn ToSql + Sync)>> {
    let has_nul =
        |value: &ValueRef<'_>| matches!(value, ValueRef::Text(text) if text.contains('\0'));
    if values.iter().any(has_nul) {
        return Err(Error::Nul);
    }
    Ok(values.iter().map(|value| value as &(dyn ToSql + Sync)).collect())
}

impl ToSql for ValueRef<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (*self, ty) {
            (Self::Null(_), _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT2) => i16::try_from(number)?.to_sql(ty, out),
            (Self::Integer(number), &Type::INT4) => i32::try_from(number)?.to_sql(ty, out),
            (Self::Integer(number), &Type::BOOL) => (number != 0).to_sql(ty, out),
            (Self::Integer(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Integer(number), &Type::FLOAT8) => {
                f64::from(i32::try_from(number)?).to_sql(ty, out)
            }
            (Self::Real(number), &Type::FLOAT8) => number.to_sql(ty, out),
            (Self::Text(text), ty) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(ty, out),
            (value, ty) => Err(format!("{value:?} is no {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for ValueRef<'a> {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(match *ty {
            Type::INT2 => Self::Integer(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Self::Integer(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(ty, raw)?),
            Type::BOOL => Self::Integer(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Blob(raw),
            _ => Self::Text(<&str>::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self::Null(Kind::Any))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::INT2 | Type::INT4 | Type::INT8 | Type::BOOL | Type::FLOAT8 | Type::BYTEA
        ) || <&str as FromSql<'_>>::accepts(ty)
    }
}

/// What an error says, with what the server adds to it.
pub(in crate::host::store) fn told(error: &::postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => {
            let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{} {}{detail}", error.code().code(), error.message())
        }
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
