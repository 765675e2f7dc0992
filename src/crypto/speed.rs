//! How fast the room is, for whoever changes it: `cargo test --release --lib crypto::speed -- --ignored
//! --nocapture --test-threads=1`. Figures are printed, not asserted, except memory, which is a promise.

#![expect(clippy::disallowed_methods, reason = "measuring needs the real clock")]

use std::hint::black_box;
use std::time::Instant;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::chain::AuditRecord;
use super::{Cell, Claims, Entropy, Keyring, PasswordPool, Purpose, SystemEntropy, TokenKeys};

fn time(what: &str, rounds: u32, mut deed: impl FnMut()) {
    (0..rounds / 10).for_each(|_| deed());
    let start = Instant::now();
    (0..rounds).for_each(|_| deed());
    let each = start.elapsed() / rounds;
    println!("{what:<28} {:>10.3} µs", each.as_secs_f64() * 1e6);
}

#[test]
#[ignore = "a measurement"]
fn sealing_linking_and_tokens() {
    let keyring = Keyring::create(SystemEntropy::shared());
    let cell = Cell {
        table: "messages",
        row: Uuid::from_u128(1),
        column: "encrypted_text",
        channel: Some(Uuid::from_u128(2)),
        sender: Some(Uuid::from_u128(3)),
    };
    let text = [b'x'; 200];
    let sealed = keyring.seal(Purpose::Messages, &cell, &text).unwrap();
    time("seal 200 B", 200_000, || drop(black_box(keyring.seal(Purpose::Messages, &cell, &text).unwrap())));
    time("open 200 B", 200_000, || drop(black_box(keyring.open(Purpose::Messages, &cell, &sealed).unwrap())));

    let record = AuditRecord {
        number: 1,
        id: Uuid::from_u128(1),
        user: Some(Uuid::from_u128(2)),
        action: "message.post",
        details: r#"{"channelId":"019a0000-0000-7000-8000-000000000000","messageId":"019a0000-0000-7000-8000-000000000001"}"#,
        ip: Some([10, 0, 0, 5].into()),
        user_agent: Some("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
        timestamp_micros: 0,
    };
    let mut head = [0; 32];
    time("audit link", 200_000, || head = keyring.audit_link(1, &head, &record).unwrap());

    let keys = TokenKeys::new(&[7; 32]).unwrap();
    let claims = Claims::new(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), 0, 1_000);
    let token = keys.sign(&claims).unwrap();
    time("sign a token", 100_000, || drop(black_box(keys.sign(&claims).unwrap())));
    time("verify a token", 100_000, || drop(black_box(keys.verify(&token, 1).unwrap())));

    let mut id = [0; 10];
    time("10 random bytes, buffered", 1_000_000, || SystemEntropy.fill(black_box(&mut id)));
    time("12 random bytes, fresh", 1_000_000, || SystemEntropy.fill_fresh(black_box(&mut id)));
}

#[tokio::test]
#[ignore = "a measurement"]
async fn a_storm_of_sign_ins() {
    let pool = PasswordPool::start(4_096, SystemEntropy::shared()).unwrap();
    let phc = pool.hash(Zeroizing::new("correct horse battery".into())).await.unwrap();
    let threads = u64::try_from(std::thread::available_parallelism().unwrap().get()).unwrap();
    let before = resident_kib();
    let start = Instant::now();
    let storm = (0..200).map(|_| pool.verify(Zeroizing::new("correct horse battery".into()), Some(phc.clone().into())));
    let answers = futures_util::future::join_all(storm).await;
    let took = start.elapsed();
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|verdict| verdict.ok)));
    println!("200 sign-ins in {took:.2?}: {:.0}/s on {threads} threads", 200.0 / took.as_secs_f64());
    println!("resident before {before} KiB, at the most {} KiB", peak_kib());
    // One block a thread, and a little for the futures themselves.
    assert!(peak_kib() < before + threads * 19_456 + 8_192);
}

fn resident_kib() -> u64 {
    status("VmRSS:")
}

fn peak_kib() -> u64 {
    status("VmHWM:")
}

fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
