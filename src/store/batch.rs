//! What the writer's thread does: batches, their savepoints, their answers, and the checkpoints between them.
//!
//! A batch of jobs that may be done again runs without savepoints, because each would copy every page that its
//! job changes. Should one of them fail after it changed something, the whole transaction is undone and the
//! batch runs once more, each job in a savepoint of its own; so does any batch with a job that cannot be
//! repeated.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use super::Inner;
use super::engine::{Hand, Trouble};
use super::fault::point;
use super::tx::Tx;
use super::writer::{BATCH_MAX, Job, Ledger, Note};
use crate::error::{Error, Result};

/// The writer's thread with everything it owns.
pub(super) struct Bench<L> {
    pub(super) hand: Hand,
    ledger: L,
    pub(super) store: Arc<Inner>,
    /// Pages of the log that the last checkpoint had moved.
    pub(super) tended: u64,
}

/// How a batch is run. A savepoint costs a copy of every page that its job changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Without savepoints: a failed job that changed something undoes them all.
    Bold,
    /// Each job in a savepoint of its own.
    Careful,
}

/// How a transaction ended that met no trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Committed,
    /// A job failed in a bold one.
    Undone,
}

type Batch<L> = Vec<(Box<dyn Job<L>>, Result<()>)>;

impl<L: Ledger> Bench<L> {
    pub(super) fn new(hand: Hand, ledger: L, store: Arc<Inner>) -> Self {
        Self { hand, ledger, store, tended: 0 }
    }

    /// Works until the writer is stopped and nothing is queued.
    pub(super) fn work(mut self, queue: &mpsc::Receiver<Note<L>>) {
        let waiting = Arc::clone(&self.store.counters.queue);
        let mut batch: Batch<L> = Vec::with_capacity(BATCH_MAX);
        let mut stop = false;
        while !stop {
            match queue.recv() {
                Ok(Note::Job(job)) => batch.push((job, Ok(()))),
                Ok(Note::Stop) | Err(_) => stop = true,
            }
            loop {
                while batch.len() < BATCH_MAX {
                    match queue.try_recv() {
                        Ok(Note::Job(job)) => batch.push((job, Ok(()))),
                        Ok(Note::Stop) => stop = true,
                        Err(_) => break,
                    }
                }
                waiting.fetch_sub(batch.len(), Ordering::SeqCst);
                if !batch.is_empty() {
                    self.settle(&mut batch);
                }
                if !stop || waiting.load(Ordering::SeqCst) == 0 {
                    break;
                }
                // A submitter counted itself and has not sent yet.
                std::thread::yield_now();
            }
        }
        self.leave();
    }

    /// Commits a batch and answers it.
    fn settle(&mut self, batch: &mut Batch<L>) {
        let outcome = if self.store.fatal.borrow().is_some() {
            Err(super::sqlite::storage_failed())
        } else {
            self.carry_out(batch)
        };
        let trouble = self.hand.trouble();
        if let Trouble::Fatal(reason) = &trouble {
            self.store.fail(reason.clone());
        }
        if trouble == Trouble::Full {
            self.store.counters.full.store(true, Ordering::Relaxed);
        }
        for (job, own) in batch.drain(..) {
            let told = match &outcome {
                Ok(()) => own,
                Err(error) => Err(again(error)),
            };
            // An answer that panics must not take the others' answers away.
            if catch_unwind(AssertUnwindSafe(|| job.done(told))).is_err() {
                tracing::error!("a job panicked while it was answered");
            }
        }
        self.tend(trouble == Trouble::Full);
    }

    fn carry_out(&mut self, batch: &mut Batch<L>) -> Result<()> {
        if batch.iter().all(|(job, _)| job.again()) {
            match self.attempt(batch, Pace::Bold)? {
                End::Committed => return Ok(()),
                End::Undone => batch.iter_mut().for_each(|(_, own)| *own = Ok(())),
            }
        }
        self.attempt(batch, Pace::Careful).map(|_| ())
    }

