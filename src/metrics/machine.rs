//! What the operating system says: the memory and the processor time of this process, and how full its disk is.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sysinfo::{DiskRefreshKind, Disks, ProcessRefreshKind, ProcessesToUpdate, System, get_current_pid};

/// This process, as far as the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Process {
    /// Bytes in memory, with what is shared with other processes.
    pub rss_bytes: Option<u64>,
    /// Bytes in memory, of what is shared only a fair share; Linux alone tells.
    pub pss_bytes: Option<u64>,
    /// Milliseconds of processor time so far, all threads together.
    pub cpu_millis: Option<u64>,
}

/// A disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// All of it.
    pub all_bytes: u64,
}

/// Asks the system; kept, because what it asks with is worth keeping.
pub struct Machine(Mutex<Option<System>>);

impl Default for Machine {
    fn default() -> Self {
        Self(Mutex::new(System::new().ok()))
    }
}

impl Machine {
    /// How this process stands. Blocking for a moment: files are read.
    pub fn process(&self) -> Process {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((system, own)) = held.as_mut().zip(get_current_pid().ok()) else { return Process::default() };
        let what = ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), true, what);
        let process = system.process(own);
        Process {
            rss_bytes: process.map(sysinfo::Process::memory),
            pss_bytes: pss_bytes(),
            cpu_millis: process.map(sysinfo::Process::accumulated_cpu_time),
        }
    }
}

/// The proportional set size: what the kernel says in `smaps_rollup` (proc(5)), in kibibytes.
fn pss_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The disk that `folder` is on: of the mounts that it lies below, the one with the longest path.
pub fn disk_of(folder: &Path) -> Option<Disk> {
    let folder = std::fs::canonicalize(folder).ok()?;
    #[cfg(unix)]
    if let Ok(stat) = rustix::fs::statvfs(&folder) {
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        return Some(Disk { free_bytes: bytes(stat.f_bavail), all_bytes: bytes(stat.f_blocks) });
    }
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let below = disks.iter().filter(|disk| folder.starts_with(disk.mount_point()));
    let disk = below.max_by_key(|disk| disk.mount_point().as_os_str().len())?;
    Some(Disk { free_bytes: disk.available_space(), all_bytes: disk.total_space() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_to_the_system() {
        let process = Machine::default().process();
        assert!(process.rss_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(process.cpu_millis.is_some());
        if cfg!(target_os = "linux") {
            assert!(process.pss_bytes <= process.rss_bytes.map(|bytes| bytes * 2) && process.pss_bytes.is_some());
        }
    }

    #[test]
    fn a_folder_is_on_a_disk_and_no_folder_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk_of(folder.path()).unwrap();
        assert!(disk.free_bytes <= disk.all_bytes && disk.all_bytes > 0);
        assert_eq!(disk_of(&folder.path().join("nowhere")), None);
    }
}
