//! Changing a channel, taking it away, putting it back.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Changed, ChannelDeed, Faults, model, read_back, rows, slice, tell_members};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::channels::model::{ChannelName, Description, Label, Topic};
use crate::features::{Cursor, Expected, Means, Paged, Versioned};
use crate::gate::{Act, ChannelKind, Cx};
use crate::id::ChannelId;
use crate::wire::Change;
use crate::wire::channels::{Channel, ChannelChange, DeletedChannel};

/// Channels that end by themselves at one turn of the job; the rest is seen to at the next.
const ENDED_AT_ONCE: u32 = 50;

/// What is to be changed, checked; `password` is a hash once it is set.
struct Checked {
    name: Change<String>,
    description: Change<String>,
    private: Option<bool>,
    archived: Option<bool>,
    topic: Change<String>,
    category: Change<String>,
    tags: Change<Vec<String>>,
    metadata: Change<String>,
    slow: Change<i32>,
    password: Change<Zeroizing<String>>,
    expires: Change<Timestamp>,
}

impl Checked {
    fn parse(body: ChannelChange, now: Timestamp) -> Result<Self> {
        let mut faults = Faults::default();
        let name = match body.name {
            // A conversation may be called nothing again.
            Change::Set(text) if text.is_empty() => Change::Clear,
            name => faults.change("name", name, |text| ChannelName::parse(&text).map(ChannelName::into_text)),
        };
        let checked = Self {
            name,
            description: faults
                .change("description", body.description, |text| Description::parse(&text).map(Description::into_text)),
            private: body.is_private,
            archived: body.archived,
            topic: faults.change("topic", body.topic, |text| Topic::parse(&text).map(Topic::into_text)),
            category: faults.change("category", body.category, |text| Label::parse(&text).map(Label::into_text)),
            tags: faults.change("tags", body.tags, |texts| model::tags(&texts)),
            metadata: faults.change("metadata", body.metadata, |value| model::metadata(&value)),
            slow: faults.change("slowModeSeconds", body.slow_mode_seconds, model::slow_mode),
            password: faults.change("password", body.password, model::password),
            expires: faults.change("expiresAt", body.expires_at, |text| model::ahead(&text, now, model::ENDS_WITHIN)),
        };
        faults.finish().map(|()| checked)
    }

    fn changed(&self) -> Changed {
        Changed {
            name: self.name.is_there(),
            description: self.description.is_there(),
            topic: self.topic.is_there(),
            category: self.category.is_there(),
            tags: self.tags.is_there(),
            metadata: self.metadata.is_there(),
            slow_mode: self.slow.is_there(),
            private: self.private,
            archived: self.archived,
            password: self.password.is_there(),
            expires: self.expires.is_there(),
        }
    }

    /// The settings that were `before`, changed.
    fn over(self, before: rows::Settings) -> Result<rows::Settings> {
        let conversation = before.kind != ChannelKind::Channel;
        if conversation && (self.private == Some(false) || matches!(self.password, Change::Set(_))) {
            let detail = "A conversation is always private, and nobody joins it by themselves.";
            return Err(Error::conflict("conversation_is_private", detail));
        }
        let name = match self.name {
            Change::Clear if conversation => String::new(),
            Change::Clear => {
                return Err(Error::field("name", format!("must have 1 to {} characters", model::NAME_CHARS_MAX)));
            }
            Change::Keep => before.name,
            Change::Set(name) => name,
        };
        Ok(rows::Settings {
            kind: before.kind,
            version: before.version + 1,
            name,
            description: self.description.over(before.description),
            private: self.private.unwrap_or(before.private),
            archived: self.archived.unwrap_or(before.archived),
            metadata: self.metadata.over(before.metadata),
            topic: self.topic.over(before.topic),
            category: self.category.over(before.category),
            tags: self.tags.over(Some(before.tags)).unwrap_or_default(),
            slow: self.slow.over(Some(before.slow)).unwrap_or(0),
            password: match self.password {
                Change::Keep => before.password,
                Change::Clear => None,
                Change::Set(hash) => Some(hash.as_str().to_owned()),
            },
            expires: self.expires.over(before.expires),
        })
    }
}

