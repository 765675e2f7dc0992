//! Bringing a database to the schema of this program.
//!
//! A fresh database is made from `schema.sql`, the text people read. An older one goes through the migrations,
//! each once, in order, all in one transaction. Which a database has had stands in `schema_migrations`; one
//! that has tables and not that table is the older server's, and starts before the first.

use super::engine::Conn;
use super::tx::Tx;
use super::value::Param;
use crate::error::{Error, Result};

/// The schema of a fresh database.
pub(super) const SCHEMA: &str = include_str!("../../schema.sql");

/// What was added when: (version, name, text). Released ones never change.
pub(super) const MIGRATIONS: &[(i32, &str, &str)] = &[
    (1, "source", include_str!("migrations/001_source.sql")),
    (2, "spine", include_str!("migrations/002_spine.sql")),
    (3, "people", include_str!("migrations/003_people.sql")),
    (4, "channels", include_str!("migrations/004_channels.sql")),
    (5, "messages", include_str!("migrations/005_messages.sql")),
    (6, "writing", include_str!("migrations/006_writing.sql")),
    (7, "integrations", include_str!("migrations/007_integrations.sql")),
    (8, "records", include_str!("migrations/008_records.sql")),
    (9, "figures", include_str!("migrations/009_figures.sql")),
    (10, "second_factors", include_str!("migrations/010_second_factors.sql")),
    (11, "on_behalf", include_str!("migrations/011_on_behalf.sql")),
];

/// The version that this program reads and writes.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are few migrations")]
pub const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32;

const OWN_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    applied_by VARCHAR(50) NOT NULL
)";

/// What is there before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No table at all.
    Nothing,
    /// Up to this version; 0 is the older server's.
    Version(i32),
}

impl Found {
    /// Refuses a database that a newer program has changed.
    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Version(version) if version > SCHEMA_VERSION => Err(newer(version)),
            _ => Ok(()),
        }
    }
}

/// A newer program has changed this database.
pub(super) fn newer(version: i32) -> Error {
    Error::conflict(
        "database_newer",
        format!(
            "The database has schema version {version} and this program ({}) knows up to {SCHEMA_VERSION}. It was \
             opened by a newer MCP Messenger; start that one, or put back a copy made before the update.",
            env!("CARGO_PKG_VERSION")
        ),
    )
}

/// Looks at the tables.
pub(super) fn find(tx: &mut Tx<'_>) -> Result<Found> {
    let (any, own) = match &tx.conn {
        Conn::Sqlite(_) => (
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
        ),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => (
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()",
            "SELECT count(*) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = 'schema_migrations'",
        ),
    };
    if tx.one(any, &[], |row| row.get::<i64>(0))? == 0 {
        return Ok(Found::Nothing);
    }
    if tx.one(own, &[], |row| row.get::<i64>(0))? == 0 {
        return Ok(Found::Version(0));
    }
    let version = tx.one("SELECT max(version) FROM schema_migrations", &[], |row| row.get::<Option<i32>>(0))?;
    Ok(Found::Version(version.unwrap_or(0)))
}

