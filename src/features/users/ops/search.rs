//! Looking for people.
//!
//! Names of every script are compared here and not in the database, where the two engines fold letters differently.
//! A clinic has some hundred people; a search looks through them by name in slices, and through no more than a
//! bounded number at once.

use super::{UserDeed, conceal, model, rows};
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Look, Permission};
use crate::wire::users::{User, UserSearch};

/// Characters of what is looked for.
pub const QUERY_CHARS_MAX: usize = 100;
/// Accounts that one search looks through; the next page goes on from there.
const LOOKED_THROUGH_MAX: u32 = 5_000;
/// Accounts that are read at once.
const SLICE: u32 = 500;
/// The status to look for those by who can be brought back.
const DELETED: &str = "deleted";

/// What is looked for, folded.
struct Wanted {
    words: Vec<String>,
    role: Option<String>,
    status: Option<String>,
}

/// Accounts that fit, by name, a page at a time; the cursor is a name.
pub async fn search(cx: &Cx, means: &Means, body: UserSearch, page: Cursor) -> Result<Paged<User>> {
    let limit = page.rows(&means.limits)?;
    if page.after.is_some() {
        return Err(Error::field("after", "cannot be used here: a search goes on with before"));
    }
    let wanted = check(body)?;
    let from = page.before.as_deref().map(super::Username::fold).unwrap_or_default();
    cx.view(UserDeed::Search, move |look| {
        if let Some(role) = wanted.role.as_deref()
            && rows::role_named(look, Some(role))?.is_none()
        {
            return Err(Error::field("role", "is not the name of a role"));
        }
        look_through(look, &wanted, from, limit as usize)
    })
    .await
}

fn check(body: UserSearch) -> Result<Wanted> {
    let mut faults = model::Faults::default();
    let query = body.query.unwrap_or_default();
    let printable = || {
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(format!("may have at most {QUERY_CHARS_MAX} characters"));
        }
        if query.chars().any(model::is_unprintable) {
            return Err("may not have control characters".to_owned());
        }
        Ok(())
    };
    faults.take("query", printable());
    if let Some(status) = body.status.as_deref().filter(|status| *status != DELETED) {
        let known = model::Status::parse(status).map_err(|_| "must be active, inactive, locked or deleted".to_owned());
        faults.take("status", known);
    }
    faults.finish()?;
    let words = query.split_whitespace().map(str::to_lowercase).collect();
    Ok(Wanted { words, role: body.role, status: body.status })
}

fn look_through(look: &mut Look<'_, '_>, wanted: &Wanted, from: String, limit: usize) -> Result<Paged<User>> {
    let (reader, manages) = (look.user()?, look.allows(Permission::UsersManage)?);
    let deleted = wanted.status.as_deref() == Some(DELETED);
    let mut found: Vec<User> = Vec::new();
    let (mut at, mut looked_through) = (from, 0);
    // Who was deleted is for those who may bring them back.
    let mut more = manages || !deleted;
    while more && found.len() < limit && looked_through < LOOKED_THROUGH_MAX {
        let slice = rows::scan(look, &at, SLICE, deleted)?;
        more = slice.len() == SLICE as usize;
        for mut user in slice {
            if found.len() == limit {
                more = true;
                break;
            }
            looked_through += 1;
            at = super::Username::fold(&user.username);
            conceal(&mut user, reader, manages);
            if deleted {
                DELETED.clone_into(&mut user.status);
            }
            if fits(&user, wanted) {
                found.push(user);
            }
        }
    }
    let prev = None;
    let next = more.then_some(at);
    Ok(Paged { rows: found, next, prev })
}

/// Every word is somewhere in a name, or in the address where that is shown.
fn fits(user: &User, wanted: &Wanted) -> bool {
    let told = [Some(&user.username), user.first_name.as_ref(), user.last_name.as_ref(), user.email.as_ref()];
    let told: Vec<String> = told.into_iter().flatten().map(|text| text.to_lowercase()).collect();
    wanted.role.as_ref().is_none_or(|role| *role == user.role)
        && wanted.status.as_ref().is_none_or(|status| *status == user.status)
        && wanted.words.iter().all(|word| told.iter().any(|text| text.contains(word)))
}
