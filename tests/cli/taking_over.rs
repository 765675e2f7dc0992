//! A clinic moves from the older Node.js server to this one: `mcp-messenger import`, from a real PostgreSQL with what
//! Node's own crypto made, and then with the people of that clinic signing in.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::ground::{Ground, Told, says, stop};
use crate::driver::clinic::executable;
use crate::driver::names;
use crate::driver::person::Person;
use crate::postgres::{Place, admin, database};

const SCHEMA: &str = include_str!("../../src/store/migrations/001_source.sql");

/// The older clinic: where its database is, and what is in it.
struct Older {
    place: Place,
    known: Value,
    key: PathBuf,
}

impl Older {
    fn url(&self) -> String {
        url(&self.place)
    }

    fn id(&self, path: &str) -> &str {
        self.known.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}"))
    }

    fn import(&self, ground: &Ground, more: &str) -> Told {
        let line = format!(
            "import --from {} --encryption-key-file {} --pbkdf2-iterations 1000 --json {more}",
            self.url(),
            self.key.display()
        );
        ground.run(&line)
    }
}

fn url(place: &Place) -> String {
    format!("postgres://{}@{}:{}/{}", place.user, place.host, place.port, place.name)
}

/// Runs what must not run on a runtime's thread.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it ends")
}

/// Builds the older clinic; `None` where there is no PostgreSQL.
async fn older(ground: &Ground, plain: usize) -> Option<Older> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/older/clinic.mjs");
    let made = Command::new("node").args([script, &format!("{{\"plain\":{plain}}}")]).output().expect("node");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let sql = String::from_utf8(made.stdout).expect("text");
    let first = sql.lines().next().and_then(|line| line.strip_prefix("-- ")).expect("what the script says");
    let known: Value = serde_json::from_str(first).expect("JSON");
    let key = ground.beside("older.key");
    std::fs::write(&key, format!("{}\n", known["key"].as_str().expect("a key"))).expect("a file");
    let place = aside(move || {
        let place = database()?;
        admin(&place, SCHEMA);
        admin(&place, &sql);
        Some(place)
    })
    .await?;
    Some(Older { place, known, key })
}

fn report(told: Told) -> Value {
    serde_json::from_str(&told.well()).expect("a report in JSON")
}

/// Source, taken, left out.
fn counts(report: &Value, table: &str) -> [i64; 3] {
    ["source", "taken", "left"].map(|what| report["tables"][table][what].as_i64().expect("a number"))
}

fn remarks<'a>(report: &'a Value, id: &str) -> Vec<&'a str> {
    let rows = report["remarks"].as_array().expect("remarks");
    rows.iter().filter(|row| row["id"] == id).filter_map(|row| row["what"].as_str()).collect()
}

fn live(ground: &Ground) -> rusqlite::Connection {
    rusqlite::Connection::open(ground.at("live/messenger.db")).expect("the database")
}

fn number(ground: &Ground, sql: &str) -> i64 {
    live(ground).query_row(sql, [], |row| row.get(0)).expect("a number")
}

async fn sign_in(ground: &Ground, name: &str, password: &str) -> Result<Person, String> {
    Person::sign_in(&ground.line(), name, password).await.map_err(|why| why.to_string())
}