/// Does what `found` says is missing, within the caller's transaction.
pub(super) fn bring_up(tx: &mut Tx<'_>, found: Found) -> Result<()> {
    found.check()?;
    let had = match found {
        Found::Nothing => {
            tx.conn.batch(SCHEMA)?;
            0
        }
        Found::Version(had) => {
            tx.conn.batch(OWN_TABLE)?;
            for (version, name, text) in MIGRATIONS.iter().filter(|(version, ..)| *version > had) {
                tracing::info!("changing the database to schema version {version} ({name})");
                tx.conn.batch(text)?;
            }
            had
        }
    };
    for (version, name, _) in MIGRATIONS.iter().filter(|(version, ..)| *version > had) {
        tx.execute(
            "INSERT INTO schema_migrations (version, name, applied_by) VALUES ($1, $2, $3)",
            &[Param::from(*version), Param::from(*name), Param::from(env!("CARGO_PKG_VERSION"))],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Bed;
    use super::super::{Store, View};
    use super::*;

    /// Tables, columns in order with type, nullability and default, and indexes, as lines of text.
    fn shape(store: &Store, sqlite: bool) -> Vec<String> {
        let ask = |view: &mut View<'_>, sql| view.all(sql, &[], |row| row.get::<String>(0));
        store
            .read_blocking(|view| {
                if sqlite {
                    let mut lines = ask(
                        view,
                        "SELECT m.name || '.' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' '
                            || coalesce(c.dflt_value, '-') || ' ' || c.pk
                         FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1",
                    )?;
                    lines.extend(ask(
                        view,
                        "SELECT m.tbl_name || ' ' || i.name || ' ' || i.\"unique\" || ' ' || i.partial || ' ' ||
                            (SELECT group_concat(k.name, ',') FROM pragma_index_info(i.name) AS k)
                         FROM sqlite_schema AS m, pragma_index_list(m.name) AS i WHERE m.type = 'table' ORDER BY 1",
                    )?);
                    lines.extend(ask(
                        view,
                        "SELECT m.name || ' ' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
                         FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
                         ORDER BY 1",
                    )?);
                    Ok(lines)
                } else {
                    let mut lines = ask(
                        view,
                        "SELECT concat_ws(' ', table_name, ordinal_position, column_name, udt_name,
                            character_maximum_length, is_nullable, column_default)
                         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
                    )?;
                    lines.extend(ask(view, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")?);
                    lines.extend(ask(
                        view,
                        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                         WHERE connamespace = 'public'::regnamespace ORDER BY 1",
                    )?);
                    Ok(lines)
                }
            })
            .expect("the shape of the database")
    }

    /// Makes a database as the older server left it, with rows whose new columns must be filled in.
    fn older(tx: &mut Tx<'_>) -> Result<()> {
        tx.conn.batch(MIGRATIONS[0].2)?;
        let id = |n: u128| Param::Id(uuid::Uuid::from_u128(n));
        for (n, name) in [(1_u128, "Bob"), (2, "bob"), (3, "Ann")] {
            tx.execute(
                "INSERT INTO users (id, username, email, password_hash, salt, created_at) VALUES ($1, $2, $3, 'h', 's', $4)",
                &[id(n), name.into(), Param::Null, Param::Time(super::super::Micros(i64::try_from(n).unwrap_or(0)))],
            )?;
        }
        tx.execute("INSERT INTO channels (id, name) VALUES ($1, 'ward')", &[id(10)])?;
        for (n, moment) in [(21_u128, 300_i64), (22, 100), (23, 200)] {
            tx.execute(
                "INSERT INTO messages (id, channel_id, sender_id, text, timestamp) VALUES ($1, $2, $3, 'hello', $4)",
                &[id(n), id(10), id(1), Param::Time(super::super::Micros(moment))],
            )?;
            tx.execute(
                "INSERT INTO audit_logs (id, user_id, action, timestamp) VALUES ($1, $2, 'sent', $3)",
                &[id(n), id(1), Param::Time(super::super::Micros(moment))],
            )?;
        }
        for n in [31_u128, 32] {
            tx.execute(
                "INSERT INTO message_reactions (id, message_id, user_id, reaction) VALUES ($1, $2, $3, '+1')",
                &[id(n), id(21), id(1)],
            )?;
        }
        Ok(())
    }

    fn old_store(bed: &Bed) -> Store {
        match bed.name {
            "sqlite" => {
                drop(bed.open());
                let file = bed.config.data_dir.join("live/messenger.db");
                let raw = rusqlite::Connection::open(&file).expect("the file");
                // As it was before the first migration of ours.
                raw.execute_batch("PRAGMA foreign_keys=OFF").expect("pragma");
                let names: Vec<String> = raw
                    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
                    .expect("tables")
                    .query_map([], |row| row.get(0))
                    .expect("tables")
                    .collect::<rusqlite::Result<_>>()
                    .expect("tables");
                for name in names {
                    raw.execute_batch(&format!("DROP TABLE {name}")).expect("drop");
                }
                raw.execute_batch("PRAGMA user_version=0").expect("pragma");
                let link = super::super::sqlite::Link::of(raw);
                older(&mut Tx { conn: Conn::Sqlite(&link) }).expect("the older server's rows");
                drop(link);
                bed.open()
            }
            #[cfg(feature = "postgres")]
            _ => {
                let server = super::super::postgres::Server::of(&bed.config.postgres).expect("a server");
                let mut link = server.connect().expect("a connection");
                older(&mut Tx { conn: Conn::Postgres(&mut link) }).expect("the older server's rows");
                drop(link);
                bed.open()
            }
            #[cfg(not(feature = "postgres"))]
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_migrated_database_has_the_shape_of_a_fresh_one() {
        for (old, new) in Bed::each().into_iter().zip(Bed::each()) {
            let sqlite = old.name == "sqlite";
            let (migrated, fresh) = (old_store(&old), new.open());
            assert!(fresh.fresh() && !migrated.fresh(), "{}", old.name);
            let shapes = (shape(&migrated, sqlite), shape(&fresh, sqlite));
            assert!(shapes.1.len() > 100, "the comparison sees the tables");
            assert_eq!(shapes.0, shapes.1, "{}", old.name);
        }
    }

    #[test]
    fn rows_of_the_older_server_get_places_names_and_numbers() {
        for bed in Bed::each() {
            let store = old_store(&bed);
            store
                .read_blocking(|view| {
                    let keys = view.all("SELECT username_key FROM users ORDER BY created_at", &[], |row| {
                        row.get::<Option<String>>(0)
                    })?;
                    assert_eq!(keys, [Some("bob".to_owned()), None, Some("ann".to_owned())], "{}", bed.name);
                    let places = view.all("SELECT seq, rev FROM messages ORDER BY timestamp", &[], |row| {
                        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
                    })?;
                    assert_eq!(places, [(1, 1), (2, 2), (3, 3)]);
                    let head = view.one("SELECT rev, audit_number, audit_mac FROM heads WHERE id = 1", &[], |row| {
                        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<Vec<u8>>(2)?))
                    })?;
                    assert_eq!(head, (3, 3, Vec::new()));
                    let reactions = view.one("SELECT count(*) FROM message_reactions", &[], |row| row.get::<i64>(0))?;
                    assert_eq!(reactions, 1);
                    Ok(())
                })
                .unwrap();
        }
    }

    #[test]
    fn opening_again_changes_nothing_and_a_newer_database_is_refused() {
        for bed in Bed::each() {
            drop(bed.open());
            let store = bed.open();
            assert!(!store.fresh(), "{}", bed.name);
            store
                .write_blocking(|tx| {
                    tx.execute(
                        "INSERT INTO schema_migrations (version, name, applied_by) VALUES ($1, 'future', '9')",
                        &[(SCHEMA_VERSION + 1).into()],
                    )
                })
                .unwrap();
            drop(store);
            let error = Store::open(&bed.config).err().expect("a refusal");
            assert_eq!(error.code(), "database_newer", "{}", bed.name);
            assert!(error.detail().contains("newer MCP Messenger"));
        }
    }
}
