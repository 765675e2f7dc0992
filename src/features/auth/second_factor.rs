//! The second factor: setting it up, signing in with it, ending it (RFC 6238; NIST SP 800-63B-4, section 3.1.4).
//!
//! A secret is kept sealed, a recovery code as its hash. A code is good once: the step it stands for is written down
//! in the transaction that accepts it. Wrong codes are counted with wrong passwords, by account and address.

use std::net::{IpAddr, Ipv4Addr};

use zeroize::Zeroizing;

use super::deeds::AuthDeed;
use super::rows::factor as rows;
use crate::crypto::totp::{self, TotpSecret, TypedCode};
use crate::crypto::{Cell, Purpose, StoredHash};
use crate::error::{Error, Result};
use crate::features::{Means, users};
use crate::gate::{Act, Cx};
use crate::id::{Id, UserId};
use crate::wire::second_factor::{ConfirmFactor, Enrol, Enrolment, ProveBoth, RecoveryCodes, SecondFactor};

/// Recovery codes that are made at once.
const CODES: usize = 10;
/// Who issues the codes, as authenticators show it, while the clinic has no name.
const ISSUER: &str = "MCP Messenger";

/// One's own.
pub async fn show(cx: &Cx, means: &Means) -> Result<SecondFactor> {
    let required = means.clinic.now().second_factor_roles.clone();
    cx.view(AuthDeed::LookAtOneself, move |look| {
        let user = look.user()?;
        let person = users::person(look, user)?.ok_or_else(|| Error::missing("user"))?;
        let factor = rows::factor(look, user)?;
        Ok(SecondFactor {
            enabled: person.two_factor_enabled,
            required: required.has(&person.role),
            pending: factor.as_ref().is_some_and(|f| f.pending.is_some()),
            confirmed_at: factor.and_then(|f| f.confirmed),
            recovery_codes_left: if person.two_factor_enabled { rows::codes_left(look, user)? } else { 0 },
        })
    })
    .await
}

/// Begins one; an earlier one that was not confirmed is void.
pub async fn enrol(cx: &Cx, means: &Means, body: Enrol) -> Result<Enrolment> {
    let (user, username) = prove_password(cx, means, body.password).await?;
    let secret = TotpSecret::generate(cx.entropy());
    let sealed = cx.keys().seal(Purpose::Secrets, &cell(user), secret.bytes())?;
    cx.act(AuthDeed::EnrolFactor { user }, move |act| {
        if users::find(act, user)?.two_factor_enabled {
            return Err(Error::conflict(
                "second_factor_on",
                "A second factor is on: end it before setting up another.",
            ));
        }
        rows::begin(act, user, &sealed)
    })
    .await?;
    let clinic = means.clinic.now();
    let issuer = escaped(clinic.clinic_name.shown().unwrap_or(ISSUER));
    let text = secret.base32();
    let uri = format!(
        "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        escaped(&username),
        text.as_str()
    );
    Ok(Enrolment { secret: text.to_string(), uri })
}

/// Turns on what was begun, by a first code; gives the recovery codes.
pub async fn confirm(cx: &Cx, means: &Means, body: ConfirmFactor) -> Result<RecoveryCodes> {
    let user = own(cx)?;
    let (key, address) = throttled(cx, means, user).await?;
    let (shown, hashes) = codes(cx);
    let typed = totp::typed(&body.code);
    let done = cx
        .act(AuthDeed::ConfirmFactor { user }, move |act| {
            let pending = rows::factor_in(act, user)?.and_then(|factor| factor.pending);
            let sealed = pending.ok_or_else(|| Error::missing("second factor that was begun"))?;
            let secret = TotpSecret::of(&act.keys().open(Purpose::Secrets, &cell(user), &sealed)?)?;
            let now = act.now().seconds();
            let step = match &typed {
                Some(TypedCode::Digits(code)) => secret.step_of(code, now, 0),
                _ => None,
            };
            let step = step.ok_or_else(wrong_first)?;
            rows::turn_on(act, user, &sealed, step)?;
            rows::keep_codes(act, user, &hashes)?;
            act.user_changed(user);
            act.end_other_sessions_of(user)
        })
        .await;
    counted(cx, means, user, &key, address, done).await?;
    Ok(shown)
}

/// Ten new recovery codes; the earlier ones are void.
pub async fn renew_codes(cx: &Cx, means: &Means, body: ProveBoth) -> Result<RecoveryCodes> {
    let (user, _) = prove_password(cx, means, body.password).await?;
    let (key, address) = throttled(cx, means, user).await?;
    let (shown, hashes) = codes(cx);
    let code = body.code;
    let done = cx
        .act(AuthDeed::RenewRecoveryCodes { user }, move |act| {
            accept(act, user, &code)?;
            rows::keep_codes(act, user, &hashes)
        })
        .await;
    counted(cx, means, user, &key, address, done).await?;
    Ok(shown)
}

