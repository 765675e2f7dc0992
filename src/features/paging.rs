//! Pages of a list.

use crate::config::Limits;
use crate::error::{Error, Result};

/// Which page is asked for: `?limit=&before=&after=`, with what the cursor means left to the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Rows; the list's usual number when missing.
    pub limit: Option<u32>,
    /// What comes after this in the list's order (older).
    pub before: Option<String>,
    /// What comes before this in the list's order (newer).
    pub after: Option<String>,
}

/// One page of a list.
pub struct Paged<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// The cursor for `?before=` that gives the next page; `None` at the end.
    pub next: Option<String>,
    /// The cursor for `?after=` that gives the page before; `None` when the page is empty.
    pub prev: Option<String>,
}

impl Cursor {
    /// How many rows, within the limits; more than the maximum is refused rather than cut.
    pub fn rows(&self, limits: &Limits) -> Result<u32> {
        let rows = self.limit.unwrap_or(limits.page_rows);
        if rows == 0 || rows > limits.page_rows_max {
            return Err(Error::field("limit", format!("must be between 1 and {}", limits.page_rows_max)));
        }
        if self.before.is_some() && self.after.is_some() {
            return Err(Error::field("after", "cannot be combined with before"));
        }
        Ok(rows)
    }

    /// The `before` cursor as a number.
    pub fn before_number(&self) -> Result<Option<i64>> {
        number("before", self.before.as_deref())
    }

    /// The `after` cursor as a number.
    pub fn after_number(&self) -> Result<Option<i64>> {
        number("after", self.after.as_deref())
    }
}

fn number(field: &'static str, text: Option<&str>) -> Result<Option<i64>> {
    text.map(|t| t.parse().map_err(|_| Error::field(field, "must be a cursor that this list gave"))).transpose()
}

impl<T> Paged<T> {
    /// A page of rows that were asked for as `limit`; `key` gives a row's cursor.
    pub fn of(rows: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let full = rows.len() >= limit as usize;
        let next = rows.last().filter(|_| full).map(&key);
        let prev = rows.first().map(&key);
        Self { rows, next, prev }
    }

    /// The same page with other rows.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Paged<U> {
        Paged { rows: self.rows.into_iter().map(f).collect(), next: self.next, prev: self.prev }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_refused_below_and_above_and_taken_at() {
        let limits = Limits::default();
        let ask = |limit| Cursor { limit: Some(limit), ..Cursor::default() }.rows(&limits);
        assert_eq!(ask(1).ok(), Some(1));
        assert_eq!(ask(200).ok(), Some(200));
        assert_eq!(ask(0).err().map(|e| e.code()), Some("invalid_field"));
        assert_eq!(ask(201).err().map(|e| e.code()), Some("invalid_field"));
        assert_eq!(Cursor::default().rows(&limits).ok(), Some(50));
        let both = Cursor { before: Some("1".into()), after: Some("2".into()), ..Cursor::default() };
        assert!(both.rows(&limits).is_err());
        assert!(Cursor { before: Some("x".into()), ..Cursor::default() }.before_number().is_err());
    }

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        assert_eq!(Paged::of(vec![3, 2], 2, ToString::to_string).next.as_deref(), Some("2"));
        assert_eq!(Paged::of(vec![3], 2, ToString::to_string).next, None);
        assert_eq!(Paged::of(Vec::<i64>::new(), 2, ToString::to_string).prev, None);
    }
}