fn texts(known: &Value, channel: &str) -> Vec<String> {
    let list = known["said"][channel].as_array().expect("what was said");
    list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

fn shown(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_clinic_is_taken_over_and_its_people_go_on_with_their_passwords() {
    let ground = Ground::bare();
    let Some(older) = older(&ground, 600).await else { return };
    let sealed = 60;
    let messages = older.known["messages"].as_i64().expect("a number");

    let dry = report(older.import(&ground, "--dry-run"));
    assert_eq!(number(&ground, "SELECT count(*) FROM users"), 0);
    assert_eq!(number(&ground, "SELECT count(*) FROM takeovers"), 0, "a dry run leaves no mark");
    let real = report(older.import(&ground, ""));
    assert_eq!(dry["tables"], real["tables"], "a dry run promises what is done");
    assert_eq!(dry["remarks"], real["remarks"]);
    assert_eq!((dry["dryRun"].clone(), real["dryRun"].clone()), (true.into(), false.into()));

    assert_eq!(counts(&real, "users"), [9, 9, 0]);
    assert_eq!(counts(&real, "roles"), [5, 5, 0]);
    assert_eq!(counts(&real, "channels"), [3, 3, 0]);
    assert_eq!(counts(&real, "members"), [7, 7, 0]);
    assert_eq!(counts(&real, "messages"), [messages, messages - 1, 1]);
    assert_eq!(counts(&real, "reactions"), [4, 3, 1]);
    assert_eq!(counts(&real, "audit"), [40, 40, 0]);
    assert_eq!((counts(&real, "sessions"), counts(&real, "resets")), ([3, 0, 3], [1, 0, 1]));
    says(&remarks(&real, older.id("/users/Nina")).join(";"), &["case alone", "earlier account"]);
    says(&remarks(&real, older.id("/users/pia")).join(";"), &["status", "second factor"]);
    says(&remarks(&real, older.id("/users/tom")).join(";"), &["password has to be set", "e-mail address is none"]);
    says(&remarks(&real, older.id("/users/olaf")).join(";"), &["no role", "standing"]);
    says(&remarks(&real, older.id("/orphan")).join(";"), &["sender is not known"]);
    says(&remarks(&real, older.id("/roles/nurse")).join(";"), &["does not know"]);
    assert!(remarks(&real, older.id("/users/sam")).is_empty() && remarks(&real, older.id("/users/nina")).is_empty());
    assert!(!real.to_string().contains("Example") && !real.to_string().contains("hammed"), "no content, no names");

    // At rest nothing is weaker than elsewhere, and no word is readable.
    assert_eq!(
        number(&ground, "SELECT count(*) FROM users WHERE password_hash NOT LIKE '$argon2id$%'"),
        0,
        "a PBKDF2 hash is inside Argon2id"
    );
    let file = std::fs::read(ground.at("live/messenger.db")).expect("the database");
    for word in ["kalium 6,1", "plain 17", "Mrs. Example"] {
        assert!(!file.windows(word.len()).any(|part| part == word.as_bytes()), "{word} is readable");
    }
    assert_eq!(number(&ground, "SELECT count(*) FROM messages WHERE contains_phi"), sealed + 1);

    let running = ground.start().await;
    assert!(!ground.at("setup-code.txt").exists(), "an administrator came over");
    let sam = sign_in(&ground, "sam", "the password of sam").await.expect("the same password");
    assert!(sign_in(&ground, "sam", "the password of Sam").await.is_err());
    let nina = sign_in(&ground, "NINA", "the password of nina").await.expect("a hash in base64");
    sign_in(&ground, "nina-2", "the password of Nina").await.expect("the renamed one");
    sign_in(&ground, "rita", "password").await.expect("an Argon2 hash as it was");
    assert!(sign_in(&ground, "olaf", "the password of olaf").await.is_err(), "inactive");
    assert!(sign_in(&ground, "tom", "no hash at all").await.is_err());
    let uma = sign_in(&ground, "uma", "the password of uma").await.expect("another length");
    let users = uma.ask("GET", "/api/users", None).await.expect("an answer");
    assert_eq!(users.status, 403, "a new password has to be chosen first");

    let old_token = older.id("/token");
    let refused = ground.line().ask("GET", "/api/users", Some(old_token), None).await.expect("an answer");
    assert_eq!(refused.status, 401, "sign-ins are not taken over");

    let (ward, office) = (older.id("/channels/ward"), older.id("/channels/office"));
    let rows = sam.history_after(ward, 0).await.expect("the ward");
    assert_eq!(shown(&rows), texts(&older.known, ward));
    let seqs: Vec<u64> = rows.iter().filter_map(|row| row["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=rows.len() as u64).collect::<Vec<_>>(), "places without gaps, in the order of time");
    let of = |id: &str| rows.iter().find(|row| row["id"] == id).cloned().expect("a message");
    assert_eq!(of(older.id("/deleted"))["deleted"], true);
    let flagged = sam.ask("GET", "/api/messages/flagged", None).await.expect("an answer").expect(200).expect("flags");
    says(&flagged.to_string(), &[older.id("/flagged"), "about Mrs. Example"]);
    assert_eq!(of(older.id("/edited"))["metadata"]["kind"], "note");
    assert!(of(older.id("/edited"))["editedAt"].is_string());
    assert!(of(older.id("/orphan"))["sender"].as_str().is_some_and(|name| name.starts_with("unknown-sender")));
    assert_eq!(shown(&nina.history_after(office, 0).await.expect("the office")), texts(&older.known, office));

    assert!(nina.open_channel("after", &[]).await.is_err(), "the clinic's own role allows what it allowed, no more");
    stop(running).await;
    let renewed = "SELECT count(*) FROM users WHERE password_hash_type = 'argon2id' AND salt = '' \
                   AND lower(username) IN ('sam', 'nina', 'nina-2', 'uma')";
    assert_eq!(number(&ground, renewed), 4, "whoever signed in has a hash of our own");
    says(&ground.run("audit verify").well(), &["intact"]);
    let running = ground.start().await;
    sign_in(&ground, "sam", "the password of sam").await.expect("and again, with the new hash");
    stop(running).await;

    // The older rows stand before the chain, and cannot be changed unseen.
    live(&ground).execute("UPDATE audit_logs SET action = 'nothing' WHERE number = 7", []).expect("a change");
    says(&ground.run("audit verify").badly(1), &["row 41"]);
    says(&older.import(&ground, "").badly(1), &["finished already"]);
}

#[tokio::test]
async fn a_killed_takeover_goes_on_and_nothing_is_served_before_it_is_complete() {
    let ground = Ground::bare();
    let Some(older) = older(&ground, 6_000).await else { return };
    let mut child = Command::new(executable())
        .args(["import", "--from", &older.url(), "--pbkdf2-iterations", "1000", "--encryption-key-file"])
        .arg(&older.key)
        .env_clear()
        .env(names::env::DATA_DIR, ground.at(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stderr.take().expect("its words")).lines();
    let mut said = lines.map_while(Result::ok);
    let found = said.find(|line| line.starts_with("writing messages"));
    child.kill().expect("killed");
    assert_eq!(child.wait().expect("an end").code(), None, "it was killed in the middle: {found:?}");
    let half = number(&ground, "SELECT count(*) FROM messages");
    assert!((500..6_000).contains(&half), "{half} messages");

    let (code, why) = ground.refusal().await;
    assert_eq!(code, Some(1));
    says(&why, &["takeover", "not finished", "import"]);

    let report = report(older.import(&ground, ""));
    assert_eq!(report["resumed"], true);
    let messages = older.known["messages"].as_i64().expect("a number");
    assert_eq!(counts(&report, "messages"), [messages, messages - 1, 1]);
    assert_eq!(number(&ground, "SELECT count(*) FROM messages"), messages - 1);
    let running = ground.start().await;
    let sam = sign_in(&ground, "sam", "the password of sam").await.expect("the same password");
    let ward = older.id("/channels/ward");
    assert_eq!(shown(&sam.history_after(ward, 0).await.expect("the ward")), texts(&older.known, ward));
    stop(running).await;
    says(&ground.run("audit verify").well(), &["intact"]);
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused_before_anything_is_written() {
    let ground = Ground::bare();
    let Some(mut older) = older(&ground, 5).await else { return };
    let good = older.key.clone();
    older.key = ground.beside("wrong.key");
    std::fs::File::create(&older.key).expect("a file").write_all(&[b'a'; 64]).expect("a key");
    says(&older.import(&ground, "").badly(1), &["61 sealed messages do not open", "Nothing was written"]);
    let without = ground.run(&format!("import --from {}", older.url())).badly(1);
    says(&without, &["61 messages are sealed", "--encryption-key-file"]);
    older.key = good;
    let told = older.import(&ground, "--sealed-order iv-tag-ciphertext --sealed-spelling raw").badly(1);
    says(&told, &["do not open"]);
    let unreachable = ground.run("import --from postgres://nobody@127.0.0.1:1/nothing").badly(1);
    says(&unreachable, &["cannot be reached"]);
    let secret = ground.run("import --from nonsense://sam:hunter2@nowhere").badly(1);
    says(&secret, &["postgres://user:password@host"]);
    assert!(!secret.contains("hunter2"), "{secret}");
    let (empty, ours) = aside(|| (database().expect("one more"), database().expect("and one more"))).await;
    says(&ground.run(&format!("import --from {}", url(&empty))).badly(1), &["not one of the older server", "roles.id"]);
    assert_eq!(number(&ground, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM takeovers)"), 0);
    for wrong in ["--sealed-order iv-tag", "--sealed-iv-bytes 13", "--pbkdf2-digest md5", "--pbkdf2-iterations 0"] {
        older.import(&ground, wrong).badly(2);
    }

    let busy = Ground::new();
    let running = busy.start().await;
    says(&older.import(&busy, "").badly(1), &["Stop the server first"]);
    stop(running).await;
    says(&older.import(&busy, "").badly(1), &["--data-dir"]);

    // Into PostgreSQL, where the same statements run.
    let mut large = Ground::bare();
    for (name, value) in [
        ("DB_ENGINE", "postgres".to_owned()),
        ("DB_HOST", ours.host.clone()),
        ("DB_PORT", ours.port.to_string()),
        ("DB_NAME", ours.name.clone()),
        ("DB_USER", ours.user.clone()),
    ] {
        large.clinic.set(name, value);
    }
    let there = report(older.import(&large, ""));
    let here = report(older.import(&ground, ""));
    assert_eq!(there["tables"], here["tables"]);
    says(&large.run("audit verify").well(), &["41 rows"]);
    let running = large.start().await;
    let sam = sign_in(&large, "sam", "the password of sam").await.expect("the same password");
    let ward = older.id("/channels/ward");
    assert_eq!(shown(&sam.history_after(ward, 0).await.expect("the ward")), texts(&older.known, ward));
    stop(running).await;
    let ours = ground.run(&format!("import --from {}", url(&ours)));
    says(&ours.badly(1), &["finished already"]);
}
