//! Parameters and cells in PostgreSQL's binary forms, by the column's type.

use std::net::IpAddr;

use ::postgres::types::{FromSql, IsNull, ToSql, Type};
use bytes::{BufMut as _, BytesMut};
use uuid::Uuid;

use super::super::value::{Cell, Micros, Param};
use crate::error::{Context as _, Result};

/// PostgreSQL counts from 2000-01-01; this is that moment in microseconds since 1970.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::Null => return Ok(IsNull::Yes),
            Param::Bool(value) if *ty == Type::BOOL => out.put_u8(u8::from(*value)),
            Param::Int(value) => match *ty {
                Type::INT8 => out.put_i64(*value),
                Type::INT4 => out.put_i32(i32::try_from(*value)?),
                Type::INT2 => out.put_i16(i16::try_from(*value)?),
                _ => return Err(format!("an integer for a {ty}").into()),
            },
            Param::Text(value) => return value.to_sql(ty, out),
            Param::Bytes(value) if *ty == Type::BYTEA => out.put_slice(value),
            Param::Id(value) if *ty == Type::UUID => out.put_slice(value.as_bytes()),
            Param::Time(Micros(value)) if matches!(*ty, Type::TIMESTAMP | Type::TIMESTAMPTZ) => {
                out.put_i64(value.checked_sub(EPOCH_MICROS).ok_or("a time out of range")?);
            }
            Param::Json(value) => match *ty {
                // The version of the binary form of jsonb.
                Type::JSONB => {
                    out.put_u8(1);
                    out.put_slice(value.as_bytes());
                }
                Type::JSON | Type::TEXT => out.put_slice(value.as_bytes()),
                _ => return Err(format!("JSON for a {ty}").into()),
            },
            Param::Addr(value) => return value.to_sql(ty, out),
            // Only the kinds: the value may be what a person typed.
            Param::Bool(_) | Param::Bytes(_) | Param::Id(_) | Param::Time(_) => {
                return Err(format!("another type than the column's {ty}").into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    ::postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::BOOL => Cell::Bool(bool::from_sql(ty, raw)?),
            Type::INT2 => Cell::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::INT4 => Cell::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Cell::Real(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => Cell::Real(f64::from_sql(ty, raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Cell::Text(std::str::from_utf8(raw)?)
            }
            Type::JSONB => match raw.split_first() {
                Some((1, text)) => Cell::Text(std::str::from_utf8(text)?),
                _ => return Err("an unknown form of jsonb".into()),
            },
            Type::BYTEA => Cell::Bytes(raw),
            Type::UUID => Cell::Id(Uuid::from_sql(ty, raw)?),
            Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                let micros = i64::from_sql(&Type::INT8, raw)?;
                Cell::Time(Micros(micros.checked_add(EPOCH_MICROS).ok_or("a time out of range")?))
            }
            Type::INET => Cell::Addr(IpAddr::from_sql(ty, raw)?),
            _ => return Err(format!("a {ty} cannot be read; cast it").into()),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The cell at `index` of a PostgreSQL row.
pub(in super::super) fn cell(row: &::postgres::Row, index: usize) -> Result<Cell<'_>> {
    row.try_get(index).context("reading a cell")
}
