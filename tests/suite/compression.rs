//! Answers are packed as the client accepts, read back the same, and never where a secret is in them.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::{Clinic, PASSWORD, Person};

async fn asked(person: &Person, method: &str, path: &str, accept: &'static str, body: Option<&Value>) -> Answer {
    let mut talk = person.line.converse().await.unwrap();
    let headers = [("accept-encoding", accept)];
    talk.ask_with(method, path, person.token.as_deref(), &headers, body).await.unwrap()
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        Some("br") => brotli::Decompressor::new(&answer.body[..], 4_096).read_to_end(&mut plain).unwrap(),
        Some("gzip") => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap(),
        other => panic!("packed by {other:?}"),
    };
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_packed_as_the_client_accepts() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let ward = dora.channel("Ward 3", &[]).await;
    dora.say(&ward, &"the same again ".repeat(200)).await;
    let path = format!("/api/messages?channelId={ward}");
    let plain = asked(&dora, "GET", &path, "identity", None).await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    for (accept, coding) in [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0.1, gzip;q=0.9", "gzip")] {
        let packed = asked(&dora, "GET", &path, accept, None).await;
        assert_eq!(packed.header("content-encoding"), Some(coding));
        assert_eq!(packed.header("content-length"), Some(packed.body.len().to_string().as_str()));
        assert!(packed.body.len() * 4 < plain.body.len());
        assert_eq!(unpacked(&packed), plain.body);
    }

    // Small ones go as they are, and so do versions: their tag is for If-Match.
    for small in ["/health", &format!("/api/users/{}", dora.id)] {
        assert_eq!(asked(&dora, "GET", small, "br", None).await.header("content-encoding"), None, "{small}");
    }

    // A file's tag tells its codings apart, and each is known again.
    let file = asked(&dora, "GET", "/assets/style.css", "br", None).await;
    let tag = file.header("etag").unwrap().to_owned();
    assert!(tag.ends_with("-br\""), "{tag}");
    let mut talk = dora.line.converse().await.unwrap();
    let headers = [("accept-encoding", "gzip"), ("if-none-match", tag.as_str())];
    let again = talk.ask_with("GET", "/assets/style.css", None, &headers, None).await.unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert!(again.header("etag").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_with_a_secret_is_packed() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let login = json!({ "username": "dora", "password": PASSWORD });
    let key = json!({ "name": "x".repeat(100), "permissions": ["messages.send", "messages.read"] });
    for (path, body, status) in [("/api/auth/login", &login, 200), ("/api/api-keys", &key, 201)] {
        let answer = asked(&dora, "POST", path, "br, gzip", Some(body)).await;
        assert_eq!((answer.status, answer.header("content-encoding"), answer.header("vary")), (status, None, None));
    }
    for route in mcp_messenger::http::ROUTES.iter().filter(|route| route.packs) {
        let is_search = route.path.ends_with("/search");
        assert!(route.method == "GET" || is_search, "{} {} may be packed", route.method, route.path);
    }
}

/// Who is told no while still writing can read why.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_body_is_heard_out() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let body = json!({ "channelId": dora.id, "text": "x".repeat(600 * 1024) });
    for _ in 0..5 {
        dora.post("/api/messages", &body).await.is_refusal(413, "too_large");
        clinic.visitor().post("/api/messages", &body).await.is_refusal(401, "not_signed_in");
    }
}
