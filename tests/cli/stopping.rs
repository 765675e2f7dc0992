//! Stopping in order, and being stopped without a word.

use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;

use super::ground::{Ground, SOON, stop};

#[tokio::test]
async fn a_stop_tells_the_sockets_publishes_everything_and_ends_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let ground = Ground::new();
        let mut running = ground.start().await;
        let admin = ground.admin().await;
        let channel = admin.open_channel("ward 3", &[]).await.expect("a channel");
        let mut socket = admin.connect().await.expect("a socket");
        let ack = socket.send(&channel, "the last word", true, "last").await.expect("an acknowledgement");

        running.signal(signal);
        let farewell = socket.hear_where("the farewell", |frame| frame["type"] == "system_event").await;
        assert_eq!(farewell.expect("a farewell")["eventType"], "shutdown", "{signal:?}");
        let end = socket.hear().await.expect_err("nothing comes after it").to_string();
        assert!(end.contains("Away") || end.contains("1001"), "{end}");
        let status = running.wait(SOON).await.expect("an end");
        assert_eq!(status.code(), Some(0), "{signal:?}{}", ground.clinic.last_words());

        let copy = ground.beside("copy.db");
        std::fs::copy(ground.at("messenger.db"), &copy).expect("a copy");
        let copy = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
        let check: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        assert_eq!(check, "ok");
        let id = uuid::Uuid::parse_str(&ack.message_id).expect("an id");
        let (seq, text): (i64, String) = copy
            .query_row("SELECT seq, text FROM messages WHERE id = ?1", [id.as_bytes().as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("the last message is in the snapshot");
        assert_eq!((seq, text.as_str()), (1, ""), "and it is sealed");
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let ground = Ground::new();
    let texts: Vec<String> = (0..40).map(|n| format!("message {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let running = ground.start().await;
    let token = ground.admin().await.token;
    let channel = ground.tell(&texts).await;
    running.kill().await.expect("an end");

    let running = ground.start().await;
    assert_eq!(ground.texts(&channel).await, texts);
    let answer = ground.line().ask("GET", "/api/channels", Some(&token), None).await.expect("an answer");
    assert_eq!(answer.status, 200, "a token outlives a kill too");
    stop(running).await;
    ground.run("audit verify").well();
}
