//! Taking over the database of the older Node.js server, once, while nobody serves the folder.
//!
//! It goes twice over the source, in one transaction that sees one moment. The first time everything is read, opened
//! and judged (`judge`), and nothing is written: that is the dry run, and what stops the takeover before it begins
//! (a wrong key, a database that is something else). The second time it is written (`target`), slice by slice, with a
//! journal. Until the last slice, the counts and the head of the audit chain are in place, the server refuses to
//! start ([`refuse_unfinished`]), so nobody ever sees a half of a clinic; after a break the same command goes on.

mod judge;
mod older;
mod report;
mod rows;
mod target;

use std::path::PathBuf;

use uuid::Uuid;
use zeroize::Zeroizing;

use self::judge::Judge;
use self::older::rows::{self as old, Stream};
pub use self::report::{Count, Remark, Report, Table};
use self::target::Target;
use crate::clock::{SharedClock, Timestamp};
use crate::crypto::older::{Known, Opener};
use crate::crypto::pbkdf2::{Digest, SaltForm};
use crate::crypto::{Keyring, Pbkdf2, SharedEntropy};
use crate::error::{Error, Result};
use crate::gate::{self, Details};
use crate::id::uuid_v7;
use crate::store::{Address, Foreign, Store};

/// How the older server made its password hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// The hash function.
    pub digest: Digest,
    /// Rounds.
    pub rounds: u32,
    /// What its salts are.
    pub salt: SaltForm,
}

impl Hashes {
    fn read(self, hash: &str, salt: &str) -> Result<(Pbkdf2, Zeroizing<Vec<u8>>)> {
        judge::read_hash(self, hash, salt)
    }
}

/// What is to be done.
pub struct Options {
    /// The address of the older database.
    pub from: Zeroizing<String>,
    /// Its password, where it is not in the address.
    pub password: Option<Zeroizing<String>>,
    /// The authority of its certificate.
    pub tls_ca: Option<PathBuf>,
    /// The older server's `ENCRYPTION_KEY`.
    pub key: Option<Zeroizing<String>>,
    /// What is known of how it sealed.
    pub known: Known,
    /// How it hashed.
    pub hashes: Hashes,
    /// Leave out what cannot be opened, instead of stopping.
    pub skip_unreadable: bool,
    /// Read and judge everything, write nothing.
    pub dry_run: bool,
}

/// Our side.
pub struct Here<'a> {
    /// The database.
    pub store: &'a Store,
    /// Its keys.
    pub keys: &'a Keyring,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// The time.
    pub clock: SharedClock,
}

/// Where it stands, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: Table,
    /// Rows that were read.
    pub done: i64,
    /// Of so many.
    pub of: i64,
    /// They are written, not only looked at.
    pub writing: bool,
}

/// Fails while a takeover into this database is not finished.
///
/// # Errors
/// Conflict `takeover_unfinished`.
pub fn refuse_unfinished(store: &Store) -> Result<()> {
    match store.read_blocking(rows::state)? {
        Some(state) if !state.finished => Err(Error::conflict(
            "takeover_unfinished",
            "The takeover of the older server into this data folder is not finished. Run the same `mcp-messenger \
             import` again: it goes on where it stopped. Nothing is served before.",
        )),
        _ => Ok(()),
    }
}

/// Takes the older server's database over, or only says what would come of it.
///
/// # Errors
/// Those of opening the source; Conflict `target_not_empty`, `takeover_finished`, `source_changed`,
/// `source_key_wrong`; Invalid `source_key_needed`; Internal `when the counts differ at the end`.
pub fn run(here: &Here<'_>, options: &Options, tell: &mut dyn FnMut(Progress)) -> Result<Report> {
    let state = here.store.read_blocking(rows::state)?;
    if state.as_ref().is_some_and(|state| state.finished) {
        return Err(Error::conflict("takeover_finished", "The takeover into this data folder is finished already."));
    }
    if state.is_none() && !here.store.read_blocking(rows::is_empty)? {
        return Err(Error::conflict(
            "target_not_empty",
            "There are accounts, channels, messages or audit rows here already. Take over into a new data folder \
             (--data-dir) or, with DB_ENGINE=postgres, into a new database.",
        ));
    }
    let opener = options.key.as_deref().map(|key| Opener::new(key, options.known)).transpose()?;
    let password = options.password.as_ref().map(|password| password.as_str());
    let address = Address { url: &options.from, password, tls_ca: options.tls_ca.as_deref() };
    let mut source = older::open(address)?;
    let counts = old::counts(&mut source.view())?;
    let fingerprint = older::fingerprint(&mut source, &counts)?;
    if state.as_ref().is_some_and(|state| state.source != fingerprint) {
        return Err(Error::conflict(
            "source_changed",
            "The older database is not what it was when this takeover began: another one, or used since. Stop the \
             older server, and begin again in a new data folder.",
        ));
    }
    let started = state.as_ref().map_or_else(|| here.clock.now(), |state| Timestamp::from_micros(state.started));
    let nobody = nobody(&fingerprint);

    let had_key = opener.is_some();
    let judge = Judge::new(options, opener, Report::of(&counts), nobody, started.micros());
    let mut judge = walk(&mut source, judge, None, tell)?;
    let stands_in = judge.stands_in;
    judge.report.dry_run = options.dry_run;
    let (report, opener) = judge.into_parts();
    if options.dry_run {
        return Ok(report);
    }
    if report.unopened > 0 && !options.skip_unreadable {
        return Err(judge::key_fault(had_key, &report));
    }

    gate::seed(here.store, &here.clock, &here.entropy)?;
    if state.is_none() {
        here.store.write_blocking(|tx| rows::begin(tx, &fingerprint, started))?;
    }
    let mut target = Target::open(here.store, here.keys, here.entropy.clone(), started)?;
    let mut judge = Judge::new(options, opener, Report::of(&counts), nobody, started.micros());
    judge.stands_in = stands_in;
    let judge = walk(&mut source, judge, Some(&mut target), tell)?;
    let (mut written, _) = judge.into_parts();
    written.resumed = state.is_some();
    conclude(here, &written, stands_in)?;
    Ok(written)
}

