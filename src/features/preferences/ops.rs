//! Showing and changing preferences.

use super::deeds::PreferenceDeed;
use super::{model, rows};
use crate::error::{Error, Result};
use crate::features::{Expected, Versioned, users};
use crate::gate::{Act, Cx, Look};
use crate::id::UserId;
use crate::wire::Change;
use crate::wire::preferences::{ChangedPreferences, Preferences};

/// A person's preferences; the defaults while nothing was chosen.
pub async fn show(cx: &Cx, user: UserId) -> Result<Versioned<Preferences>> {
    cx.view(PreferenceDeed::Show { user }, move |look| {
        users::must_exist(look, user)?;
        rows::show(look, user)
    })
    .await
}

/// Changes those that are named; gives the new version.
pub async fn change(cx: &Cx, user: UserId, expected: Expected, body: ChangedPreferences) -> Result<i64> {
    if let Change::Set(hours) = &body.quiet_hours {
        model::check(hours).map_err(|fault| Error::fields(vec![fault]))?;
    }
    cx.act(PreferenceDeed::Change { user }, move |act| {
        if act.user_fact(user)?.is_none() {
            return Err(Error::missing("user"));
        }
        let Versioned { value: mut new, version } = rows::show_in(act, user)?;
        expected.check(version)?;
        let ChangedPreferences { sound, previews, mentions_only, muted_channels, quiet_hours, send_read_receipts } =
            body;
        new.sound = sound.unwrap_or(new.sound);
        new.previews = previews.unwrap_or(new.previews);
        new.mentions_only = mentions_only.unwrap_or(new.mentions_only);
        new.muted_channels = muted_channels.unwrap_or(new.muted_channels);
        new.muted_channels.sort_unstable();
        new.muted_channels.dedup();
        new.quiet_hours = quiet_hours.over(new.quiet_hours);
        new.send_read_receipts = send_read_receipts.unwrap_or(new.send_read_receipts);
        rows::keep(act, user, &new)?;
        Ok(version + 1)
    })
    .await
}

/// Whether others may hear that a person has read something, as far as that person says.
pub fn sends_read_receipts(act: &mut Act<'_, '_>, user: UserId) -> Result<bool> {
    Ok(rows::show_in(act, user)?.value.send_read_receipts)
}

/// The same for a reader.
pub fn shows_read_receipts(look: &mut Look<'_, '_>, user: UserId) -> Result<bool> {
    Ok(rows::show(look, user)?.value.send_read_receipts)
}
