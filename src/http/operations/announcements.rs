//! What everybody is to know.

use crate::error::Result;
use crate::features::announcements;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, put};
use crate::wire::announcements::{Announcement, NewAnnouncement};
use crate::wire::auth::Success;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/announcement", "What everybody is to know now.").gives::<Announcement>().fails(&[404]),
        put("/api/announcement", "Tells everybody, now and while it holds.")
            .takes::<NewAnnouncement>()
            .gives::<Announcement>(),
        delete("/api/announcement", "Takes it back.").gives::<Success>().fails(&[404]),
    ]
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::ok(&announcements::show(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn announce(call: Call) -> Result<Answer> {
    Answer::ok(&announcements::announce(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn withdraw(call: Call) -> Result<Answer> {
    announcements::withdraw(&call.cx, &call.web.means).await?;
    Answer::ok(&Success::because("Withdrawn."))
}
