//! The whole way of a connection through this room.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::Via;
use super::fixture::{Running, Seen, client, echoes, start, until_closed};
use super::proxy::tests::{header, header_for};

async fn next(edge: &mut Running) -> Seen {
    tokio::time::timeout(Duration::from_secs(10), edge.seen.recv()).await.expect("no connection came").unwrap()
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_gets_in_by_name_and_by_address() {
    let mut edge = start(|_, _| {}).await;
    for name in ["localhost", "reception", "reception.local", "127.0.0.1", "192.168.1.5"] {
        let mut stream = edge.tls(edge.tcp().await, name).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
        assert!(echoes(&mut stream).await);
        let seen = next(&mut edge).await;
        assert_eq!((seen.via, seen.from_proxy), (Via::Tls, false));
        assert_eq!(seen.peer, stream.get_ref().0.local_addr().unwrap());
    }
    for name in ["evil.example", "192.168.1.6"] {
        assert!(edge.tls(edge.tcp().await, name).await.is_err(), "{name} is not a name of this server");
    }
}

#[tokio::test]
async fn both_tls_versions_are_spoken_and_nothing_but_http_1_1() {
    let edge = start(|_, _| {}).await;
    let name = || ServerName::try_from("localhost").unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for alpn in [[b"http/1.1".as_slice()].as_slice(), &[b"h2", b"http/1.1"], &[]] {
            let connector = TlsConnector::from(Arc::new(client(&edge.ca(), &[version], alpn)));
            let mut stream = connector.connect(name(), edge.tcp().await).await.unwrap();
            assert!(echoes(&mut stream).await);
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            assert_ne!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        }
        let connector = TlsConnector::from(Arc::new(client(&edge.ca(), &[version], &[b"h2"])));
        assert!(connector.connect(name(), edge.tcp().await).await.is_err());
    }
}

#[tokio::test]
async fn the_key_exchange_is_hybrid_and_sessions_are_not_resumed() {
    let edge = start(|_, _| {}).await;
    let connector =
        TlsConnector::from(Arc::new(client(&edge.ca(), &[&rustls::version::TLS13, &rustls::version::TLS12], &[])));
    for _ in 0..2 {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, edge.tcp().await).await.unwrap();
        assert!(echoes(&mut stream).await);
        let tls = stream.get_ref().1;
        assert_eq!(tls.negotiated_key_exchange_group().unwrap().name(), rustls::NamedGroup::X25519MLKEM768);
        assert_eq!(tls.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}

#[tokio::test]
async fn a_stranger_gets_no_byte_whatever_it_sends() {
    let mut edge = start(|network, _| network.allowed = Some(vec!["127.0.0.0/8".into(), "!127.0.0.3".into()])).await;
    let mut silent = edge.tcp_from("127.0.0.3").await;
    assert_eq!(until_closed(&mut silent).await, b"");
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\x16\x03\x01\x02\x00\x01"] {
        let mut tcp = edge.tcp_from("127.0.0.3").await;
        let _ = tcp.write_all(bytes).await;
        assert_eq!(until_closed(&mut tcp).await, b"");
    }
    assert!(edge.tls(edge.tcp_from("127.0.0.3").await, "localhost").await.is_err());
    assert!(edge.tls(edge.tcp_from("127.0.0.2").await, "localhost").await.is_ok());
    assert_eq!(next(&mut edge).await.peer.ip().to_string(), "127.0.0.2", "the stranger never reached the handler");

    edge.parts.allowed.replace(super::AllowList::parse(&["127.0.0.3".into()]).unwrap());
    assert!(
        edge.tls(edge.tcp_from("127.0.0.3").await, "localhost").await.is_ok(),
        "the list changes without a restart"
    );
    assert!(edge.tls(edge.tcp_from("127.0.0.2").await, "localhost").await.is_err());
}

#[tokio::test]
async fn connections_are_limited_by_address_and_in_all() {
    let edge = start(|_, limits| {
        limits.connections_per_address_max = 2;
        limits.connections_max = 3;
    })
    .await;
    let first = edge.tls(edge.tcp_from("127.0.0.1").await, "localhost").await.unwrap();
    let _second = edge.tls(edge.tcp_from("127.0.0.1").await, "localhost").await.unwrap();
    assert!(edge.tls(edge.tcp_from("127.0.0.1").await, "localhost").await.is_err(), "one address may hold two");
    let _third = edge.tls(edge.tcp_from("127.0.0.2").await, "localhost").await.unwrap();
    assert!(edge.tls(edge.tcp_from("127.0.0.3").await, "localhost").await.is_err(), "the server may hold three");
    assert_eq!(edge.parts.connections(), 3);

    drop(first);
    let freed = async {
        while edge.parts.connections() == 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed).await.expect("a closed connection frees its place");
    assert!(edge.tls(edge.tcp_from("127.0.0.3").await, "localhost").await.is_ok());
}

