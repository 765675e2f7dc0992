//! What the machine says: CPU and memory of a process, the disk's own rate, the cost of one password.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use crate::Outcome;

/// Seconds of CPU a process has used; the kernel counts in hundredths.
pub fn cpu_secs(pid: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the name in brackets and may hold blanks.
    let rest = stat.rsplit_once(')').ok_or("an odd /proc stat")?.1;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next().ok_or("no utime")?.parse()?;
    let system: f64 = fields.next().ok_or("no stime")?.parse()?;
    Ok((user + system) / 100.0)
}

/// Seconds of CPU that anything on this machine has used.
pub fn machine_cpu_secs() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("an empty /proc/stat")?;
    let fields = line.split_ascii_whitespace().skip(1).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    // user, nice, system, (idle, iowait), irq, softirq, steal
    Ok([0, 1, 2, 5, 6, 7].iter().filter_map(|&at| fields.get(at)).sum::<f64>() / 100.0)
}

/// A process's memory in MiB, shared pages counted once (PSS). Kernel socket memory is in nobody's figure.
pub fn memory_mib(pid: u32) -> Outcome<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).ok_or("no Pss line")?;
    let kib: f64 = line.split_ascii_whitespace().nth(1).ok_or("an empty Pss line")?.parse()?;
    Ok(kib / 1024.0)
}

/// How many 4 KiB overwrites this disk forces out in a second: durable rates follow it, so it stands beside them.
pub fn forced_writes_per_sec(dir: &Path) -> Outcome<f64> {
    forced_per_sec(dir, |done| done % PREPARED)
}

/// The same at the end of a growing file, as a write-ahead log grows: the length is forced out too.
pub fn forced_appends_per_sec(dir: &Path) -> Outcome<f64> {
    forced_per_sec(dir, |done| PREPARED + done)
}

/// Blocks that exist before the clock starts.
const PREPARED: u64 = 256;

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn forced_per_sec(dir: &Path, place: impl Fn(u64) -> u64) -> Outcome<f64> {
    let path = dir.join("disk-probe");
    let mut file = fs::File::create(&path)?;
    let block = [7_u8; 4096];
    for _ in 0..PREPARED {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_millis(400) {
        file.write_all_at(&block, place(done) * 4096)?;
        file.sync_data()?;
        done += 1;
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(rate)
}

/// Passwords a second with all cores at it, by the server's own crate and parameters (OWASP: 19 MiB, t=2, p=1).
pub fn hashes_per_sec() -> Outcome<f64> {
    let cores = std::thread::available_parallelism()?.get();
    let start = Instant::now();
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            std::thread::spawn(move || {
                let mut done = 0_u32;
                let Ok(params) = Params::new(19_456, 2, 1, None) else { return 0 };
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                while start.elapsed() < Duration::from_secs(1) {
                    let mut hash = [0_u8; 32];
                    if argon2.hash_password_into(b"a passphrase of some length", &[9; 16], &mut hash).is_ok() {
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.join().map_err(|_| "a hashing thread panicked")?;
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

/// Who used the processors between two moments.
pub struct Meter {
    pid: u32,
    start: Instant,
    server: f64,
    client: f64,
    machine: f64,
}

/// What a [`Meter`] saw.
pub struct Used {
    pub secs: f64,
    pub server_cpu: f64,
    pub client_cpu: f64,
    /// CPU of everything else on the machine, in cores: a figure taken beside other work says so.
    pub other_cores: f64,
}

impl Meter {
    /// Starts counting.
    pub fn start(pid: u32) -> Outcome<Self> {
        Ok(Self {
            pid,
            start: Instant::now(),
            server: cpu_secs(pid)?,
            client: cpu_secs(std::process::id())?,
            machine: machine_cpu_secs()?,
        })
    }

    /// Reads the difference.
    pub fn read(&self) -> Outcome<Used> {
        let secs = self.start.elapsed().as_secs_f64();
        let server_cpu = cpu_secs(self.pid)? - self.server;
        let client_cpu = cpu_secs(std::process::id())? - self.client;
        let other = machine_cpu_secs()? - self.machine - server_cpu - client_cpu;
        Ok(Used { secs, server_cpu, client_cpu, other_cores: (other / secs).max(0.0) })
    }
}