    /// One transaction. What fails as a whole leaves nothing in the database and nothing in the ledger.
    fn attempt(&mut self, batch: &mut Batch<L>, pace: Pace) -> Result<End> {
        let end = catch_unwind(AssertUnwindSafe(|| self.transact(batch, pace)))
            .unwrap_or_else(|panic| Err(panicked(&*panic, "the ledger panicked")));
        if !matches!(end, Ok(End::Committed)) {
            self.hand.rollback();
            if catch_unwind(AssertUnwindSafe(|| self.ledger.rolled_back())).is_err() {
                self.store.fail("the ledger panicked while it rolled back".into());
            }
        }
        end
    }

    fn transact(&mut self, batch: &mut Batch<L>, pace: Pace) -> Result<End> {
        let Self { hand, ledger, store, .. } = self;
        hand.begin()?;
        ledger.begin(&mut Tx { conn: hand.conn() })?;
        for (job, own) in batch.iter_mut() {
            let before = hand.touched();
            if pace == Pace::Careful {
                hand.mark()?;
            }
            ledger.mark();
            let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut Tx { conn: hand.conn() }, ledger)))
                .unwrap_or_else(|panic| Err(panicked(&*panic, "a job panicked")));
            // A job that hid a failed statement fails here.
            let kept = ran.and_then(|()| match pace {
                Pace::Careful => hand.release(),
                Pace::Bold => hand.intact(),
            });
            let Err(error) = kept else { continue };
            // SQLite gives the whole transaction up on some errors; the jobs before this one went with it.
            if !hand.stands() {
                return Err(error);
            }
            match pace {
                Pace::Careful => hand.undo()?,
                Pace::Bold if hand.touched() == before => {}
                Pace::Bold => return Ok(End::Undone),
            }
            ledger.undo();
            *own = Err(error);
        }
        ledger.finish(&mut Tx { conn: hand.conn() })?;
        super::strike(store, hand, point::COMMIT)?;
        #[expect(clippy::disallowed_methods, reason = "a measurement; nothing is decided by it")]
        let start = std::time::Instant::now();
        let wrote = hand.commit()?;
        ledger.committed();
        let matters = batch.iter().any(|(job, _)| job.matters());
        store.counters.committed(batch.len(), wrote, matters, start.elapsed());
        Ok(End::Committed)
    }
}

fn panicked(panic: &(dyn std::any::Any + Send), what: &str) -> Error {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::internal(format!("{what}: {said}"))
}