#[tokio::test]
async fn half_open_connections_are_shed_while_others_are_served() {
    let edge = start(|_, limits| limits.handshake_within = Duration::from_millis(1500)).await;
    let mut healthy = edge.tls(edge.tcp().await, "localhost").await.unwrap();
    let mut half_open = Vec::new();
    for n in 0..200 {
        let mut tcp = edge.tcp().await;
        match n % 3 {
            0 => {}                                                             // says nothing
            1 => tcp.write_all(b"\x16").await.unwrap(),                         // one byte
            _ => tcp.write_all(b"\x16\x03\x01\x02\x00\x01\x00").await.unwrap(), // a record's beginning
        }
        half_open.push(tcp);
    }
    assert!(echoes(&mut healthy).await, "a standing connection is served meanwhile");
    let mut newcomer = edge.tls(edge.tcp().await, "localhost").await.expect("a newcomer is served meanwhile");
    assert!(echoes(&mut newcomer).await);
    for tcp in &mut half_open {
        until_closed(tcp).await;
    }
    let left = async {
        while edge.parts.connections() > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left).await.expect("their places are free again");
    assert!(echoes(&mut healthy).await && echoes(&mut newcomer).await, "the deadline is for the handshake only");
}

#[tokio::test]
async fn plain_text_is_told_apart_with_nothing_lost() {
    let mut edge = start(|_, _| {}).await;
    let mut tcp = edge.tcp().await;
    assert!(echoes(&mut tcp).await, "the handler reads from the first byte on");
    assert_eq!(next(&mut edge).await.via, Via::PlainOnTls);
    for noise in [b"\x80\x2e\x01\x00\x02".as_slice(), b"\0\0\0", b"\xff"] {
        let mut tcp = edge.tcp().await;
        tcp.write_all(noise).await.unwrap();
        assert_eq!(until_closed(&mut tcp).await, b"", "what is neither TLS nor text is closed without an answer");
    }
    assert!(edge.seen.try_recv().is_err());
}

/// An edge whose trusted proxy is 127.0.0.2, which is not in the allow-list; 127.0.0.1 is, and may announce nobody.
async fn behind_a_proxy(plain: bool) -> Running {
    start(|network, limits| {
        network.allowed = Some(vec!["10.0.0.0/8".into(), "fd00::/8".into(), "127.0.0.1".into()]);
        network.trusted_proxies = vec!["127.0.0.2/32".parse().unwrap()];
        network.proxy_protocol = true;
        network.proxy_plain_http = plain;
        limits.handshake_within = Duration::from_millis(1500);
        limits.connections_per_address_max = 2;
    })
    .await
}

#[tokio::test]
async fn a_trusted_proxy_announces_its_clients() {
    let mut edge = behind_a_proxy(false).await;
    for client in ["10.1.2.3:4567", "[fd00::9]:1"] {
        let mut tcp = edge.tcp_from("127.0.0.2").await;
        tcp.write_all(&header_for(client.parse().unwrap())).await.unwrap();
        let mut stream = edge.tls(tcp, "localhost").await.unwrap();
        assert!(echoes(&mut stream).await);
        let seen = next(&mut edge).await;
        assert_eq!((seen.peer, seen.via, seen.from_proxy), (client.parse().unwrap(), Via::Tls, true));
    }
    let mut check = edge.tcp_from("127.0.0.2").await;
    check.write_all(&header(0x20, 0, &[])).await.unwrap();
    assert!(edge.tls(check, "localhost").await.is_ok());
    assert_eq!(next(&mut edge).await.peer.ip().to_string(), "127.0.0.2", "a health check is the proxy itself");
}

#[tokio::test]
async fn what_a_proxy_announces_is_judged_and_counted() {
    let edge = behind_a_proxy(false).await;
    let through = async |client: &str| {
        let mut tcp = edge.tcp_from("127.0.0.2").await;
        tcp.write_all(&header_for(client.parse().unwrap())).await.unwrap();
        edge.tls(tcp, "localhost").await
    };
    assert!(through("11.0.0.1:1").await.is_err(), "outside the allowed networks");
    let _held = (through("10.0.0.1:1").await.unwrap(), through("10.0.0.1:2").await.unwrap());
    assert!(through("10.0.0.1:3").await.is_err(), "one client may hold two");
    assert!(through("10.0.0.2:1").await.is_ok(), "the proxy itself may hold more");
}

