//! Doing a deed: check, do, record, all in one transaction, and tell after the commit. Reading: the same check in
//! a read transaction, and a record when patient details were shown.

use std::time::Duration;

use super::act::Act;
use super::deed::{ByKey, Deed, Details, Need, Trail};
use super::facts::{Committed, Remembered};
use super::ledger::Ledger;
use super::look::Look;
use super::principal::{Peer, Who};
use super::refusals::{Key, Said};
use super::rule::{self, Grant};
use super::{Cx, Gate, annals, rows, trail};
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::hub::Effect;
use crate::store::{Job, Tx};

/// Under which name a row's details say by which API key it was done.
pub(super) const BY_KEY: &str = "apiKeyId";

/// What is said of a deed that was done or refused, kept for the writer.
struct Errand {
    who: Who,
    peer: Peer,
    need: Need,
    by_key: ByKey,
    trail: Trail,
    /// The details of the row in the form that is signed, made where the deed comes from: there is one writer, and
    /// everyone waits for it.
    record: String,
}

impl Errand {
    fn of(who: Who, peer: Peer, need: Need, by_key: ByKey, mut trail: Trail) -> Self {
        if let (Some(key), Trail::Record { details, .. } | Trail::Reading { details, .. }) = (who.key(), &mut trail) {
            details.id(BY_KEY, key);
        }
        let record = match &trail {
            Trail::Record { details, .. } => details.canonical(),
            Trail::Reading { .. } | Trail::Nothing { .. } => String::new(),
        };
        Self { who, peer, need, by_key, trail, record }
    }
}

/// A job of the writer that does a deed.
struct DeedJob<T, F, D> {
    gate: Gate,
    errand: Errand,
    work: F,
    /// Whether `work` may be run again after everything it did was undone.
    repeatable: bool,
    /// Whether it is a reason to publish a snapshot.
    matters: bool,
    value: Option<Result<T>>,
    /// What is told in the administration log after the commit: whose deed, and the details of its row.
    told: Option<(Option<crate::id::UserId>, String)>,
    done: Option<D>,
}

