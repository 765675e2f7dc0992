//! Setting the server up step by step, and what of it is changed later.

use crate::error::Result;
use crate::features::setup::{self, recovery};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, get, post, put};
use crate::http::cookie;
use crate::wire::auth::{ClinicShown, Setup, SignedIn};
use crate::wire::second_factor::Enrol;
use crate::wire::setup::{
    Hosts, HostsWanted, Networks, NetworksWanted, PasswordStrength, PasswordTried, RecoveryKeyMade, RecoveryKeyState,
    RecoveryLetters, SetupClinic, SetupCodeGiven, SetupState,
};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        post("/api/setup/state", "How far set-up is.").takes::<SetupCodeGiven>().gives::<SetupState>(),
        put("/api/setup/clinic", "Language, name and time zone.").takes::<SetupClinic>().gives::<ClinicShown>(),
        put("/api/setup/networks", "Who is let in, on trial for two minutes.")
            .takes::<NetworksWanted>()
            .gives::<Networks>(),
        post("/api/setup/networks/confirm", "Keeps what is on trial.").takes::<SetupCodeGiven>().gives::<Networks>(),
        put("/api/setup/hosts", "What the server is called; its certificate is made anew.")
            .takes::<HostsWanted>()
            .gives::<Hosts>(),
        post("/api/setup/administrator", "Makes the first administrator and signs in.")
            .takes::<Setup>()
            .makes::<SignedIn>(),
        post("/api/auth/password-strength", "How good a password would be; it is not kept.")
            .takes::<PasswordTried>()
            .gives::<PasswordStrength>(),
        get("/api/system/networks", "Who is let in.").gives::<Networks>(),
        put("/api/system/networks", "Lets others in, on trial for two minutes.")
            .takes::<NetworksWanted>()
            .gives::<Networks>(),
        post("/api/system/networks/confirm", "Keeps what is on trial.").gives::<Networks>().fails(&[404]),
        get("/api/system/hosts", "What the server is called.").gives::<Hosts>(),
        put("/api/system/hosts", "Calls it by other names; its certificate is made anew.")
            .takes::<HostsWanted>()
            .gives::<Hosts>(),
        get("/api/system/recovery-key", "Whether there is a recovery key.").gives::<RecoveryKeyState>(),
        post("/api/system/recovery-key", "Makes one, shown this once; an earlier one is void.")
            .takes::<Enrol>()
            .makes::<RecoveryKeyMade>(),
        post("/api/system/recovery-key/confirm", "Proves by its last six letters that somebody has it.")
            .takes::<RecoveryLetters>()
            .gives::<RecoveryKeyState>(),
    ]
}

pub(in crate::http) async fn state(call: Call) -> Result<Answer> {
    let body: SetupCodeGiven = call.body()?;
    setup::admit(&call.cx, &call.web.means, &body.code).await?;
    Answer::ok(&setup::state(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn clinic(call: Call) -> Result<Answer> {
    let body: SetupClinic = call.body()?;
    setup::admit(&call.cx, &call.web.means, &body.code).await?;
    Answer::ok(&setup::clinic(&call.cx, &call.web.means, body).await?)
}

pub(in crate::http) async fn first_networks(call: Call) -> Result<Answer> {
    let body: NetworksWanted = call.body()?;
    let code = body.code.clone().unwrap_or_default();
    setup::admit(&call.cx, &call.web.means, &code).await?;
    Answer::ok(&setup::try_networks(&call.cx, &call.web.means, body, true).await?)
}

pub(in crate::http) async fn confirm_first_networks(call: Call) -> Result<Answer> {
    let body: SetupCodeGiven = call.body()?;
    setup::admit(&call.cx, &call.web.means, &body.code).await?;
    Answer::ok(&setup::confirm_networks(&call.cx, &call.web.means, true).await?)
}

pub(in crate::http) async fn first_hosts(call: Call) -> Result<Answer> {
    let body: HostsWanted = call.body()?;
    let code = body.code.clone().unwrap_or_default();
    setup::admit(&call.cx, &call.web.means, &code).await?;
    Answer::ok(&setup::call_hosts(&call.cx, &call.web.means, body, true).await?)
}

pub(in crate::http) async fn administrator(call: Call) -> Result<Answer> {
    let signed_in = setup::administrator(&call.cx, &call.web.means, call.body()?).await?;
    let mut answer = Answer::created(&signed_in)?;
    if call.own_page {
        answer.cookie = cookie::keep(&signed_in.token, signed_in.expires_at, call.cx.now());
    }
    Ok(answer)
}

pub(in crate::http) async fn password_strength(call: Call) -> Result<Answer> {
    Answer::ok(&setup::strength(&call.web.means, call.body()?))
}

pub(in crate::http) async fn networks(call: Call) -> Result<Answer> {
    Answer::ok(&setup::networks(&call.cx, &call.web.means, false).await?)
}

pub(in crate::http) async fn try_networks(call: Call) -> Result<Answer> {
    Answer::ok(&setup::try_networks(&call.cx, &call.web.means, call.body()?, false).await?)
}

pub(in crate::http) async fn confirm_networks(call: Call) -> Result<Answer> {
    Answer::ok(&setup::confirm_networks(&call.cx, &call.web.means, false).await?)
}

pub(in crate::http) async fn hosts(call: Call) -> Result<Answer> {
    Answer::ok(&setup::hosts(&call.cx, &call.web.means, false).await?)
}

pub(in crate::http) async fn call_hosts(call: Call) -> Result<Answer> {
    Answer::ok(&setup::call_hosts(&call.cx, &call.web.means, call.body()?, false).await?)
}

pub(in crate::http) async fn recovery_key(call: Call) -> Result<Answer> {
    Answer::ok(&recovery::show(&call.cx).await?)
}

pub(in crate::http) async fn make_recovery_key(call: Call) -> Result<Answer> {
    Answer::created(&recovery::make(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn confirm_recovery_key(call: Call) -> Result<Answer> {
    Answer::ok(&recovery::confirm(&call.cx, &call.web.means, call.body()?).await?)
}
