//! Changing an account: some fields are one's own to change, the others belong to those who manage accounts.

use super::model::{Email, Faults, PersonName, Status, Username};
use super::{HIGHEST_ROLE, UserDeed, free, rows};
use crate::error::{Error, Result};
use crate::features::{Expected, Versioned};
use crate::gate::{Act, Cx};
use crate::id::{RoleId, UserId};
use crate::wire::Change;
use crate::wire::frames::Frame;
use crate::wire::users::{ChangedUser, User};

/// What is to be changed, checked.
struct Checked {
    username: Option<Username>,
    email: Change<Email>,
    first_name: Change<PersonName>,
    last_name: Change<PersonName>,
    role: Option<RoleId>,
    status: Option<Status>,
    force_password_change: Option<bool>,
}

/// Changes an account, if it is still at a version that the caller expects.
pub async fn change(cx: &Cx, user: UserId, expected: Expected, body: ChangedUser) -> Result<Versioned<User>> {
    let new = check(cx, body).await?;
    let deed = UserDeed::Change {
        user,
        role: new.role,
        status: new.status,
        administrative: new.username.is_some() || new.status.is_some() || new.force_password_change.is_some(),
    };
    cx.act(deed, move |act| {
        let old = rows::stored(act, user)?.ok_or_else(|| Error::missing("user"))?;
        expected.check(old.version)?;
        note(act, &new);
        let was_highest = is_highest(act, &old)?;
        let (old_role, old_status) = (old.role, old.status.clone());
        let stored = merged(old, &new);
        let key = new.username.as_ref().and(stored.username_key.as_deref());
        let address = new.email.is_there().then_some(stored.email_key.as_deref()).flatten();
        free(act, user, key, address)?;
        rows::update(act, user, &stored)?;
        if was_highest {
            somebody_is_left(act)?;
        }
        act.user_changed(user);
        if stored.role != old_role {
            act.role_given(user, stored.role)?;
            let data = serde_json::json!({ "role": act.role_name(stored.role)? });
            act.tell_user(user, Frame::SystemEvent { event_type: "role_changed", data }.encode());
        }
        if stored.status != old_status && stored.status != Status::Active.name() {
            act.end_all_sessions_of(user)?;
        }
        rows::show_in(act, user)?.ok_or_else(|| Error::missing("user"))
    })
    .await
}

async fn check(cx: &Cx, body: ChangedUser) -> Result<Checked> {
    let mut faults = Faults::default();
    let username = faults.maybe("username", body.username.as_deref().map(Username::parse));
    let email = faults.change("email", body.email, Email::parse);
    let first_name = faults.change("firstName", body.first_name, PersonName::parse);
    let last_name = faults.change("lastName", body.last_name, PersonName::parse);
    let status = faults.maybe("status", body.status.as_deref().map(Status::parse));
    let mut role = None;
    if let Some(name) = body.role {
        let found = cx.view(UserDeed::FindRole, move |look| rows::role_named(look, Some(&name))).await?;
        role = faults.take("role", found.ok_or_else(|| "is not the name of a role".to_owned()));
    }
    faults.finish()?;
    let force_password_change = body.force_password_change;
    Ok(Checked { username, email, first_name, last_name, role, status, force_password_change })
}

/// Which fields were named goes into the audit row; what they say does not.
fn note(act: &mut Act<'_, '_>, new: &Checked) {
    for (name, there) in [
        ("username", new.username.is_some()),
        ("email", new.email.is_there()),
        ("firstName", new.first_name.is_there()),
        ("lastName", new.last_name.is_there()),
        ("forcePasswordChange", new.force_password_change.is_some()),
    ] {
        if there {
            act.note(name, true);
        }
    }
}

fn merged(old: rows::Stored, new: &Checked) -> rows::Stored {
    let mut stored = old;
    if let Some(username) = &new.username {
        username.shown().clone_into(&mut stored.username);
        stored.username_key = Some(username.key().to_owned());
    }
    match &new.email {
        Change::Keep => {}
        Change::Clear => (stored.email, stored.email_key) = (None, None),
        Change::Set(email) => (stored.email, stored.email_key) = (Some(email.shown().to_owned()), Some(email.key())),
    }
    let name = |change: &Change<PersonName>, before: Option<String>| match change {
        Change::Keep => before,
        Change::Clear => None,
        Change::Set(name) => Some(name.shown().to_owned()),
    };
    stored.first_name = name(&new.first_name, stored.first_name);
    stored.last_name = name(&new.last_name, stored.last_name);
    stored.role = new.role.unwrap_or(stored.role);
    if let Some(status) = new.status {
        status.name().clone_into(&mut stored.status);
    }
    stored.force_password_change = new.force_password_change.unwrap_or(stored.force_password_change);
    stored
}

/// Whether the account can do everything and may be used: one of those of whom somebody has to be left.
pub(super) fn is_highest(act: &mut Act<'_, '_>, account: &rows::Stored) -> Result<bool> {
    Ok(account.status == Status::Active.name() && &*act.role_name(account.role)? == HIGHEST_ROLE)
}

/// Asked after the change, inside its transaction: two who demote each other at once do it one after the other,
/// and the second finds nobody left.
pub(super) fn somebody_is_left(act: &mut Act<'_, '_>) -> Result<()> {
    if rows::super_admins(act)? > 0 {
        return Ok(());
    }
    Err(Error::conflict("last_super_admin", "This is the last super_admin: make another one first."))
}
