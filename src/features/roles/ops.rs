//! Looking at roles and changing them.

use super::deeds::RoleDeed;
use super::model::{HIGHEST, Name, ROLES_MAX, description, is_built_in, named, names};
use super::rows::{self, Stored};
use crate::error::{Error, FieldFault, Result};
use crate::features::{Expected, Versioned};
use crate::gate::{Act, Cx, Need, Permission, Permissions};
use crate::id::{ChannelId, Id, RoleId, UserId};
use crate::wire::frames::Frame;
use crate::wire::roles::{
    ChangedMatrix, ChangedRole, ChannelStanding, EffectivePermissions, Matrix, NewRole, PermissionShown,
    PermissionSource, Role, RoleName,
};

/// Every permission there is.
pub async fn permissions(cx: &Cx) -> Result<Vec<PermissionShown>> {
    cx.permit(RoleDeed::List).await?;
    Ok(every())
}

fn every() -> Vec<PermissionShown> {
    let shown =
        |p: &Permission| PermissionShown { name: p.name(), category: p.category(), description: p.description() };
    Permission::ALL.iter().map(shown).collect()
}

/// Every role, the built-in ones first, then by name.
pub async fn list(cx: &Cx) -> Result<Vec<Role>> {
    Ok(matrix(cx).await?.value.roles)
}

/// All roles against all permissions.
pub async fn matrix(cx: &Cx) -> Result<Versioned<Matrix>> {
    let roles = cx.view(RoleDeed::List, rows::all).await?;
    Ok(whole(roles))
}

fn whole(roles: Vec<Stored>) -> Versioned<Matrix> {
    let version = rows::version_of(&roles);
    let mut roles: Vec<Role> = roles.into_iter().map(shown).collect();
    // Those that came with the server stand in the order of what they allow.
    roles.sort_by_key(|role| (!role.built_in, if role.built_in { role.permissions.len() } else { 0 }));
    Versioned { value: Matrix { permissions: every(), roles }, version }
}

fn shown(role: Stored) -> Role {
    Role {
        id: role.id,
        built_in: is_built_in(&role.name),
        fixed: role.name == HIGHEST,
        name: role.name,
        description: role.description,
        is_default: role.is_default,
        permissions: names(role.allows),
        people: role.people,
        created_at: role.created_at,
    }
}

/// One role.
pub async fn show(cx: &Cx, role: RoleId) -> Result<Versioned<Role>> {
    let all = cx.view(RoleDeed::List, rows::all).await?;
    one(all, role)
}

fn one(all: Vec<Stored>, role: RoleId) -> Result<Versioned<Role>> {
    let found = all.into_iter().find(|stored| stored.id == role).ok_or_else(|| Error::missing("role"))?;
    Ok(Versioned { version: found.version, value: shown(found) })
}

fn in_act(act: &mut Act<'_, '_>, role: RoleId) -> Result<(Stored, Vec<Stored>)> {
    let all = rows::all_in(act)?;
    let found = all.iter().find(|stored| stored.id == role).cloned().ok_or_else(|| Error::missing("role"))?;
    Ok((found, all))
}

/// Makes a role.
pub async fn create(cx: &Cx, body: NewRole) -> Result<Versioned<Role>> {
    let mut faults = Vec::new();
    let mut note = |field: &'static str, detail: String| faults.push(FieldFault { field, detail });
    let name = Name::parse(&body.name).map_err(|detail| note("name", detail)).ok();
    let told = body.description.as_deref().map(description).transpose().map_err(|detail| note("description", detail));
    let allows = named(&body.permissions).map_err(|error| note("permissions", error.faults()[0].detail.clone()));
    let (Some(name), Ok(told), Ok(allows)) = (name, told, allows) else { return Err(Error::fields(faults)) };
    let role = cx.new_id();
    cx.act(RoleDeed::Create { role, allows }, move |act| {
        let all = rows::all_in(act)?;
        if i64::try_from(all.len()).unwrap_or(i64::MAX) >= ROLES_MAX {
            return Err(Error::conflict("roles_full", format!("There are {ROLES_MAX} roles already: delete some.")));
        }
        free(&all, &name, role)?;
        rows::insert(act, role, name.shown(), told.as_deref())?;
        rows::allow(act, role, allows)?;
        one(rows::all_in(act)?, role)
    })
    .await
}