/// Changes a channel, if it is still at a version that the caller expects.
pub async fn update(
    cx: &Cx,
    means: &Means,
    channel: ChannelId,
    expected: Expected,
    body: ChannelChange,
) -> Result<Versioned<Channel>> {
    let mut new = Checked::parse(body, cx.now())?;
    let changed = new.changed();
    let deed = || ChannelDeed::Update { channel, changed };
    if let Change::Set(password) = new.password {
        // Who may not do this is told so before a password is hashed for it.
        cx.view(deed(), |_| Ok(())).await?;
        new.password = Change::Set(Zeroizing::new(means.passwords.hash(password).await?));
    }
    cx.act(deed(), move |act| {
        let before = rows::settings(act, channel)?.ok_or_else(|| Error::missing("channel"))?;
        expected.check(before.version)?;
        let was_archived = before.archived;
        let settings = new.over(before)?;
        rows::update(act, channel, &settings, changed.tags)?;
        act.amend_channel(channel, |fact| {
            fact.private = settings.private;
            fact.archived = settings.archived;
            fact.locked = settings.password.is_some();
            fact.slow = u32::try_from(settings.slow).unwrap_or(0);
        })?;
        let event = match (was_archived, settings.archived) {
            (false, true) => "channel_archived",
            (true, false) => "channel_unarchived",
            _ => "channel_updated",
        };
        let data = serde_json::json!({
            "channelId": channel, "changed": changed.names(), "version": settings.version,
        });
        tell_members(act, channel, event, data)?;
        read_back(act, channel)
    })
    .await
}

/// Takes a channel away from everybody at once; its messages are kept for retention.
pub async fn delete(cx: &Cx, channel: ChannelId) -> Result<()> {
    cx.act(ChannelDeed::Delete { channel }, move |act| end(act, channel, "deleted")).await
}

/// Takes away the channels whose time has come; says how many. Each is a deed of its own, so that others get their
/// turn between two of them.
pub async fn end_expired(cx: &Cx) -> Result<usize> {
    let now = cx.now();
    let due = cx.view(ChannelDeed::FindExpired, move |look| rows::due(look, now, ENDED_AT_ONCE)).await?;
    let mut ended = 0;
    for channel in due {
        ended += cx
            .act(ChannelDeed::Expire { channel }, move |act| {
                // Its end may have been put off meanwhile.
                if !rows::still_due(act, channel)? {
                    act.note("put_off", true);
                    return Ok(0);
                }
                end(act, channel, "expired").map(|()| 1)
            })
            .await?;
    }
    Ok(ended)
}

fn end(act: &mut Act<'_, '_>, channel: ChannelId, reason: &'static str) -> Result<()> {
    tell_members(act, channel, "channel_deleted", serde_json::json!({ "channelId": channel, "reason": reason }))?;
    let by = act.maybe_user();
    rows::delete(act, channel, by)?;
    rows::members::set_aside(act, channel)?;
    act.dissolve_channel(channel);
    Ok(())
}

/// Puts a channel back that was deleted within 30 days, with everyone who was in it.
pub async fn restore(cx: &Cx, channel: ChannelId) -> Result<()> {
    cx.act(ChannelDeed::Restore { channel }, move |act| {
        let (at, expires) = rows::gone(act, channel)?.ok_or_else(|| Error::missing("deleted channel"))?;
        let now = act.now();
        if now.since(at) >= model::RESTORED_WITHIN {
            return Err(Error::missing("deleted channel"));
        }
        rows::restore(act, channel, expires.filter(|expires| *expires > now))?;
        rows::members::bring_back(act, channel)?;
        act.dissolve_channel(channel);
        tell_members(act, channel, "channel_restored", serde_json::json!({ "channelId": channel }))
    })
    .await
}

/// Channels that can be put back, oldest first. Conversations are not among them.
pub async fn deleted(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<DeletedChannel>> {
    let slice = slice(&page, means, Uuid::nil())?;
    let (limit, now) = (slice.limit, cx.now());
    let since = Timestamp::from_micros(
        now.micros().saturating_sub(i64::try_from(model::RESTORED_WITHIN.as_micros()).unwrap_or(i64::MAX)),
    );
    let rows = cx.view(ChannelDeed::ListDeleted, move |look| rows::deleted(look, since, &slice)).await?;
    Ok(Paged::of(rows, limit, |channel| channel.id.to_string()))
}
