//! `schema.sql` is the reference that people read and load: it loads as it stands.

use super::source::file;

/// The eleven tables of the older server, which other programs read.
const PROMISED: [&str; 11] = [
    "users",
    "roles",
    "permissions",
    "role_permissions",
    "channels",
    "channel_members",
    "messages",
    "message_reactions",
    "audit_logs",
    "sessions",
    "password_reset_requests",
];

/// PostgreSQL loads it in the store's own tests.
#[test]
fn it_loads_in_sqlite_as_it_stands() {
    let database = rusqlite::Connection::open_in_memory().expect("a database in memory");
    let text = file("schema.sql").text;
    database.execute_batch(&text).expect("schema.sql loads");
    database.execute_batch(&text).expect("and again, over itself");
    let has = |table: &str| {
        database
            .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| {
                row.get::<_, i64>(0)
            })
            .expect("the list of tables")
    };
    for table in PROMISED {
        assert_eq!(has(table), 1, "{table} is missing");
    }
}