/// Changes a role, if it is still at a version that the caller expects.
pub async fn change(cx: &Cx, role: RoleId, expected: Expected, body: ChangedRole) -> Result<Versioned<Role>> {
    let mut faults = Vec::new();
    let mut note = |field: &'static str, detail: String| faults.push(FieldFault { field, detail });
    let name = body.name.as_deref().map(Name::parse).transpose().map_err(|detail| note("name", detail));
    let told = body.description.try_map(|text| description(&text)).map_err(|detail| note("description", detail));
    let allows = body.permissions.as_deref().map(named).transpose();
    let allows = allows.map_err(|error| note("permissions", error.faults()[0].detail.clone()));
    if body.is_default == Some(false) {
        note("isDefault", "can only be made true: another role has to take its place".to_owned());
    }
    let (Ok(name), Ok(told), Ok(allows), true) = (name, told, allows, body.is_default != Some(false)) else {
        return Err(Error::fields(faults));
    };
    let makes_default = body.is_default == Some(true);
    cx.act(RoleDeed::Change { role, allows }, move |act| {
        let (before, all) = in_act(act, role)?;
        expected.check(before.version)?;
        if let Some(name) = &name {
            if is_built_in(&before.name) && name.shown() != before.name {
                return Err(built_in());
            }
            free(&all, name, role)?;
            act.note("name", true);
        }
        if let Some(allows) = allows {
            shape(act, &before, allows)?;
        }
        let name = name.as_ref().map_or(before.name.as_str(), Name::shown);
        rows::update(act, role, name, told.over(before.description).as_deref())?;
        if makes_default {
            rows::make_default(act, role)?;
            act.note("isDefault", true);
        }
        let holders = rows::holders(act, role)?;
        act.role_reshaped(role, &holders, allows.unwrap_or(before.allows));
        one(rows::all_in(act)?, role)
    })
    .await
}

/// Changes what several roles allow, all of them or none.
pub async fn reshape(cx: &Cx, expected: Expected, body: ChangedMatrix) -> Result<Versioned<Matrix>> {
    let changes = checked(&body)?;
    cx.act(RoleDeed::Reshape { roles: changes.len() }, move |act| {
        let all = rows::all_in(act)?;
        expected.check(rows::version_of(&all))?;
        carry_out(act, &all, &changes)?;
        Ok(whole(rows::all_in(act)?))
    })
    .await
}

/// What a body asks for, by permissions that there are.
pub(super) fn checked(body: &ChangedMatrix) -> Result<Vec<(RoleId, Permissions)>> {
    body.roles.iter().map(|(role, list)| Ok((*role, named(list)?))).collect()
}

/// Changes what each of these roles allows; each has to be the caller's to change.
pub(super) fn carry_out(act: &mut Act<'_, '_>, all: &[Stored], changes: &[(RoleId, Permissions)]) -> Result<()> {
    for (role, allows) in changes {
        let before = all.iter().find(|stored| stored.id == *role).ok_or_else(|| Error::missing("role"))?;
        if before.allows == *allows {
            continue;
        }
        act.require(Need::Reshapes(Some(*role), *allows))?;
        shape(act, before, *allows)?;
        rows::touch(act, *role)?;
        let holders = rows::holders(act, *role)?;
        act.role_reshaped(*role, &holders, *allows);
    }
    Ok(())
}

