//! One slice of a search: a part of an order, looked through in one reading transaction.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use zeroize::Zeroizing;

use super::fold::fold;
use super::plan::{Plan, readable};
use super::query::Has;
use super::rows::{self, Passing};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::messages::Bodies;
use crate::gate::{Look, Permission};
use crate::id::{ChannelId, MessageId, UserId};

/// Room for a body, so that the buffer need not grow and leave copies behind.
const BODY_BYTES: usize = 64 * 1024;
/// Messages between two looks at whether anybody still waits.
const CHECKED_EVERY: u32 = 256;

/// A message that the query is true of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) id: MessageId,
    pub(super) place: i64,
    pub(super) phi: bool,
    pub(super) at: Timestamp,
}

/// What a slice had.
#[derive(Debug)]
pub(super) struct Slice {
    /// Newest first.
    pub(super) hits: Vec<Hit>,
    /// When the message in it was sent that stands first in the order, of those that the caller may read.
    pub(super) oldest: Option<Timestamp>,
}

struct Scanner<'p> {
    plan: &'p Plan,
    reader: UserId,
    phi: bool,
    channels: HashSet<ChannelId>,
    bodies: Bodies,
    body: Zeroizing<Vec<u8>>,
    folded: Zeroizing<String>,
    /// The channel of the message before and whether it is looked through: messages come in runs.
    last: Option<(ChannelId, bool)>,
}

/// Looks through the places above `span.0` up to `span.1`.
pub(super) fn scan(look: &mut Look<'_, '_>, plan: &Plan, span: (i64, i64), given_up: &AtomicBool) -> Result<Slice> {
    let reader = look.user()?;
    let mut channels = readable(look, reader)?;
    if let Some(within) = &plan.within {
        channels.retain(|channel| within.contains(channel));
    }
    let mut scanner = Scanner {
        plan,
        reader,
        phi: look.allows(Permission::PhiRead)?,
        channels,
        bodies: Bodies::of(look.keys()),
        body: Zeroizing::new(Vec::with_capacity(BODY_BYTES)),
        folded: Zeroizing::new(String::new()),
        last: None,
    };
    let mut slice = Slice { hits: Vec::new(), oldest: None };
    let (mut seen, mut unreadable) = (0_u32, 0_u32);
    let with_metadata = plan.query.has.iter().any(|has| matches!(has, Has::File | Has::Image));
    rows::walk(look, plan.along, span, with_metadata, |message| {
        seen += 1;
        if seen.is_multiple_of(CHECKED_EVERY) && given_up.load(Ordering::Relaxed) {
            return Err(Error::busy("search_ended", "Nobody waits for this search any more."));
        }
        let channel = message.channel()?;
        if !scanner.may_see(message, channel)? {
            return Ok(());
        }
        // The walk goes up, so the first is the oldest.
        if slice.oldest.is_none() {
            slice.oldest = Some(message.at()?);
        }
        match scanner.holds(message, channel) {
            Ok(true) => {
                let phi = message.phi()? && message.sender()? != reader;
                slice.hits.push(Hit { id: message.id()?, place: message.place()?, phi, at: message.at()? });
            }
            Ok(false) => {}
            // One message that does not open hides no other.
            Err(_) => unreadable += 1,
        }
        Ok(())
    })?;
    if unreadable > 0 {
        tracing::error!(unreadable, "messages could not be opened by a search");
    }
    slice.hits.reverse();
    Ok(slice)
}

impl Scanner<'_> {
    /// What is withheld from a reader is not searched either: finding it would tell what is in it.
    fn may_see(&mut self, message: &Passing<'_, '_>, channel: ChannelId) -> Result<bool> {
        let inside = match self.last {
            Some((last, inside)) if last == channel => inside,
            _ => {
                let inside = self.channels.contains(&channel);
                self.last = Some((channel, inside));
                inside
            }
        };
        Ok(inside && (self.phi || !message.phi()? || message.sender()? == self.reader))
    }

    fn holds(&mut self, message: &Passing<'_, '_>, channel: ChannelId) -> Result<bool> {
        let query = &self.plan.query;
        let sender = message.sender()?;
        if self.plan.from.as_ref().is_some_and(|from| !from.contains(&sender))
            || (query.has.contains(&Has::Phi) && !message.phi()?)
        {
            return Ok(false);
        }
        if query.before.is_some() || query.after.is_some() {
            let at = message.at()?;
            if query.before.is_some_and(|before| at >= before) || query.after.is_some_and(|after| at < after) {
                return Ok(false);
            }
        }
        let asks_text = !query.needles.is_empty() || query.has.contains(&Has::Link);
        Ok((!asks_text || self.text_holds(message, channel, sender)?)
            && self.metadata_holds(message, channel, sender)?)
    }

    fn text_holds(&mut self, message: &Passing<'_, '_>, channel: ChannelId, sender: UserId) -> Result<bool> {
        let Some(sealed) = message.sealed()? else { return Ok(false) };
        self.bodies.open(message.id()?, channel, sender, sealed, &mut self.body)?;
        let plain = std::str::from_utf8_mut(&mut self.body).map_err(|_| Error::internal("a body is not UTF-8"))?;
        let text: &str = if plain.is_ascii() {
            plain.make_ascii_lowercase();
            plain
        } else {
            fold(plain, &mut self.folded);
            &self.folded
        };
        let query = &self.plan.query;
        let linked = || text.contains("http://") || text.contains("https://");
        Ok((!query.has.contains(&Has::Link) || linked()) && query.needles.iter().all(|needle| needle.is_in(text)))
    }

    fn metadata_holds(&mut self, message: &Passing<'_, '_>, channel: ChannelId, sender: UserId) -> Result<bool> {
        let has = &self.plan.query.has;
        let (file, image) = (has.contains(&Has::File), has.contains(&Has::Image));
        if !file && !image {
            return Ok(true);
        }
        let Some(sealed) = message.metadata()? else { return Ok(false) };
        let metadata = self.bodies.open_metadata(message.id()?, channel, sender, &sealed)?;
        let attachments: &[Value] =
            metadata.as_ref().and_then(|m| m["attachments"].as_array()).map_or(&[], Vec::as_slice);
        let is_image = |attachment: &Value| {
            let kinds = ["type", "mimeType", "contentType"].into_iter().filter_map(|name| attachment[name].as_str());
            kinds.into_iter().any(|kind| kind.starts_with("image"))
        };
        Ok(!attachments.is_empty() && (!image || attachments.iter().any(is_image)))
    }
}
