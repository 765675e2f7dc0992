//! The embedded pages.

use axum::http::StatusCode;

use crate::error::{Error, Result};
use crate::http::call::{Answer, Call};
use crate::http::contract::{self, Described, get};
use crate::http::{clients, pages};

pub(in crate::http) fn described() -> Vec<Described> {
    const HTML: &str = "text/html; charset=utf-8";
    vec![
        get("/", "The first page; with an upgrade, the WebSocket.").file(HTML),
        get("/setup", "The page that makes the first administrator; gone once there is one.").file(HTML).fails(&[404]),
        get("/admin", "The administration dashboard.").file(HTML),
        get("/admin/{*rest}", "The same: its pages have addresses of their own.").file(HTML),
        get("/welcome", "The later steps of the set-up, for the administrator who is signed in.").file(HTML),
        get("/join", "The page of an invitation; its token stays behind the #.").file(HTML),
        get("/trust", "How a device comes to trust this server.").file(HTML),
        get("/trust/ca.pem", "The certificate to trust.").file("application/x-x509-ca-cert").fails(&[404]),
        get("/assets/{file}", "A script, a style sheet or a picture of the pages.").file("*/*").fails(&[404]),
        get("/api/openapi.json", "This document.").file("application/json"),
        get("/api/docs", "This document, for people.").file(HTML),
    ]
}

fn page(call: &Call, name: &str) -> Result<Answer> {
    let outside = &call.web.outside;
    let (authority, leaf) = ((outside.authority_fingerprint)().unwrap_or_default(), (outside.leaf_fingerprint)());
    let password_min = call.web.means.limits.password_chars_min.to_string();
    let values = [
        ("host", call.host.as_str()),
        ("version", env!("CARGO_PKG_VERSION")),
        ("setup", if call.web.means.door.is_open() { "open" } else { "done" }),
        ("ca_fingerprint", authority.as_str()),
        ("leaf_fingerprint", leaf.as_str()),
        ("password_min", password_min.as_str()),
    ];
    let page = pages::page(name, &values).ok_or_else(|| Error::missing("page"))?;
    Ok(Answer::file(page.body.into_owned(), page.content_type, Some(page.etag)))
}

/// A page of the web clients; in a build without them, the plain one.
fn client(call: &Call, name: &str, plain: &str) -> Result<Answer> {
    match clients::page(name, call.coding) {
        Some(page) => Ok(page),
        None => page(call, plain),
    }
}

pub(in crate::http) async fn home_page(call: Call) -> Result<Answer> {
    client(&call, "index", "index")
}

pub(in crate::http) async fn admin_page(call: Call) -> Result<Answer> {
    client(&call, "admin", "no-clients")
}

pub(in crate::http) async fn admin_view(call: Call) -> Result<Answer> {
    admin_page(call).await
}

pub(in crate::http) async fn setup_page(call: Call) -> Result<Answer> {
    if call.web.means.door.is_open() { client(&call, "setup", "setup") } else { Err(Error::missing("page")) }
}

pub(in crate::http) async fn welcome_page(call: Call) -> Result<Answer> {
    client(&call, "setup", "no-clients")
}

pub(in crate::http) async fn join_page(call: Call) -> Result<Answer> {
    client(&call, "join", "no-clients")
}

pub(in crate::http) async fn trust_page(call: Call) -> Result<Answer> {
    client(&call, "trust", "trust")
}

pub(in crate::http) async fn docs_page(call: Call) -> Result<Answer> {
    page(&call, "docs")
}

pub(in crate::http) async fn openapi(_call: Call) -> Result<Answer> {
    let published = contract::published();
    Ok(Answer::file(published.json.clone(), "application/json", Some(published.etag.clone())))
}

pub(in crate::http) fn not_found_page() -> Option<Answer> {
    let page = pages::page("404", &[("version", env!("CARGO_PKG_VERSION"))])?;
    let mut answer = Answer::file(page.body.into_owned(), page.content_type, None);
    answer.status = StatusCode::NOT_FOUND;
    Some(answer)
}

pub(in crate::http) async fn authority(call: Call) -> Result<Answer> {
    let pem = (call.web.outside.authority)().ok_or_else(|| Error::missing("certificate authority"))?;
    let mut answer = Answer::file(pem.into_bytes(), "application/x-x509-ca-cert", None);
    answer.attachment = Some("attachment; filename=\"mcp-messenger-ca.pem\"");
    Ok(answer)
}

pub(in crate::http) async fn asset(call: Call) -> Result<Answer> {
    let file = call.params.first().map(|(_, value)| value.as_str()).unwrap_or_default();
    if let Some(built) = clients::asset(file, call.coding) {
        return Ok(built);
    }
    let asset = pages::asset(file).ok_or_else(|| Error::missing("file"))?;
    Ok(Answer::file(asset.body.into_owned(), asset.content_type, Some(asset.etag)))
}
