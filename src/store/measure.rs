//! Measurements to be run by hand: what the writer costs against bare SQLite, what opening a large file costs.

use std::sync::mpsc::{self, channel};

use super::engine::Conn;
use super::testing::Bed;
use super::{Job, Ledger, Tx};
use crate::error::Result;

/// One message and one audit row, as the hot path writes them.
const MESSAGE: &str = "INSERT INTO messages (id, channel_id, sender_id, text, encrypted_text, timestamp,
    contains_phi, seq, rev, client_message_id, key_version) VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, 1)";
const AUDIT: &str = "INSERT INTO audit_logs (id, user_id, action, details, ip_address, user_agent, timestamp, number,
    mac) VALUES ($1, $2, 'messages.post', $3, $4, $5, $6, $7, $8)";

fn send(tx: &mut Tx<'_>, n: i64) -> Result<()> {
    use super::value::{Micros, Param};
    let id = |kind: u128, n: i64| {
        let mixed = n.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        uuid::Uuid::from_u128((u128::from(n.unsigned_abs()) << 80) | (kind << 64) | u128::from(mixed))
    };
    let (channel, sender) = (uuid::Uuid::from_u128(10 + u128::from(n.unsigned_abs() % 10)), uuid::Uuid::from_u128(1));
    let body = [7_u8; 150];
    let time = Micros(1_700_000_000_000_000 + n);
    let client = format!("client-message-{n}");
    tx.execute(
        MESSAGE,
        &[
            id(1, n).into(),
            channel.into(),
            sender.into(),
            (&body).into(),
            time.into(),
            false.into(),
            (n / 10 + 1).into(),
            (n + 1).into(),
            (&client).into(),
        ],
    )?;
    let addr: std::net::IpAddr = std::net::Ipv4Addr::new(10, 0, 0, 7).into();
    tx.execute(
        AUDIT,
        &[
            id(2, n).into(),
            sender.into(),
            Param::Json("{\"channelId\":\"0190-0000\",\"bytes\":150}"),
            addr.into(),
            "mcp-messenger bench".into(),
            time.into(),
            (n + 1).into(),
            (&body[..32]).into(),
        ],
    )
    .map(|_| ())
}

fn people(store: &super::Store) {
    store
        .write_blocking(|tx| {
            let one = uuid::Uuid::from_u128(1);
            tx.execute(
                "INSERT INTO users (id, username, password_hash, salt) VALUES ($1, 'ann', 'h', '')",
                &[one.into()],
            )?;
            for n in 10..20_u128 {
                tx.execute("INSERT INTO channels (id, name) VALUES ($1, 'c')", &[uuid::Uuid::from_u128(n).into()])?;
            }
            Ok(())
        })
        .unwrap();
}

struct Post(i64, mpsc::Sender<()>);

impl Job<Silent> for Post {
    fn run(&mut self, tx: &mut Tx<'_>, _: &mut Silent) -> Result<()> {
        send(tx, self.0)
    }
    fn done(self: Box<Self>, outcome: Result<()>) {
        outcome.unwrap();
        self.1.send(()).unwrap();
    }
    fn again(&self) -> bool {
        true
    }
}

struct Silent;
impl Ledger for Silent {
    fn begin(&mut self, _: &mut Tx<'_>) -> Result<()> {
        Ok(())
    }
    fn mark(&mut self) {}
    fn undo(&mut self) {}
    fn finish(&mut self, _: &mut Tx<'_>) -> Result<()> {
        Ok(())
    }
    fn committed(&mut self) {}
    fn rolled_back(&mut self) {}
}

