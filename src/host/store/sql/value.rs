//! Values that go into a statement and come out of a row: the five kinds that SQLite has.

use rusqlite::types::{ToSqlOutput, ValueRef as SqliteRef};

/// A value of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What kind a value is of; nothing is of the kind that it could have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not known: the statement says.
    Any,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// A text.
    Text,
    /// Bytes.
    Blob,
}

/// A value that somebody else keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// Nothing.
    Null(Kind),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A text that is not UTF-8; nothing of ours reads it.
    Unreadable,
}

impl<'a> From<SqliteRef<'a>> for ValueRef<'a> {
    fn from(value: SqliteRef<'a>) -> Self {
        match value {
            SqliteRef::Null => Self::Null(Kind::Any),
            SqliteRef::Integer(number) => Self::Integer(number),
            SqliteRef::Real(number) => Self::Real(number),
            SqliteRef::Text(bytes) => {
                std::str::from_utf8(bytes).map_or(Self::Unreadable, Self::Text)
            }
            SqliteRef::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl rusqlite::ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null(_) | Self::Unreadable => SqliteRef::Null,
            Self::Integer(number) => SqliteRef::Integer(number),
            Self::Real(number) => SqliteRef::Real(number),
            Self::Text(text) => SqliteRef::Text(text.as_bytes()),
            Self::Blob(bytes) => SqliteRef::Blob(bytes),
        }))
    }
}

/// What can be a parameter.
pub trait ToSql {
    /// The value.
    fn to_sql(&self) -> ValueRef<'_>;
}

/// What every value of a type is, even where there is none.
pub trait Kinded {
    /// The kind.
    const KIND: Kind;
}

macro_rules! kinds {
    ($($kind:ident: $($named:ty),*;)*) => {$($(
        impl Kinded for $named {
            const KIND: Kind = Kind::$kind;
        }
    )*)*};
}
kinds! {
    Integer: i64, u8, u16, u32, i32, bool;
    Real: f64;
    Text: str, String;
    Blob: [u8], Vec<u8>;
}

impl<const N: usize> Kinded for [u8; N] {
    const KIND: Kind = Kind::Blob;
}

impl<T: Kinded + ?Sized> Kinded for &T {
    const KIND: Kind = T::KIND;
}

/// What a column can be read as.
pub trait FromSql: Sized {
    /// The value; `None` where it is of another kind.
    fn from_sql(value: ValueRef<'_>) -> Option<Self>;
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn to_sql(&self) -> ValueRef<'_> {
        (**self).to_sql()
    }
}

impl<T: ToSql + Kinded> ToSql for Option<T> {
    fn to_sql(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null(T::KIND), ToSql::to_sql)
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null(_) => Some(None),
            value => T::from_sql(value).map(Some),
        }
    }
}

impl ToSql for str {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl ToSql for String {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}

impl FromSql for String {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl ToSql for [u8] {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl ToSql for Vec<u8> {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl FromSql for Vec<u8> {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<const N: usize> ToSql for [u8; N] {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Blob(self)
    }
}

impl<const N: usize> FromSql for [u8; N] {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Blob(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl ToSql for f64 {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Real(*self)
    }
}

impl FromSql for f64 {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Real(number) => Some(number),
            ValueRef::Integer(number) => i32::try_from(number).ok().map(Self::from),
            _ => None,
        }
    }
}

impl ToSql for bool {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Integer(Into::into(*self))
    }
}

impl FromSql for bool {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        i64::from_sql(value).map(|number| number != 0)
    }
}

impl ToSql for i64 {
    fn to_sql(&self) -> ValueRef<'_> {
        ValueRef::Integer(*self)
    }
}

impl FromSql for i64 {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        }
    }
}

/// Whole numbers that are stored as 64 bits.
macro_rules! narrow {
    ($($kind:ty),*) => {$(
        impl ToSql for $kind {
            fn to_sql(&self) -> ValueRef<'_> {
                ValueRef::Integer((*self).into())
            }
        }

        impl FromSql for $kind {
            fn from_sql(value: ValueRef<'_>) -> Option<Self> {
                i64::from_sql(value).and_then(|number| number.try_into().ok())
            }
        }
    )*};
}
narrow!(u8, u16, u32, i32);

impl ToSql for Value {
    fn to_sql(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null(Kind::Any),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }
}

impl FromSql for Value {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null(_) => Some(Self::Null),
            ValueRef::Integer(number) => Some(Self::Integer(number)),
            ValueRef::Real(number) => Some(Self::Real(number)),
            ValueRef::Text(text) => Some(Self::Text(text.to_owned())),
            ValueRef::Blob(bytes) => Some(Self::Blob(bytes.to_vec())),
            ValueRef::Unreadable => None,
        }
    }
}

/// The parameters of a statement, in order.
pub trait Params {
    /// Runs something with them.
    fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T;
}

impl Params for &[&dyn ToSql] {
    fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        let values: Vec<ValueRef<'_>> = self.iter().map(|value| value.to_sql()).collect();
        run(&values)
    }
}

impl Params for [&dyn ToSql; 0] {
    fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        run(&[])
    }
}

impl Params for Vec<Value> {
    fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
        let values: Vec<ValueRef<'_>> = self.iter().map(ToSql::to_sql).collect();
        run(&values)
    }
}

macro_rules! lists {
    ($($length:literal),*) => {$(
        impl<V: ToSql> Params for [V; $length] {
            fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
                run(&self.each_ref().map(ToSql::to_sql))
            }
        }
    )*};
}
lists!(1, 2, 3, 4, 5, 6, 7, 8);

macro_rules! tuples {
    ($(($($name:ident $place:tt),*)),*) => {$(
        impl<$($name: ToSql),*> Params for ($($name,)*) {
            fn bind<T>(self, run: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
                run(&[$(self.$place.to_sql()),*])
            }
        }
    )*};
}
tuples!((A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3), (A 0, B 1, C 2, D 3, E 4));

/// Parameters that were collected while a statement was put together.
#[must_use]
pub const fn params_from_iter(values: Vec<Value>) -> Vec<Value> {
    values
}

/// Parameters of several kinds, in order.
#[macro_export]
#[doc(hidden)]
macro_rules! sql_params {
    () => {
        &[] as &[&dyn $crate::host::store::sql::ToSql]
    };
    ($($value:expr),+ $(,)?) => {
        &[$(&$value as &dyn $crate::host::store::sql::ToSql),+]
            as &[&dyn $crate::host::store::sql::ToSql]
    };
}