impl<T, F, D> Job<Ledger> for DeedJob<T, F, D>
where
    T: Send,
    F: FnMut(&mut Act<'_, '_>) -> Result<T> + Send,
    D: FnOnce(Result<T>) + Send,
{
    fn again(&self) -> bool {
        self.repeatable
    }

    fn matters(&self) -> bool {
        self.matters
    }

    fn run(&mut self, tx: &mut Tx<'_>, ledger: &mut Ledger) -> Result<()> {
        let errand = &self.errand;
        let now = ledger.parts.clock.now();
        let grant = match permit(errand, tx, ledger, now) {
            Ok(grant) => grant,
            Err(refusal) => {
                if is_refusal(&refusal) {
                    record_refusal(errand, refusal.code(), tx, ledger, now)?;
                }
                // The transaction goes on, with the row that says so.
                self.value = Some(Err(refusal));
                return Ok(());
            }
        };
        let mut act = Act {
            tx,
            ledger,
            who: &errand.who,
            peer: &errand.peer,
            now,
            grant,
            notes: Details::default(),
            has_notes: false,
            signed_in: None,
        };
        let value = (self.work)(&mut act)?;
        let notes = act.has_notes.then_some(act.notes);
        let user = errand.who.user().or(act.signed_in);
        if let Trail::Record { action, details } = &errand.trail {
            let full = notes.map(|notes| details.with_all(notes).canonical());
            let record = full.as_deref().unwrap_or(&errand.record);
            trail::append(tx, ledger, user, &errand.peer, now, action, record)?;
            if annals::sentence(action).is_some() {
                self.told = Some((user, record.to_owned()));
            }
        }
        self.value = Some(Ok(value));
        Ok(())
    }

    fn done(self: Box<Self>, outcome: Result<()>) {
        let Self { gate, errand, value, told, done, .. } = *self;
        if let (Ok(()), Some(Err(refusal))) = (&outcome, &value)
            && is_refusal(refusal)
        {
            gate.parts().metrics.refusals.one();
        }
        let value = match outcome {
            // The deed itself found out that it may not be done; all it did is undone, with any row of it.
            Err(error) if error.kind() == Kind::Refused => {
                note_refusal(&gate, errand, error.code());
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => {
                if let Some((user, details)) = told {
                    annals::tell(errand.trail.action(), user, &errand.peer, &details);
                }
                value.unwrap_or_else(|| Err(Error::internal("a deed ended without a value")))
            }
        };
        if let Some(done) = done {
            done(value);
        }
    }
}

/// Work that can be done once only.
fn once<T>(
    work: impl FnOnce(&mut Act<'_, '_>) -> Result<T> + Send + 'static,
) -> impl FnMut(&mut Act<'_, '_>) -> Result<T> + Send {
    let mut work = Some(work);
    move |act| work.take().ok_or_else(|| Error::internal("a deed cannot be done twice")).and_then(|work| work(act))
}

fn permit(errand: &Errand, tx: &mut Tx<'_>, ledger: &mut Ledger, now: Timestamp) -> Result<Grant> {
    if let Who::Person(session) = &errand.who {
        if session.doubted() {
            session.refresh(rows::principal(&mut tx.view(), session)?.as_ref());
        }
        session.check(now)?;
        if ledger.ends(session.id) {
            return Err(Error::unauthenticated("session_ended", "This sign-in has ended: sign in again."));
        }
    }
    rule::judge(&errand.who, errand.need, errand.by_key, &mut ledger.facts(tx), now)
}

fn record_refusal(
    errand: &Errand,
    code: &'static str,
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    now: Timestamp,
) -> Result<()> {
    let action = errand.trail.action();
    if count(errand, action, String::new(), ledger) == Said::First {
        let mut details = Details::default();
        details.word("deed", action);
        details.word("code", code);
        if let Some(key) = errand.who.key() {
            details.id(BY_KEY, key);
        }
        let (user, record) = (errand.who.user(), details.canonical());
        annals::tell_refused(action, user, &errand.peer, code);
        trail::append(tx, ledger, user, &errand.peer, now, "access.refused", &record)?;
    }
    Ok(())
}

fn count(errand: &Errand, action: &'static str, about: String, ledger: &mut Ledger) -> Said {
    let user = errand.who.user();
    let now: Duration = ledger.parts.clock.monotonic();
    ledger.count_repeat(Key { user, ip: errand.peer.ip, action, about }, now)
}

impl Cx {
    /// Does a deed: checks, runs `work`, writes the audit row, all in one transaction; the frames that `work`
    /// queued go out after the commit. `Ok` means that it is on disk.
    pub async fn act<T: Send + 'static>(
        &self,
        deed: impl Deed,
        work: impl FnOnce(&mut Act<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.submit(deed, work, move |outcome| {
            // Nobody waits any more when the client has gone; the deed is done all the same.
            let _ = sender.send(outcome);
        });
        receiver.await.unwrap_or_else(|_| Err(Error::busy("stopping", "The server is stopping: try again soon.")))
    }

    /// As [`Cx::act`], without waiting: `done` is called from the writer's thread and must be quick.
    #[expect(clippy::needless_pass_by_value, reason = "a deed is done once")]
    pub fn submit<T: Send + 'static>(
        &self,
        deed: impl Deed,
        work: impl FnOnce(&mut Act<'_, '_>) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let (gate, errand) = (self.gate().clone(), self.errand(&deed));
        let job = DeedJob {
            gate,
            errand,
            work: once(work),
            repeatable: false,
            matters: true,
            value: None,
            told: None,
            done: Some(done),
        };
        self.gate().writer().submit(Box::new(job));
    }

    /// As [`Cx::act`], for what is written again and again and is no reason to publish a snapshot.
    pub async fn act_aside<T: Send + 'static>(
        &self,
        deed: impl Deed,
        work: impl FnOnce(&mut Act<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (gate, errand) = (self.gate().clone(), self.errand(&deed));
        let job = DeedJob {
            gate,
            errand,
            work: once(work),
            repeatable: false,
            matters: false,
            value: None,
            told: None,
            done: Some(move |outcome| {
                let _ = sender.send(outcome);
            }),
        };
        self.gate().writer().submit(Box::new(job));
        receiver.await.unwrap_or_else(|_| Err(Error::busy("stopping", "The server is stopping: try again soon.")))
    }

    /// As [`Cx::submit`], for `work` that may be run again after all that it did was undone: such deeds share a
    /// transaction without savepoints between them, which makes the busiest ones twice as cheap.
    #[expect(clippy::needless_pass_by_value, reason = "a deed is done once")]
    pub fn submit_repeatable<T: Send + 'static>(
        &self,
        deed: impl Deed,
        work: impl FnMut(&mut Act<'_, '_>) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let (gate, errand) = (self.gate().clone(), self.errand(&deed));
        let job =
            DeedJob { gate, errand, work, repeatable: true, matters: true, value: None, told: None, done: Some(done) };
        self.gate().writer().submit(Box::new(job));
    }

    /// Reads: the same check, then `look` in a read transaction. A reading that shows patient details is
    /// recorded before it is answered.
    pub async fn view<T: Send + 'static>(
        &self,
        deed: impl Deed,
        look: impl FnOnce(&mut Look<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let errand = self.errand(&deed);
        let parts = self.gate().parts().clone();
        if let Who::Person(session) = &errand.who {
            session.check(parts.clock.now())?;
        }
        let (who, need, by_key, now) = (errand.who.clone(), errand.need, errand.by_key, parts.clock.now());
        let epoch = parts.facts.epoch();
        let outcome = self
            .gate()
            .store()
            .read(move |view| {
                let decided = rule::judge(&who, need, by_key, &mut Committed { facts: &parts.facts, view, epoch }, now);
                let grant = match decided {
                    Ok(grant) => grant,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let mut reading = Look { view, parts: &parts, who: &who, epoch, grant, shown: false };
                let value = look(&mut reading)?;
                Ok(Ok((value, reading.shown)))
            })
            .await?;
        match outcome {
            Ok((value, false)) => Ok(value),
            Ok((value, true)) => {
                self.record_reading(errand).await?;
                Ok(value)
            }
            Err(refusal) => {
                if is_refusal(&refusal) {
                    note_refusal(self.gate(), errand, refusal.code());
                }
                Err(refusal)
            }
        }
    }

    /// As [`Cx::view`], on this thread, which must not be a runtime's: for a look that is long and shows nobody
    /// anything, so there is nothing to record but a refusal.
    #[expect(clippy::needless_pass_by_value, reason = "a deed is done once")]
    pub fn scan<T>(&self, deed: impl Deed, look: impl FnOnce(&mut Look<'_, '_>) -> Result<T>) -> Result<T> {
        let errand = self.errand(&deed);
        let parts = self.gate().parts().clone();
        if let Who::Person(session) = &errand.who {
            session.check(parts.clock.now())?;
        }
        let epoch = parts.facts.epoch();
        let outcome = self.gate().store().read_blocking(|view| {
            let mut facts = Committed { facts: &parts.facts, view, epoch };
            match rule::judge(&errand.who, errand.need, errand.by_key, &mut facts, parts.clock.now()) {
                Ok(grant) => {
                    let mut scan = Look { view, parts: &parts, who: &errand.who, epoch, grant, shown: false };
                    let value = look(&mut scan)?;
                    if scan.shown { Err(Error::internal("a scan showed patient details")) } else { Ok(Ok(value)) }
                }
                Err(refusal) => Ok(Err(refusal)),
            }
        })?;
        outcome.inspect_err(|refusal| {
            if is_refusal(refusal) {
                note_refusal(self.gate(), errand, refusal.code());
            }
        })
    }

    /// How often the writer has committed so far: whether others are writing just now shows in its growing.
    pub fn commits(&self) -> u64 {
        self.gate().store().stats().commits
    }

    /// Decides alone, for what is passed on and never kept. Where the facts are in memory, as they are for whoever
    /// uses a channel, nothing is read.
    pub async fn permit(&self, deed: impl Deed) -> Result<Grant> {
        if let Who::Person(session) = self.who() {
            session.check(self.now())?;
        }
        let mut known = Remembered { facts: &self.gate().parts().facts, unknown: false };
        let decided = rule::judge(self.who(), deed.need(), deed.by_key(), &mut known, self.now());
        match decided {
            Ok(grant) if !known.unknown => Ok(grant),
            // A fact has to be read, or a refusal has to be recorded: the long way.
            _ => self.view(deed, |look| Ok(look.grant())).await,
        }
    }

    /// Tells sockets of what was not kept; in order with what commits tell.
    pub async fn tell(&self, effects: Vec<Effect>) {
        self.gate().parts().hub.send(effects).await;
    }

    fn errand(&self, deed: &impl Deed) -> Errand {
        Errand::of(self.who().clone(), self.peer().clone(), deed.need(), deed.by_key(), deed.trail())
    }

    async fn record_reading(&self, errand: Errand) -> Result<()> {
        self.gate()
            .writer()
            .write(move |tx, ledger| {
                let Trail::Reading { action, details } = &errand.trail else { return Ok(()) };
                let now = ledger.parts.clock.now();
                let record = details.canonical();
                if count(&errand, action, record.clone(), ledger) == Said::First {
                    trail::append(tx, ledger, errand.who.user(), &errand.peer, now, action, &record)?;
                }
                Ok(())
            })
            .await
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::Missing)
}

fn note_refusal(gate: &Gate, errand: Errand, code: &'static str) {
    gate.parts().metrics.refusals.one();
    let job = DeedJob {
        gate: gate.clone(),
        errand: Errand::of(Who::System, Peer::none(), Need::System, ByKey::AsNeeded, Trail::nothing("")),
        work: move |act: &mut Act<'_, '_>| {
            let now = act.now();
            let (tx, ledger) = (&mut *act.tx, &mut *act.ledger);
            record_refusal(&errand, code, tx, ledger, now)
        },
        repeatable: true,
        matters: true,
        value: None,
        told: None,
        done: Some(|outcome: Result<()>| {
            if let Err(error) = outcome {
                tracing::warn!(code = error.code(), "a refusal could not be recorded");
            }
        }),
    };
    gate.writer().submit(Box::new(job));
}
