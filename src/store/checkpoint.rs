//! Keeping SQLite's log short, between batches and after their answers, on the one thread that writes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::batch::Bench;
use super::engine::{Hand, Trouble};
use super::fault::point;
use crate::error::Result;

/// Bytes in the log that are worth a checkpoint. Everyone waits while it is made: larger ones cost a little less in
/// all and much more for those who meet one (50 senders: the slowest hundredth waited a fifth longer at 16 MiB).
const CHECKPOINT_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes at which the log must begin again.
const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

impl<L> Bench<L> {
    /// Keeps the log short, after the answers have gone out.
    pub(super) fn tend(&mut self, full: bool) {
        if !matches!(self.hand, Hand::Sqlite(_)) {
            return;
        }
        let frames = super::sqlite::Link::wal_frames();
        let bytes = frames * super::sqlite::PAGE_BYTES;
        self.store.counters.wal_bytes.store(bytes, Ordering::Relaxed);
        if self.store.fatal.borrow().is_some() {
            return;
        }
        if frames < self.tended {
            // The log began again from its start.
            self.tended = 0;
        }
        let due = (frames - self.tended) * super::sqlite::PAGE_BYTES >= CHECKPOINT_BYTES;
        if !due && !full {
            return;
        }
        // Readers hold a long log; waiting a moment for them lets it begin again.
        let truncate = bytes >= WAL_BYTES_MAX;
        let wait = Duration::from_millis(if truncate { 50 } else { 0 });
        let moved = super::strike(&self.store, &mut self.hand, point::CHECKPOINT)
            .and_then(|()| self.hand.checkpoint(truncate, wait));
        self.heed(moved, frames);
    }

    fn heed(&mut self, moved: Result<(u64, u64)>, frames: u64) {
        match moved {
            Ok((0, _)) => self.tended = 0,
            Ok((_, moved)) => self.tended = moved.max(self.tended),
            Err(error) => {
                tracing::warn!("the log could not be moved into the database: {}", error.chain());
                if let Trouble::Fatal(reason) = self.hand.trouble() {
                    self.store.fail(reason);
                } else {
                    // Not again before there is more to move.
                    self.tended = frames;
                }
            }
        }
    }

    /// The last checkpoint, so that a clean stop leaves one complete file.
    pub(super) fn leave(&self) {
        if self.store.fatal.borrow().is_none()
            && let Err(error) = self.hand.checkpoint(true, Duration::from_secs(2))
        {
            tracing::warn!("the log stays beside the database until the next start: {}", error.chain());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Act, Bed, Diary, one_batch, raw};
    use super::*;
    use crate::error::Context as _;

    #[test]
    fn a_disk_that_fills_up_answers_busy_loses_nothing_and_recovers_by_itself() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        // SQLite's own limit stands in for the disk: the same error from the same places.
        let limit = |pages: i64| {
            store
                .write_blocking(|tx| {
                    raw(tx)
                        .query_row(&format!("PRAGMA max_page_count={pages}"), [], |row| row.get::<_, i64>(0))
                        .context("limiting")
                })
                .unwrap()
        };
        let pages = limit(1);
        limit(pages + 20);
        let writer = store.start(Diary::default(), 1000).unwrap();
        let big = |id: i64| -> Act {
            Box::new(move |tx, _| {
                let body = format!("{id}{}", "x".repeat(3000));
                tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&body).into()]).map(|_| ())
            })
        };
        let mut acked = Vec::new();
        let mut full = 0;
        for round in 0..20 {
            for (n, outcome) in one_batch(&writer, (0..3).map(|n| big(round * 3 + n)).collect()) {
                match outcome {
                    Ok(()) => acked.push(round * 3 + i64::try_from(n).unwrap()),
                    Err(error) => {
                        assert_eq!(error.code(), "disk_full", "{error:?}");
                        full += 1;
                    }
                }
            }
        }
        assert!(full > 3 && !acked.is_empty(), "{full} full, {} stored", acked.len());
        let raise: Act =
            Box::new(|tx, _| raw(tx).query_row("PRAGMA max_page_count=100000", [], |_| Ok(())).context("raising"));
        one_batch(&writer, vec![raise]);
        assert!(one_batch(&writer, vec![big(1000)])[0].1.is_ok());
        acked.push(1000);
        let kept: Vec<i64> =
            store.read_blocking(|view| view.all("SELECT id FROM notes ORDER BY id", &[], |row| row.get(0))).unwrap();
        assert_eq!(kept, acked);
        assert!(store.fatal().borrow().is_none());
        writer.stop_blocking();
        assert!(store.check_blocking().unwrap().is_empty());
    }

    #[test]
    fn the_log_is_moved_into_the_file_while_writing_goes_on() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        let writer = store.start(Diary::default(), 1000).unwrap();
        for id in 0..60_i64 {
            let act: Act = Box::new(move |tx, _| {
                let body = format!("{id}{}", "y".repeat(200_000));
                tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&body).into()]).map(|_| ())
            });
            assert!(one_batch(&writer, vec![act])[0].1.is_ok());
        }
        let stats = store.stats();
        assert!(stats.wal_bytes < 3 * CHECKPOINT_BYTES, "{stats:?} after 12 MB");
        let file = std::fs::metadata(bed.config.data_dir.join("live/messenger.db")).unwrap().len();
        assert!(file > 6_000_000, "{file} bytes have reached the file");
        writer.stop_blocking();
    }

    #[cfg(feature = "faults")]
    #[test]
    fn a_flush_that_fails_in_a_checkpoint_is_fatal_too() {
        use super::super::fault::Fault;
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        let writer = store.start(Diary::default(), 1000).unwrap();
        store.faults().arm(point::CHECKPOINT, 1, Fault::Io);
        // Enough by itself to make a checkpoint due.
        let bytes = usize::try_from(CHECKPOINT_BYTES).unwrap();
        let big: Act = Box::new(move |tx, _| {
            let body = "y".repeat(bytes);
            tx.execute("INSERT INTO notes (id, body) VALUES (1, $1)", &[(&body).into()]).map(|_| ())
        });
        assert!(one_batch(&writer, vec![big])[0].1.is_ok(), "it was on disk before the checkpoint");
        let fatal = store.fatal();
        for _ in 0..100 {
            if fatal.borrow().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(fatal.borrow().is_some());
        writer.stop_blocking();
        drop(store);
        let size =
            |view: &mut super::super::View<'_>| view.one("SELECT length(body) FROM notes", &[], |r| r.get::<i64>(0));
        assert_eq!(bed.open().read_blocking(size).unwrap(), i64::try_from(bytes).unwrap());
    }
}
