//! Passwords: Argon2id (RFC 9106) with OWASP's parameters, on threads of its own.
//!
//! A hash is meant to be expensive, 19 MiB and some ten milliseconds, which makes signing in a lever against
//! the server: everyone who comes back after a power cut signs in at once. So the work has a pool.
//!
//! - Its threads run at a lower priority: messages go first when there is more to do than cores.
//! - Each thread has one block of memory and uses it again, so a storm costs threads × 19 MiB and no more. The
//!   block is wiped when the queue runs dry and given back after a while: it would be most of the idle server.
//! - The queue is bounded; beyond it the answer is `Busy` at once, not a late one.
//! - Whoever has hung up is passed over.
//!
//! A hash of the older server (see [`pbkdf2`](super::pbkdf2)) is verified here too, at the price of both functions.
//! As long as there are such hashes every check pays that price: how long a sign-in takes must not tell who has
//! one, nor who exists.
//!
//! Passwords are taken byte by byte as they are typed, all of Unicode, never cut and never trimmed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use zeroize::{Zeroize, Zeroizing};

use super::entropy::{Entropy, SharedEntropy};
use super::pbkdf2::Pbkdf2;
use crate::error::{Context, Error, Result};

/// The longest password, in bytes of UTF-8. Longer ones cost time and prove nothing.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// A stored hash may ask for more memory than ours, if someone chose so; not for all of the machine.
const MEMORY_KIB_MAX: u32 = 256 * 1_024;
/// After this long without work a thread gives its block back.
const KEEP_BLOCK_FOR: Duration = Duration::from_secs(2);

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the right one.
    pub ok: bool,
    /// It is right, and its hash is weaker than what would be made today: hash it again and store that.
    pub needs_rehash: bool,
}

/// A hash as it is stored. It has no `Debug`.
#[derive(Clone)]
pub struct StoredHash {
    /// An Argon2 PHC string.
    pub phc: String,
    /// The hash is not of the password but of what this made of it.
    pub older: Option<Pbkdf2>,
}

impl From<String> for StoredHash {
    fn from(phc: String) -> Self {
        Self { phc, older: None }
    }
}

impl StoredHash {
    /// Reads the two columns of an account; `salt` is empty for every hash that was made here.
    ///
    /// # Errors
    /// Internal when the parameters are unreadable.
    pub fn read(phc: String, salt: &str) -> Result<Self> {
        let older = if salt.is_empty() { None } else { Some(Pbkdf2::parse(salt)?) };
        Ok(Self { phc, older })
    }
}

/// Puts hashes of the older server into Argon2id, one after the other, in one block of memory.
#[derive(Default)]
pub struct Wrapper(Memory);

impl Wrapper {
    /// The PHC string to store for an account whose older hash is `older`; beside it, the [`Pbkdf2`] that made it.
    ///
    /// # Errors
    /// Internal only.
    pub fn wrap(&mut self, older: &[u8], entropy: &dyn Entropy) -> Result<String> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill_fresh(&mut salt);
        hash(older, &salt, &mut self.0)
    }
}

/// Whether `phc` is a hash that [`PasswordPool::verify`] can check.
pub fn is_readable(phc: &str) -> bool {
    parse(phc).is_ok()
}

/// The threads that hash.
pub struct PasswordPool {
    queue: Arc<Queue>,
    entropy: SharedEntropy,
}

struct Queue {
    state: Mutex<State>,
    work: Condvar,
    jobs_max: usize,
    /// What every check costs besides, as long as older hashes are about.
    level: OnceLock<Pbkdf2>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

enum Job {
    Hash { password: Zeroizing<String>, salt: [u8; SALT_BYTES], answer: oneshot::Sender<Result<String>> },
    Verify { password: Zeroizing<String>, stored: Option<StoredHash>, answer: oneshot::Sender<Result<Verdict>> },
}

impl PasswordPool {
    /// One thread a core, and at most `queue_max` sign-ins waiting.
    ///
    /// # Errors
    /// Internal when the system gives no threads.
    pub fn start(queue_max: usize, entropy: SharedEntropy) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::start_with(cores, queue_max, entropy)
    }

