//! Telling everybody.

use super::current::Current;
use super::deeds::AnnouncementDeed;
use super::model::Draft;
use super::rows;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::Means;
use crate::gate::Cx;
use crate::wire::announcements::{Announcement, NewAnnouncement};
use crate::wire::frames::Frame;

/// What holds; 404 when nothing does.
pub async fn show(cx: &Cx, means: &Means) -> Result<Announcement> {
    cx.permit(AnnouncementDeed::Show).await?;
    let current = means.announced.at(cx.now()).ok_or_else(|| Error::missing("announcement"))?;
    Ok(Announcement::clone(&current))
}

/// Tells everybody who is connected, and whoever signs in until it ends.
pub async fn announce(cx: &Cx, means: &Means, body: NewAnnouncement) -> Result<Announcement> {
    let draft = Draft::parse(&body, cx.now())?;
    let announced = cx
        .act(AnnouncementDeed::Announce { level: draft.level }, move |act| {
            let (by, at) = (act.user()?, act.now());
            rows::keep(act, &draft, by)?;
            let Draft { text, level, until } = draft;
            let announcement = Announcement { text, level, announced_at: at, announced_by: by, until };
            act.tell_everyone(frame(&announcement));
            Ok(announcement)
        })
        .await?;
    load(cx, &means.announced).await?;
    Ok(announced)
}

/// Takes it back: whoever signs in is told nothing any more, and whoever is connected hears that it is over.
pub async fn withdraw(cx: &Cx, means: &Means) -> Result<()> {
    cx.act(AnnouncementDeed::Withdraw, |act| {
        if !rows::forget(act)? {
            return Err(Error::missing("announcement"));
        }
        let over = Frame::SystemEvent { event_type: "announcement_withdrawn", data: serde_json::json!({}) };
        act.tell_everyone(over.encode());
        Ok(())
    })
    .await?;
    load(cx, &means.announced).await
}

/// Reads what is stored.
pub async fn load(cx: &Cx, current: &Current) -> Result<()> {
    let _one_at_a_time = current.reading.lock().await;
    let stored = cx.view(AnnouncementDeed::Load, rows::stored).await?;
    current.keep(stored);
    Ok(())
}

/// What a socket that has just signed in is told, if anything holds.
pub fn greeting(means: &Means, now: Timestamp) -> Option<String> {
    means.announced.at(now).map(|announcement| frame(&announcement))
}

fn frame(announcement: &Announcement) -> String {
    let mut data = serde_json::to_value(announcement).unwrap_or_default();
    data["kind"] = "announcement".into();
    Frame::Notification { data }.encode()
}
