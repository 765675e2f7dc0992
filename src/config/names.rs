//! Addresses, networks, host names and origins, as they are typed into a setting.

use std::net::IpAddr;

use ipnet::IpNet;

/// Reads a list separated by commas, with spaces and empty places forgiven. The error names the entry.
pub fn each<T>(text: &str, read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    entries(text).map(|entry| read(entry).map_err(|problem| format!("{entry:?} {problem}"))).collect()
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// One IP address.
pub fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "is not an IP address".into())
}

/// One IP address or network.
pub fn network(text: &str) -> Result<IpNet, String> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => text.parse().map_err(|_| "is neither an IP address nor a network such as 192.168.1.0/24".into()),
    }
}

/// A proxy's address or network. The whole internet is not a proxy: trusting it would let anybody claim to be
/// anybody.
pub fn proxy(text: &str) -> Result<IpNet, String> {
    let net = network(text)?;
    if net.prefix_len() == 0 { Err("trusts every address there is".into()) } else { Ok(net) }
}

/// The allow-list, one rule each: `10.0.0.0/8`, or `!10.0.0.9` to shut out. A list that lets nobody in is a
/// mistake and not a wish.
pub fn allow_list(text: &str) -> Result<Vec<String>, String> {
    let rules = each(text, |entry| {
        let (not, range) = match entry.strip_prefix('!') {
            Some(rest) => ("!", rest.trim()),
            None => ("", entry),
        };
        network(range).map(|_| format!("{not}{range}"))
    })?;
    if rules.iter().all(|rule| rule.starts_with('!')) {
        return Err("lets nobody in".into());
    }
    Ok(rules)
}

/// A host name (RFC 1123, in lower case, without the final dot) or an IP address.
pub fn host(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label_is_good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numbers_only = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if name.len() <= 253 && !numbers_only && name.split('.').all(label_is_good) {
        Ok(name)
    } else {
        Err("is not a host name (letters, digits, hyphens and dots; no scheme, no port)".into())
    }
}

/// A web origin as a browser sends it (RFC 6454): lower case, no path, no default port.
pub fn origin(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let (scheme, rest, default_port) = if let Some(rest) = lower.strip_prefix("https://") {
        ("https", rest, 443)
    } else if let Some(rest) = lower.strip_prefix("http://") {
        ("http", rest, 80)
    } else {
        return Err("does not begin with https://".into());
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0).ok_or("has no valid port")?;
            (name, Some(port))
        }
        _ => (rest, None),
    };
    let name = match name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        Some(inside) => format!("[{}]", inside.parse::<std::net::Ipv6Addr>().map_err(|_| "has no valid address")?),
        None if name.contains(':') => return Err("needs [ ] around its IPv6 address".into()),
        None => host(name)?,
    };
    if scheme == "http" && !is_loopback(name.trim_matches(['[', ']'])) {
        return Err("is not encrypted; only https is allowed, except for localhost".into());
    }
    Ok(match port.filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{name}:{port}"),
        None => format!("{scheme}://{name}"),
    })
}

/// Whether a host is this machine itself: a loopback address, `localhost`, or the folder of a Unix socket.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.starts_with('/')
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allow_list_keeps_its_rules_and_loses_its_spaces() {
        let rules = allow_list(" 10.0.0.0/8 , ! 10.0.0.9,fd00::/8,,192.168.1.7 ").unwrap();
        assert_eq!(rules, ["10.0.0.0/8", "!10.0.0.9", "fd00::/8", "192.168.1.7"]);
    }

    #[test]
    fn an_allow_list_says_which_entry_is_wrong() {
        for (text, entry) in [
            ("10.0.0.0/8,10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("10.0.0.256", "10.0.0.256"),
            ("*", "*"),
            ("!!10.0.0.1,10.0.0.0/8", "!!10.0.0.1"),
        ] {
            assert!(allow_list(text).unwrap_err().contains(entry), "{text}");
        }
        assert_eq!(allow_list("!10.0.0.9"), Err("lets nobody in".into()));
        assert_eq!(allow_list(" , "), Err("lets nobody in".into()));
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        assert_eq!(host("Chat.Clinic.LAN.").unwrap(), "chat.clinic.lan");
        assert_eq!(host("FE80::1").unwrap(), "fe80::1");
        assert_eq!(host("clinic-1").unwrap(), "clinic-1");
        for text in ["", "https://a", "a:3000", "a b", "-a", "a-", "a..b", "1.2.3", "999.1.1.1", "*.lan", "ä.lan"] {
            assert!(host(text).is_err(), "{text}");
        }
        assert!(host(&format!("{}.lan", "a".repeat(63))).is_ok());
        assert!(host(&format!("{}.lan", "a".repeat(64))).is_err());
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, kept) in [
            ("https://Intranet.Clinic.lan/", "https://intranet.clinic.lan"),
            ("https://a.lan:443", "https://a.lan"),
            ("https://a.lan:8443", "https://a.lan:8443"),
            ("https://10.0.0.5:3000", "https://10.0.0.5:3000"),
            ("https://[::1]:3000", "https://[::1]:3000"),
            ("https://[fd00::1]", "https://[fd00::1]"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://127.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(origin(text).unwrap(), kept);
        }
        for text in [
            "*",
            "null",
            "a.lan",
            "ftp://a.lan",
            "https://",
            "https://a.lan/app",
            "https://a.lan:0",
            "https://a.lan:+80",
            "https://a.lan:70000",
            "https://u@a.lan",
            "https://fd00::1",
            "http://a.lan",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn everybody_is_not_a_proxy() {
        assert_eq!(proxy("10.0.0.5").unwrap().to_string(), "10.0.0.5/32");
        assert!(proxy("0.0.0.0/0").is_err());
        assert!(proxy("::/0").is_err());
    }

    #[test]
    fn this_machine_has_several_names() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "/run/postgresql"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["db", "10.0.0.1", "localhost.evil.example", "::"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
