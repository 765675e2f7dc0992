//! Two people who change the same thing: each says which version they saw, and whoever comes second is told
//! instead of silently undoing what the first one did.
//!
//! A row that people edit has a `version` that rises with every edit. What is shown carries it, a change may name
//! it, and the deed compares the two inside its own transaction. Whoever names none is not asked.

use crate::error::{Error, Kind, Result};

/// A thing, and the number of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The thing.
    pub value: T,
    /// Rises with every change.
    pub version: i64,
}

/// Which versions a change may be made to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected(Option<Vec<i64>>);

impl Expected {
    /// Any: the last one to change it wins.
    pub fn any() -> Self {
        Self(None)
    }

    /// Only these; none at all when there are none.
    pub fn one_of(versions: Vec<i64>) -> Self {
        Self(Some(versions))
    }

    /// Fails when the stored thing is at another version; to be asked inside the deed that changes it.
    pub fn check(&self, stored: i64) -> Result<()> {
        match &self.0 {
            Some(versions) if !versions.contains(&stored) => Err(Error::new(
                Kind::Stale,
                "stale",
                "It was changed since you fetched it: fetch it again, look, and repeat your change with its new ETag.",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_that_was_named_and_is_not_there_is_stale() {
        assert!(Expected::any().check(7).is_ok());
        assert!(Expected::one_of(vec![6, 7]).check(7).is_ok());
        for named in [vec![6, 8], vec![]] {
            let stale = Expected::one_of(named).check(7).unwrap_err();
            assert_eq!((stale.kind(), stale.code()), (Kind::Stale, "stale"));
        }
    }
}