    /// As [`Self::start`] with this many threads.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(threads: usize, queue_max: usize, entropy: SharedEntropy) -> Result<Self> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            work: Condvar::new(),
            jobs_max: queue_max,
            level: OnceLock::new(),
        });
        let pool = Self { queue, entropy };
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&pool.queue);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || queue.work_off())
                .context("starting a password thread")?;
        }
        Ok(pool)
    }

    /// The PHC string to store for `password`.
    ///
    /// # Errors
    /// Invalid for an empty password or one beyond [`PASSWORD_BYTES_MAX`]; Busy `login_queue_full`.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String> {
        if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
            return Err(Error::field("password", format!("It may have 1 to {PASSWORD_BYTES_MAX} bytes.")));
        }
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill_fresh(&mut salt);
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Hash { password, salt, answer })?;
        answered.await.context("a password thread ended")?
    }

    /// Lets every check cost as much as one of a hash that `older` is under. Said once, at the start.
    pub fn level(&self, older: Pbkdf2) {
        let _ = self.queue.level.set(older);
    }

    /// Whether `password` is the one that `stored` was made from. `None` is a user who does not
    /// exist: it costs the same time and is never right, so that nobody learns who exists.
    ///
    /// # Errors
    /// Busy `login_queue_full`; Internal when the stored hash is unreadable.
    pub async fn verify(&self, password: Zeroizing<String>, stored: Option<StoredHash>) -> Result<Verdict> {
        if password.len() > PASSWORD_BYTES_MAX {
            // No such password can have been set, and this is so for every user.
            return Ok(Verdict { ok: false, needs_rehash: false });
        }
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job::Verify { password, stored, answer })?;
        answered.await.context("a password thread ended")?
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closed = true;
        state.jobs.clear();
        self.queue.work.notify_all();
    }
}

impl fmt::Debug for PasswordPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordPool").field("waiting", &self.queue.lock().jobs.len()).finish_non_exhaustive()
    }
}

impl Queue {
    fn push(&self, job: Job) -> Result<()> {
        let mut state = self.lock();
        if state.jobs.len() >= self.jobs_max {
            return Err(Error::busy("login_queue_full", "Too many people are signing in. Try again in a moment."));
        }
        state.jobs.push_back(job);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn work_off(&self) {
        yield_to_messages();
        let mut memory = Memory::default();
        while let Some(job) = self.next(&mut memory) {
            match job {
                Job::Hash { answer, .. } if answer.is_closed() => {}
                Job::Verify { answer, .. } if answer.is_closed() => {}
                // Whoever asked may hang up while we work; then nobody wants the answer.
                Job::Hash { password, salt, answer } => {
                    drop(answer.send(hash(password.as_bytes(), &salt, &mut memory)));
                }
                Job::Verify { password, stored, answer } => {
                    drop(answer.send(verify(&password, stored.as_ref(), self.level.get(), &mut memory)));
                }
            }
        }
    }

    /// The next job; `None` when the pool is gone.
    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if !memory.clean {
                // Wiping takes a millisecond, so nobody should wait for it with the lock held.
                drop(state);
                memory.wipe();
                state = self.lock();
                continue;
            }
            if memory.blocks.is_empty() {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (woken, wait) = self.work.wait_timeout(state, KEEP_BLOCK_FOR).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if wait.timed_out() && state.jobs.is_empty() {
                memory.blocks = Vec::new();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The block that Argon2 works in, kept from one hash to the next.
struct Memory {
    blocks: Vec<Block>,
    /// Nothing of a password is left in it.
    clean: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self { blocks: Vec::new(), clean: true }
    }
}

impl Memory {
    fn of(&mut self, count: usize) -> &mut [Block] {
        self.clean = false;
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        &mut self.blocks[..count]
    }

    fn wipe(&mut self) {
        self.blocks.zeroize();
        // `zeroize` empties the vector but keeps its memory; what a stored hash wanted beyond ours goes back.
        self.blocks.shrink_to(MEMORY_KIB as usize);
        let kept = self.blocks.capacity();
        self.blocks.resize(kept, Block::new());
        self.clean = true;
    }
}

/// By how much hashing is nicer than the rest of the server.
#[cfg(target_os = "linux")]
const NICER_BY: i32 = 10;
/// There is nothing below.
#[cfg(target_os = "linux")]
const NICEST: i32 = 19;

/// A login storm may take every core that is free, and none that messages want.
#[cfg(target_os = "linux")]
fn yield_to_messages() {
    // On Linux priority belongs to the thread, and nobody means the calling one. Without the right to do
    // even this the pool works all the same. Whoever started the server may have made all of it nicer already.
    let own = rustix::process::getpriority_process(None).unwrap_or(0);
    let _ = rustix::process::setpriority_process(None, own.saturating_add(NICER_BY).min(NICEST));
}

#[cfg(not(target_os = "linux"))]
fn yield_to_messages() {}

fn ours() -> Result<Params> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).context("setting Argon2 up")
}

fn compute(
    params: Params,
    version: Version,
    password: &[u8],
    salt: &[u8],
    memory: &mut Memory,
) -> Result<[u8; HASH_BYTES]> {
    let mut out = [0; HASH_BYTES];
    let blocks = memory.of(params.block_count());
    Argon2::new(Algorithm::Argon2id, version, params)
        .hash_password_into_with_memory(password, salt, &mut out, blocks)
        .context("hashing a password")?;
    Ok(out)
}

fn hash(password: &[u8], salt: &[u8; SALT_BYTES], memory: &mut Memory) -> Result<String> {
    let params = ours()?;
    let text = ParamsString::try_from(&params).context("writing a password hash")?;
    let out = compute(params, Version::V0x13, password, salt, memory)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: text,
        salt: Some(Salt::new(salt).context("writing a password hash")?),
        hash: Some(Output::new(&out).context("writing a password hash")?),
    };
    Ok(phc.to_string())
}

