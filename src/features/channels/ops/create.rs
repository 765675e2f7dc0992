//! Making channels and conversations.

use zeroize::Zeroizing;

use super::{ChannelDeed, Faults, admit, model, read_back, rows, tell_of_joining};
use crate::error::{Error, Result};
use crate::features::channels::model::{ChannelName, Description, Label, Topic};
use crate::features::{Means, Versioned};
use crate::gate::{Act, ChannelKind, Cx, MemberRole, Who};
use crate::id::{ChannelId, Id, UserId};
use crate::wire::channels::{Channel, NewChannel};

/// What is to be made, checked; the password is not hashed yet.
struct Checked {
    settings: rows::Settings,
    password: Option<Zeroizing<String>>,
    members: Vec<UserId>,
}

/// Makes a channel or a group with its maker as owner and others as members.
pub async fn create(cx: &Cx, means: &Means, body: NewChannel) -> Result<Versioned<Channel>> {
    let maker = maker(cx)?;
    let Checked { mut settings, password, members } = check(body, maker, cx)?;
    let channel = cx.new_id();
    let (private, kind, count) = (settings.private, settings.kind.name(), members.len());
    let deed = || ChannelDeed::Create { channel, private, kind, members: count };
    if let Some(password) = password {
        // Who may not do this is told so before a password is hashed for it.
        cx.view(deed(), |_| Ok(())).await?;
        settings.password = Some(means.passwords.hash(password).await?);
    }
    cx.act(deed(), move |act| {
        rows::insert(act, &rows::NewRow { id: channel, maker, settings: &settings, pair: None })?;
        act.set_member(channel, maker, MemberRole::Owner)?;
        for user in members {
            admit(act, channel, user, MemberRole::Member)?;
            tell_of_joining(act, channel, user)?;
        }
        read_back(act, channel)
    })
    .await
}

/// Talks to somebody: the one conversation that two people have, made when there is none. Says whether it was made.
pub async fn direct(cx: &Cx, other: UserId) -> Result<(Versioned<Channel>, bool)> {
    let maker = maker(cx)?;
    if maker == other {
        return Err(Error::field("userId", "must be somebody else"));
    }
    let key = pair_key(maker, other);
    let asked = key.clone();
    let known = cx.view(ChannelDeed::FindDirect, move |look| rows::pair(look, &asked)).await?;
    if let Some(channel) = known {
        return Ok((super::look::show(cx, channel).await?, false));
    }
    let channel = cx.new_id();
    cx.act(ChannelDeed::OpenDirect { channel, user: other }, move |act| {
        // The other may have been quicker.
        if let Some(channel) = rows::pair_in(act, &key)? {
            act.note("existing", true);
            return Ok((read_back(act, channel)?, false));
        }
        open_direct(act, channel, [maker, other], &key)?;
        Ok((read_back(act, channel)?, true))
    })
    .await
}

fn open_direct(act: &mut Act<'_, '_>, channel: ChannelId, pair: [UserId; 2], key: &str) -> Result<()> {
    let [maker, other] = pair;
    if !act.user_fact(other)?.is_some_and(|fact| fact.active) {
        return Err(Error::missing("user"));
    }
    let settings = rows::Settings { kind: ChannelKind::Direct, version: 1, private: true, ..rows::Settings::default() };
    rows::insert(act, &rows::NewRow { id: channel, maker, settings: &settings, pair: Some(key) })?;
    for user in pair {
        act.set_member(channel, user, MemberRole::Member)?;
    }
    tell_of_joining(act, channel, other)
}

/// The two ids in order.
fn pair_key(one: UserId, other: UserId) -> String {
    let (low, high) = if one.uuid() < other.uuid() { (one, other) } else { (other, one) };
    format!("{low}:{high}")
}

fn maker(cx: &Cx) -> Result<UserId> {
    match cx.who() {
        Who::Person(session) => Ok(session.user),
        Who::Visitor | Who::System => Err(Error::unauthenticated("not_signed_in", "Sign in first.")),
    }
}

fn check(body: NewChannel, maker: UserId, cx: &Cx) -> Result<Checked> {
    let mut faults = Faults::default();
    let kind = match body.kind.as_deref() {
        None | Some("channel") => ChannelKind::Channel,
        Some("group") => ChannelKind::Group,
        Some(_) => {
            let detail = "must be channel or group; direct conversations are made by POST /api/channels/direct";
            faults.take::<()>("kind", Err(detail.to_owned()));
            ChannelKind::Channel
        }
    };
    let group = kind == ChannelKind::Group;
    let mut members = body.members;
    members.retain(|member| *member != maker);
    members.sort_unstable();
    members.dedup();
    let allowed = model::GROUP_MEMBERS_MIN - 1..model::GROUP_MEMBERS_MAX;
    if group && !allowed.contains(&members.len()) {
        let (min, max) = (allowed.start, allowed.end - 1);
        faults.take::<()>("members", Err(format!("a group conversation needs {min} to {max} besides its maker")));
    }
    if group && (body.password.is_some() || body.is_private == Some(false)) {
        let field = if body.password.is_some() { "password" } else { "isPrivate" };
        faults.take::<()>(field, Err("a group conversation is always private".to_owned()));
    }
    let name = match body.name.as_deref().filter(|name| !(group && name.is_empty())) {
        Some(name) => faults.take("name", ChannelName::parse(name)).map(ChannelName::into_text),
        None if group => None,
        None => faults.take("name", Err("is missing".to_owned())),
    };
    let line =
        |faults: &mut Faults, field, text: Option<String>, parse: fn(&str) -> std::result::Result<String, String>| {
            text.and_then(|text| faults.take(field, parse(&text)))
        };
    let description =
        line(&mut faults, "description", body.description, |t| Description::parse(t).map(Description::into_text));
    let topic = line(&mut faults, "topic", body.topic, |t| Topic::parse(t).map(Topic::into_text));
    let category = line(&mut faults, "category", body.category, |t| Label::parse(t).map(Label::into_text));
    let tags = faults.take("tags", model::tags(&body.tags)).unwrap_or_default();
    let metadata = body.metadata.as_ref().and_then(|value| faults.take("metadata", model::metadata(value)));
    let slow = body.slow_mode_seconds.and_then(|secs| faults.take("slowModeSeconds", model::slow_mode(secs)));
    let password = body.password.and_then(|text| faults.take("password", model::password(text)));
    let ends = body.expires_at.as_deref().map(|text| model::ahead(text, cx.now(), model::ENDS_WITHIN));
    let expires = ends.and_then(|ends| faults.take("expiresAt", ends));
    faults.finish()?;
    let settings = rows::Settings {
        kind,
        version: 1,
        name: name.unwrap_or_default(),
        description,
        private: group || body.is_private.unwrap_or(false),
        archived: false,
        metadata,
        topic,
        category,
        tags,
        slow: slow.unwrap_or(0),
        password: None,
        expires,
    };
    Ok(Checked { settings, password, members })
}
