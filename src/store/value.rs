//! What goes into a statement and what comes out of it, the same for both engines.
//!
//! The engines agree on little: an id is a `uuid` here and sixteen bytes there, a time is a `timestamp` or a
//! count of microseconds. So a statement is given [`Param`]s, which each engine writes by the column's type,
//! and every cell is first read as a [`Cell`], from which the wanted Rust type is taken by [`FromCell`]: one
//! set of conversions, not two.

use std::net::IpAddr;

use uuid::Uuid;

use crate::error::{Error, Result};

/// A moment as the database keeps it: microseconds since 1970, UTC (SQLite `INTEGER`, PostgreSQL `TIMESTAMP`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub i64);

/// The text of a JSON column. PostgreSQL stores the value, not the spelling: spaces and the order of keys may
/// come back changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json(pub String);

/// One value for a statement; `$1` is the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer of any width; PostgreSQL refuses one that the column cannot hold.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An id.
    Id(Uuid),
    /// A moment.
    Time(Micros),
    /// A JSON document.
    Json(&'a str),
    /// An address of a peer.
    Addr(IpAddr),
}

macro_rules! param_from {
    ($($kind:ty => |$value:ident| $param:expr),* $(,)?) => {$(
        impl<'a> From<$kind> for Param<'a> {
            fn from($value: $kind) -> Self {
                $param
            }
        }
    )*};
}

param_from! {
    bool => |value| Param::Bool(value),
    i64 => |value| Param::Int(value),
    i32 => |value| Param::Int(i64::from(value)),
    u32 => |value| Param::Int(i64::from(value)),
    &'a str => |value| Param::Text(value),
    &'a String => |value| Param::Text(value),
    &'a [u8] => |value| Param::Bytes(value),
    &'a Vec<u8> => |value| Param::Bytes(value),
    Uuid => |value| Param::Id(value),
    Micros => |value| Param::Time(value),
    &'a Json => |value| Param::Json(&value.0),
    IpAddr => |value| Param::Addr(value),
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Param::Bytes(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// One cell as the engine gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A boolean; SQLite gives [`Cell::Int`].
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An id; SQLite gives [`Cell::Bytes`].
    Id(Uuid),
    /// A moment; SQLite gives [`Cell::Int`].
    Time(Micros),
    /// An address; SQLite gives [`Cell::Text`].
    Addr(IpAddr),
}

/// A Rust type that can be taken out of a cell.
pub trait FromCell: Sized {
    /// The value, or `None` when the cell holds something else.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! from_cell {
    ($($kind:ty { $($pattern:pat => $value:expr),* $(,)? })*) => {$(
        impl FromCell for $kind {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    $($pattern => $value,)*
                    _ => None,
                }
            }
        }
    )*};
}

from_cell! {
    i64 { Cell::Int(value) => Some(value) }
    i32 { Cell::Int(value) => value.try_into().ok() }
    u32 { Cell::Int(value) => value.try_into().ok() }
    f64 { Cell::Real(value) => Some(value) }
    bool { Cell::Bool(value) => Some(value), Cell::Int(0) => Some(false), Cell::Int(1) => Some(true) }
    String { Cell::Text(value) => Some(value.to_owned()) }
    // An empty default ('') of a BYTEA column is text to SQLite.
    Vec<u8> { Cell::Bytes(value) => Some(value.to_vec()), Cell::Text("") => Some(Vec::new()) }
    Uuid { Cell::Id(value) => Some(value), Cell::Bytes(value) => Uuid::from_slice(value).ok() }
    Micros { Cell::Time(value) => Some(value), Cell::Int(value) => Some(Micros(value)) }
    // A bare number in a JSONB column is a number to SQLite (its affinity is numeric).
    Json {
        Cell::Text(value) => Some(Json(value.to_owned())),
        Cell::Int(value) => Some(Json(value.to_string())),
        Cell::Real(value) => serde_json::to_string(&value).ok().map(Json),
    }
    IpAddr { Cell::Addr(value) => Some(value), Cell::Text(value) => value.parse().ok() }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// One row of an answer.
pub enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(&'a ::postgres::Row),
}

impl Row<'_> {
    /// The cell at `index` (from 0) as a `T`.
    ///
    /// Fails as [`Internal`](crate::error::Kind::Internal) when there is no such column or it holds another
    /// type: the statement and its reader disagree.
    #[inline]
    pub fn get<T: FromCell>(&self, index: usize) -> Result<T> {
        let cell = match self {
            Self::Sqlite(row) => super::sqlite::cell(row, index)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => super::postgres::cell(row, index)?,
        };
        T::from_cell(cell).ok_or_else(|| mistaken(cell, index, std::any::type_name::<T>()))
    }
}