/// The same error for the next job of a batch that failed as a whole.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.code(), error.detail()).because(error.chain())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{Act, Bed, Diary, add, notes, one_batch};
    use super::*;

    #[test]
    fn a_batch_is_one_commit_answered_in_order_and_told_to_the_ledger() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let diary = Diary::default();
            let writer = store.start(diary.clone(), 1000).unwrap();
            let outcomes = one_batch(&writer, (1..=3).map(add).collect());
            assert_eq!(outcomes.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2], "{}", bed.name);
            assert!(outcomes.iter().all(|(_, o)| o.is_ok()));
            assert_eq!(notes(&store), ["n1", "n2", "n3"]);
            writer.stop_blocking();
            let heard = diary.read();
            let second = &heard[heard.iter().rposition(|w| *w == "begin").unwrap()..];
            assert_eq!(
                second,
                ["begin", "mark", "run", "mark", "run", "mark", "run", "finish", "committed"],
                "{}",
                bed.name
            );
        }
    }

    #[test]
    fn a_job_that_fails_or_panics_takes_no_other_with_it() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let diary = Diary::default();
            let writer = store.start(diary.clone(), 1000).unwrap();
            let acts: Vec<Act> = vec![
                add(1),
                Box::new(|tx, ledger| {
                    add(2)(tx, ledger)?;
                    Err(Error::refused("no", "No."))
                }),
                add(1), // a duplicate
                Box::new(|tx, ledger| {
                    add(3)(tx, ledger)?;
                    panic!("a bug in a job")
                }),
                add(4),
            ];
            let outcomes = one_batch(&writer, acts);
            let codes: Vec<_> = outcomes.iter().map(|(_, o)| o.as_ref().map_err(Error::code).err()).collect();
            assert_eq!(codes, [None, Some("no"), Some("duplicate"), Some("internal"), None], "{}", bed.name);
            assert_eq!(notes(&store), ["n1", "n4"], "{}", bed.name);
            assert_eq!(diary.read().iter().filter(|w| **w == "undo").count(), 3);
            // The thread still works.
            assert!(one_batch(&writer, vec![add(5)])[0].1.is_ok());
            writer.stop_blocking();
        }
    }

    #[test]
    fn a_job_that_hides_a_failed_statement_cannot_make_the_batch_lie() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let writer = store.start(Diary::default(), 1000).unwrap();
            let hides: Act = Box::new(|tx, ledger| {
                add(2)(tx, ledger)?;
                assert!(add(1)(tx, ledger).is_err());
                Ok(())
            });
            let outcomes = one_batch(&writer, vec![add(1), hides, add(3)]);
            assert!(outcomes[0].1.is_ok() && outcomes[2].1.is_ok(), "{}: {outcomes:?}", bed.name);
            let kept = notes(&store);
            assert_eq!(kept.contains(&"n2".to_owned()), outcomes[1].1.is_ok(), "{}: {kept:?}", bed.name);
            writer.stop_blocking();
        }
    }

    #[test]
    fn work_that_may_be_done_again_survives_its_neighbours() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let diary = Diary::default();
            let writer = store.start(diary.clone(), 1000).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let put = |id: i64, fail: bool| {
                writer.write_again(move |tx: &mut Tx<'_>, _: &mut Diary| {
                    if id == 0 {
                        // Time for the others to gather behind this one.
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    tx.execute(
                        "INSERT INTO notes (id, body) VALUES ($1, $2)",
                        &[id.into(), (&format!("n{id}")).into()],
                    )?;
                    if fail { Err(Error::refused("no", "No.")) } else { Ok(id) }
                })
            };
            let (zero, one, two, three, four) = runtime.block_on(async {
                tokio::join!(put(0, false), put(1, false), put(2, true), put(1, false), put(4, false))
            });
            assert_eq!((zero.unwrap(), one.unwrap(), four.unwrap()), (0, 1, 4), "{}", bed.name);
            assert_eq!((two.unwrap_err().code(), three.unwrap_err().code()), ("no", "duplicate"), "{}", bed.name);
            assert_eq!(notes(&store), ["n0", "n1", "n4"], "{}", bed.name);
            assert!(diary.read().contains(&"rolled back"), "{:?}", diary.read());

            // One that hides a failed statement is found out on PostgreSQL, and takes nobody with it.
            let (hides, five) = runtime.block_on(async {
                tokio::join!(
                    writer.write_again(|tx: &mut Tx<'_>, _: &mut Diary| {
                        let twice = tx.execute("INSERT INTO notes (id, body) VALUES (1, 'again')", &[]);
                        assert!(twice.is_err());
                        Ok(())
                    }),
                    put(5, false)
                )
            });
            assert_eq!(hides.is_ok(), bed.name == "sqlite");
            assert_eq!((five.unwrap(), notes(&store).len()), (5, 4), "{}", bed.name);

            // A refusal before anything was changed undoes nothing.
            let rolled_back = diary.read().iter().filter(|w| **w == "rolled back").count();
            let refused: Result<()> =
                runtime.block_on(writer.write_again(|_: &mut Tx<'_>, _: &mut Diary| Err(Error::refused("no", "No."))));
            assert_eq!(refused.unwrap_err().code(), "no");
            let heard = diary.read();
            assert_eq!(heard.iter().filter(|w| **w == "rolled back").count(), rolled_back);
            assert_eq!(heard[heard.len() - 3..], ["undo", "finish", "committed"]);
            writer.stop_blocking();
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_lost_connection_is_busy_and_comes_back() {
        let Some(bed) = Bed::postgres() else { return };
        let store = bed.with_notes();
        let writer = store.start(Diary::default(), 100).unwrap();
        assert!(one_batch(&writer, vec![add(1)])[0].1.is_ok());
        super::super::testing::admin(
            &bed.config.postgres,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut tries = 0;
        // The first may notice, later ones may fall into the pause between attempts.
        while let Err(error) = runtime.block_on(writer.write(|tx, ledger| add(2)(tx, ledger))) {
            assert_eq!((error.kind(), error.code()), (crate::error::Kind::Busy, "database_unreachable"));
            tries += 1;
            assert!(tries < 100, "it never came back");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(store.fatal().borrow().is_none());
        // Readers come back within the same question.
        assert_eq!(notes(&store), ["n1", "n2"]);
        writer.stop_blocking();
    }

    #[test]
    fn a_batch_that_writes_nothing_flushes_nothing() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        let writer = store.start(Diary::default(), 1000).unwrap();
        let wal = bed.config.data_dir.join("live/messenger.db-wal");
        let length = || std::fs::metadata(&wal).map_or(0, |meta| meta.len());
        let before = (length(), store.stats().commits);
        one_batch(&writer, vec![Box::new(|tx, _| tx.all("SELECT id FROM notes", &[], |_| Ok(())).map(|_| ()))]);
        assert_eq!((length(), store.stats().commits), before);
        one_batch(&writer, vec![add(1)]);
        assert!(length() > before.0 && store.stats().commits == before.1 + 1);
        writer.stop_blocking();
        assert_eq!(length(), 0, "a clean stop leaves one complete file");
    }

    #[cfg(feature = "faults")]
    mod faults {
        use std::sync::mpsc::channel;

        use super::super::super::fault::{Fault, point};
        use super::super::super::testing::Errand;
        use super::*;

        #[test]
        fn a_failed_flush_is_fatal_and_nothing_more_is_acknowledged() {
            let bed = Bed::sqlite();
            let store = bed.with_notes();
            let diary = Diary::default();
            let writer = store.start(diary.clone(), 1000).unwrap();
            assert!(one_batch(&writer, vec![add(1)])[0].1.is_ok());
            let fatal = store.fatal();
            assert!(fatal.borrow().is_none());
            store.faults().arm(point::COMMIT, 2, Fault::Io);
            let outcomes = one_batch(&writer, vec![add(2), add(3)]);
            for (_, outcome) in outcomes {
                assert_eq!(outcome.unwrap_err().code(), "storage_failed");
            }
            assert!(fatal.borrow().is_some());
            assert_eq!(diary.read().last(), Some(&"rolled back"));
            let (report, outcomes) = channel();
            writer.submit(Box::new(Errand { number: 9, act: Some(add(4)), report }));
            assert_eq!(outcomes.recv().unwrap().1.unwrap_err().code(), "storage_failed");
            writer.stop_blocking();
            drop((store, writer));
            assert_eq!(notes(&bed.open()), ["n1"]);
        }

        #[test]
        fn a_full_disk_at_the_commit_is_busy_and_passes() {
            for bed in Bed::each() {
                let store = bed.with_notes();
                let writer = store.start(Diary::default(), 1000).unwrap();
                store.faults().arm(point::COMMIT, 2, Fault::Full);
                for (_, outcome) in one_batch(&writer, vec![add(1), add(2)]) {
                    let error = outcome.unwrap_err();
                    assert_eq!((error.kind(), error.code()), (crate::error::Kind::Busy, "disk_full"), "{}", bed.name);
                }
                assert!(store.fatal().borrow().is_none());
                assert!(one_batch(&writer, vec![add(1)])[0].1.is_ok());
                assert_eq!(notes(&store), ["n1"], "{}", bed.name);
                writer.stop_blocking();
            }
        }
    }
}
