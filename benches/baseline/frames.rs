//! What travels, in the real server's shape and size: a baseline that sent shorter frames would win by cheating.

use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Outcome;

/// Anything a client may say here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    #[serde(rename = "type")]
    pub kind: String,
    pub token: Option<String>,
    pub channel_id: Option<String>,
    pub text: Option<String>,
    #[serde(rename = "containsPHI", default)]
    pub contains_phi: bool,
    pub client_message_id: Option<String>,
    pub request_id: Option<String>,
}

/// One message, with the members of the real server's message object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter<'a> {
    pub id: &'a str,
    pub channel_id: &'a str,
    pub sender_id: &'a str,
    pub sender: &'a str,
    pub text: &'a str,
    #[serde(rename = "containsPHI")]
    pub contains_phi: bool,
    pub timestamp: &'a str,
    pub edited_at: Option<&'a str>,
    pub deleted: bool,
    pub seq: i64,
    pub rev: i64,
    pub metadata: Option<&'a str>,
    pub reactions: [&'a str; 0],
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: &'a Letter<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ack<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    request_id: Option<&'a str>,
    client_message_id: Option<&'a str>,
    message_id: Option<&'a str>,
    seq: Option<i64>,
    rev: Option<i64>,
    timestamp: Option<&'a str>,
}

/// `new_message`, as every member gets it. Encoded once, shared by all.
pub fn new_message(letter: &Letter<'_>) -> Outcome<Utf8Bytes> {
    Ok(serde_json::to_string(&Event { kind: "new_message", data: letter })?.into())
}

/// The answer to a send.
pub fn sent(client_message_id: Option<&str>, letter: &Letter<'_>) -> Outcome<Utf8Bytes> {
    let ack = Ack {
        kind: "ack",
        request_id: None,
        client_message_id,
        message_id: Some(letter.id),
        seq: Some(letter.seq),
        rev: Some(letter.rev),
        timestamp: Some(letter.timestamp),
    };
    Ok(serde_json::to_string(&ack)?.into())
}

/// The answer to anything else that carries a `requestId`.
pub fn done(request_id: Option<&str>) -> Outcome<Utf8Bytes> {
    let ack = Ack {
        kind: "ack",
        request_id,
        client_message_id: None,
        message_id: None,
        seq: None,
        rev: None,
        timestamp: None,
    };
    Ok(serde_json::to_string(&ack)?.into())
}

/// Everyone may come in.
pub fn welcome(name: &str) -> Utf8Bytes {
    let frame = serde_json::json!({"type": "authentication_response", "success": true, "user": {"username": name}});
    frame.to_string().into()
}

/// Microseconds since 1970 as the wire writes them: RFC 3339, UTC, milliseconds.
pub fn timestamp(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map(|t| format!("{t:.3}")).unwrap_or_default()
}
