//! Randomness, passed in. Whoever needs it is given an [`Entropy`], so that tests can seed it and
//! `clippy.toml` can ban the ambient source everywhere else.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`. Never fails: a process without randomness must not go on.
    fn fill(&self, bytes: &mut [u8]);

    /// Fills `bytes` for a nonce or a key, with nothing kept in the process beforehand.
    ///
    /// A virtual machine that is snapshotted and started twice has the same memory twice. Bytes fetched ahead
    /// would then be handed out twice, and one nonce used for two messages breaks AES-GCM for both. The kernel
    /// is told of the copy and reseeds; our buffer is not.
    fn fill_fresh(&self, bytes: &mut [u8]) {
        self.fill(bytes);
    }
}

/// How entropy is handed around.
pub type SharedEntropy = Arc<dyn Entropy>;

const POOL_BYTES: usize = 1024;

/// Bytes fetched ahead by this thread; `used` of them have been handed out and wiped.
struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], used: POOL_BYTES }) };
}

/// The operating system's source. Small requests are served from a buffer of the calling thread, because ids
/// are made several times a message and each system call costs more than the id.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl SystemEntropy {
    /// The source as it is handed around.
    pub fn shared() -> SharedEntropy {
        Arc::new(Self)
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > POOL_BYTES / 4 {
            return from_system(bytes);
        }
        let served = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if POOL_BYTES - pool.used < bytes.len() {
                from_system(&mut pool.bytes);
                pool.used = 0;
            }
            let end = pool.used + bytes.len();
            let start = std::mem::replace(&mut pool.used, end);
            bytes.copy_from_slice(&pool.bytes[start..end]);
            // What was handed out must not be found in memory later.
            pool.bytes[start..end].zeroize();
        });
        if served.is_err() {
            // The thread is ending and its buffer is gone.
            from_system(bytes);
        }
    }

    fn fill_fresh(&self, bytes: &mut [u8]) {
        from_system(bytes);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for randomness")]
fn from_system(bytes: &mut [u8]) {
    if let Err(cause) = getrandom::fill(bytes) {
        // Going on with zeros would make guessable keys; unwinding could be caught. There is no third way.
        eprintln!("The operating system gives no randomness: {cause}. Stopping.");
        std::process::abort();
    }
}

/// Bytes that repeat for the same seed: SHA-256 over the seed and a counter. For tests.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: [u8; 32],
    counter: AtomicU64,
}

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed: Sha256::digest(seed.to_be_bytes()).into(), counter: AtomicU64::new(0) }
    }

    /// The source as it is handed around.
    pub fn shared(seed: u64) -> SharedEntropy {
        Arc::new(Self::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.counter.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::new_with_prefix(self.seed).chain_update(number.to_be_bytes()).finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_system_never_repeats_itself() {
        let mut seen = HashSet::new();
        for _ in 0..1_000 {
            let mut bytes = [0; 12];
            SystemEntropy.fill(&mut bytes);
            assert!(seen.insert(bytes));
            SystemEntropy.fill_fresh(&mut bytes);
            assert!(seen.insert(bytes));
        }
    }

    #[test]
    fn threads_do_not_share_a_buffer() {
        let draw = || {
            let mut bytes = [0; 32];
            SystemEntropy.fill(&mut bytes);
            bytes
        };
        let here = draw();
        let there = std::thread::spawn(draw).join().unwrap();
        assert_ne!(here, there);
    }

    #[test]
    fn every_length_is_filled() {
        for length in [0, 1, 255, 256, 257, 1_024, 5_000] {
            let mut bytes = vec![0; length];
            SystemEntropy.fill(&mut bytes);
            assert!(length < 32 || bytes.iter().any(|b| *b != 0), "{length} bytes stayed zero");
            assert!(length < 255 || bytes[length - 16..].iter().any(|b| *b != 0), "the end of {length} stayed zero");
        }
    }

    #[test]
    fn bytes_handed_out_are_wiped() {
        let mut bytes = [0; 16];
        SystemEntropy.fill(&mut bytes);
        POOL.with_borrow(|pool| {
            assert!(pool.used >= 16);
            assert!(pool.bytes[..pool.used].iter().all(|b| *b == 0));
        });
    }

    #[test]
    fn a_seed_repeats_and_seeds_differ() {
        let draw = |seed| {
            let mut bytes = [0; 100];
            SeededEntropy::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