/// `cargo test --release -- --ignored --nocapture writer_against`: groups of 50, ours against bare rusqlite.
#[test]
#[ignore = "a measurement, to be run by hand with --release"]
#[expect(clippy::disallowed_methods, clippy::cast_precision_loss, reason = "a measurement")]
fn writer_against_bare_rusqlite() {
    const GROUPS: i64 = 1000;
    let base = std::env::var("MEASURE_DIR").unwrap_or_else(|_| "/var/tmp".into());
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let mut rates = [0.0; 2];
        for (which, rate) in rates.iter_mut().enumerate() {
            let folder = tempfile::tempdir_in(&base).unwrap();
            let config = crate::config::Store { data_dir: folder.path().join("d"), ..crate::config::Store::default() };
            let store = super::Store::open(&config).unwrap();
            people(&store);
            let start;
            if which == 0 {
                let writer = store.start(Silent, 10_000).unwrap();
                let (report, done) = channel();
                start = std::time::Instant::now();
                for group in 0..GROUPS {
                    for n in 0..50 {
                        writer.submit(Box::new(Post(group * 50 + n, report.clone())));
                    }
                    for _ in 0..50 {
                        done.recv().unwrap();
                    }
                }
                *rate = (GROUPS * 50) as f64 / start.elapsed().as_secs_f64();
                println!("   {:?}", store.stats());
                writer.stop_blocking();
            } else {
                drop(store);
                let path = config.data_dir.join("live/messenger.db");
                let raw = rusqlite::Connection::open(path).unwrap();
                raw.set_prepared_statement_cache_capacity(64);
                raw.execute_batch("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32768").unwrap();
                let link = super::sqlite::Link::of(raw);
                start = std::time::Instant::now();
                for group in 0..GROUPS {
                    link.raw().execute_batch("BEGIN IMMEDIATE").unwrap();
                    for n in 0..50 {
                        send(&mut Tx { conn: Conn::Sqlite(&link) }, group * 50 + n).unwrap();
                    }
                    link.raw().execute_batch("COMMIT").unwrap();
                }
                *rate = (GROUPS * 50) as f64 / start.elapsed().as_secs_f64();
            }
        }
        println!("writer {:.0}/s, bare {:.0}/s, ratio {:.2}", rates[0], rates[1], rates[0] / rates[1]);
        ratios.push(rates[0] / rates[1]);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[2]);
}

/// `cargo test --release -- --ignored --nocapture opening_a_million`.
#[test]
#[ignore = "a measurement, to be run by hand with --release"]
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn opening_a_million_messages() {
    let bed = Bed::sqlite();
    let store = bed.open();
    people(&store);
    for slice in 0..1000 {
        store.write_blocking(|tx| (0..1000).try_for_each(|n| send(tx, slice * 1000 + n))).unwrap();
    }
    let open = |what| {
        let start = std::time::Instant::now();
        let store = bed.open();
        println!("opened {what} in {:?}", start.elapsed());
        store
    };
    store.start(Silent, 10).unwrap().stop_blocking();
    drop(store);
    let store = open("after a stop");
    let writer = store.start(Silent, 10).unwrap();
    let (report, done) = channel();
    for n in 1_000_000..1_000_050 {
        writer.submit(Box::new(Post(n, report.clone())));
        done.recv().unwrap();
    }
    // As a killed server leaves it: the log is full and nobody closes anything.
    std::mem::forget(store);
    let home = &bed.config.data_dir;
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(copy.path().join("live")).unwrap();
    for name in ["messenger.db", "messenger.db-wal"] {
        std::fs::copy(home.join("live").join(name), copy.path().join("live").join(name)).unwrap();
    }
    let killed = crate::config::Store { data_dir: copy.path().to_owned(), ..bed.config.clone() };
    let start = std::time::Instant::now();
    let after = super::Store::open(&killed).unwrap();
    println!("opened after a kill in {:?}", start.elapsed());
    let count = "SELECT count(*) FROM messages";
    let rows = after.read_blocking(|view| view.one(count, &[], |row| row.get::<i64>(0))).unwrap();
    assert_eq!(rows, 1_000_050);
    let start = std::time::Instant::now();
    let manifest = after.publish(super::Micros(0), |_| Ok(serde_json::Value::Null)).unwrap();
    println!("published {} MB in {:?}", manifest.bytes >> 20, start.elapsed());
    writer.stop_blocking();
}
