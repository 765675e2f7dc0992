//! Starting and ending the servers under test. What the real one must be told stands in one table here.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::sleep;

use super::client::Address;
use super::rest::Rest;
use crate::Outcome;

/// The administrator of a bench clinic.
pub const ADMIN: (&str, &str) = ("dora", "only-a-bench-knows-this-one");

/// What the real server is told beside `DATA_DIR` and `PORT`: limits out of the way, everything else as installed.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("BIND_ADDRESS", "127.0.0.1"),
    ("ALLOWED_NETWORK_RANGE", "127.0.0.0/8"),
    ("INITIAL_ADMIN_USERNAME", ADMIN.0),
    ("INITIAL_ADMIN_PASSWORD", ADMIN.1),
    ("LIMIT_SENDS_PER_SECOND", "1000000"),
    ("LIMIT_SENDS_BURST", "1000000"),
    ("LIMIT_CONNECTIONS_PER_ADDRESS", "100000"),
    ("LIMIT_FRAMES_PER_SECOND", "1000000"),
    ("LIMIT_FRAMES_BURST", "1000000"),
    ("RATE_CONNECT", "1000000000/1s"),
    ("RATE_SIGN_IN", "1000000000/1s"),
    ("RATE_READ", "1000000000/1s"),
    ("RATE_WRITE", "1000000000/1s"),
    ("RATE_SEARCH", "1000000000/1s"),
    ("RATE_ADMIN", "1000000000/1s"),
    ("RATE_ADDRESS_PAGE", "1000000000/1s"),
    ("RATE_ADDRESS_CONNECT", "1000000000/1s"),
    ("RATE_ADDRESS_SIGN_IN", "1000000000/1s"),
    ("RATE_ADDRESS_READ", "1000000000/1s"),
    ("RATE_ADDRESS_WRITE", "1000000000/1s"),
    ("RATE_ADDRESS_SEARCH", "1000000000/1s"),
    ("RATE_ADDRESS_ADMIN", "1000000000/1s"),
];

/// Longer than any start that counts as one.
const START_MAX: Duration = Duration::from_secs(30);
/// The drain of ten seconds, the last snapshot, and some.
const END_MAX: Duration = Duration::from_secs(40);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// The real server, all features on.
    Ours,
    /// The durable baseline.
    Durable,
    /// The baseline without storage.
    Raw,
}

impl Kind {
    /// As the report names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Durable => "raw+sqlite",
            Self::Raw => "raw",
        }
    }
}

/// A running server; it ends when dropped.
pub struct Server {
    child: Child,
    kind: Kind,
    log: PathBuf,
    /// From the process's start to its first answer over TLS.
    pub ready_after: Duration,
    /// How to reach it.
    pub address: Address,
}

impl Server {
    /// Starts a server on a folder and waits for `GET /health` to answer 200.
    pub async fn start(kind: Kind, executable: &Path, dir: &Path) -> Outcome<Self> {
        let data = dir.join("data");
        std::fs::create_dir_all(&data)?;
        let port = free_port()?;
        let log = dir.join("server.log");
        let output = File::create(&log)?;
        let mut command = match kind {
            Kind::Ours => {
                let mut command = Command::new(executable);
                command.env_clear().envs(ENVIRONMENT.iter().copied());
                command.env("DATA_DIR", &data).env("PORT", port.to_string());
                command
            }
            Kind::Durable | Kind::Raw => {
                let mut command = Command::new(executable);
                let flavour = if kind == Kind::Raw { "raw" } else { "durable" };
                command.args(["baseline", flavour, "--port", &port.to_string(), "--data"]).arg(&data);
                command
            }
        };
        command.current_dir(dir).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", executable.display()))?;
        match wait_until_ready(&mut child, &data, port, started).await {
            Ok(address) => Ok(Self { child, kind, log, ready_after: started.elapsed(), address }),
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                Err(format!("{} did not start: {error}\n{}", kind.name(), tail(&said)).into())
            }
        }
    }

    /// The process, for [`super::probe`].
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The last lines it printed.
    pub fn last_words(&self) -> String {
        tail(&std::fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Asks it to end and waits.
    pub async fn end(mut self) -> Outcome<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).ok_or("an odd pid")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let asked = Instant::now();
        while asked.elapsed() < END_MAX {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    eprintln!("{} ended with {status}\n{}", self.kind.name(), self.last_words());
                }
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Err(format!("{} did not end within {END_MAX:?} of being asked", self.kind.name()).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn wait_until_ready(child: &mut Child, data: &Path, port: u16, started: Instant) -> Outcome<Address> {
    let authority = data.join("tls").join("ca.pem");
    let mut last = String::from("it said nothing");
    while started.elapsed() < START_MAX {
        if let Some(status) = child.try_wait()? {
            return Err(format!("it ended with {status}").into());
        }
        match healthy(&authority, port).await {
            Ok(address) => return Ok(address),
            Err(error) => last = error.to_string(),
        }
        sleep(Duration::from_micros(500)).await;
    }
    Err(format!("no answer from /health within {START_MAX:?}: {last}").into())
}

async fn healthy(authority: &Path, port: u16) -> Outcome<Address> {
    let address = Address { port, tls: trusting(authority)? };
    let answer = Rest::dial(&address).await?.fetch("/health", "").await?;
    if answer.status == 200 { Ok(address) } else { Err(format!("/health answers {}", answer.status).into()) }
}

/// TLS 1.3 only and no resumption, so that every server does the same work.
fn trusting(authority: &Path) -> Outcome<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority)? {
        roots.add(certificate?)?;
    }
    let mut config = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
