//! Inviting, and making an account for oneself.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use uuid::Uuid;

use super::deeds::InvitationDeed;
use super::rows::{self, Kept};
use crate::crypto::sha256_hex;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged, users};
use crate::gate::{Cx, Need, Permission};
use crate::id::{Id, InvitationId, RoleId};
use crate::wire::auth::Register;
use crate::wire::invitations::{GoodInvitation, Invitation, InvitationCheck, IssuedInvitation, NewInvitation};
use crate::wire::users::User;

/// Hours that an invitation is good: at most.
pub const HOURS_MAX: i64 = 30 * 24;
/// When nothing is said.
const HOURS: i64 = 72;
/// Accounts that one invitation can make: at most.
pub const USES_MAX: i64 = 100;

/// Makes an invitation; the answer is the only time that its token is seen.
pub async fn create(cx: &Cx, body: NewInvitation) -> Result<IssuedInvitation> {
    let mut faults = Vec::new();
    let mut within = |field, value: Option<i64>, usual, max| {
        let value = value.unwrap_or(usual);
        if !(1..=max).contains(&value) {
            faults.push(FieldFault { field, detail: format!("must be between 1 and {max}") });
        }
        value
    };
    let hours = within("expiresInHours", body.expires_in_hours, HOURS, HOURS_MAX);
    let uses = within("uses", body.uses, 1, USES_MAX);
    let role = role_of(cx, body.role, faults).await?;

    let (token, invitation) = (cx.new_secret(), cx.new_id());
    let hash = sha256_hex(token.as_bytes());
    let lives = Duration::from_hours(u64::try_from(hours).unwrap_or_default());
    let made = cx
        .act(InvitationDeed::Create { invitation, role, uses }, move |act| {
            let expires = act.now().plus(lives);
            let by = act.user()?;
            rows::insert(act, invitation, &hash, role, by, expires, uses)?;
            rows::show(act, invitation)?.ok_or_else(|| Error::internal("a new invitation cannot be read back"))
        })
        .await?;
    Ok(IssuedInvitation { invitation: made, token: token.to_string() })
}

/// The role of a name, or the default one; says what else is wrong too, where there is none.
async fn role_of(cx: &Cx, name: Option<String>, mut faults: Vec<FieldFault>) -> Result<RoleId> {
    let role = cx
        .view(InvitationDeed::FindRole, move |look| match name {
            Some(name) => users::role_named(look, &name),
            None => users::default_role(look).map(Some),
        })
        .await?;
    if role.is_none() {
        faults.push(FieldFault { field: "role", detail: "is not the name of a role".to_owned() });
    }
    role.filter(|_| faults.is_empty()).ok_or_else(|| Error::fields(faults))
}

/// What an invitation is for, for whoever holds its token; one that is not good reads as at registering.
pub async fn check(cx: &Cx, means: &Means, body: InvitationCheck) -> Result<GoodInvitation> {
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.secrets.check("", address, cx.monotonic())?;
    let kept = good(cx, means, &body.token, address).await?;
    Ok(GoodInvitation {
        clinic: means.clinic.now().clinic_name.shown().map(str::to_owned),
        role: kept.role_name,
        expires_at: kept.expires_at,
        password_min: means.limits.password_chars_min,
    })
}

/// Invitations, newest first, a page at a time; the cursor is an id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Invitation>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let field = if back { "after" } else { "before" };
    let from = match page.after.or(page.before) {
        None => InvitationId::from_uuid(Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field(field, "must be a cursor that this list gave"))?,
    };
    let rows = cx.view(InvitationDeed::List, move |look| rows::list(look, from, back, limit)).await?;
    Ok(Paged::of(rows, limit, |invitation| invitation.id.to_string()))
}

/// Makes an invitation worthless; accounts made by it stay.
pub async fn revoke(cx: &Cx, invitation: InvitationId) -> Result<()> {
    cx.act(InvitationDeed::Revoke { invitation }, move |act| {
        if rows::revoke(act, invitation)? { Ok(()) } else { Err(Error::missing("invitation")) }
    })
    .await
}

/// Makes an account for oneself. A token that is unknown, used up, revoked or over reads the same.
pub async fn register(cx: &Cx, means: &Means, body: Register) -> Result<User> {
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.secrets.check("", address, cx.monotonic())?;
    let (role, invitation) = admitted(cx, means, &body, address).await?;
    let checked = users::check(&body.account, means)?;
    if invitation.is_none() {
        // Whoever makes one account after the other has to take their time over it.
        means.secrets.failed("", address, cx.monotonic());
    }
    let user = cx.new_id();
    let new = checked.hashed(means, user, role, false).await?;
    let id = invitation.as_ref().map(|kept| kept.id);
    cx.act(InvitationDeed::Register { user, role, invitation: id }, move |act| {
        if let Some(kept) = invitation {
            // Whoever made it may have left, or may no longer give this role.
            if !act.may(kept.created_by, Need::Grants(Permission::UsersCreate, role))? || !rows::use_up(act, kept.id)? {
                return Err(wrong());
            }
        }
        users::insert(act, &new)
    })
    .await
}

/// The role that the new account gets, and the invitation that gives it.
async fn admitted(cx: &Cx, means: &Means, body: &Register, address: IpAddr) -> Result<(RoleId, Option<Kept>)> {
    let Some(token) = &body.invitation else {
        if !means.clinic.now().registration_open {
            return cx.act(InvitationDeed::TurnedAway, |_| Err(registration_off())).await;
        }
        return Ok((cx.view(InvitationDeed::Find, users::default_role).await?, None));
    };
    let kept = good(cx, means, token, address).await?;
    Ok((kept.role, Some(kept)))
}

/// The invitation of a token; counts a wrong one.
async fn good(cx: &Cx, means: &Means, token: &str, address: IpAddr) -> Result<Kept> {
    let (hash, now) = (sha256_hex(token.as_bytes()), cx.now());
    if let Some(kept) = cx.view(InvitationDeed::Find, move |look| rows::find(look, &hash, now)).await? {
        return Ok(kept);
    }
    means.secrets.failed("", address, cx.monotonic());
    cx.act(InvitationDeed::WrongToken, |_| Ok(())).await?;
    Err(wrong())
}

fn registration_off() -> Error {
    Error::refused("registration_off", "Accounts are made by an administrator here: ask for an invitation.")
}

fn wrong() -> Error {
    Error::refused("wrong_invitation", "This invitation is not good, or no longer: ask for a new one.")
}
