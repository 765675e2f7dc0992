//! The web clients: what is served, how it is kept, and what it may do in a browser.

use std::io::Read as _;

use serde_json::json;

use crate::driver::line::Answer;
use crate::fixture::raw::{in_the_clear, over_tls, request};
use crate::fixture::{Clinic, Person};

/// As the design has it, word for word.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     media-src 'self' blob:; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html dompurify app-html app-url";

async fn asked(person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
    person.ask_with("GET", path, headers, None).await
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        Some("br") => brotli::Decompressor::new(&answer.body[..], 4_096).read_to_end(&mut plain).unwrap(),
        Some("gzip") => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap(),
        None => answer.body.clone().as_slice().read_to_end(&mut plain).unwrap(),
        other => panic!("packed by {other:?}"),
    };
    plain
}

/// What a page loads from `/assets/`.
fn loaded(html: &str) -> Vec<String> {
    let mut found: Vec<String> =
        html.split("\"/assets/").skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap())).collect();
    found.sort();
    found.dedup();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_their_files_arrive_in_every_coding_and_are_known_again() {
    let clinic = Clinic::with(|c| c.initial_admin.username = None).await;
    let visitor = clinic.visitor();
    for path in ["/", "/setup", "/welcome", "/join", "/trust", "/admin", "/admin/users", "/admin/users/1/edit"] {
        let plain = asked(&visitor, path, &[]).await;
        assert_eq!((plain.status, plain.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        let kept = plain.header("cache-control").unwrap();
        assert!(matches!(kept, "no-cache" | "no-store"), "{path}: a page is asked for anew: {kept}");
        let html = plain.text();
        assert!(html.contains("<html") && !html.contains("<style") && !html.contains(" onclick"), "{path}");
        let files = loaded(&html);
        assert!(!files.is_empty(), "{path} loads nothing");
        for file in [path.to_owned()].into_iter().chain(files) {
            let plain = asked(&visitor, &file, &[("accept-encoding", "identity")]).await;
            assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{file}");
            assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
            let hashed = file.rsplit_once('-').is_some_and(|(_, hash)| hash.len() > 10);
            if file.starts_with("/assets/") && hashed {
                assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"), "{file}");
            }
            let mut tags = Vec::new();
            for accept in ["identity", "gzip", "br", "gzip, deflate, br, zstd"] {
                let packed = asked(&visitor, &file, &[("accept-encoding", accept)]).await;
                assert!(unpacked(&packed) == plain.body, "{file} by {accept}");
                assert_eq!(packed.header("vary"), Some("Accept-Encoding"), "{file}");
                assert!(packed.body.len() <= plain.body.len());
                let tag = packed.header("etag").unwrap().to_owned();
                let again = asked(&visitor, &file, &[("accept-encoding", accept), ("if-none-match", &tag)]).await;
                assert_eq!((again.status, again.body.len()), (304, 0), "{file} by {accept}");
                assert_eq!(again.header("etag"), Some(tag.as_str()));
                assert_eq!(again.header("cache-control"), packed.header("cache-control"), "{file}");
                let other = asked(&visitor, &file, &[("accept-encoding", accept), ("if-none-match", "\"x\"")]).await;
                assert_eq!(other.status, 200);
                tags.push((packed.header("content-encoding").map(str::to_owned), tag));
            }
            tags.sort();
            tags.dedup();
            let mut codings: Vec<_> = tags.iter().map(|(coding, _)| coding).collect();
            codings.dedup();
            assert_eq!(codings.len(), tags.len(), "{file}: one tag for each coding: {tags:?}");
        }
    }
    for nowhere in ["/assets/none.js", "/assets/..%2fadmin.html", "/assets/admin.html", "/adminx", "/assets/"] {
        let said = asked(&visitor, nowhere, &[]).await;
        assert_eq!((said.status, said.header("cache-control")), (404, Some("no-store")), "{nowhere}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_answer_carries_the_whole_policy() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let (host, close) = ("Host: localhost", "Connection: close");
    for (line, extra) in [
        ("GET /", ""),
        ("GET /admin", ""),
        ("GET /admin/audit", ""),
        ("GET /trust", ""),
        ("GET /setup", ""),
        ("GET /welcome", ""),
        ("GET /join", ""),
        ("GET /assets/style.css", ""),
        ("GET /assets/none.js", ""),
        ("GET /trust/ca.pem", ""),
        ("GET /api/docs", ""),
        ("GET /api/openapi.json", ""),
        ("GET /health", ""),
        ("GET /api/users", ""),
        ("GET /api/users", bearer.as_str()),
        ("POST /api/auth/logout", "Origin: https://evil.example"),
        ("OPTIONS /api/users", "Access-Control-Request-Method: GET"),
        ("GET /nothing", "Accept: text/html"),
        ("DELETE /health", ""),
        ("GET /ws", "Upgrade: websocket"),
    ] {
        let (method, path) = line.split_once(' ').unwrap();
        let head: Vec<&str> = [host, close, extra].into_iter().filter(|line| !line.is_empty()).collect();
        let said = over_tls(&clinic, &request(method, path, &head)).await;
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=0"),
        ] {
            assert_eq!(said.header(name), Some(value), "{line}: {name}");
        }
        let permissions = said.header("permissions-policy").unwrap();
        assert!(permissions.contains("microphone=(self)") && permissions.contains("geolocation=()"), "{permissions}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn https_alone_is_said_once_the_clinic_says_so_and_taken_back() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let said = async || {
        let answer = clinic.visitor().get("/trust").await;
        answer.header("strict-transport-security").map(str::to_owned)
    };
    assert_eq!(said().await.as_deref(), Some("max-age=0"));
    dora.put("/api/settings/security.hsts", &json!({ "value": true })).await.json_of(200);
    assert_eq!(said().await.as_deref(), Some("max-age=31536000"));
    let clear = in_the_clear(clinic.address(), request("GET", "/trust", &["Host: localhost"]).as_bytes()).await;
    assert_eq!((clear.status(), clear.header("strict-transport-security")), (308, None), "RFC 6797, 7.2");
    dora.delete("/api/settings/security.hsts").await.json_of(200);
    assert_eq!(said().await.as_deref(), Some("max-age=0"));
}