#[tokio::test]
async fn a_proxy_that_breaks_the_protocol_is_closed_without_a_byte() {
    let mut edge = behind_a_proxy(true).await;
    let whole = header_for("10.1.2.3:4".parse().unwrap());
    let unknown = header(0x21, 0x00, &[]);
    for bytes in
        [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\x16\x03\x01", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", &unknown]
    {
        let mut tcp = edge.tcp_from("127.0.0.2").await;
        tcp.write_all(bytes).await.unwrap();
        assert_eq!(until_closed(&mut tcp).await, b"");
    }
    let mut slow = edge.tcp_from("127.0.0.2").await;
    slow.write_all(&whole[..20]).await.unwrap();
    assert_eq!(until_closed(&mut slow).await, b"", "half a header is closed at the deadline");
    let mut cut = edge.tcp_from("127.0.0.2").await;
    cut.write_all(&whole[..20]).await.unwrap();
    cut.shutdown().await.unwrap();
    assert_eq!(until_closed(&mut cut).await, b"");
    assert!(edge.seen.try_recv().is_err(), "none of them reached the handler");
}

#[tokio::test]
async fn only_a_named_proxy_may_speak_plain_or_announce_anybody() {
    let mut edge = behind_a_proxy(true).await;
    let mut tcp = edge.tcp_from("127.0.0.2").await;
    tcp.write_all(&header_for("10.1.2.3:4".parse().unwrap())).await.unwrap();
    assert!(echoes(&mut tcp).await);
    let seen = next(&mut edge).await;
    assert_eq!((seen.peer.to_string().as_str(), seen.via), ("10.1.2.3:4", Via::TrustedProxyPlain));

    let mut liar = edge.tcp_from("127.0.0.1").await;
    liar.write_all(&header_for("10.1.2.3:4".parse().unwrap())).await.unwrap();
    let seen = next(&mut edge).await;
    assert_eq!((seen.peer.ip().to_string().as_str(), seen.via, seen.from_proxy), ("127.0.0.1", Via::PlainOnTls, false));
}

#[tokio::test]
async fn stopping_ends_accepting_and_handshakes_and_leaves_standing_connections() {
    let edge = start(|_, limits| limits.handshake_within = Duration::from_mins(10)).await;
    let mut standing = edge.tls(edge.tcp().await, "localhost").await.unwrap();
    assert!(echoes(&mut standing).await);
    let mut half_open = edge.tcp().await;
    while edge.parts.connections() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    edge.stop.cancel();
    assert_eq!(until_closed(&mut half_open).await, b"");
    tokio::time::timeout(Duration::from_secs(10), edge.serving).await.expect("serve returns").unwrap();
    assert!(tokio::net::TcpStream::connect(edge.addr).await.is_err());
    assert!(echoes(&mut standing).await);

    edge.parts.tasks.close();
    drop(standing);
    tokio::time::timeout(Duration::from_secs(10), edge.parts.tasks.wait()).await.expect("the tasks can be drained");
}

#[tokio::test]
async fn a_client_may_end_its_side_and_still_read() {
    let edge = start(|_, _| {}).await;
    let mut stream = edge.tls(edge.tcp().await, "localhost").await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    let _ = stream.read_to_end(&mut back).await;
    assert_eq!(back, b"last words");
}

/// Not a test: an edge to be looked at from outside, as by `tests/tls/sslyze.sh` and for the memory of a held
/// connection. Prints where it listens, then a line of its memory for every line on standard input.
/// `cargo test --lib edge::tests::an_edge_to_look_at -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "serves until its standard input ends"]
async fn an_edge_to_look_at() {
    let edge = start(|_, limits| limits.connections_per_address_max = 20_000).await;
    let ca = std::env::temp_dir().join(format!("edge-{}-ca.pem", edge.addr.port()));
    std::fs::write(&ca, edge.parts.certificates.ca_pem().unwrap()).unwrap();
    println!("port {} ca {}", edge.addr.port(), ca.display());
    println!(
        "bytes: stream {}",
        size_of::<super::Stream>() + size_of::<tokio_rustls::server::TlsStream<tokio::net::TcpStream>>()
    );
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    while tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line).await.is_ok_and(|n| n > 0) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find(|l| l.starts_with("VmRSS")).unwrap_or("VmRSS unknown").to_owned();
        println!("connections {} {resident}", edge.parts.connections());
        line.clear();
    }
    std::fs::remove_file(ca).unwrap();
}