/// Names the kind alone: the value may be what a person typed.
#[cold]
fn mistaken(cell: Cell<'_>, index: usize, wanted: &str) -> Error {
    let held = match cell {
        Cell::Null => "nothing",
        Cell::Bool(_) => "a boolean",
        Cell::Int(_) => "an integer",
        Cell::Real(_) => "a number",
        Cell::Text(_) => "text",
        Cell::Bytes(_) => "bytes",
        Cell::Id(_) => "an id",
        Cell::Time(_) => "a time",
        Cell::Addr(_) => "an address",
    };
    Error::internal(format!("column {index} holds {held}, not a {wanted}"))
}

impl Row<'_> {
    /// The bytes at `index` where the engine has them, for walks that are too long to copy every cell.
    #[inline]
    pub fn bytes(&self, index: usize) -> Result<Option<&[u8]>> {
        let cell = match self {
            Self::Sqlite(row) => super::sqlite::cell(row, index)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => super::postgres::cell(row, index)?,
        };
        match cell {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(Error::internal(format!("column {index} holds no bytes"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bed;
    use super::*;

    #[test]
    fn every_type_comes_back_as_it_went_in_on_both_engines() {
        for bed in Bed::each() {
            let store = bed.open();
            let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
            let addrs: [IpAddr; 2] = ["192.168.0.7".parse().unwrap(), "fe80::1".parse().unwrap()];
            store
                .write_blocking(|tx| {
                    tx.execute(
                        "CREATE TABLE things (id UUID PRIMARY KEY, t TIMESTAMP, j JSONB, a INET, b BYTEA, f BOOLEAN,
                            i INTEGER, l BIGINT, v VARCHAR(50), x TEXT)",
                        &[],
                    )?;
                    tx.execute(
                        "INSERT INTO things (id, t, j, a, b, f, i, l, v, x)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                        &[
                            id.into(),
                            Micros(1_700_000_000_123_456).into(),
                            Param::Json("[1, \"zwei\"]"),
                            addrs[0].into(),
                            (&[0_u8, 255, 7]).into(),
                            true.into(),
                            Param::Int(i64::from(i32::MIN)),
                            i64::MAX.into(),
                            "häst".into(),
                            Param::Null,
                        ],
                    )?;
                    tx.execute(
                        "INSERT INTO things (id, t, j, a, f) VALUES ($1, $2, $3, $4, $5)",
                        &[Uuid::nil().into(), Micros(-1).into(), Param::Json("42"), addrs[1].into(), false.into()],
                    )
                })
                .unwrap();
            store
                .read_blocking(|view| {
                    view.one("SELECT id, t, j, a, b, f, i, l, v, x FROM things WHERE id = $1", &[id.into()], |row| {
                        assert_eq!(row.get::<Uuid>(0)?, id);
                        assert_eq!(row.get::<Micros>(1)?, Micros(1_700_000_000_123_456));
                        assert_eq!(row.get::<Json>(2)?.0, "[1, \"zwei\"]");
                        assert_eq!(row.get::<IpAddr>(3)?, addrs[0]);
                        assert_eq!(row.get::<Vec<u8>>(4)?, [0, 255, 7]);
                        assert_eq!(row.bytes(4)?, Some(&[0, 255, 7][..]));
                        assert!(row.bytes(8).is_err(), "text is no bytes");
                        assert!(row.get::<bool>(5)?);
                        assert_eq!(row.get::<i32>(6)?, i32::MIN);
                        assert_eq!(row.get::<i64>(7)?, i64::MAX);
                        assert_eq!(row.get::<String>(8)?, "häst");
                        assert_eq!(row.get::<Option<String>>(9)?, None);
                        Ok(())
                    })?;
                    view.one("SELECT t, j, a, f, v FROM things WHERE id = $1", &[Uuid::nil().into()], |row| {
                        assert_eq!(row.get::<Micros>(0)?, Micros(-1));
                        assert_eq!(row.get::<Json>(1)?.0, "42");
                        assert_eq!(row.get::<IpAddr>(2)?, addrs[1]);
                        assert!(!row.get::<bool>(3)?);
                        assert!(row.get::<String>(4).is_err(), "NULL is no text");
                        assert!(row.get::<i64>(99).is_err(), "no such column");
                        Ok(())
                    })
                })
                .unwrap_or_else(|e| panic!("{}: {e:?}", bed.name));
        }
    }

    #[test]
    fn a_value_of_another_type_is_an_error_and_does_not_quote_the_value() {
        for bed in Bed::each() {
            let store = bed.open();
            let error = store
                .read_blocking(|view| view.one("SELECT 'patient' AS word", &[], |row| row.get::<i64>(0)))
                .unwrap_err();
            assert!(error.detail().contains("holds text"), "{}: {error:?}", bed.name);
            assert!(!error.chain().contains("patient"));
        }
    }
}