/// A PHC string, read and found to be one that can be checked.
struct Parsed {
    params: Params,
    version: Version,
    salt: Salt,
    expected: Output,
}

fn parse(stored: &str) -> Result<Parsed> {
    let unreadable = || Error::internal("a stored password hash is unreadable");
    let phc = PasswordHash::new(stored).map_err(|cause| unreadable().because(cause))?;
    let params = Params::try_from(&phc).map_err(|cause| unreadable().because(cause))?;
    let version =
        phc.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(|cause| unreadable().because(cause))?;
    let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else { return Err(unreadable()) };
    if phc.algorithm != Algorithm::Argon2id.ident() || expected.len() != HASH_BYTES || params.m_cost() > MEMORY_KIB_MAX
    {
        return Err(unreadable());
    }
    Ok(Parsed { params, version, salt, expected })
}

fn verify(password: &str, stored: Option<&StoredHash>, level: Option<&Pbkdf2>, memory: &mut Memory) -> Result<Verdict> {
    let older = stored.and_then(|stored| stored.older.as_ref());
    // Without an older hash of its own the account pays for one all the same, and what comes of it is thrown away.
    let derived = older.or(level).map(|way| std::hint::black_box(way.derive(password)));
    let Some(stored) = stored else {
        let out = compute(ours()?, Version::V0x13, password.as_bytes(), &[0; SALT_BYTES], memory)?;
        // Compared and thrown away, so that the compiler cannot leave the work out.
        let _ = std::hint::black_box(bool::from(out.ct_eq(&[0; HASH_BYTES])));
        return Ok(Verdict { ok: false, needs_rehash: false });
    };
    let Parsed { params, version, salt, expected } = parse(&stored.phc)?;
    let needs_rehash = older.is_some()
        || version != Version::V0x13
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || salt.len() < SALT_BYTES;
    let input = match (older, &derived) {
        (Some(_), Some(derived)) => derived.as_slice(),
        _ => password.as_bytes(),
    };
    let out = compute(params, version, input, &salt, memory)?;
    let ok = bool::from(out.as_slice().ct_eq(expected.as_bytes()));
    Ok(Verdict { ok, needs_rehash: ok && needs_rehash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemEntropy;
    use crate::error::Kind;

    fn pool(threads: usize, queue_max: usize) -> PasswordPool {
        PasswordPool::start_with(threads, queue_max, SystemEntropy::shared()).unwrap()
    }

    fn text(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_string())
    }

    const RIGHT: Verdict = Verdict { ok: true, needs_rehash: false };
    const WRONG: Verdict = Verdict { ok: false, needs_rehash: false };

    #[tokio::test]
    async fn a_password_verifies_and_no_other_does() {
        let pool = pool(2, 100);
        let long = "ß".repeat(PASSWORD_BYTES_MAX / 2);
        for password in ["correct horse battery", " leading and trailing ", "пароль 密码 🔑", "a", &long] {
            let phc = pool.hash(text(password)).await.unwrap();
            assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
            assert!(phc.len() <= 255, "it has to fit the column");
            assert_ne!(phc, pool.hash(text(password)).await.unwrap(), "every hash has its own salt");
            assert_eq!(pool.verify(text(password), Some(StoredHash::from(phc.clone()))).await.unwrap(), RIGHT);
            let almost = format!("{}x", &password[..password.len() - password.chars().last().unwrap().len_utf8()]);
            if almost != password {
                assert_eq!(pool.verify(text(&almost), Some(StoredHash::from(phc))).await.unwrap(), WRONG);
            }
        }
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let pool = pool(1, 10);
        let beyond = "a".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(pool.hash(text(&beyond)).await.unwrap_err().kind(), Kind::Invalid);
        assert_eq!(pool.hash(text("")).await.unwrap_err().kind(), Kind::Invalid);
        assert_eq!(pool.verify(text(&beyond), None).await.unwrap(), WRONG);
        assert_eq!(pool.verify(text(""), None).await.unwrap(), WRONG);
    }

    #[tokio::test]
    async fn the_reference_hash_verifies_and_a_weak_one_asks_to_be_renewed() {
        let pool = pool(1, 10);
        // From the test file of the reference implementation (P-H-C/phc-winner-argon2, test.c); 64 MiB, but its
        // salt has 8 bytes, fewer than we make.
        let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let renew = Verdict { ok: true, needs_rehash: true };
        assert_eq!(pool.verify(text("password"), Some(StoredHash::from(reference.to_owned()))).await.unwrap(), renew);
        assert_eq!(pool.verify(text("Password"), Some(StoredHash::from(reference.to_owned()))).await.unwrap(), WRONG);
        // The block grew for that one; ours still come out right in it.
        let phc = pool.hash(text("afterwards")).await.unwrap();
        assert_eq!(pool.verify(text("afterwards"), Some(StoredHash::from(phc))).await.unwrap(), RIGHT);
    }

    #[tokio::test]
    async fn an_older_hash_is_checked_through_the_one_around_it_and_asks_to_be_replaced() {
        use crate::crypto::pbkdf2::{Digest, SaltForm};
        let pool = pool(1, 10);
        let older = Pbkdf2::new(Digest::Sha512, 100, 64, SaltForm::Text, "5a17").unwrap();
        let phc = Wrapper::default().wrap(&older.derive("from before"), &SystemEntropy).unwrap();
        assert!(is_readable(&phc) && phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let stored = StoredHash::read(phc.clone(), &older.to_string()).unwrap();
        let renew = Verdict { ok: true, needs_rehash: true };
        assert_eq!(pool.verify(text("from before"), Some(stored.clone())).await.unwrap(), renew);
        assert_eq!(pool.verify(text("from Before"), Some(stored.clone())).await.unwrap(), WRONG);
        // What the older server kept is no password here, nor does the outer hash stand for itself.
        let bare = StoredHash::read(phc, "").unwrap();
        assert_eq!(pool.verify(text("from before"), Some(bare)).await.unwrap(), WRONG);
        pool.level(older);
        let own = pool.hash(text("a newer one")).await.unwrap();
        assert_eq!(pool.verify(text("a newer one"), Some(own.clone().into())).await.unwrap(), RIGHT);
        assert_eq!(pool.verify(text("from before"), Some(own.into())).await.unwrap(), WRONG);
        assert_eq!(pool.verify(text("from before"), None).await.unwrap(), WRONG);
        assert_eq!(pool.verify(text("from before"), Some(stored)).await.unwrap(), renew);
        assert!(StoredHash::read(String::new(), "another scheme").is_err());
    }

    #[tokio::test]
    async fn an_unreadable_hash_is_our_fault_and_not_a_wrong_password() {
        let pool = pool(1, 10);
        let greedy = "$argon2id$v=19$m=4000000,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let other = "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for stored in ["", "!", "$argon2id$", "5f4dcc3b5aa765d61d8327deb882cf99", greedy, other] {
            let refused = pool.verify(text("password"), Some(StoredHash::from(stored.to_owned()))).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::Internal, "{stored}");
        }
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_recovers() {
        let pool = pool(1, 3);
        let asked: Vec<_> = (0..40).map(|_| pool.verify(text("x"), None)).collect();
        let answers = futures_util::future::join_all(asked).await;
        let busy = answers.iter().filter(|a| a.as_ref().is_err_and(|e| e.code() == "login_queue_full")).count();
        let done = answers.iter().filter(|a| a.is_ok()).count();
        assert_eq!(busy + done, 40);
        assert!((3..40).contains(&done), "{done} of 40 were worked off");
        assert_eq!(pool.verify(text("x"), None).await.unwrap(), WRONG);
    }

    #[tokio::test]
    async fn whoever_hangs_up_costs_nothing() {
        let pool = pool(1, 10_000);
        let mut hung_up = 0;
        for _ in 0..2_000 {
            let asked = tokio::time::timeout(Duration::ZERO, pool.verify(text("x"), None)).await;
            hung_up += usize::from(asked.is_err());
        }
        assert!(hung_up > 1_900, "on a busy machine one may be answered before its caller has gone: {hung_up}");
        // Two thousand hashes would take twenty seconds and more, and longer on a busy machine.
        tokio::time::timeout(Duration::from_secs(15), pool.verify(text("x"), None)).await.unwrap().unwrap();
    }

    /// In a process of its own, because memory is counted by process and other tests use some.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_storm_keeps_to_one_block_a_thread() {
        let storm = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["crypto::speed::a_storm_of_sign_ins", "--exact", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&storm.stdout);
        assert!(storm.status.success() && said.contains("1 passed"), "{said}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_threads_are_nicer_than_the_rest() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let (before, nicer) = (own(), own().saturating_add(NICER_BY).min(NICEST));
        let pool = pool(1, 10);
        pool.verify(text("x"), None).await.unwrap();
        // Other tests start pools too, whose threads may be caught on their first steps.
        let mut nice = Vec::new();
        for _ in 0..600 {
            nice = niceness_by_thread();
            let hashing: Vec<i32> = nice.iter().filter(|(hashes, _)| *hashes).map(|(_, value)| *value).collect();
            if !hashing.is_empty() && hashing.iter().all(|value| *value >= nicer) {
                assert_eq!(own(), before, "the thread that asks stays as it was");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("a password thread runs at full priority: {nice:?}, and the rest at {before}");
    }

    /// Whether each thread of this process hashes, and its priority (`nice`, field 19 of `proc_pid_stat(5)`).
    #[cfg(target_os = "linux")]
    fn niceness_by_thread() -> Vec<(bool, i32)> {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
        stats
            .filter_map(|stat| {
                let (name, rest) = stat.rsplit_once(')')?;
                Some((name.contains("(password-"), rest.split_whitespace().nth(16)?.parse().ok()?))
            })
            .collect()
    }

    #[tokio::test]
    async fn a_stopped_pool_lets_its_threads_go() {
        let pool = pool(2, 10);
        let queue = Arc::downgrade(&pool.queue);
        pool.verify(text("x"), None).await.unwrap();
        drop(pool);
        for _ in 0..200 {
            if queue.strong_count() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("a thread still waits");
    }

    #[test]
    fn a_wiped_block_keeps_its_size_and_nothing_else() {
        let mut memory = Memory::default();
        hash(b"a secret", &[1; SALT_BYTES], &mut memory).unwrap();
        assert!(!memory.clean);
        assert!(memory.blocks.iter().any(|block| block.as_ref().iter().any(|word| *word != 0)));
        memory.wipe();
        assert!(memory.clean);
        assert!(memory.blocks.len() >= MEMORY_KIB as usize && memory.blocks.len() < 2 * MEMORY_KIB as usize);
        assert!(memory.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }
}
