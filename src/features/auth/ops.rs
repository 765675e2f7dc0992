//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr};

use zeroize::Zeroizing;

use super::deeds::AuthDeed;
use super::{rows, second_factor};
use crate::crypto::{Pbkdf2, StoredHash};
use crate::error::{Error, Result};
use crate::features::{Means, users};
use crate::gate::{Cx, Issued};
use crate::id::UserId;
use crate::wire::auth::{ChangePassword, Login, SignedIn};
use crate::wire::users::{SetPassword, User};

/// Lets every check of a password cost the same as long as hashes of an older server are about; see
/// [`PasswordPool`](crate::crypto::PasswordPool). Said once, at the start.
pub async fn level(cx: &Cx, means: &Means) -> Result<()> {
    if let Some(salt) = cx.act(AuthDeed::LookForOlderHashes, rows::older_salt).await? {
        means.passwords.level(Pbkdf2::parse(&salt)?);
    }
    Ok(())
}

/// Signs in with a name and a password.
pub async fn login(cx: &Cx, means: &Means, body: Login) -> Result<SignedIn> {
    let key = users::Username::fold(&body.username);
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.logins.check(&key, address, cx.monotonic())?;
    let found = {
        let username = body.username.clone();
        cx.view(AuthDeed::FindAccount, move |look| users::account(look, &username)).await?
    };
    // Without an account a dummy hash is checked, so that the answer takes as long.
    let hash = found.as_ref().map(users::Account::stored).transpose()?;
    let verdict = means.passwords.verify(body.password.clone(), hash).await?;
    let right = verdict.ok || !means.check_passwords;
    let account = match found {
        Some(account) if right && account.active => account,
        found => {
            means.logins.failed(&key, address, cx.monotonic());
            means.metrics.logins_failed.one();
            let why = match &found {
                None => "unknown_account",
                Some(account) if right && !account.active => "inactive",
                Some(_) => "wrong_password",
            };
            fail(cx, found.map(|account| account.id), why).await?;
            return Err(wrong());
        }
    };
    let user = account.id;
    let hash = account.password_hash.clone();
    if account.second_factor && body.code.is_none() {
        return Err(Error::unauthenticated(
            "second_factor_required",
            "This account has a second factor: send the code too.",
        ));
    }
    let code = body.code.filter(|_| account.second_factor);
    let signed_in = cx
        .act(AuthDeed::LogIn { user }, move |act| {
            // The password may have been changed or the account closed while it was being checked.
            if rows::hash(act, user)?.as_deref() != Some(hash.as_str()) {
                return Err(wrong());
            }
            if let Some(code) = code {
                second_factor::accept(act, user, &code)?;
            }
            rows::signed_in(act, user)?;
            Ok((act.open_session(user)?, users::find(act, user)?))
        })
        .await;
    if signed_in.as_ref().is_err_and(|error| error.code() == "wrong_second_factor") {
        means.logins.failed(&key, address, cx.monotonic());
        fail(cx, Some(user), "wrong_second_factor").await?;
    }
    let (issued, person) = signed_in?;
    means.logins.succeeded(&key, address);
    means.metrics.logins_good.one();
    if verdict.needs_rehash {
        rehash(cx, means, account, body.password).await;
    }
    Ok(answer(issued, person))
}

/// A new token for the same session.
pub async fn refresh(cx: &Cx) -> Result<SignedIn> {
    let (issued, user) = cx
        .act(AuthDeed::Refresh, |act| {
            let user = act.user()?;
            Ok((act.renew_session()?, users::find(act, user)?))
        })
        .await?;
    Ok(answer(issued, user))
}

/// Ends the session, and its sockets with it.
pub async fn logout(cx: &Cx) -> Result<()> {
    cx.act(AuthDeed::LogOut, |act| {
        act.end_own_session()?;
        Ok(())
    })
    .await
}

/// Chooses a new password; every other sign-in of the account ends.
pub async fn change_password(cx: &Cx, means: &Means, body: ChangePassword) -> Result<()> {
    let (user, own) = cx
        .view(AuthDeed::FindOwnHash, |look| {
            let user = look.user()?;
            Ok((user, rows::own(look, user)?.ok_or_else(|| Error::missing("user"))?))
        })
        .await?;
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let key = users::Username::fold(&own.username);
    means.logins.check(&key, address, cx.monotonic())?;
    let chars_min = second_factor::chars_min(means, own.second_factor);
    let old = own.hash;
    let new = users::NewPassword::parse(body.new, &own.username, chars_min)
        .map_err(|detail| Error::field("newPassword", detail))?;
    if !means.passwords.verify(body.current, Some(StoredHash::read(old.clone(), &own.salt)?)).await?.ok {
        means.logins.failed(&key, address, cx.monotonic());
        fail(cx, Some(user), "wrong_password").await?;
        return Err(Error::field("currentPassword", "is not the current password"));
    }
    let hash = means.passwords.hash(new.into_inner()).await?;
    cx.act(AuthDeed::ChangePassword { user }, move |act| {
        if !rows::change(act, user, &old, &hash)? {
            return Err(Error::conflict("password_changed", "The password was changed meanwhile: try again."));
        }
        act.user_changed(user);
        act.end_other_sessions_of(user)
    })
    .await
}

/// Sets an account's password: one's own by the one in use, another's by those who manage accounts, which ends
/// every sign-in of that account.
pub async fn set_password(cx: &Cx, means: &Means, user: UserId, body: SetPassword) -> Result<()> {
    if cx.who().user() == Some(user) {
        let current = body.current.ok_or_else(|| Error::field("currentPassword", "is missing"))?;
        return change_password(cx, means, ChangePassword { current, new: body.new }).await;
    }
    let deed = || AuthDeed::SetPassword { user };
    let own = cx.view(deed(), move |look| rows::own(look, user)?.ok_or_else(|| Error::missing("user"))).await?;
    let new = users::NewPassword::parse(body.new, &own.username, means.limits.password_chars_min)
        .map_err(|detail| Error::field("newPassword", detail))?;
    let hash = means.passwords.hash(new.into_inner()).await?;
    let force = body.force_password_change;
    cx.act(deed(), move |act| {
        if !rows::set(act, user, &hash, force)? {
            return Err(Error::missing("user"));
        }
        act.user_changed(user);
        act.end_all_sessions_of(user)
    })
    .await
}

fn answer(issued: Issued, user: User) -> SignedIn {
    SignedIn { token: issued.token, expires_at: issued.expires_at, user }
}

fn wrong() -> Error {
    Error::unauthenticated("wrong_credentials", "The name or the password is wrong.")
}

pub(super) async fn fail(cx: &Cx, user: Option<UserId>, why: &'static str) -> Result<()> {
    cx.act(AuthDeed::FailToLogIn { user, why }, move |act| match user {
        Some(user) => rows::failed(act, user),
        None => Ok(()),
    })
    .await
}

/// The sign-in stands whether or not this works out; it is tried again at the next.
async fn rehash(cx: &Cx, means: &Means, account: users::Account, password: Zeroizing<String>) {
    let user = account.id;
    let outcome = match means.passwords.hash(password).await {
        Ok(new) => {
            let old = account.password_hash;
            cx.act(AuthDeed::Rehash { user }, move |act| rows::rehash(act, user, &old, &new)).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::info!(code = error.code(), "a password's hash was not brought up to date");
    }
}
