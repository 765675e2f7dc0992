//! Which sockets we listen on, and what to say when we may not.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::config;
use crate::error::{Error, Result};

/// Connections the kernel keeps for us until they are accepted; a whole clinic reconnects at once after a power cut.
const BACKLOG: u32 = 4096;

/// The sockets we listen on.
#[derive(Debug)]
pub struct Listening {
    pub(super) listeners: Vec<TcpListener>,
}

impl Listening {
    /// The addresses, with the port that the system chose if it was asked to.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|l| l.local_addr().ok()).collect()
    }

    /// The port, the same on every address.
    pub fn port(&self) -> u16 {
        self.local_addrs().first().map_or(0, SocketAddr::port)
    }
}

/// Starts to listen where `config` says; without an address on all of them, IPv6 and IPv4. Port 0 lets the system
/// choose. `Conflict` `port_in_use`, `Refused` `port_forbidden` and `Invalid` `bad_bind_address` say what to do.
pub async fn bind(config: &config::Listen) -> Result<Listening> {
    if config.bind.is_empty() { bind_everywhere(config.port) } else { bind_each(&config.bind, config.port) }
}

fn bind_each(addresses: &[IpAddr], port: u16) -> Result<Listening> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in addresses {
        let port = listeners.first().and_then(|l| l.local_addr().ok()).map_or(port, |a| a.port());
        let at = SocketAddr::new(*address, port);
        listeners.push(listen(at).map_err(|error| refused(at, error))?);
    }
    Ok(Listening { listeners })
}

/// A socket on `[::]` takes IPv4 too on most systems, but not on Windows and not under `bindv6only`; so `0.0.0.0`
/// is tried as well, and that it is taken then only means that the first socket has it.
fn bind_everywhere(port: u16) -> Result<Listening> {
    let at = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
    let mut listeners = match listen(at) {
        Ok(listener) => vec![listener],
        Err(error) if no_ipv6(&error) => Vec::new(),
        Err(error) => return Err(refused(at, error)),
    };
    let port = listeners.first().and_then(|l| l.local_addr().ok()).map_or(port, |a| a.port());
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    match listen(at) {
        Ok(listener) => listeners.push(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !listeners.is_empty() && !cfg!(windows) => {}
        Err(error) => return Err(refused(at, error)),
    }
    Ok(Listening { listeners })
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    // Otherwise a restart waits a minute for the last connections to be forgotten. On Windows the flag means
    // something else: that another program may take the port over.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

fn no_ipv6(error: &io::Error) -> bool {
    // EAFNOSUPPORT (Linux, macOS; WSAEAFNOSUPPORT) has no ErrorKind of its own.
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || matches!(error.raw_os_error(), Some(97 | 47 | 10047))
}

fn refused(at: SocketAddr, error: io::Error) -> Error {
    let port = at.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => Error::conflict(
            "port_in_use",
            format!(
                "Port {port} is in use by another program, perhaps by a server that is already running. Stop it, or \
                 choose another port with PORT or --port."
            ),
        ),
        io::ErrorKind::PermissionDenied => Error::refused(
            "port_forbidden",
            format!(
                "The system does not let this program listen on port {port}: ports below 1024 need a privilege \
                 (CAP_NET_BIND_SERVICE). Choose a port of 1024 or more with PORT or --port."
            ),
        ),
        io::ErrorKind::AddrNotAvailable => Error::invalid(
            "bad_bind_address",
            format!("{} is not an address of this machine. Change BIND_ADDRESS, or leave it empty for all.", at.ip()),
        ),
        _ => Error::internal(format!("listening on {at}")),
    }
    .because(error)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    fn listen_on(port: u16, bind: &[&str]) -> config::Listen {
        config::Listen { port, bind: bind.iter().map(|a| a.parse().unwrap()).collect(), host_names: Vec::new() }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_the_way_out() {
        let first = bind(&listen_on(0, &["127.0.0.1"])).await.unwrap();
        let error = bind(&listen_on(first.port(), &["127.0.0.1"])).await.unwrap_err();
        assert_eq!(error.code(), "port_in_use");
        assert!(error.detail().contains(&first.port().to_string()) && error.detail().contains("--port"), "{error}");
        let error = bind(&listen_on(first.port(), &[])).await.unwrap_err();
        assert_eq!(error.code(), "port_in_use");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused_with_a_reason() {
        let error = bind(&listen_on(0, &["203.0.113.77"])).await.unwrap_err();
        assert_eq!(error.code(), "bad_bind_address");
        assert!(error.detail().contains("203.0.113.77"));
    }

    #[tokio::test]
    async fn by_default_both_families_reach_us_on_one_port() {
        let listening = bind(&listen_on(0, &[])).await.unwrap();
        let port = listening.port();
        assert_ne!(port, 0);
        TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            TcpStream::connect(("::1", port)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn two_addresses_share_the_port_that_the_system_chose() {
        let listening = bind(&listen_on(0, &["127.0.0.1", "127.0.0.2"])).await.unwrap();
        let ports: Vec<u16> = listening.local_addrs().iter().map(SocketAddr::port).collect();
        assert_eq!(ports.len(), 2);
        assert_eq!(ports[0], ports[1]);
    }
}
