//! Two servers that speak just enough of the protocol to be measured by the same driver.
//!
//! *raw* relays and does nothing else: the limit of tokio, rustls and tungstenite on this machine. *raw+sqlite* adds
//! one writer thread with group commit: the limit once an acknowledgement must be on disk. Neither knows users,
//! permissions, sealing or limits. They are written as well as we can, because a goal against a lame baseline says
//! nothing. Each runs as a process of its own, so that its memory and CPU can be read like the real server's.

mod door;
mod durable;
mod frames;
mod hall;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use tokio::net::TcpSocket;

use crate::Outcome;
use hall::Hall;

/// What a baseline does with a message before it relays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Flavour {
    /// Nothing.
    Raw,
    /// Commits it with its audit row.
    Durable,
}

/// Serves on loopback until the process is told to end.
pub fn run(flavour: Flavour, port: u16, dir: &Path) -> Outcome<()> {
    let tls = Arc::new(server_tls(&dir.join("tls"))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let hall = Arc::new(Hall::default());
        let (keeper, writer) = match flavour {
            Flavour::Raw => (door::Keeper::None, None),
            Flavour::Durable => {
                let file = dir.join("baseline.db");
                let (jobs, writer) = durable::open(&file, &hall)?;
                (door::Keeper::Disk { jobs, reader: durable::Reader::open(&file)?.into() }, Some(writer))
            }
        };
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        // std binds with 128: a thousand clients at once overflow it and wait a second for their next SYN.
        let listener = socket.listen(4096)?;
        tokio::select! {
            end = door::open(listener, tls, hall, keeper.clone()) => end?,
            end = told_to_end() => end?,
        }
        if let (door::Keeper::Disk { jobs, .. }, Some(writer)) = (keeper, writer) {
            // The writer closes its database properly, so that the next start finds no log to replay.
            jobs.send(durable::Job::End).ok();
            writer.join().map_err(|_| "the writer panicked")?;
        }
        Ok(())
    })
}

/// Waits for the signal that asks a process to end.
pub async fn told_to_end() -> Outcome<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

/// TLS 1.3 with an ECDSA P-256 certificate, kept over restarts as a real server's is. No tickets: the driver resumes
/// no session anywhere.
fn server_tls(dir: &Path) -> Outcome<rustls::ServerConfig> {
    let (cert_file, key_file): (PathBuf, PathBuf) = (dir.join("ca.pem"), dir.join("key.pem"));
    if !key_file.exists() {
        std::fs::create_dir_all(dir)?;
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into(), "localhost".into()])?;
        std::fs::write(&key_file, made.signing_key.serialize_pem())?;
        // Last, and by rename: the driver takes the certificate's presence for a sign that it is whole.
        let draft = dir.join("ca.pem.new");
        std::fs::write(&draft, made.cert.pem())?;
        std::fs::rename(&draft, &cert_file)?;
    }
    let cert = CertificateDer::from_pem_file(&cert_file)?;
    let key = PrivateKeyDer::from_pem_file(&key_file)?;
    let mut config = rustls::ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
