//! Doing things with accounts.

mod change;
mod removal;
mod search;

pub use change::change;
pub use removal::{delete, erase_due, restore};
pub use search::search;

use super::deeds::UserDeed;
use super::model::{Email, Faults, NewPassword, PersonName, Username};
use super::{model, rows};
use crate::crypto::StoredHash;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged, Versioned};
use crate::gate::{Act, Cx, Look, Permission};
use crate::id::{RoleId, UserId};
use crate::wire::users::{NewUser, User};

/// The version of an account that was just made.
const FIRST_VERSION: i64 = 1;
/// The role of which somebody has to be left.
const HIGHEST_ROLE: &str = "super_admin";

/// What a sign-in needs to know of an account. It has no `Debug`: it carries a hash.
pub struct Account {
    /// Whose.
    pub id: UserId,
    /// The name as it was chosen.
    pub username: String,
    /// An Argon2id PHC string.
    pub password_hash: String,
    /// Parameters of a hash that was taken over, or nothing.
    pub salt: String,
    /// Whether it may be used.
    pub active: bool,
    /// Whether signing in asks for a second factor.
    pub second_factor: bool,
}

impl Account {
    /// The hash to check a password against.
    pub fn stored(&self) -> Result<StoredHash> {
        StoredHash::read(self.password_hash.clone(), &self.salt)
    }
}

/// An account about to be made.
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// The name.
    pub username: Username,
    /// The address, if any.
    pub email: Option<Email>,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// An Argon2id PHC string.
    pub password_hash: String,
    /// The role.
    pub role: RoleId,
    /// Whether the first sign-in must choose a new password.
    pub force_password_change: bool,
}

/// One account.
pub async fn show(cx: &Cx, user: UserId) -> Result<Versioned<User>> {
    cx.view(UserDeed::Show { user }, move |look| {
        let mut shown = rows::show(look, user)?.ok_or_else(|| Error::missing("user"))?;
        let (reader, manages) = (look.user()?, look.allows(Permission::UsersManage)?);
        conceal(&mut shown.value, reader, manages);
        Ok(shown)
    })
    .await
}

/// The names of what an account may do now: nothing while it is closed.
pub async fn permissions(cx: &Cx, user: UserId) -> Result<Vec<&'static str>> {
    cx.view(UserDeed::Permissions { user }, move |look| {
        rows::show(look, user)?.ok_or_else(|| Error::missing("user"))?;
        Ok(look.permissions_of(user)?.iter().map(Permission::name).collect())
    })
    .await
}

/// Fails unless there is or was such an account, inside a reading about it.
pub fn must_exist(look: &mut Look<'_, '_>, user: UserId) -> Result<()> {
    if rows::exists(look, user)? { Ok(()) } else { Err(Error::missing("user")) }
}

/// A colleague is told the name and the role; the address and the last sign-in are for oneself and for those who
/// manage accounts.
fn conceal(shown: &mut User, reader: UserId, manages: bool) {
    if reader != shown.id && !manages {
        shown.email = None;
        shown.last_login = None;
    }
}

/// The accounts by name, a page at a time; the cursor is a name.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<User>> {
    let limit = page.rows(&means.limits)?;
    let rows = cx
        .view(UserDeed::List, move |look| {
            let mut users = match (&page.after, &page.before) {
                // The order is by name, upwards: what follows a name is "before" nothing and "after" it.
                (Some(name), _) => rows::list_back(look, &Username::fold(name), limit),
                (None, Some(name)) => rows::list(look, &Username::fold(name), limit),
                (None, None) => rows::list(look, "", limit),
            }?;
            let (reader, manages) = (look.user()?, look.allows(Permission::UsersManage)?);
            for user in &mut users {
                conceal(user, reader, manages);
            }
            Ok(users)
        })
        .await?;
    Ok(Paged::of(rows, limit, |user| user.username.clone()))
}

/// An account as clients see it, for the reading of another deed.
pub fn person(look: &mut Look<'_, '_>, user: UserId) -> Result<Option<User>> {
    Ok(rows::show(look, user)?.map(|shown| shown.value))
}

/// Makes an account.
pub async fn create(cx: &Cx, means: &Means, body: NewUser) -> Result<Versioned<User>> {
    let role_name = body.role.clone();
    let role = cx
        .view(UserDeed::FindRole, move |look| rows::role_named(look, role_name.as_deref()))
        .await?
        .ok_or_else(|| Error::field("role", "is not the name of a role"))?;
    let checked = check(&body, means)?;
    // Who may not do this is told so before a password is hashed for it.
    let id = cx.new_id();
    let deed = || UserDeed::Create { user: id, role };
    cx.view(deed(), |_| Ok(())).await?;
    let new = checked.hashed(means, id, role, body.force_password_change).await?;
    let value = cx.act(deed(), move |act| insert(act, &new)).await?;
    Ok(Versioned { value, version: FIRST_VERSION })
}

