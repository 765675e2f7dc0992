//! Set-up, signing in and out.

use crate::error::Result;
use crate::features::auth::second_factor;
use crate::features::{auth, invitations, setup};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, get, post};
use crate::http::cookie;
use crate::wire::auth::Success;
use crate::wire::auth::{ChangePassword, Login, Me, Register, ResetPassword, Setup, SignedIn};
use crate::wire::second_factor::{ConfirmFactor, Enrol, Enrolment, ProveBoth, RecoveryCodes, SecondFactor};
use crate::wire::users::User;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        post("/api/setup", "Makes the first administrator.").takes::<Setup>().makes::<User>().fails(&[401, 404]),
        post("/api/auth/login", "Signs in.").takes::<Login>().gives::<SignedIn>().fails(&[401]),
        post("/api/auth/refresh-token", "Goes on under a new token.").gives::<SignedIn>(),
        post("/api/auth/logout", "Signs out.").gives::<Success>(),
        get("/api/auth/me", "Who is signed in, what they may do, and where.").gives::<Me>(),
        post("/api/auth/change-password", "Chooses a new password and ends every other sign-in.")
            .takes::<ChangePassword>()
            .gives::<Success>(),
        get("/api/auth/second-factor", "Whether one's account has a second factor.").gives::<SecondFactor>(),
        post("/api/auth/second-factor", "Begins one; its secret is shown this once.")
            .takes::<Enrol>()
            .makes::<Enrolment>(),
        post("/api/auth/second-factor/confirm", "Turns it on by its first code; gives the recovery codes.")
            .takes::<ConfirmFactor>()
            .gives::<RecoveryCodes>()
            .fails(&[404]),
        post("/api/auth/second-factor/recovery-codes", "Ten new recovery codes.")
            .takes::<ProveBoth>()
            .gives::<RecoveryCodes>(),
        post("/api/auth/second-factor/disable", "Ends one's own.").takes::<ProveBoth>().gives::<Success>(),
        post("/api/users/{id}/reset-second-factor", "Ends the second factor of somebody who has lost it.")
            .gives::<Success>(),
        post("/api/auth/register", "Makes an account for oneself.").takes::<Register>().makes::<User>(),
        post("/api/auth/reset-password", "Chooses a new password by a token that was handed out.")
            .takes::<ResetPassword>()
            .gives::<Success>(),
    ]
}

pub(in crate::http) async fn set_up(call: Call) -> Result<Answer> {
    let user = setup::set_up(&call.cx, &call.web.means, call.body()?).await?;
    Answer::created(&user)
}

pub(in crate::http) async fn login(call: Call) -> Result<Answer> {
    let signed_in = auth::login(&call.cx, &call.web.means, call.body()?).await?;
    answer(&call, &signed_in)
}

/// The token, and for a page of ours the cookie that holds it.
fn answer(call: &Call, signed_in: &SignedIn) -> Result<Answer> {
    let mut answer = Answer::ok(signed_in)?;
    if call.own_page {
        answer.cookie = cookie::keep(&signed_in.token, signed_in.expires_at, call.cx.now());
    }
    Ok(answer)
}

pub(in crate::http) async fn refresh(call: Call) -> Result<Answer> {
    let renewed = auth::refresh(&call.cx).await?;
    answer(&call, &renewed)
}

pub(in crate::http) async fn me(call: Call) -> Result<Answer> {
    Answer::ok(&auth::me(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn logout(call: Call) -> Result<Answer> {
    auth::logout(&call.cx).await?;
    let mut answer = Answer::ok(&Success::because("Signed out."))?;
    answer.cookie = call.own_page.then(cookie::forget);
    Ok(answer)
}

pub(in crate::http) async fn change_password(call: Call) -> Result<Answer> {
    auth::change_password(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every other sign-in has ended."))
}

pub(in crate::http) async fn show_factor(call: Call) -> Result<Answer> {
    Answer::ok(&second_factor::show(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn enrol_factor(call: Call) -> Result<Answer> {
    Answer::created(&second_factor::enrol(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn confirm_factor(call: Call) -> Result<Answer> {
    Answer::ok(&second_factor::confirm(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn renew_recovery_codes(call: Call) -> Result<Answer> {
    Answer::ok(&second_factor::renew_codes(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn disable_factor(call: Call) -> Result<Answer> {
    second_factor::disable(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The second factor is off."))
}

pub(in crate::http) async fn reset_factor(call: Call) -> Result<Answer> {
    second_factor::reset(&call.cx, call.id("id", "user")?).await?;
    Answer::ok(&Success::because("The second factor is off, and every sign-in of the account has ended."))
}

pub(in crate::http) async fn register(call: Call) -> Result<Answer> {
    Answer::created(&invitations::register(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn reset_password(call: Call) -> Result<Answer> {
    auth::reset_password(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every sign-in has ended."))
}
