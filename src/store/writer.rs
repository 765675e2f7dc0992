//! The one thread that writes, and group commit.
//!
//! Flushing a commit to the disk costs far more than what is in it, so whatever is queued is committed
//! together: up to [`BATCH_MAX`] jobs, each in a savepoint of its own, one flush for all, then all are
//! answered in order. Nobody waits for company: a lone job is committed alone, and while it is, the next
//! batch gathers. An answer `Ok` means that the commit is on disk.
//!
//! The owner of the data gives a [`Ledger`], which lives on this thread and hears of every step, so that what
//! it keeps in memory and what is in the database change together or not at all.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::Inner;
use super::batch::Bench;
use super::engine::Hand;
use super::tx::Tx;
use crate::error::{Context, Error, Result};

/// Jobs in one commit: enough to make the flush cheap, few enough that the first of them does not wait long.
pub const BATCH_MAX: usize = 256;

/// State that its owner keeps in step with the transactions. Every call is on the writer's thread.
pub trait Ledger: Send + 'static {
    /// Right after the transaction began.
    fn begin(&mut self, tx: &mut Tx<'_>) -> Result<()>;
    /// A savepoint was made for the next job.
    fn mark(&mut self);
    /// That job failed and what it did is undone.
    fn undo(&mut self);
    /// The last statements before the commit.
    fn finish(&mut self, tx: &mut Tx<'_>) -> Result<()>;
    /// The commit is on disk; no job of the batch has been answered yet.
    fn committed(&mut self);
    /// The whole transaction is gone.
    fn rolled_back(&mut self);
}

/// A piece of work for the writer.
pub trait Job<L>: Send {
    /// Does it, in a savepoint of its own. An error (or a panic) undoes this job and no other.
    fn run(&mut self, tx: &mut Tx<'_>, ledger: &mut L) -> Result<()>;
    /// Hears the outcome, in the order of the jobs: `Ok` only once the commit is on disk.
    fn done(self: Box<Self>, outcome: Result<()>);
    /// Whether [`run`](Self::run) may be called again after the whole transaction was undone, and then starts
    /// from nothing. A batch of such jobs needs no savepoints, which is twice as fast; should one of them fail,
    /// the batch is undone and run once more with them. Asked once, before the first run.
    fn again(&self) -> bool {
        false
    }
    /// Whether it is a reason to publish a snapshot; what is written every minute of every night is none.
    fn matters(&self) -> bool {
        true
    }
}

/// What goes to the writer's thread.
pub(super) enum Note<L> {
    Job(Box<dyn Job<L>>),
    Stop,
}

struct Desk<L> {
    notes: mpsc::Sender<Note<L>>,
    closed: AtomicBool,
    queue_max: usize,
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A handle to the writer's thread.
pub struct Writer<L>(Arc<Desk<L>>);

impl<L> Clone for Writer<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L: Ledger> Writer<L> {
    pub(super) fn start(hand: Hand, ledger: L, queue_max: usize, store: Arc<Inner>) -> Result<Self> {
        let (notes, queue) = mpsc::channel();
        let waiting = Arc::clone(&store.counters.queue);
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || Bench::new(hand, ledger, store).work(&queue))
            .context("starting the writer's thread")?;
        Ok(Self(Arc::new(Desk {
            notes,
            closed: AtomicBool::new(false),
            queue_max,
            waiting,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Hands a job over and returns at once. When the queue is full or the writer stops, the job hears
    /// [`Busy`](crate::error::Kind::Busy) (`busy`, `stopping`) on this thread.
    pub fn submit(&self, job: Box<dyn Job<L>>) {
        let desk = &*self.0;
        // Counted before `closed` is read: a stopping writer waits until the count is zero, so a job that got
        // past the check is never left in the queue.
        let before = desk.waiting.fetch_add(1, Ordering::SeqCst);
        let refusal = if desk.closed.load(Ordering::SeqCst) {
            stopping()
        } else if before >= desk.queue_max {
            Error::busy("busy", "The server is busy; try again in a moment.")
        } else {
            match desk.notes.send(Note::Job(job)) {
                Ok(()) => return,
                Err(mpsc::SendError(note)) => {
                    desk.waiting.fetch_sub(1, Ordering::SeqCst);
                    if let Note::Job(job) = note {
                        job.done(Err(stopping()));
                    }
                    return;
                }
            }
        };
        desk.waiting.fetch_sub(1, Ordering::SeqCst);
        job.done(Err(refusal));
    }

    /// Runs `f` on the writer's thread and resolves when what it did is on disk.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>, &mut L) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(Once { work: Some(f), value: None, reply }));
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// As [`write`](Self::write), for work that may be done more than once; see [`Job::again`].
    pub async fn write_again<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>, &mut L) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(Often { work: f, value: None, reply }));
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Takes no more jobs; what is queued is still done, then the thread tidies up and ends.
    pub fn stop(&self) {
        if !self.0.closed.swap(true, Ordering::SeqCst) {
            // Fails only when the thread has ended already.
            let _ = self.0.notes.send(Note::Stop);
        }
    }

    /// As [`stop`](Self::stop), and waits until the thread has ended. Not for a runtime's thread.
    pub fn stop_blocking(&self) {
        self.stop();
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Panics are caught where they happen; there is nothing to learn from the join.
            let _ = thread.join();
        }
    }
}

fn stopping() -> Error {
    Error::busy("stopping", "The server is stopping; try again in a moment.")
}

struct Once<F, T> {
    work: Option<F>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<L, T, F> Job<L> for Once<F, T>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>, &mut L) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>, ledger: &mut L) -> Result<()> {
        let work = self.work.take().ok_or_else(|| Error::internal("a job ran twice"))?;
        self.value = Some(work(tx, ledger)?);
        Ok(())
    }

    fn done(self: Box<Self>, outcome: Result<()>) {
        reply(self.reply, self.value, outcome);
    }
}

struct Often<F, T> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<L, T, F> Job<L> for Often<F, T>
where
    T: Send,
    F: FnMut(&mut Tx<'_>, &mut L) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>, ledger: &mut L) -> Result<()> {
        self.value = None;
        self.value = Some((self.work)(tx, ledger)?);
        Ok(())
    }

    fn done(self: Box<Self>, outcome: Result<()>) {
        reply(self.reply, self.value, outcome);
    }

    fn again(&self) -> bool {
        true
    }
}

fn reply<T>(to: oneshot::Sender<Result<T>>, value: Option<T>, outcome: Result<()>) {
    // Whoever asked may have gone.
    let _ = to.send(outcome.and_then(|()| value.ok_or_else(|| Error::internal("a job was answered without a run"))));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::testing::{Act, Bed, Diary, Errand, add, notes};
    use crate::error::Kind;

    #[test]
    fn a_full_queue_and_a_stopped_writer_say_so_at_once_and_what_is_queued_is_done() {
        for bed in Bed::each() {
            let store = bed.with_notes();
            let writer = store.start(Diary::default(), 2).unwrap();
            let (report, outcomes) = channel();
            let (open, gate) = channel::<()>();
            let (inside, entered) = channel::<()>();
            let hold: Act = Box::new(move |_, _| {
                inside.send(()).expect("the test waits");
                gate.recv().expect("the test opens");
                Ok(())
            });
            let send = |number, act| {
                writer.submit(Box::new(Errand { number, act: Some(act), report: report.clone() }));
            };
            send(0, hold);
            entered.recv().unwrap();
            send(1, add(1));
            send(2, add(2));
            send(3, add(3));
            let (number, refused) = outcomes.recv().unwrap();
            let refused = refused.unwrap_err();
            assert_eq!((number, refused.kind(), refused.code()), (3, Kind::Busy, "busy"), "{}", bed.name);
            assert_eq!(store.stats().queued, 2);
            writer.stop();
            send(4, add(4));
            let (number, refused) = outcomes.recv().unwrap();
            assert_eq!((number, refused.unwrap_err().code()), (4, "stopping"));
            open.send(()).unwrap();
            writer.stop_blocking();
            let done: Vec<_> = outcomes.try_iter().map(|(n, o)| (n, o.is_ok())).collect();
            assert_eq!(done, [(0, true), (1, true), (2, true)], "{}", bed.name);
            assert_eq!(notes(&store), ["n1", "n2"]);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writes_resolve_with_their_values_from_a_runtime() {
        for bed in tokio::task::spawn_blocking(Bed::each).await.unwrap() {
            let (bed, store) = tokio::task::spawn_blocking(move || {
                let store = bed.with_notes();
                (bed, store)
            })
            .await
            .unwrap();
            let writer = store.start(Diary::default(), 1000).unwrap();
            let tasks: Vec<_> = (0..100_i64)
                .map(|id| {
                    let writer = writer.clone();
                    tokio::spawn(
                        async move { writer.write(move |tx, ledger| add(id)(tx, ledger).map(|()| id * 2)).await },
                    )
                })
                .collect();
            for (id, task) in (0..).zip(tasks) {
                assert_eq!(task.await.unwrap().unwrap(), id * 2);
            }
            let error = writer.write(|tx, ledger| add(1)(tx, ledger)).await.unwrap_err();
            assert_eq!(error.code(), "duplicate", "{}", bed.name);
            let count =
                store.read(|view| view.one("SELECT count(*) FROM notes", &[], |row| row.get::<i64>(0))).await.unwrap();
            assert_eq!(count, 100);
            assert!(store.stats().commits <= store.stats().jobs, "{:?}", store.stats());
            writer.stop();
            // Dropped on the runtime's thread, on purpose: the PostgreSQL driver must survive it.
            drop((store, writer));
        }
    }

    #[cfg(feature = "postgres")]
    #[tokio::test]
    async fn a_store_that_was_never_started_may_be_dropped_on_a_runtimes_thread() {
        let Some(bed) = tokio::task::spawn_blocking(Bed::postgres).await.unwrap() else { return };
        let config = bed.config.clone();
        let store = tokio::task::spawn_blocking(move || super::super::Store::open(&config)).await.unwrap().unwrap();
        drop(store);
    }
}
