//! Keeping drafts.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::deeds::DraftDeed;
use super::rows::{self, Stored};
use crate::crypto::{Cell, Purpose};
use crate::error::{Context, Error, FieldFault, Result};
use crate::features::Means;
use crate::gate::{Act, Cx, Who};
use crate::id::{ChannelId, DraftId, Id, UserId};
use crate::wire::drafts::{Draft, NewDraft};
use crate::wire::frames::Frame;

/// Bytes of a draft's metadata as JSON, the same as a message's.
const METADATA_BYTES_MAX: usize = 8 * 1_024;

/// One's draft in a channel.
pub async fn show(cx: &Cx, channel: ChannelId) -> Result<Draft> {
    cx.view(DraftDeed::Show { channel }, move |look| {
        let user = look.user()?;
        let stored = rows::show(look, user, channel)?.ok_or_else(|| Error::missing("draft"))?;
        let cell = cell(stored.id, channel, user);
        let opened = look.keys().open_text(Purpose::Messages, &cell, &stored.sealed)?;
        shown(channel, &stored, &opened)
    })
    .await
}

/// Keeps it in place of the one before, and tells the other devices that there is something to fetch.
pub async fn keep(cx: &Cx, means: &Means, channel: ChannelId, body: NewDraft) -> Result<Draft> {
    check(&body, means)?;
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    let (user, id) = (session.user, cx.new_id());
    let plain = Zeroizing::new(
        json!({ "text": body.text.as_str(), "phi": body.contains_phi, "metadata": body.metadata }).to_string(),
    );
    let sealed = cx.keys().seal_text(Purpose::Messages, &cell(id, channel, user), &plain)?;
    cx.act(DraftDeed::Keep { channel }, move |act| {
        let at = act.now();
        rows::keep(act, user, channel, id, &sealed)?;
        tell(act, user, channel, false);
        let NewDraft { text, contains_phi, metadata } = body;
        Ok(Draft { channel_id: channel, text: text.to_string(), contains_phi, metadata, updated_at: at })
    })
    .await
}

/// Throws it away; none is fine too.
pub async fn discard(cx: &Cx, channel: ChannelId) -> Result<()> {
    cx.act(DraftDeed::Discard { channel }, move |act| {
        let user = act.user()?;
        if rows::discard(act, user, channel)? > 0 {
            tell(act, user, channel, true);
        }
        Ok(())
    })
    .await
}

fn check(body: &NewDraft, means: &Means) -> Result<()> {
    let mut faults = Vec::new();
    let chars_max = means.limits.message_chars_max;
    if body.text.chars().count() > chars_max {
        faults.push(FieldFault { field: "text", detail: format!("may have at most {chars_max} characters") });
    } else if body.text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        faults.push(FieldFault { field: "text", detail: "may not have control characters".to_owned() });
    }
    if body.metadata.as_ref().is_some_and(|m| m.to_string().len() > METADATA_BYTES_MAX) {
        let detail = format!("may have at most {METADATA_BYTES_MAX} bytes as JSON");
        faults.push(FieldFault { field: "metadata", detail });
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::fields(faults)) }
}

fn cell(id: DraftId, channel: ChannelId, user: UserId) -> Cell<'static> {
    let (channel, sender) = (Some(channel.uuid()), Some(user.uuid()));
    Cell { table: "drafts", row: id.uuid(), column: "sealed", channel, sender }
}

fn shown(channel: ChannelId, stored: &Stored, opened: &str) -> Result<Draft> {
    let mut plain: Value = serde_json::from_str(opened).context("reading an opened draft")?;
    let text = plain["text"].as_str().unwrap_or_default().to_owned();
    let contains_phi = plain["phi"].as_bool().unwrap_or(false);
    let metadata = Some(plain["metadata"].take()).filter(|metadata| !metadata.is_null());
    Ok(Draft { channel_id: channel, text, contains_phi, metadata, updated_at: stored.updated })
}

fn tell(act: &mut Act<'_, '_>, user: UserId, channel: ChannelId, discarded: bool) {
    let data = json!({ "kind": "draft", "channelId": channel, "updatedAt": act.now(), "discarded": discarded });
    act.tell_user(user, Frame::Notification { data }.encode());
}