/// Ends one's own. A password that was long enough only with it has to be changed next.
pub async fn disable(cx: &Cx, means: &Means, body: ProveBoth) -> Result<()> {
    let short = body.password.chars().count() < means.limits.password_chars_min;
    let (user, _) = prove_password(cx, means, body.password).await?;
    let (key, address) = throttled(cx, means, user).await?;
    let code = body.code;
    let done = cx
        .act(AuthDeed::DisableFactor { user }, move |act| {
            accept(act, user, &code)?;
            rows::turn_off(act, user, short)?;
            act.user_changed(user);
            Ok(())
        })
        .await;
    counted(cx, means, user, &key, address, done).await
}

/// Ends somebody's who has lost it. Every sign-in of the account ends, and the next one chooses a new password: how
/// long the present one is nobody knows.
pub async fn reset(cx: &Cx, user: UserId) -> Result<()> {
    cx.act(AuthDeed::ResetFactor { user }, move |act| {
        if !users::find(act, user)?.two_factor_enabled {
            return Err(Error::conflict("second_factor_off", "This account has no second factor."));
        }
        rows::turn_off(act, user, true)?;
        act.user_changed(user);
        act.end_all_sessions_of(user)
    })
    .await
}

/// Takes a code for `user`, inside a deed that needs it, and uses it up.
pub(super) fn accept(act: &mut Act<'_, '_>, user: UserId, code: &str) -> Result<()> {
    let factor = rows::factor_in(act, user)?.and_then(|factor| Some((factor.secret?, factor.last_step)));
    let (sealed, last) = factor.ok_or_else(wrong)?;
    match totp::typed(code).ok_or_else(wrong)? {
        TypedCode::Digits(digits) => {
            let secret = TotpSecret::of(&act.keys().open(Purpose::Secrets, &cell(user), &sealed)?)?;
            let step = secret.step_of(&digits, act.now().seconds(), last).ok_or_else(wrong)?;
            if rows::use_step(act, user, step)? { Ok(()) } else { Err(wrong()) }
        }
        TypedCode::Recovery(hash) => {
            if !rows::use_code(act, user, &hash)? {
                return Err(wrong());
            }
            act.note("recoveryCode", true);
            Ok(())
        }
    }
}

/// Characters that a new password of `user` needs: fewer where there is a second factor.
pub(super) fn chars_min(means: &Means, has_factor: bool) -> usize {
    let limits = &means.limits;
    if has_factor {
        limits.password_chars_min.min(limits.password_chars_with_factor_min)
    } else {
        limits.password_chars_min
    }
}

fn own(cx: &Cx) -> Result<UserId> {
    cx.who().user().ok_or_else(|| Error::unauthenticated("not_signed_in", "Sign in first."))
}

/// Whether a further try may be made now.
async fn throttled(cx: &Cx, means: &Means, user: UserId) -> Result<(String, IpAddr)> {
    let person = cx
        .view(AuthDeed::FindOwnHash, move |look| users::person(look, user)?.ok_or_else(|| Error::missing("user")))
        .await?;
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let key = users::Username::fold(&person.username);
    means.logins.check(&key, address, cx.monotonic())?;
    Ok((key, address))
}

/// Counts and records a wrong code.
async fn counted<T>(cx: &Cx, means: &Means, user: UserId, key: &str, address: IpAddr, done: Result<T>) -> Result<T> {
    if let Err(error) = &done
        && (error.code() == "wrong_second_factor" || error.faults().iter().any(|fault| fault.field == "code"))
    {
        means.logins.failed(key, address, cx.monotonic());
        super::ops::fail(cx, Some(user), "wrong_second_factor").await?;
    }
    done
}

/// Fails unless it is the caller's password; gives who that is.
pub(in crate::features) async fn prove_password(
    cx: &Cx,
    means: &Means,
    password: Zeroizing<String>,
) -> Result<(UserId, String)> {
    let user = own(cx)?;
    let (key, address) = throttled(cx, means, user).await?;
    let own = cx
        .view(AuthDeed::FindOwnHash, move |look| super::rows::own(look, user)?.ok_or_else(|| Error::missing("user")))
        .await?;
    if !means.passwords.verify(password, Some(StoredHash::read(own.hash, &own.salt)?)).await?.ok {
        means.logins.failed(&key, address, cx.monotonic());
        super::ops::fail(cx, Some(user), "wrong_password").await?;
        return Err(Error::field("password", "is not the current password"));
    }
    Ok((user, own.username))
}

fn codes(cx: &Cx) -> (RecoveryCodes, Vec<String>) {
    let (shown, hashes): (Vec<_>, Vec<_>) = (0..CODES).map(|_| totp::recovery_code(cx.entropy())).unzip();
    (RecoveryCodes { recovery_codes: shown.iter().map(|code| code.to_string()).collect() }, hashes)
}

fn cell(user: UserId) -> Cell<'static> {
    Cell { table: "second_factors", row: user.uuid(), column: "secret", channel: None, sender: Some(user.uuid()) }
}

pub(super) fn wrong() -> Error {
    Error::unauthenticated("wrong_second_factor", "That code is wrong, or was used already: wait for the next one.")
}

fn wrong_first() -> Error {
    Error::field("code", "is not what the authenticator shows now: check the clock of that device")
}

/// For a part of a URI (RFC 3986, 2.3).
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
