//! Inviting.

use crate::error::Result;
use crate::features::invitations;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post};
use crate::id::InvitationId;
use crate::wire::auth::Success;
use crate::wire::invitations::{GoodInvitation, Invitation, InvitationCheck, IssuedInvitation, NewInvitation};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/invitations", "Invitations, newest first.").pages_of::<Invitation>(),
        post("/api/invitations", "Makes an invitation; its token is shown this once.")
            .takes::<NewInvitation>()
            .makes::<IssuedInvitation>(),
        post("/api/invitations/check", "What an invitation is for, for whoever holds its token.")
            .takes::<InvitationCheck>()
            .gives::<GoodInvitation>(),
        delete("/api/invitations/{id}", "Makes an invitation worthless.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = invitations::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Answer::created(&invitations::create(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn check(call: Call) -> Result<Answer> {
    Answer::ok(&invitations::check(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn revoke(call: Call) -> Result<Answer> {
    let invitation: InvitationId = call.id("id", "invitation")?;
    invitations::revoke(&call.cx, invitation).await?;
    Answer::ok(&Success::because("The invitation is worthless now."))
}
