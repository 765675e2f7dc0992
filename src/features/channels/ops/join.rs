//! Coming in by oneself, and listening.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{ChannelDeed, admit, read_back, rows, tell_of_joining};
use crate::error::{Error, Result};
use crate::features::{Means, Versioned};
use crate::gate::{Act, Cx, MemberRole};
use crate::hub::{Effect, Item, Outbox, Replay};
use crate::id::ChannelId;
use crate::wire::channels::Channel;
use crate::wire::frames::Frame;

/// That somebody knew the password of a channel: the hash it was checked against, which has to be its hash still
/// when they come in.
pub struct Proof(String);

/// Checks the password that somebody gave to get into a channel; `None` where none is asked for.
pub async fn prove(cx: &Cx, means: &Means, channel: ChannelId, password: Zeroizing<String>) -> Result<Option<Proof>> {
    let found = cx
        .view(ChannelDeed::Join { channel }, move |look| {
            if look.grant().standing.is_some() { Ok(None) } else { rows::password(look, channel) }
        })
        .await?;
    let (Some(hash), Some(user)) = (found, cx.who().user()) else { return Ok(None) };
    let key = format!("{channel} {user}");
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.channel_passwords.check(&key, address, cx.monotonic())?;
    if means.passwords.verify(password, Some(hash.clone().into())).await?.ok {
        means.channel_passwords.succeeded(&key, address);
        return Ok(Some(Proof(hash)));
    }
    means.channel_passwords.failed(&key, address, cx.monotonic());
    // The gate refuses it, so that it is in the record.
    cx.act(ChannelDeed::Join { channel }, |_| {
        Err(Error::refused("wrong_channel_password", "That is not the password of this channel."))
    })
    .await
}

/// Comes into a public channel; harmless for who is in it.
pub async fn enter(
    cx: &Cx,
    means: &Means,
    channel: ChannelId,
    password: Option<Zeroizing<String>>,
) -> Result<Versioned<Channel>> {
    let proof = match password {
        Some(password) => prove(cx, means, channel, password).await?,
        None => None,
    };
    cx.act(ChannelDeed::Join { channel }, move |act| {
        come_in(act, channel, proof.as_ref())?;
        read_back(act, channel)
    })
    .await
}

fn come_in(act: &mut Act<'_, '_>, channel: ChannelId, proof: Option<&Proof>) -> Result<()> {
    let user = act.user()?;
    if act.grant().standing.is_some() {
        act.note("listening", true);
        return Ok(());
    }
    if act.channel_fact(channel)?.is_some_and(|fact| fact.locked) {
        let Some(Proof(proven)) = proof else {
            return Err(Error::refused("channel_password_required", "This channel asks for a password."));
        };
        if rows::password_in(act, channel)?.as_ref() != Some(proven) {
            return Err(Error::conflict("password_changed", "The password was changed meanwhile: try again."));
        }
    }
    admit(act, channel, user, MemberRole::Member)?;
    tell_of_joining(act, channel, user)
}

/// Joins a public channel, or listens to one's own, over a socket; with `since`, what changed after that `rev` is
/// replayed first. The answer goes to the socket in commit order, so nothing falls between replay and live frames.
pub fn join(
    cx: &Cx,
    socket: &Arc<Outbox>,
    channel: ChannelId,
    since: Option<i64>,
    proof: Option<Proof>,
    request_id: Option<String>,
    failed: impl FnOnce(Error) + Send + 'static,
) {
    let socket = socket.clone();
    let work = move |act: &mut Act<'_, '_>| {
        come_in(act, channel, proof.as_ref())?;
        let upto = act.rev();
        let then = match since {
            Some(since) => Item::Replay(Box::new(Replay { channel, since, upto, phi: act.grant().phi, request_id })),
            None => match request_id {
                Some(id) => Item::Text { channel: None, frame: joined(&id, upto).into() },
                None => Item::Nothing,
            },
        };
        act.subscribe(&socket, channel, then);
        Ok(())
    };
    cx.submit(ChannelDeed::Join { channel }, work, move |outcome| {
        if let Err(error) = outcome {
            failed(error);
        }
    });
}

/// The `ack` of a join.
pub fn joined(request_id: &str, rev: i64) -> String {
    Frame::Ack {
        request_id: Some(request_id),
        client_message_id: None,
        message_id: None,
        seq: None,
        rev: Some(rev),
        timestamp: None,
        phi: None,
    }
    .encode()
}

/// What makes a socket stop listening; one's membership stays.
pub fn leave(socket: &Arc<Outbox>, channel: ChannelId) -> Effect {
    Effect::Unsubscribe { socket: socket.clone(), channel }
}
