//! Set-up, signing in and out.

use crate::error::Result;
use crate::features::{auth, invitations, setup};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, post};
use crate::wire::auth::Success;
use crate::wire::auth::{ChangePassword, Login, Register, ResetPassword, Setup, SignedIn};
use crate::wire::users::User;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        post("/api/setup", "Makes the first administrator.").takes::<Setup>().makes::<User>().fails(&[401, 404]),
        post("/api/auth/login", "Signs in.").takes::<Login>().gives::<SignedIn>().fails(&[401]),
        post("/api/auth/refresh-token", "Goes on under a new token.").gives::<SignedIn>(),
        post("/api/auth/logout", "Signs out.").gives::<Success>(),
        post("/api/auth/change-password", "Chooses a new password and ends every other sign-in.")
            .takes::<ChangePassword>()
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
    Answer::ok(&signed_in)
}

pub(in crate::http) async fn refresh(call: Call) -> Result<Answer> {
    Answer::ok(&auth::refresh(&call.cx).await?)
}

pub(in crate::http) async fn logout(call: Call) -> Result<Answer> {
    auth::logout(&call.cx).await?;
    Answer::ok(&Success::because("Signed out."))
}

pub(in crate::http) async fn change_password(call: Call) -> Result<Answer> {
    auth::change_password(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every other sign-in has ended."))
}

pub(in crate::http) async fn register(call: Call) -> Result<Answer> {
    Answer::created(&invitations::register(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn reset_password(call: Call) -> Result<Answer> {
    auth::reset_password(&call.cx, &call.web.means, call.body()?).await?;
    Answer::ok(&Success::because("The password was changed, and every sign-in has ended."))
}
