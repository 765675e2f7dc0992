//! A new password without the old one: somebody who manages accounts hands out a token, once, and whoever has it
//! chooses a password. There is no mail here that could be read by others; the clinic's people know each other.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::deeds::AuthDeed;
use super::rows;
use crate::clock::Timestamp;
use crate::crypto::sha256_hex;
use crate::error::{Error, Result};
use crate::features::{Means, users};
use crate::gate::{Act, Cx};
use crate::id::UserId;
use crate::wire::auth::{IssuedReset, ResetPassword};

/// How long such a token is good.
pub const RESET_LIVES: Duration = Duration::from_hours(24);

/// Lets an account choose a new password; earlier leaves of it are void.
pub async fn issue_reset(cx: &Cx, user: UserId) -> Result<IssuedReset> {
    let token = cx.new_secret();
    let hash = sha256_hex(token.as_bytes());
    let expires_at = cx
        .act(AuthDeed::IssueReset { user }, move |act| {
            // Fails for an account that is deleted.
            users::find(act, user)?;
            let expires = act.now().plus(RESET_LIVES);
            rows::cancel_resets(act, user)?;
            rows::issue_reset(act, user, &hash, expires)?;
            Ok(expires)
        })
        .await?;
    Ok(IssuedReset { user_id: user, token: token.to_string(), expires_at })
}

/// Lets an account that was just made choose its password, inside the deed that makes it.
pub fn grant_reset(act: &mut Act<'_, '_>, user: UserId, token_hash: &str, until: Timestamp) -> Result<()> {
    rows::issue_reset(act, user, token_hash, until)
}

/// Chooses a new password by a token; every sign-in of the account ends. A token that is unknown, used or over reads
/// the same.
pub async fn reset_password(cx: &Cx, means: &Means, body: ResetPassword) -> Result<()> {
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.secrets.check("", address, cx.monotonic())?;
    let (hash, now) = (sha256_hex(body.token.as_bytes()), cx.now());
    let Some(found) = cx.view(AuthDeed::FindReset, move |look| rows::find_reset(look, &hash, now)).await? else {
        means.secrets.failed("", address, cx.monotonic());
        cx.act(AuthDeed::WrongReset, |_| Ok(())).await?;
        return Err(wrong());
    };
    let chars_min = super::second_factor::chars_min(means, found.second_factor);
    let new = users::NewPassword::parse(body.new, &found.username, chars_min)
        .map_err(|detail| Error::field("newPassword", detail))?;
    let hash = means.passwords.hash(new.into_inner()).await?;
    let user = found.user;
    cx.act(AuthDeed::Reset { user }, move |act| {
        if !rows::use_reset(act, found.id)? || !rows::set(act, user, &hash, false)? {
            return Err(wrong());
        }
        act.user_changed(user);
        act.end_all_sessions_of(user)
    })
    .await
}

fn wrong() -> Error {
    Error::refused("wrong_reset_token", "This token is not good, or no longer: ask for a new one.")
}
