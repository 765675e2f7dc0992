//! Making the first administrator.

use zeroize::Zeroizing;

use super::deeds::SetupDeed;
use crate::error::{Error, FieldFault, Result};
use crate::features::Means;
use crate::features::users::{self, Email, NewAccount, NewPassword, Username};
use crate::gate::{Act, Cx};
use crate::id::UserId;
use crate::wire::auth::{Setup, SignedIn};
use crate::wire::users::User;

/// The role that the first administrator gets.
const FIRST_ROLE: &str = "super_admin";

/// Who is to be the first administrator.
pub struct First {
    /// The name.
    pub username: String,
    /// The address.
    pub email: Option<String>,
    /// The password; made up, and to be changed at the first sign-in, when there is none.
    pub password: Option<Zeroizing<String>>,
    /// A password to use when none is given.
    pub made_up: Zeroizing<String>,
}

/// What was made.
pub struct Made {
    /// The account.
    pub user: User,
    /// The password that was made up, to be shown once.
    pub password: Option<Zeroizing<String>>,
}

/// Whether there is an administrator.
pub async fn is_set_up(cx: &Cx) -> Result<bool> {
    cx.act(SetupDeed::Look, users::super_admin_exists).await
}

/// Makes the first administrator with the one-time code; afterwards this is not there.
pub async fn set_up(cx: &Cx, means: &Means, body: Setup) -> Result<User> {
    super::admit(cx, means, &body.code).await?;
    let user = cx.new_id();
    let new = prepare(cx, means, user, &body.username, body.email.as_deref(), body.password, false).await?;
    let made = cx.act(SetupDeed::WithCode { user }, move |act| make(act, &new)).await?;
    means.door.close();
    Ok(made)
}

/// The same, and signs in at once: whoever sets a server up goes on with it.
pub async fn administrator(cx: &Cx, means: &Means, body: Setup) -> Result<SignedIn> {
    super::admit(cx, means, &body.code).await?;
    let user = cx.new_id();
    let new = prepare(cx, means, user, &body.username, body.email.as_deref(), body.password, false).await?;
    let (issued, user) = cx
        .act(SetupDeed::WithCode { user }, move |act| {
            let made = make(act, &new)?;
            Ok((act.open_session(made.id)?, made))
        })
        .await?;
    means.door.close();
    Ok(SignedIn { token: issued.token, expires_at: issued.expires_at, user })
}

/// Makes the first administrator that the configuration names, unless there is one.
pub async fn make_unattended(cx: &Cx, means: &Means, first: First) -> Result<Option<Made>> {
    if is_set_up(cx).await? {
        return Ok(None);
    }
    let user = cx.new_id();
    let made_up = first.password.is_none();
    let password = first.password.unwrap_or_else(|| first.made_up.clone());
    let new = prepare(cx, means, user, &first.username, first.email.as_deref(), password, made_up).await?;
    let user = cx.act(SetupDeed::Unattended { user }, move |act| make(act, &new)).await?;
    Ok(Some(Made { user, password: made_up.then_some(first.made_up) }))
}

async fn prepare(
    cx: &Cx,
    means: &Means,
    id: UserId,
    username: &str,
    email: Option<&str>,
    password: Zeroizing<String>,
    force_password_change: bool,
) -> Result<NewAccount> {
    let mut faults = Vec::new();
    let keep = |field| move |detail: String| FieldFault { field, detail };
    let name = Username::parse(username).map_err(keep("username")).map_err(|f| faults.push(f)).ok();
    let email = email.map(Email::parse).transpose().map_err(keep("email")).map_err(|f| faults.push(f)).ok();
    let password = NewPassword::parse(password, username, means.limits.password_chars_min)
        .map_err(keep("password"))
        .map_err(|f| faults.push(f))
        .ok();
    let (Some(username), Some(email), Some(password)) = (name, email, password) else {
        return Err(Error::fields(faults));
    };
    let role = users::role_of_name(cx, FIRST_ROLE).await?;
    let password_hash = means.passwords.hash(password.into_inner()).await?;
    Ok(NewAccount {
        id,
        username,
        email,
        first_name: None,
        last_name: None,
        password_hash,
        role,
        force_password_change,
    })
}

fn make(act: &mut Act<'_, '_>, new: &NewAccount) -> Result<User> {
    if users::super_admin_exists(act)? {
        return Err(Error::missing("page"));
    }
    users::insert(act, new)
}
