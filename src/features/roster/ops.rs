//! A list becomes accounts, all of them in one transaction: it takes the writer some tenths of a second for thousands
//! of people, once in the life of a clinic, and nothing is ever half done.

use std::collections::HashMap;
use std::time::Duration;

use zeroize::Zeroizing;

use super::deeds::{RosterDeed, created};
use super::judge::{Judged, judge};
use super::rows;
use super::sheet::{Column, Sheet, read};
use crate::crypto::sha256_hex;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Means, auth, users};
use crate::gate::{Cx, Look, Need, Permission};
use crate::id::{RoleId, UserId};
use crate::wire::roster::{ImportFault, ImportReport, ImportRow, ImportedAccount};

/// How long the tokens are good: time to hand them out.
const TOKENS_LIVE: Duration = Duration::from_hours(14 * 24);

/// Judges a list and, unless `dry_run`, makes accounts of it if every row is good. `role` is for the rows that name
/// none; without it they get the default.
pub async fn import(cx: &Cx, means: &Means, bytes: &[u8], role: Option<String>, dry_run: bool) -> Result<ImportReport> {
    cx.permit(RosterDeed::Judge).await?;
    let sheet = read(bytes)?;
    let judged = judge(&sheet.rows);
    let (judged, roles) = cx.view(RosterDeed::Judge, move |look| against_accounts(look, judged, role)).await?;
    let faulty = judged.iter().filter(|one| !one.faults.is_empty()).count();
    let mut report = told(&sheet, &judged, faulty, dry_run);
    if dry_run || faulty > 0 {
        return Ok(report);
    }
    // Nobody knows this password: accounts are opened by their tokens alone. One hash does for all of them.
    let nobodys = means.passwords.hash(cx.new_secret()).await?;
    let mut new = Vec::with_capacity(judged.len());
    for one in judged {
        let role = one.role.as_deref().and_then(|name| roles.get(name)).copied();
        let (Some(username), Some(role)) = (one.username, role) else {
            return Err(Error::internal("a good row has no name or role"));
        };
        let account = users::NewAccount {
            id: cx.new_id(),
            username,
            email: one.email,
            first_name: one.first_name,
            last_name: one.last_name,
            password_hash: nobodys.clone(),
            role,
            force_password_change: false,
        };
        new.push((account, cx.new_secret()));
    }
    let expires_at = cx.now().plus(TOKENS_LIVE);
    let given: Vec<RoleId> = roles.into_values().collect();
    report.accounts = cx
        .act(RosterDeed::Import { accounts: new.len() }, move |act| {
            for role in given {
                act.require(Need::Grants(Permission::UsersCreate, role))?;
            }
            let mut made = Vec::with_capacity(new.len());
            for (account, token) in new {
                users::insert(act, &account)?;
                auth::grant_reset(act, account.id, &sha256_hex(token.as_bytes()), expires_at)?;
                act.also(&created(account.id, account.role))?;
                made.push(imported(account.id, account.username.shown(), token, expires_at));
            }
            Ok(made)
        })
        .await?;
    report.done = true;
    Ok(report)
}

fn imported(
    user_id: UserId,
    username: &str,
    token: Zeroizing<String>,
    expires_at: crate::clock::Timestamp,
) -> ImportedAccount {
    ImportedAccount { user_id, username: username.to_owned(), token, expires_at }
}

/// Holds the rows against the accounts and roles that there are; gives the roles that are named, by name.
fn against_accounts(
    look: &mut Look<'_, '_>,
    mut judged: Vec<Judged>,
    usual: Option<String>,
) -> Result<(Vec<Judged>, HashMap<String, RoleId>)> {
    let usual = match usual {
        Some(name) => name,
        None => users::default_role_name(look)?,
    };
    let mut roles: HashMap<String, Option<RoleId>> = HashMap::new();
    for one in &mut judged {
        let name = one.role.get_or_insert_with(|| usual.clone()).clone();
        let known = if let Some(known) = roles.get(&name) {
            *known
        } else {
            let found = users::role_named(look, &name)?;
            let found = found.filter(|role| look.require(Need::Grants(Permission::UsersCreate, *role)).is_ok());
            roles.insert(name, found);
            found
        };
        if known.is_none() {
            let detail = "is not the name of a role that you can give".to_owned();
            one.faults.push(FieldFault { field: "role", detail });
        }
        if let Some(username) = &one.username
            && rows::key_taken(look, username.key())?
        {
            let detail = "there is an account of that name already".to_owned();
            one.faults.push(FieldFault { field: "username", detail });
        }
        if let Some(email) = &one.email
            && rows::email_taken(look, &email.key())?
        {
            let detail = "there is an account with that address already".to_owned();
            one.faults.push(FieldFault { field: "email", detail });
        }
    }
    Ok((judged, roles.into_iter().filter_map(|(name, role)| Some((name, role?))).collect()))
}

fn told(sheet: &Sheet, judged: &[Judged], faulty: usize, dry_run: bool) -> ImportReport {
    let column = |column: Column| match column {
        Column::Username => "username",
        Column::Email => "email",
        Column::FirstName => "firstName",
        Column::LastName => "lastName",
        Column::FullName => "name",
        Column::Role => "role",
    };
    let row = |one: &Judged| ImportRow {
        line: one.line,
        username: one.shown.clone(),
        role: one.role.clone(),
        faults: one.faults.iter().map(|f| ImportFault { field: f.field, detail: f.detail.clone() }).collect(),
    };
    ImportReport {
        done: false,
        dry_run,
        encoding: sheet.encoding,
        separator: sheet.separator.to_string(),
        columns: sheet.columns.iter().map(|known| known.map(column)).collect(),
        rows: judged.len(),
        good: judged.len() - faulty,
        faulty,
        report: judged.iter().map(row).collect(),
        accounts: Vec::new(),
    }
}
