//! Connecting to a database that is not ours, to read it.

use std::time::Duration;

use ::postgres::config::{Host, SslMode};
use ::postgres::{Config, NoTls};

use super::super::foreign::Address;
use super::server::connector;
use super::{Link, plain};
use crate::error::{Error, Result};

/// Connects and begins a transaction that sees one moment and can write nothing. Off this machine the connection is
/// encrypted and the certificate checked, unless the address itself says `sslmode=disable`.
pub(in super::super) fn foreign(address: Address<'_>) -> Result<Link> {
    let mut config: Config = address.url.parse().map_err(|_| {
        Error::invalid(
            "bad_source",
            "The older server's database is named as postgres://user:password@host:port/database.",
        )
    })?;
    if let Some(password) = address.password {
        config.password(password);
    }
    config.application_name("mcp-messenger import").connect_timeout(Duration::from_secs(10));
    let on_this_machine = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => false,
        SslMode::Require => true,
        _ => !on_this_machine || address.tls_ca.is_some(),
    };
    let unreachable = |error: &::postgres::Error| {
        let what = format!("The older server's database cannot be reached: {}.", plain(error));
        Error::busy("source_unreachable", what)
    };
    let client = if tls {
        config.ssl_mode(SslMode::Require);
        config.connect(connector(address.tls_ca)?)
    } else {
        config.ssl_mode(SslMode::Disable);
        config.connect(NoTls)
    };
    let mut link = Link::of(client.map_err(|error| unreachable(&error))?);
    link.batch("SET TIME ZONE 'UTC'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")?;
    link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    Ok(link)
}
