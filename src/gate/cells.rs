//! How ids and times of this program become the store's values and back.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::Id;
use crate::store::Micros;
pub use crate::store::{Json, Param, Row};

/// An id as a parameter.
pub fn id<'a>(id: impl Id) -> Param<'a> {
    Param::Id(id.uuid())
}

/// An id that may be missing.
pub fn opt_id<'a>(id: Option<impl Id>) -> Param<'a> {
    id.map_or(Param::Null, |id| Param::Id(id.uuid()))
}

/// A time as a parameter.
pub fn time<'a>(at: Timestamp) -> Param<'a> {
    Param::Time(Micros(at.micros()))
}

/// A time that may be missing.
pub fn opt_time<'a>(at: Option<Timestamp>) -> Param<'a> {
    at.map_or(Param::Null, time)
}

/// Reads ids and times from a row.
pub trait Columns {
    /// An id.
    fn id<I: Id>(&self, index: usize) -> Result<I>;
    /// An id that may be null.
    fn opt_id<I: Id>(&self, index: usize) -> Result<Option<I>>;
    /// A time.
    fn time(&self, index: usize) -> Result<Timestamp>;
    /// A time that may be null.
    fn opt_time(&self, index: usize) -> Result<Option<Timestamp>>;
}

impl Columns for Row<'_> {
    fn id<I: Id>(&self, index: usize) -> Result<I> {
        self.get(index).map(I::from_uuid)
    }

    fn opt_id<I: Id>(&self, index: usize) -> Result<Option<I>> {
        Ok(self.get::<Option<uuid::Uuid>>(index)?.map(I::from_uuid))
    }

    fn time(&self, index: usize) -> Result<Timestamp> {
        self.get::<Micros>(index).map(|m| Timestamp::from_micros(m.0))
    }

    fn opt_time(&self, index: usize) -> Result<Option<Timestamp>> {
        Ok(self.get::<Option<Micros>>(index)?.map(|m| Timestamp::from_micros(m.0)))
    }
}
