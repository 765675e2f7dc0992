//! What a person sees when the server has started: where it is, how to know it, what to do next.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use super::App;
use super::first_admin::code_file;

/// Addresses that are shown; a machine with many networks would fill the screen.
const URLS_MAX: usize = 6;

/// Prints it to standard output, and writes the address to `DATA_DIR/url.txt` for scripts.
pub fn greet(app: &App, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let urls = urls(app);
    let certificates = &app.edge.certificates;
    let mut text = String::new();
    let _ = writeln!(text, "\nMCP Messenger {} is running.\n", env!("CARGO_PKG_VERSION"));
    for (n, url) in urls.iter().enumerate() {
        let _ = writeln!(text, "  {}{url}", if n == 0 { "Address      " } else { "             " });
    }
    let _ = writeln!(text, "  Certificate  SHA-256 {}", certificates.leaf_fingerprint());
    if let Some(fingerprint) = certificates.ca_fingerprint() {
        let file = app.config.store.data_dir.join("tls").join("ca.pem");
        let _ = writeln!(text, "  Authority    SHA-256 {fingerprint}");
        let _ = writeln!(text, "               {} (clients trust this file)", file.display());
    }
    let _ = writeln!(text, "  Data folder  {}", app.config.store.data_dir.display());
    if app.web.means.door.is_open() {
        next_steps(app, &urls, &mut text);
    }
    text.push('\n');
    // Who reads standard output may have gone; the server runs all the same.
    let _ = std::io::stdout().write_all(text.as_bytes());
    if let Some(url) = urls.first() {
        let _ = std::fs::write(app.config.store.data_dir.join("url.txt"), format!("{url}\n"));
    }
}

fn next_steps(app: &App, urls: &[String], text: &mut String) {
    let url = urls.first().map_or("", String::as_str);
    let file = code_file(&app.config.store.data_dir);
    let _ = writeln!(text, "\nThere is no administrator yet. To become one, open\n");
    let code = std::fs::read_to_string(&file).unwrap_or_default();
    if std::io::stdout().is_terminal() {
        let code = code.trim();
        let _ = writeln!(text, "  {url}/setup#{code}\n\nor type the one-time code there: {code}");
    } else {
        let _ = writeln!(text, "  {url}/setup\n\nand type the one-time code that is in {}", file.display());
    }
}

fn urls(app: &App) -> Vec<String> {
    let port = app.listening.port;
    let at = |host: &str| if port == 443 { format!("https://{host}") } else { format!("https://{host}:{port}") };
    let bound = &app.config.listen.bind;
    let names = app.edge.certificates.names();
    let reachable = |ip: &std::net::IpAddr| bound.is_empty() || bound.contains(ip);
    let mut urls: Vec<String> = Vec::new();
    let loopback_only = !bound.is_empty() && bound.iter().all(std::net::IpAddr::is_loopback);
    if !loopback_only {
        urls.extend(names.hosts.iter().filter(|h| *h != "localhost").map(|h| at(h)));
        let lan = names.addresses.iter().filter(|ip| !ip.is_loopback() && reachable(ip));
        urls.extend(lan.map(|ip| if ip.is_ipv6() { at(&format!("[{ip}]")) } else { at(&ip.to_string()) }));
    }
    urls.push(at("localhost"));
    urls.truncate(URLS_MAX);
    urls
}
