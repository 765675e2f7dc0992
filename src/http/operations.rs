//! One operation a route: decode, call the feature, encode. Nothing is decided here.

use axum::http::StatusCode;
use serde::Serialize;

use super::call::{Answer, Call};
use super::pages;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::{audit, auth, channels, messages, setup, users};
use crate::id::{AuditId, ChannelId, MessageId, UserId};
use crate::wire::auth::Success;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    /// Seconds.
    uptime: u64,
    timestamp: Timestamp,
}

pub(super) async fn health(call: Call) -> Result<Answer> {
    let uptime = call.web.clock.monotonic().saturating_sub(call.web.started).as_secs();
    Answer::ok(&Health { status: "ok", uptime, timestamp: call.web.clock.now() })
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

pub(super) async fn home_page(call: Call) -> Result<Answer> {
    page(&call, "index")
}

pub(super) async fn setup_page(call: Call) -> Result<Answer> {
    if call.web.means.door.is_open() { page(&call, "setup") } else { Err(Error::missing("page")) }
}

pub(super) async fn trust_page(call: Call) -> Result<Answer> {
    page(&call, "trust")
}

pub(super) fn not_found_page() -> Option<Answer> {
    let page = pages::page("404", &[("version", env!("CARGO_PKG_VERSION"))])?;
    let mut answer = Answer::file(page.body.into_owned(), page.content_type, None);
    answer.status = StatusCode::NOT_FOUND;
    Some(answer)
}

pub(super) async fn authority(call: Call) -> Result<Answer> {
    let pem = (call.web.outside.authority)().ok_or_else(|| Error::missing("certificate authority"))?;
    let mut answer = Answer::file(pem.into_bytes(), "application/x-x509-ca-cert", None);
    answer.attachment = Some("attachment; filename=\"mcp-messenger-ca.pem\"");
    Ok(answer)
}

pub(super) async fn asset(call: Call) -> Result<Answer> {
    let file = call.params.first().map(|(_, value)| value.as_str()).unwrap_or_default();
    let asset = pages::asset(file).ok_or_else(|| Error::missing("file"))?;
    Ok(Answer::file(asset.body.into_owned(), asset.content_type, Some(asset.etag)))
}

pub(super) async fn set_up(call: Call) -> Result<Answer> {
    let user = setup::set_up(&call.cx, &call.web.means, call.body()?).await?;
    Answer::created(&user)
}

pub(super) async fn login(call: Call) -> Result<Answer> {
    let signed_in = auth::login(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&signed_in)
}

pub(super) async fn refresh(call: Call) -> Result<Answer> {
    Answer::ok(&auth::refresh(&call.cx).await?)
}

pub(super) async fn logout(call: Call) -> Result<Answer> {
    auth::logout(&call.cx).await?;
    Answer::ok(&Success::because("Signed out."))
}

pub(super) async fn change_password(call: Call) -> Result<Answer> {
    auth::change_password(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every other sign-in has ended."))
}

pub(super) async fn list_users(call: Call) -> Result<Answer> {
    let page = users::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(super) async fn create_user(call: Call) -> Result<Answer> {
    Answer::created(&users::create(&call.cx, &call.web.means, call.body()?).await?)
}

pub(super) async fn show_user(call: Call) -> Result<Answer> {
    let user: UserId = call.id("id", "user")?;
    Answer::ok(&users::show(&call.cx, user).await?)
}

pub(super) async fn list_channels(call: Call) -> Result<Answer> {
    let page = channels::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(super) async fn create_channel(call: Call) -> Result<Answer> {
    Answer::created(&channels::create(&call.cx, call.body()?).await?)
}

pub(super) async fn show_channel(call: Call) -> Result<Answer> {
    Answer::ok(&channels::show(&call.cx, channel(&call)?).await?)
}

pub(super) async fn list_members(call: Call) -> Result<Answer> {
    Answer::ok(&channels::members(&call.cx, channel(&call)?).await?)
}

pub(super) async fn add_member(call: Call) -> Result<Answer> {
    Answer::created(&channels::add_member(&call.cx, channel(&call)?, call.body()?).await?)
}

pub(super) async fn change_member(call: Call) -> Result<Answer> {
    let user: UserId = call.id("user", "member")?;
    Answer::ok(&channels::change_member(&call.cx, channel(&call)?, user, call.body()?).await?)
}

pub(super) async fn remove_member(call: Call) -> Result<Answer> {
    let user: UserId = call.id("user", "member")?;
    channels::remove_member(&call.cx, channel(&call)?, user).await?;
    Answer::ok(&Success::because("No longer a member."))
}

pub(super) async fn list_messages(call: Call) -> Result<Answer> {
    let (means, cursor) = (&call.web.means, call.cursor()?);
    let page = match call.query_id::<ChannelId>("channelId")? {
        Some(channel) => messages::page(&call.cx, means, channel, cursor).await?,
        None => messages::recent(&call.cx, means, cursor).await?,
    };
    Answer::page(&call, &page)
}

pub(super) async fn create_message(call: Call) -> Result<Answer> {
    Answer::created(&messages::post(&call.cx, &call.web.means, call.body()?).await?)
}

pub(super) async fn show_message(call: Call) -> Result<Answer> {
    let message: MessageId = call.id("id", "message")?;
    Answer::ok(&messages::show(&call.cx, message).await?)
}

pub(super) async fn list_audit(call: Call) -> Result<Answer> {
    let filter = audit::Filter { user: call.query_id("userId")?, action: call.query("action")? };
    let page = audit::list(&call.cx, &call.web.means, filter, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(super) async fn show_audit(call: Call) -> Result<Answer> {
    let entry: AuditId = call.id("id", "audit entry")?;
    Answer::ok(&audit::show(&call.cx, entry).await?)
}

fn channel(call: &Call) -> Result<ChannelId> {
    call.id("id", "channel")
}