/// What a new account is to be, checked, with a password that is not hashed yet.
pub struct Checked {
    username: Username,
    email: Option<Email>,
    first_name: Option<PersonName>,
    last_name: Option<PersonName>,
    password: NewPassword,
}

impl Checked {
    /// Hashes the password, which takes a while.
    pub async fn hashed(self, means: &Means, id: UserId, role: RoleId, force: bool) -> Result<NewAccount> {
        Ok(NewAccount {
            id,
            username: self.username,
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            password_hash: means.passwords.hash(self.password.into_inner()).await?,
            role,
            force_password_change: force,
        })
    }
}

/// Checks every field of a new account but its role.
pub fn check(body: &NewUser, means: &Means) -> Result<Checked> {
    let mut faults = Faults::default();
    let username = faults.take("username", Username::parse(&body.username));
    let email = faults.maybe("email", body.email.as_deref().map(Email::parse));
    let first_name = faults.maybe("firstName", body.first_name.as_deref().map(PersonName::parse));
    let last_name = faults.maybe("lastName", body.last_name.as_deref().map(PersonName::parse));
    let chars_min = means.limits.password_chars_min;
    let password = faults.take("password", NewPassword::parse(body.password.clone(), &body.username, chars_min));
    faults.finish()?;
    match (username, password) {
        (Some(username), Some(password)) => Ok(Checked { username, email, first_name, last_name, password }),
        _ => Err(Error::internal("a field was neither read nor faulted")),
    }
}

/// Writes a new account, inside a deed that may.
pub fn insert(act: &mut Act<'_, '_>, new: &NewAccount) -> Result<User> {
    free(act, new.id, Some(new.username.key()), new.email.as_ref().map(Email::key).as_deref())?;
    let now = act.now();
    rows::insert(act, new, now)?;
    act.user_changed(new.id);
    let shown = rows::show_in(act, new.id)?.ok_or_else(|| Error::internal("a new account cannot be read back"))?;
    Ok(shown.value)
}

/// Fails when an account other than `user` has that name or address.
fn free(act: &mut Act<'_, '_>, user: UserId, username_key: Option<&str>, email_key: Option<&str>) -> Result<()> {
    if let Some(key) = username_key
        && rows::key_taken(act, user, key)?
    {
        return Err(Error::conflict("username_taken", "There is an account of that name already."));
    }
    if let Some(key) = email_key
        && rows::email_taken(act, user, key)?
    {
        return Err(Error::conflict("email_taken", "There is an account with that address already."));
    }
    Ok(())
}

/// The account of a name, for a sign-in.
pub fn account(look: &mut Look<'_, '_>, username: &str) -> Result<Option<Account>> {
    rows::by_key(look, &Username::fold(username))
}

/// The account as clients see it, inside a deed.
pub fn find(act: &mut Act<'_, '_>, user: UserId) -> Result<User> {
    Ok(rows::show_in(act, user)?.ok_or_else(|| Error::missing("user"))?.value)
}

/// The role of a name, for a deed that has to know it before it is done.
pub async fn role_of_name(cx: &Cx, name: &'static str) -> Result<RoleId> {
    cx.view(UserDeed::RoleForSetup, move |look| rows::role_named(look, Some(name)))
        .await?
        .ok_or_else(|| Error::missing("role"))
}

/// The role that new accounts get where none is named.
pub fn default_role(look: &mut Look<'_, '_>) -> Result<RoleId> {
    rows::role_named(look, None)?.ok_or_else(|| Error::internal("there is no default role"))
}

/// The name of the role that new accounts get where none is named.
pub fn default_role_name(look: &mut Look<'_, '_>) -> Result<String> {
    rows::default_role_name(look)?.ok_or_else(|| Error::internal("there is no default role"))
}

/// The role of a name, inside a reading.
pub fn role_named(look: &mut Look<'_, '_>, name: &str) -> Result<Option<RoleId>> {
    rows::role_named(look, Some(name))
}

/// Whether somebody can do everything already.
pub fn super_admin_exists(act: &mut Act<'_, '_>) -> Result<bool> {
    Ok(rows::super_admins(act)? > 0)
}