/// Writes what a role allows; that the caller may was decided.
fn shape(act: &mut Act<'_, '_>, before: &Stored, allows: Permissions) -> Result<()> {
    if before.allows == allows {
        return Ok(());
    }
    if before.name == HIGHEST {
        return Err(Error::conflict("role_fixed", "super_admin is always everything: it cannot be changed."));
    }
    rows::allow(act, before.id, allows)?;
    act.note("permissions", true);
    if before.allows.has(Permission::RolesManage) && !allows.has(Permission::RolesManage) {
        somebody_is_left(act)?;
    }
    let data = serde_json::json!({ "roleId": before.id });
    let holders = rows::holders(act, before.id)?;
    act.tell_users(holders, Frame::SystemEvent { event_type: "permissions_changed", data }.encode());
    Ok(())
}

/// Asked after the change, inside its transaction.
fn somebody_is_left(act: &mut Act<'_, '_>) -> Result<()> {
    if rows::who_can(act, Permission::RolesManage)? > 0 {
        return Ok(());
    }
    Err(Error::conflict(
        "last_role_manager",
        "Nobody could change roles any more: give roles.manage to another role first.",
    ))
}

/// Deletes a role; those who have it get `to`.
pub async fn remove(cx: &Cx, role: RoleId, expected: Expected, to: Option<RoleId>) -> Result<()> {
    cx.act(RoleDeed::Delete { role, to }, move |act| {
        let (before, all) = in_act(act, role)?;
        expected.check(before.version)?;
        if is_built_in(&before.name) {
            return Err(built_in());
        }
        if before.is_default {
            return Err(Error::conflict(
                "role_default",
                "New accounts get this role: make another one the default first.",
            ));
        }
        let holders = rows::holders(act, role)?;
        match to {
            Some(to) if to == role || !all.iter().any(|stored| stored.id == to) => {
                return Err(Error::field("reassignTo", "must be the id of another role"));
            }
            Some(to) => {
                act.require(Need::Grants(Permission::RolesManage, to))?;
                rows::reassign(act, role, to)?;
                for user in &holders {
                    act.role_given(*user, to)?;
                }
            }
            None if !holders.is_empty() || rows::open_invitations(act, role)? > 0 => {
                return Err(Error::conflict(
                    "role_in_use",
                    "People or open invitations have this role: say by reassignTo which one they get.",
                ));
            }
            None => rows::forget_invitations(act, role)?,
        }
        rows::delete(act, role)?;
        act.role_reshaped(role, &[], Permissions::NONE);
        if before.allows.has(Permission::RolesManage) {
            somebody_is_left(act)?;
        }
        let data = serde_json::json!({ "roleId": to });
        act.tell_users(holders, Frame::SystemEvent { event_type: "permissions_changed", data }.encode());
        Ok(())
    })
    .await
}

fn free(all: &[Stored], name: &Name, role: RoleId) -> Result<()> {
    if all.iter().any(|other| other.id != role && name.is_like(&other.name)) {
        return Err(Error::conflict("role_exists", "There is a role of that name already."));
    }
    Ok(())
}

fn built_in() -> Error {
    Error::conflict("role_built_in", "This role came with the server: it keeps its name and cannot be deleted.")
}

/// What somebody may do, and why.
pub async fn effective(cx: &Cx, user: UserId) -> Result<EffectivePermissions> {
    cx.view(RoleDeed::Effective { user }, move |look| {
        let (role, active) = rows::role_of(look, user)?.ok_or_else(|| Error::missing("user"))?;
        let stored = rows::all(look)?.into_iter().find(|stored| stored.id == role);
        let stored = stored.ok_or_else(|| Error::missing("role"))?;
        let has = look.permissions_of(user)?;
        let permissions = Permission::ALL.iter().map(|p| PermissionSource {
            name: p.name(),
            category: p.category(),
            description: p.description(),
            granted: has.has(*p),
            source: has.has(*p).then_some("role"),
        });
        let channels = rows::standings(look, user)?.into_iter().map(|(id, channel_name, standing)| ChannelStanding {
            channel_id: ChannelId::from_uuid(id),
            channel_name,
            standing,
        });
        Ok(EffectivePermissions {
            user_id: user,
            active,
            role: RoleName { id: stored.id, name: stored.name },
            permissions: permissions.collect(),
            channels: channels.collect(),
        })
    })
    .await
}
