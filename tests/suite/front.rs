//! What a request passes before it is answered: the network, the names, the origins, the deadlines, and a parser
//! that takes nothing ambiguous.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::raw::{exchange, in_the_clear, over_tls, request};
use crate::fixture::{Clinic, PASSWORD, Person, Socket, soon};

/// Deadlines that the real clock measures.
const SHORT: Duration = Duration::from_millis(600);

async fn asked_for(clinic: &Clinic, host: &str) -> u16 {
    over_tls(clinic, &request("GET", "/health", &[&format!("Host: {host}"), "Connection: close"])).await.status()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_server_s_own_names_are_answered() {
    let clinic = Clinic::with(|c| c.listen.host_names = vec!["chat.clinic.example".into()]).await;
    let port = clinic.address().port();
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        &format!("localhost:{port}"),
        "localhost:1",
        "127.0.0.1",
        &format!("127.0.0.1:{port}"),
        "[::1]",
        "[::1]:3000",
        "chat.clinic.example",
        "Chat.Clinic.Example:443",
    ] {
        assert_eq!(asked_for(&clinic, host).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:3000",
        "chat.clinic.example.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "203.0.113.9",
        "0.0.0.0",
        "[::]",
        "2130706433",
        "0x7f.1",
        "",
        " ",
        "localhost@evil.example",
    ] {
        assert_eq!(asked_for(&clinic, host).await, 421, "{host:?}");
    }
    let none = over_tls(&clinic, "GET /health HTTP/1.0\r\n\r\n").await;
    assert_eq!(none.status_any(), 421, "{}", none.0);
    let said = over_tls(&clinic, &request("GET", "/health", &["Host: evil.example", "Connection: close"])).await;
    assert!(said.0.contains("\"code\":\"misdirected\"") && !said.0.contains("evil"), "{}", said.0);
    let absolute = request("GET", "https://evil.example/health", &["Host: localhost", "Connection: close"]);
    assert_eq!(over_tls(&clinic, &absolute).await.status(), 421, "an absolute target counts before the header");
    // A rebound name reaches neither data nor a socket.
    let dora = clinic.dora().await;
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let stolen =
        over_tls(&clinic, &request("GET", "/api/users", &["Host: evil.example", &bearer, "Connection: close"])).await;
    assert_eq!(stolen.status(), 421);
    assert_eq!(Socket::open_at(&clinic.line(), "/ws", &[("host", "evil.example")]).await.err(), Some(421));
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_are_ours_or_named_or_refused() {
    let named = "https://desk.clinic.example:8443";
    let clinic = Clinic::with(|c| c.network.allowed_origins = vec![named.into()]).await;
    let dora = clinic.dora().await;
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let port = clinic.address().port();
    let own = format!("https://localhost:{port}");
    let ask = async |origin: &str| {
        let origin = format!("Origin: {origin}");
        over_tls(&clinic, &request("GET", "/api/users", &["Host: localhost", &bearer, &origin, "Connection: close"]))
            .await
    };
    let own_answer = ask(&own).await;
    assert_eq!((own_answer.status(), own_answer.header("access-control-allow-origin")), (200, None));
    let foreign = ask(named).await;
    assert_eq!((foreign.status(), foreign.header("access-control-allow-origin")), (200, Some(named)));
    assert_eq!(foreign.header("vary"), Some("Origin, Accept-Encoding"));
    assert_eq!(foreign.header("access-control-allow-credentials"), None, "the cookie works for the own origin alone");
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost",
        "https://desk.clinic.example",
        "http://desk.clinic.example:8443",
        "https://desk.clinic.example:8443.evil.example",
        "https://localhost.evil.example",
        "",
        "file://",
        "https://localhost@evil.example",
    ] {
        let said = ask(origin).await;
        assert_eq!(said.status(), 403, "{origin}: {}", said.0);
        assert!(said.0.contains("\"code\":\"origin_refused\""), "{origin}");
        assert_eq!(said.header("access-control-allow-origin"), None, "{origin}");
    }
    let preflight = async |origin: &str| {
        let head = [
            "Host: localhost",
            &format!("Origin: {origin}"),
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: authorization",
            "Connection: close",
        ];
        over_tls(&clinic, &request("OPTIONS", "/api/messages", &head)).await
    };
    let allowed = preflight(named).await;
    assert_eq!((allowed.status(), allowed.header("access-control-allow-origin")), (204, Some(named)));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("POST"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let refused = preflight("https://evil.example").await;
    assert_eq!((refused.status(), refused.header("access-control-allow-methods")), (403, None));

    for (origin, outcome) in
        [(own.as_str(), None), (named, None), ("https://evil.example", Some(403)), ("null", Some(403))]
    {
        let opened = Socket::open_at(&clinic.line(), "/ws", &[("origin", origin)]).await;
        assert_eq!(opened.err(), outcome, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_the_tls_port_is_shown_the_way() {
    let clinic = Clinic::open().await;
    let address = clinic.address();
    let port = address.port();
    for (target, head, location) in [
        ("/", "Host: localhost:80", format!("https://localhost:{port}/")),
        ("/api/users?limit=3", "Host: 127.0.0.1", format!("https://127.0.0.1:{port}/api/users?limit=3")),
        ("/", "Host: [::1]:1", format!("https://[::1]:{port}/")),
    ] {
        let said = in_the_clear(address, request("GET", target, &[head]).as_bytes()).await;
        assert_eq!((said.status(), said.header("location")), (308, Some(location.as_str())), "{}", said.0);
        assert_eq!(said.header("connection"), Some("close"));
    }
    let body = format!("{{\"username\":\"dora\",\"password\":\"{PASSWORD}\"}}");
    let length = format!("Content-Length: {}", body.len());
    let login = request("POST", "/api/auth/login", &["Host: localhost", &length]) + &body;
    let said = in_the_clear(address, login.as_bytes()).await;
    assert!(said.status() == 308 && !said.0.contains("token"), "nobody signs in in the clear: {}", said.0);
    let socket = ["Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    assert_eq!(in_the_clear(address, request("GET", "/ws", &socket).as_bytes()).await.status(), 308);
    let noise = in_the_clear(address, &[0x80, 0x2e, 1, 3, 1]).await;
    assert_eq!(noise.0, "", "what is neither TLS nor text gets no answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let clinic = Clinic::open().await;
    let host = "Host: localhost";
    let port = clinic.address().port();
    let asked = [
        request("GET", "/health", &[host, "Connection: close"]),
        request("GET", "/api/users", &[host, "Connection: close"]),
        request("GET", "/nothing", &[host, "Connection: close"]),
        request("PATCH", "/health", &[host, "Connection: close"]),
        request("GET", "/health", &["Host: evil.example", "Connection: close"]),
        request("GET", "/health", &[host, "Origin: https://evil.example", "Connection: close"]),
        request("GET", "/trust/ca.pem", &[host, "Connection: close"]),
        request("GET", "/ws", &[host, "Upgrade: websocket", "Connection: close"]),
        request("POST", "/api/auth/login", &[host, "Content-Length: 1", "Connection: close"]) + "{",
    ];
    for request in asked {
        let said = over_tls(&clinic, &request).await;
        let line = request.lines().next().unwrap();
        for (name, part) in [
            ("content-security-policy", "default-src 'self'; script-src 'self'; style-src 'self';"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert!(said.header(name).is_some_and(|value| value.contains(part)), "{line}: {name}: {}", said.0);
        }
        assert!(said.header("server").is_none());
    }
    let plain =
        in_the_clear(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), request("GET", "/", &[host]).as_bytes()).await;
    assert!(plain.header("x-content-type-options").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_let_go_and_the_others_are_answered() {
    let clinic = Clinic::with(|c| {
        c.limits.header_within = SHORT;
        c.limits.body_within = SHORT;
        c.limits.handshake_within = SHORT;
    })
    .await;
    let dora = clinic.dora().await;
    let started = Instant::now();
    let silent = TcpStream::connect(clinic.address()).await.unwrap();
    let mut half = TcpStream::connect(clinic.address()).await.unwrap();
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    let header = clinic.line().open().await.unwrap();
    let mut dripping = clinic.line().open().await.unwrap();
    dripping.write_all(b"GET /health HTTP/1.1\r\nHost: local").await.unwrap();
    dripping.flush().await.unwrap();
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let slow_body =
        request("POST", "/api/channels", &["Host: localhost", &bearer, "Content-Length: 100"]) + "{\"name\":";
    let body = clinic.line().open().await.unwrap();
    let (silent, half, header, dripping, body) = tokio::join!(
        exchange(silent, b""),
        exchange(half, b""),
        exchange(header, b""),
        exchange(dripping, b""),
        exchange(body, slow_body.as_bytes()),
    );
    let took = started.elapsed();
    assert!(took < Duration::from_secs(8), "it took {took:?}");
    for said in [&silent, &half] {
        assert_eq!(said.0, "");
    }
    for said in [&header, &dripping] {
        assert!(said.0.is_empty() || said.status() == 408, "{}", said.0);
    }
    assert_eq!(body.status(), 408, "{}", body.0);
    assert!(body.0.contains("\"code\":\"body_too_slow\""));
    dora.get("/api/channels").await.json_of(200);
}

/// What two parsers could read in two ways is refused, and never read as two requests.
#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_refused() {
    let clinic = Clinic::open().await;
    let smuggled = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = smuggled.len();
    for (what, request) in [
        (
            "two lengths",
            format!(
                "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: {length}\r\n\r\n{smuggled}"
            ),
        ),
        (
            "a list of lengths",
            format!("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, {length}\r\n\r\n{smuggled}"),
        ),
        (
            "a signed length",
            format!("POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: +{length}\r\n\r\n{smuggled}"),
        ),
        (
            "a coding that is not chunked",
            format!(
                "POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        (
            "chunked, then another coding",
            format!(
                "POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"
            ),
        ),
        ("a space before the colon", format!("GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n{smuggled}")),
        ("a folded header", format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n folded\r\n\r\n{smuggled}")),
        ("a bare CR", format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: 1\rX-B: 2\r\n\r\n{smuggled}")),
        ("a nul", format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: \0\r\n\r\n{smuggled}")),
    ] {
        let said = over_tls(&clinic, &request).await;
        assert_eq!(said.status(), 400, "{what}: {}", said.0);
        assert_eq!(said.answers(), 1, "{what}: {}", said.0);
    }
    let two_hosts = request("GET", "/health", &["Host: localhost", "Host: evil.example", "Connection: close"]);
    assert_eq!(over_tls(&clinic, &two_hosts).await.status(), 421);
    // RFC 9112, 6.3: with both, the coding counts and the connection ends.
    let both =
        "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let said = over_tls(&clinic, &format!("{both}{smuggled}")).await;
    assert!(said.answers() == 1 || said.status() == 400, "the rest was read as a request: {}", said.0);

    let many = (0..200).fold(String::new(), |all, n| all + &format!("X-{n}: 1\r\n"));
    let said = over_tls(&clinic, &format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")).await;
    assert!((400..=431).contains(&said.status()), "{}", said.0);
    let long = "y".repeat(40_000);
    let said = over_tls(&clinic, &format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n")).await;
    assert!((400..=431).contains(&said.status()), "{}", said.0);
    let said = over_tls(&clinic, &format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    assert!((400..=431).contains(&said.status()), "{}", said.0);
    let http2 = over_tls(&clinic, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(http2.answers() <= 1 && http2.status() != 200, "HTTP/1.1 only: {}", http2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_on_the_list_gets_no_byte() {
    let clinic = Clinic::with(|c| c.network.allowed = Some(vec!["10.99.0.0/16".into()])).await;
    for request in [&b""[..], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", &[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]] {
        if let Ok(mut stream) = TcpStream::connect(clinic.address()).await {
            let _ = stream.write_all(request).await;
            let mut heard = Vec::new();
            let _ = soon("the end", stream.read_to_end(&mut heard)).await;
            assert!(heard.is_empty(), "{heard:?}");
        }
    }
    assert!(clinic.line().open().await.is_err());
    let denied = Clinic::with(|c| c.network.allowed = Some(vec!["127.0.0.0/8".into(), "!127.0.0.1".into()])).await;
    assert!(denied.line().open().await.is_err(), "deny beats allow");
}

fn proxies(of: &str) -> Vec<ipnet::IpNet> {
    vec![of.parse().unwrap()]
}

async fn seen_as(clinic: &Clinic, dora: &Person, forwarded: &str) -> (u16, Option<String>) {
    let body = "{\"username\":\"seen\",\"password\":\"certainly not this\"}";
    let length = format!("Content-Length: {}", body.len());
    let head = ["Host: localhost", &length, forwarded, "Connection: close"];
    let said = over_tls(clinic, &(request("POST", "/api/auth/login", &head) + body)).await;
    let rows = dora.list("/api/audit?action=auth.login_failed&limit=1").await;
    (said.status(), rows.first().map(|row| row["ipAddress"].as_str().unwrap().to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_addresses_count_from_a_trusted_proxy_alone() {
    let lan = || Some(vec!["127.0.0.0/8".into(), "10.0.0.0/8".into(), "!10.6.6.6".into()]);
    let clinic = Clinic::with(|c| c.network.allowed = lan()).await;
    let dora = clinic.dora().await;
    let seen = seen_as(&clinic, &dora, "X-Forwarded-For: 10.1.2.3").await;
    assert_eq!(seen, (401, Some("127.0.0.1".into())), "anybody can write that header");

    let behind = Clinic::with(|c| {
        c.network.allowed = lan();
        c.network.trusted_proxies = proxies("127.0.0.1/32");
    })
    .await;
    let dora = behind.dora().await;
    for (header, address) in [
        ("X-Forwarded-For: 10.1.2.3", "10.1.2.3"),
        ("X-Forwarded-For: 10.6.6.6, 10.1.2.4", "10.1.2.4"),
        ("X-Forwarded-For: ::ffff:10.1.2.5", "10.1.2.5"),
        ("X-Nothing: 1", "127.0.0.1"),
    ] {
        assert_eq!(seen_as(&behind, &dora, header).await, (401, Some(address.into())), "{header}");
    }
    for refused in
        ["X-Forwarded-For: 10.6.6.6", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.1.2.3, 203.0.113.9"]
    {
        assert_eq!(seen_as(&behind, &dora, refused).await.0, 403, "{refused}");
    }
}

/// A PROXY protocol v2 header for a TCP/IPv4 client.
fn announcing(client: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    header.extend(client);
    header.extend([127, 0, 0, 1]);
    header.extend(40_000_u16.to_be_bytes());
    header.extend(3_000_u16.to_be_bytes());
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_announces_its_client_and_the_list_judges_it() {
    let clinic = Clinic::with(|c| {
        c.network.allowed = Some(vec!["127.0.0.0/8".into(), "10.0.0.0/8".into()]);
        c.network.trusted_proxies = proxies("127.0.0.1/32");
        c.network.proxy_protocol = true;
    })
    .await;
    let body = format!("{{\"username\":\"dora\",\"password\":\"{PASSWORD}\"}}");
    let length = format!("Content-Length: {}", body.len());
    let login = request("POST", "/api/auth/login", &["Host: localhost", &length, "Connection: close"]) + &body;
    let mut tcp = TcpStream::connect(clinic.address()).await.unwrap();
    tcp.write_all(&announcing([10, 1, 2, 3])).await.unwrap();
    let tls = clinic.line().encrypt(tcp).await.unwrap();
    let said = exchange(tls, login.as_bytes()).await;
    assert_eq!(said.status(), 200, "{}", said.0);
    let token = said.0.split("\"token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();

    let mut tcp = TcpStream::connect(clinic.address()).await.unwrap();
    tcp.write_all(&announcing([10, 1, 2, 4])).await.unwrap();
    let tls = clinic.line().encrypt(tcp).await.unwrap();
    let bearer = format!("Authorization: Bearer {token}");
    let path = "/api/audit?action=auth.login";
    let said = exchange(tls, request("GET", path, &["Host: localhost", &bearer, "Connection: close"]).as_bytes()).await;
    assert!(said.0.contains("\"ipAddress\":\"10.1.2.3\""), "{}", said.0);

    for bad in [
        announcing([203, 0, 113, 9]),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x00\x00\x00".to_vec(),
        b"PROXY TCP4 10.1.2.3".to_vec(),
    ] {
        let mut tcp = TcpStream::connect(clinic.address()).await.unwrap();
        tcp.write_all(&bad).await.unwrap();
        assert!(clinic.line().encrypt(tcp).await.is_err(), "{bad:?}");
    }
    assert!(clinic.line().open().await.is_err(), "without the header there is no connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_for_named_proxies_that_may() {
    let clinic = Clinic::with(|c| {
        c.network.trusted_proxies = proxies("127.0.0.1/32");
        c.network.proxy_plain_http = true;
    })
    .await;
    let said = in_the_clear(clinic.address(), request("GET", "/health", &["Host: localhost"]).as_bytes()).await;
    assert_eq!(said.status(), 200, "{}", said.0);
    let other = Clinic::with(|c| {
        c.network.trusted_proxies = proxies("127.0.0.9/32");
        c.network.proxy_plain_http = true;
    })
    .await;
    let said = in_the_clear(other.address(), request("GET", "/health", &["Host: localhost"]).as_bytes()).await;
    assert_eq!(said.status(), 308, "{}", said.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_of_our_own_authority_and_names_this_machine() {
    let clinic = Clinic::open().await;
    let shown = clinic.visitor().get("/trust/ca.pem").await;
    assert_eq!(shown.header("content-type"), Some("application/x-x509-ca-cert"));
    let kept = std::fs::read(clinic.data_dir().join("tls").join("ca.pem")).unwrap();
    assert_eq!(shown.body, kept);
    let other = Clinic::open().await;
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), other.address().port());
    let stranger = crate::fixture::Line::trusting(address, &clinic.data_dir().join("tls").join("ca.pem")).unwrap();
    assert!(stranger.open().await.is_err(), "each clinic has an authority of its own");
    let mut health = clinic.visitor().get("/health").await.json_of(200);
    health["uptime"] = json!(0);
    assert_eq!(health["status"], "ok");
}
