//! One clinic: a data folder, a port, settings. Servers come and go over it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use super::Result;
use super::dice;
use super::line::Line;
use super::names::{self, env};
use super::person::Person;
use super::running::Running;

/// The first administrator's name.
pub const ADMIN: &str = "dora";
/// The first administrator's password.
pub const ADMIN_PASSWORD: &str = "nine quiet herons at dusk";

/// The executable under test: the one just built, or the one named by `MCP_MESSENGER_BIN` (a packaged one, say).
pub fn executable() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_mcp-messenger");
    std::env::var_os("MCP_MESSENGER_BIN").map_or_else(|| PathBuf::from(built), PathBuf::from)
}

/// A data folder with its settings.
pub struct Clinic {
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// Where its servers listen.
    pub address: SocketAddr,
    /// What its servers are: [`executable`], unless a test says otherwise.
    pub program: PathBuf,
    settings: BTreeMap<String, OsString>,
}

impl Clinic {
    /// A clinic in a folder of its own, with limits that do not get in a test's way.
    pub fn new(data_dir: impl Into<PathBuf>) -> Result<Self> {
        let data_dir = data_dir.into();
        let address = free_address()?;
        let mut clinic = Self { data_dir, address, program: executable(), settings: BTreeMap::new() };
        clinic.set(env::DATA_DIR, clinic.data_dir.clone());
        clinic.set(env::PORT, address.port().to_string());
        clinic.set(env::BIND_ADDRESS, address.ip().to_string());
        clinic.set(env::ALLOWED_NETWORK_RANGE, "127.0.0.0/8");
        clinic.set(env::ADMIN_NAME, ADMIN);
        clinic.set(env::ADMIN_PASSWORD, ADMIN_PASSWORD);
        clinic.set(env::SENDS_PER_SECOND, "100000");
        clinic.set(env::SENDS_BURST, "100000");
        clinic.set(env::LOG_LEVEL, "info");
        Ok(clinic)
    }

    /// The same clinic, address and settings over another folder.
    pub fn moved_to(&self, data_dir: &Path) -> Self {
        let mut moved = Self {
            data_dir: data_dir.to_owned(),
            address: self.address,
            program: self.program.clone(),
            settings: self.settings.clone(),
        };
        moved.set(env::DATA_DIR, data_dir);
        moved
    }

    /// Sets an environment variable for the servers to come.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.settings.insert(name.to_owned(), value.into());
    }

    /// What the servers print, one after the other.
    pub fn log_path(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }

    /// The last lines that servers printed, for a failure's message.
    pub fn last_words(&self) -> String {
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(15)..].join("\n  | ");
        format!("\n  last lines of {}:\n  | {tail}", self.log_path().display())
    }

    /// Starts the server.
    pub fn start(&self) -> Result<Running> {
        self.start_under(&[])
    }

    /// Starts the server under another program (`strace …`), which is given the server's command line.
    pub fn start_under(&self, wrapper: &[OsString]) -> Result<Running> {
        let mut words = wrapper.to_vec();
        words.push(self.program.clone().into());
        let log = OpenOptions::new().create(true).append(true).open(self.log_path())?;
        let mut command = self.command(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let child = command.spawn().map_err(|why| format!("{} could not be started: {why}", words[0].display()))?;
        let inner = (!wrapper.is_empty()).then_some(self.program.as_path());
        Running::new(child, inner, started, self.address, names::ca(&self.data_dir))
    }

    /// Runs the executable to its end with these arguments and this clinic's settings.
    pub fn run(&self, arguments: &[String]) -> Result<Output> {
        let out = self.command(self.program.as_ref()).args(arguments).stdin(Stdio::null()).output()?;
        Ok(out)
    }

    fn command(&self, program: &std::ffi::OsStr) -> Command {
        let mut command = Command::new(program);
        // Nothing of the developer's own surroundings leaks into the server's configuration.
        command.env_clear();
        for kept in ["PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(&self.settings).current_dir(self.data_dir.parent().unwrap_or(Path::new("/")));
        command
    }

    /// The way to whichever server runs here now. Needs the authority's certificate, so a first start must have
    /// come far enough to write it.
    pub fn line(&self) -> Result<Line> {
        Line::trusting(self.address, &names::ca(&self.data_dir))
    }

    /// Signs the administrator in.
    pub async fn admin(&self) -> Result<Person> {
        Person::sign_in(&self.line()?, ADMIN, ADMIN_PASSWORD).await
    }

    /// Copies the data folder as it lies on disk. Only while no server runs.
    pub fn copy_folder(&self, to: &Path) -> Result<()> {
        copy_folder(&self.data_dir, to)
    }
}

/// Copies a folder with all that is in it; sockets and the like are left out.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A port nobody listens on, below the range the system gives to outgoing connections: a client that retries
/// while the server is down would otherwise sooner or later connect to itself.
fn free_address() -> Result<SocketAddr> {
    let mut dice = dice::Dice::seeded(dice::fresh_seed());
    for _ in 0..1000 {
        let port = u16::try_from(dice.between(20_000, 31_999)).expect("a port");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err("no free port from 20000 to 31999".into())
}

/// Makes sure that what was written to a folder is on disk.
pub fn sync_folder(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}
