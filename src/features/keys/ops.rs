//! Making, changing, renewing and revoking keys.

use super::deeds::{KeyDeed, Lent};
use super::rows::{self, Stored};
use super::{model, rows::Token};
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx};
use crate::id::{ApiKeyId, Id, SessionId};
use crate::wire::Change;
use crate::wire::keys::{ApiKey, ApiKeyChange, ApiKeyMade, NewApiKey, Rotation};

/// The keys in the order in which they were made, revoked ones too, a page at a time; the cursor is a key's id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<ApiKey>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => ApiKeyId::from_uuid(uuid::Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let keys = cx
        .view(KeyDeed::List, move |look| {
            let mut keys = rows::list(look, from, back, limit)?;
            for key in &mut keys {
                // What the door knows is fresher than what was written down last.
                let seen = look.last_seen(SessionId::from_uuid(key.id.uuid()));
                key.last_used_at = key.last_used_at.max(seen.filter(|at| at.micros() > 0));
            }
            Ok(keys)
        })
        .await?;
    Ok(Paged::of(keys, limit, |key| key.id.to_string()))
}

/// Makes a key; its token is in the answer and nowhere else.
pub async fn make(cx: &Cx, body: NewApiKey) -> Result<ApiKeyMade> {
    let mut faults = Vec::new();
    let name = checked(&mut faults, "name", model::name(&body.name));
    let permissions = checked(&mut faults, "permissions", model::permissions(&body.permissions));
    let channels = checked(&mut faults, "channels", model::channels(body.channels));
    let lives = checked(&mut faults, "expiresInDays", model::days(body.expires_in_days.unwrap_or(model::DAYS)));
    let (Some(name), Some(permissions), Some(channels), Some(lives)) = (name, permissions, channels, lives) else {
        return Err(Error::fields(faults));
    };
    let (own, _, _) = cx.introduce().await?;
    let (key, user) = (cx.new_id(), body.user.unwrap_or(own));
    let (token, hash) = cx.new_key_token(key);
    let lent = Lent { key, user, permissions, limited: channels.is_some() };
    let made = cx
        .act(KeyDeed::Make(lent), move |act| {
            if rows::count(act)? >= model::KEYS_MAX {
                return Err(Error::conflict("api_keys_full", "There are too many API keys: revoke some."));
            }
            let expires = act.now().plus(lives);
            rows::insert(act, &Stored { key, user, name, permissions, channels, expires }, &hash)?;
            shown(act, key)
        })
        .await?;
    Ok(ApiKeyMade { key: made, token: token.to_string() })
}

/// Changes a key, at once: its sockets have to come again.
pub async fn change(cx: &Cx, key: ApiKeyId, body: ApiKeyChange) -> Result<ApiKey> {
    let mut faults = Vec::new();
    let name = body.name.map(|name| checked(&mut faults, "name", model::name(&name)));
    let permissions = body.permissions.map(|names| checked(&mut faults, "permissions", model::permissions(&names)));
    let channels = match body.channels {
        Change::Keep => None,
        Change::Clear => Some(Some(None)),
        Change::Set(list) => Some(checked(&mut faults, "channels", model::channels(Some(list)))),
    };
    let lives = body.expires_in_days.map(|days| checked(&mut faults, "expiresInDays", model::days(days)));
    if !faults.is_empty() {
        return Err(Error::fields(faults));
    }
    let before = find(cx, key).await?;
    let after = Stored {
        key,
        user: before.user,
        name: name.flatten().unwrap_or_else(|| before.name.clone()),
        permissions: permissions.flatten().unwrap_or(before.permissions),
        channels: channels.flatten().unwrap_or_else(|| before.channels.clone()),
        expires: lives.flatten().map_or(before.expires, |lives| cx.now().plus(lives)),
    };
    cx.act(KeyDeed::Change(lent(&after)), move |act| {
        unchanged(act, &before)?;
        rows::update(act, &after)?;
        act.key_changed(key, true);
        shown(act, key)
    })
    .await
}

/// Gives a key a new token; the old one works on for a while.
pub async fn rotate(cx: &Cx, key: ApiKeyId, body: Rotation) -> Result<ApiKeyMade> {
    let grace = model::grace(body.grace_hours.unwrap_or(model::GRACE_HOURS))
        .map_err(|detail| Error::field("graceHours", detail))?;
    let before = find(cx, key).await?;
    let (token, hash) = cx.new_key_token(key);
    let rotated = cx
        .act(KeyDeed::Rotate(lent(&before)), move |act| {
            unchanged(act, &before)?;
            let until = act.now().plus(grace);
            rows::rotate(act, key, &Token { hash: &hash, old_until: until })?;
            // Without a grace, what came in under the old token goes with it.
            act.key_changed(key, grace.is_zero());
            shown(act, key)
        })
        .await?;
    Ok(ApiKeyMade { key: rotated, token: token.to_string() })
}

/// Ends a key, with what it has open.
pub async fn revoke(cx: &Cx, key: ApiKeyId) -> Result<()> {
    cx.act(KeyDeed::Revoke { key }, move |act| {
        if rows::revoke(act, key)? == 0 {
            return Err(Error::missing("API key"));
        }
        act.key_ended(key);
        Ok(())
    })
    .await
}

async fn find(cx: &Cx, key: ApiKeyId) -> Result<Stored> {
    cx.view(KeyDeed::Find, move |look| rows::stored(look, key)).await?.ok_or_else(|| Error::missing("API key"))
}

/// Fails when the key is no longer what the decision was about.
fn unchanged(act: &mut Act<'_, '_>, before: &Stored) -> Result<()> {
    match rows::stored_in(act, before.key)? {
        None => Err(Error::missing("API key")),
        Some(now) if now == *before => Ok(()),
        Some(_) => Err(Error::conflict("api_key_changed", "Somebody changed this key just now: look again.")),
    }
}

fn lent(stored: &Stored) -> Lent {
    let Stored { key, user, permissions, .. } = *stored;
    Lent { key, user, permissions, limited: stored.channels.is_some() }
}

fn shown(act: &mut Act<'_, '_>, key: ApiKeyId) -> Result<ApiKey> {
    rows::show(act, key)?.ok_or_else(|| Error::internal("a key cannot be read back"))
}

fn checked<T>(faults: &mut Vec<FieldFault>, field: &'static str, value: std::result::Result<T, String>) -> Option<T> {
    value.map_err(|detail| faults.push(FieldFault { field, detail })).ok()
}
