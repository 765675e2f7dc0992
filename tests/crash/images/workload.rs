//! A small program that stores rows and says which of them are safe, to be watched by strace.
//!
//! It writes as the store does: WAL, one connection, groups of rows in one commit, checkpoints by the same thread,
//! an acknowledgement only after the commit. With `--synchronous normal` it is the control: it acknowledges what
//! is not yet on disk, and the replay must find it out.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::driver::Result;
use crate::driver::dice::Dice;

/// The database's name in the folder.
pub const DATABASE: &str = "messenger.db";
/// Acknowledged row numbers, one a line, in the folder.
pub const ACKS: &str = "acks";

/// Stores `rows` rows in `folder`.
pub fn run(folder: &Path, synchronous: &str, rows: i64, seed: u64) -> Result<()> {
    let mut dice = Dice::seeded(seed);
    let mut acks = File::create(folder.join(ACKS))?;
    let mut connection = Connection::open(folder.join(DATABASE))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.execute_batch(
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, body BLOB NOT NULL);
         CREATE INDEX kept_by_channel ON kept (channel, id);
         CREATE TABLE counts (channel INTEGER PRIMARY KEY, kept INTEGER NOT NULL);",
    )?;
    let mut next = 1;
    let mut commits = 0;
    let mut checkpoint_after = dice.between(5, 60);
    while next <= rows {
        let group = i64::try_from(dice.between(1, 8))?.min(rows + 1 - next);
        let tx = connection.transaction()?;
        for id in next..next + group {
            let channel = id % 5;
            tx.prepare_cached("INSERT INTO kept (id, channel, body) VALUES (?1, ?2, ?3)")?.execute(params![
                id,
                channel,
                body(id)
            ])?;
            tx.prepare_cached(
                "INSERT INTO counts (channel, kept) VALUES (?1, 1) ON CONFLICT (channel) DO UPDATE SET kept = kept + 1",
            )?
            .execute([channel])?;
        }
        tx.commit()?;
        // In one call, so that the log shows a number whole.
        acks.write_all(format!("{}\n", next + group - 1).as_bytes())?;
        next += group;
        commits += 1;
        if commits % checkpoint_after == 0 {
            let how = ["PASSIVE", "RESTART", "TRUNCATE"][dice.index(3)];
            connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?;
            checkpoint_after = dice.between(5, 60);
        }
    }
    Ok(())
}

/// What row `id` must hold.
pub fn body(id: i64) -> Vec<u8> {
    let mut dice = Dice::seeded(id.unsigned_abs());
    let len = dice.between(20, 400);
    (0..len).map(|_| dice.next().to_le_bytes()[0]).collect()
}

/// Whether a database that came back holds every row up to `acked`, each whole; gives the number of missing ones.
pub fn missing(connection: &Connection, acked: i64) -> Result<u64> {
    if acked == 0 {
        return Ok(0);
    }
    let made: bool = connection.query_row("SELECT count(*) = 3 FROM sqlite_schema", [], |row| row.get(0))?;
    if !made {
        return Ok(acked.unsigned_abs());
    }
    let mut rows = connection.prepare("SELECT id, body FROM kept ORDER BY id")?;
    let mut rows = rows.query([])?;
    let mut found = 0;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if row.get_ref(1)?.as_blob()? != body(id) {
            return Err(format!("row {id} holds something else than was stored").into());
        }
        if id != last + 1 {
            return Err(format!("row {id} follows row {last}").into());
        }
        last = id;
        found += i64::from(id <= acked);
    }
    let counted: i64 = connection.query_row("SELECT coalesce(sum(kept), 0) FROM counts", [], |row| row.get(0))?;
    if counted != last {
        return Err(format!("{last} rows, but {counted} counted").into());
    }
    Ok((acked - found).unsigned_abs())
}
