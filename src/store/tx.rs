//! A transaction as the rest of the program sees it: statements with `$1…` parameters, rows mapped at once.
//!
//! A statement is a `&'static str`, because everything the engines work out about one (its plan, the order of
//! its parameters) is kept by it, and because text put together at run time is how injections happen.
//!
//! One text serves both engines. What they read differently and a statement must therefore avoid:
//! a cast to `UUID`, `TIMESTAMP` or `JSONB` (SQLite would turn it into a number); a sum of `BIGINT`s without
//! `CAST(… AS BIGINT)` (PostgreSQL gives a `NUMERIC`); a parameter whose type PostgreSQL cannot see from its
//! place, as in `$1 IS NULL`; going on in a job after one of its statements failed (PostgreSQL has given the
//! job up by then).

use super::engine::Conn;
use super::value::{Param, Row};
use crate::error::{Error, Result};

/// Looking without touching.
pub struct View<'a> {
    pub(super) conn: Conn<'a>,
}

impl View<'_> {
    /// Every row of the answer, mapped in order.
    pub fn all<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.conn.each(sql, params, &mut |row| {
            found.push(map(row)?);
            Ok(true)
        })?;
        Ok(found)
    }

    /// The first row of the answer, if there is one.
    pub fn first<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.conn.each(sql, params, &mut |row| {
            found = Some(map(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// The first row of an answer that must have one; none is a fault of ours.
    pub fn one<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.first(sql, params, map)?.ok_or_else(|| Error::internal(format!("no row for {sql}")))
    }
}

/// Looking and changing, within one transaction.
pub struct Tx<'a> {
    pub(super) conn: Conn<'a>,
}

impl Tx<'_> {
    /// As [`View::all`]; also for `INSERT … RETURNING`.
    pub fn all<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.view().all(sql, params, map)
    }

    /// As [`View::first`].
    pub fn first<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.view().first(sql, params, map)
    }

    /// As [`View::one`].
    pub fn one<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.view().one(sql, params, map)
    }

    /// Runs a statement and tells how many rows it changed.
    pub fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        self.conn.execute(sql, params)
    }

    /// The same transaction for code that only looks.
    pub fn view(&mut self) -> View<'_> {
        View { conn: self.conn.reborrow() }
    }

    /// Keeps every other writer of `table` out until the transaction ends. On SQLite there is only one.
    pub fn exclusive(&mut self, table: &'static str) -> Result<()> {
        self.conn.exclusive(table)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bed, notes};
    use crate::error::Kind;

    #[test]
    fn parameters_are_bound_by_name_in_whatever_order_they_stand() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            store
                .write_blocking(|tx| {
                    tx.execute("INSERT INTO notes (body, id) VALUES ($2, $1)", &[7_i64.into(), "seven".into()])?;
                    tx.execute("INSERT INTO notes (body, id) VALUES ($2, $1)", &[8_i64.into(), "eight".into()])?;
                    tx.execute("UPDATE notes SET id = $2 WHERE body = $1 AND id <> $2", &["eight".into(), 9_i64.into()])
                })
                .unwrap();
            let found = store
                .read_blocking(|view| {
                    view.all(
                        "SELECT id, body FROM notes WHERE id >= $1 AND id <= $2 AND id >= $1 ORDER BY id",
                        &[7_i64.into(), 9_i64.into()],
                        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
                    )
                })
                .unwrap();
            assert_eq!(found, [(7, "seven".to_owned()), (9, "eight".to_owned())], "{}", bed.name);
        }
    }

    #[test]
    fn too_few_or_too_many_values_are_refused() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            for values in [&[1_i64.into()][..], &[1_i64.into(), "a".into(), "b".into()][..]] {
                let error = store
                    .write_blocking(|tx| tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", values))
                    .unwrap_err();
                assert_eq!(error.kind(), Kind::Internal, "{}", bed.name);
            }
            assert!(notes(&store).is_empty());
        }
    }

    #[test]
    fn clashes_have_their_kinds_and_quote_no_values() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let add = |id: i64| {
                store.write_blocking(move |tx| {
                    tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), "secret".into()])
                })
            };
            add(1).unwrap();
            let error = add(2).unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Conflict, "duplicate"), "{}", bed.name);
            assert!(!error.chain().contains("secret"), "{}", error.chain());
            let error = store
                .write_blocking(|tx| {
                    tx.execute("CREATE TABLE leaves (id BIGINT REFERENCES notes(id))", &[])?;
                    tx.execute("INSERT INTO leaves (id) VALUES ($1)", &[99_i64.into()])
                })
                .unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Conflict, "in_use"), "{}", bed.name);
            assert_eq!(notes(&store), ["secret"]);
        }
    }

    #[test]
    fn a_reader_cannot_write_and_sees_one_moment() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let denied = store.read_blocking(|view| {
                view.all("INSERT INTO notes (id, body) VALUES (1, 'x') RETURNING id", &[], |row| row.get::<i64>(0))
            });
            assert!(denied.is_err(), "{}", bed.name);
            store
                .read_blocking(|view| {
                    let count = "SELECT count(*) FROM notes";
                    let before = view.one(count, &[], |row| row.get::<i64>(0))?;
                    store.write_blocking(|tx| tx.execute("INSERT INTO notes (id, body) VALUES (1, 'x')", &[]))?;
                    assert_eq!(view.one(count, &[], |row| row.get::<i64>(0))?, before, "{}", bed.name);
                    Ok(())
                })
                .unwrap();
            assert_eq!(notes(&store), ["x"]);
        }
    }

    #[test]
    fn rows_that_an_insert_returns_are_read() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let id = store
                .write_blocking(|tx| {
                    tx.one("INSERT INTO notes (id, body) VALUES ($1, 'r') RETURNING id + 1", &[4_i64.into()], |row| {
                        row.get::<i64>(0)
                    })
                })
                .unwrap();
            assert_eq!((id, notes(&store)), (5, vec!["r".to_owned()]), "{}", bed.name);
            assert!(store.write_blocking(|tx| tx.exclusive("notes")).is_ok());
        }
    }

    #[tokio::test]
    async fn a_view_that_panics_or_fails_leaves_the_readers_fit() {
        for bed in tokio::task::spawn_blocking(Bed::each).await.unwrap() {
            let (name, store) = tokio::task::spawn_blocking(move || (bed.name, bed.with_notes(), bed))
                .await
                .map(|(name, store, bed)| (name, (store, bed)))
                .unwrap();
            for _ in 0..10 {
                let wrong = store.0.read(|view| view.one("SELECT 1 FROM nowhere", &[], |_| Ok(()))).await;
                assert_eq!(wrong.unwrap_err().kind(), Kind::Internal, "{name}");
                let wrong = store.0.read(|_| -> crate::error::Result<()> { panic!("a bug in a view") }).await;
                assert_eq!(wrong.unwrap_err().kind(), Kind::Internal, "{name}");
            }
            let one = store.0.read(|view| view.one("SELECT 1", &[], |row| row.get::<i32>(0))).await;
            assert_eq!(one.unwrap(), 1, "{name}");
        }
    }
}