/// Compares the counts, ties the audit log to what came over, and lets the server start.
fn conclude(here: &Here<'_>, report: &Report, stands_in: bool) -> Result<()> {
    let found = here.store.read_blocking(rows::counts)?;
    let taken = |table| report.count(table).taken;
    let wanted = [
        taken(Table::Users) + i64::from(stands_in),
        taken(Table::Channels),
        taken(Table::Members),
        taken(Table::Messages),
        taken(Table::Reactions),
        taken(Table::Audit),
    ];
    if found != wanted {
        return Err(Error::internal(format!(
            "the counts differ at the end: {found:?} are here and {wanted:?} were taken over"
        )));
    }
    let mut details = Details::default();
    details.count("users", wanted[0]);
    details.count("channels", wanted[1]);
    details.count("members", wanted[2]);
    details.count("messages", wanted[3]);
    details.count("reactions", wanted[4]);
    let (rev, _) = here.store.read_blocking(rows::places)?;
    let started = here.clock.now();
    gate::conclude_takeover(here.store, here.keys, &here.clock, &here.entropy, rev, details, |tx| {
        rows::mark_read(tx)?;
        rows::finish(tx, started)
    })
}

/// An id that the same source gives again after a break.
fn nobody(fingerprint: &str) -> Uuid {
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().zip(fingerprint.as_bytes()) {
        *to = *from;
    }
    uuid_v7(0, random)
}

/// Goes over every table once. Without a target it only judges.
fn walk<'o>(
    source: &mut Foreign,
    mut judge: Judge<'o>,
    mut target: Option<&mut Target<'_>>,
    tell: &mut dyn FnMut(Progress),
) -> Result<Judge<'o>> {
    let roles = old::roles(&mut source.view())?;
    let read = i64::try_from(roles.len()).unwrap_or(i64::MAX);
    let roles: Vec<_> = roles.into_iter().filter_map(|role| judge.role(role)).collect();
    if let Some(target) = target.as_deref_mut()
        && target.done(Table::Roles)? < read
    {
        target.roles(&roles, read)?;
    }
    let mut pass = Pass { source, judge: &mut judge, target, tell };
    pass.table(Table::Users, |judge, row| Some(judge.user(&row)), Target::users)?;
    let (needed, nobody) = (pass.judge.stands_in, pass.judge.nobody);
    pass.table(
        Table::Channels,
        |judge, row| Some(judge.channel(row)),
        |target, rows, read| target.channels(rows, read),
    )?;
    if needed
        && let Some(target) = pass.target.as_deref_mut()
        && target.done(Table::Messages)? == 0
    {
        target.stand_in_once(nobody)?;
    }
    pass.table(Table::Members, |judge, row| judge.member(&row), |target, rows, read| target.members(rows, read))?;
    pass.judge.members_done();
    pass.table(Table::Messages, Judge::message, Target::messages)?;
    pass.table(Table::Reactions, |judge, row| judge.reaction(&row), |target, rows, read| target.reactions(rows, read))?;
    pass.table(Table::Audit, |judge, row| Some(judge.entry(row)), Target::entries)?;
    Ok(judge)
}

/// One walk over the source.
struct Pass<'p, 'o, 't> {
    source: &'p mut Foreign,
    judge: &'p mut Judge<'o>,
    target: Option<&'p mut Target<'t>>,
    tell: &'p mut dyn FnMut(Progress),
}

impl<'o, 't> Pass<'_, 'o, 't> {
    fn table<T: Stream, K>(
        &mut self,
        table: Table,
        judge: impl Fn(&mut Judge<'o>, T) -> Option<K>,
        write: impl Fn(&mut Target<'t>, &[K], i64) -> Result<()>,
    ) -> Result<()> {
        let of = self.judge.report.count(table).source;
        let before = self.target.as_deref().map_or(Ok(0), |target| target.done(table))?;
        let writing = self.target.is_some();
        let mut done = 0;
        old::open::<T>(self.source)?;
        loop {
            let rows = old::next::<T>(self.source)?;
            if rows.is_empty() {
                break;
            }
            done += i64::try_from(rows.len()).unwrap_or(0);
            let kept: Vec<K> = rows.into_iter().filter_map(|row| judge(self.judge, row)).collect();
            // What an earlier attempt has written is judged again, because later rows depend on it, and not written.
            if let Some(target) = self.target.as_deref_mut().filter(|_| done > before) {
                write(target, &kept, done)?;
            }
            (self.tell)(Progress { table, done, of, writing });
        }
        old::close::<T>(self.source)
    }
}
