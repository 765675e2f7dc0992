//! What a change of the roles would do, before anybody does it.
//!
//! Whether it would be refused is found out by the same function that carries it out, on the facts of a reader; it
//! could still come out otherwise a moment later, and then the change itself says so.

use super::deeds::RoleDeed;
use super::model::{HIGHEST, names, without};
use super::ops::checked;
use super::rows::{self, Stored};
use crate::error::{Error, Result};
use crate::gate::{Cx, Look, Need, Permission, Permissions};
use crate::id::RoleId;
use crate::wire::roles::{ChangedMatrix, MatrixPreview, PersonPreview, RolePreview};

/// People that a preview names.
const PEOPLE_MAX: usize = 200;

/// Tries a change out.
pub async fn preview(cx: &Cx, body: ChangedMatrix) -> Result<MatrixPreview> {
    let changes = checked(&body)?;
    cx.view(RoleDeed::Preview, move |look| {
        let all = rows::all(look)?;
        let mut preview =
            MatrixPreview { roles: Vec::new(), people_count: 0, people: Vec::new(), refused: None, refusal: None };
        for (role, allows) in &changes {
            let before = all.iter().find(|stored| stored.id == *role).ok_or_else(|| Error::missing("role"))?;
            if before.allows != *allows {
                tell(look, &mut preview, before, *allows)?;
            }
        }
        if let Err(refusal) = would(look, &all, &changes) {
            (preview.refused, preview.refusal) = (Some(refusal.code()), Some(refusal.detail().to_owned()));
        }
        Ok(preview)
    })
    .await
}

fn tell(look: &mut Look<'_, '_>, preview: &mut MatrixPreview, before: &Stored, allows: Permissions) -> Result<()> {
    let (gained, lost) = (names(without(allows, before.allows)), names(without(before.allows, allows)));
    let room = PEOPLE_MAX.saturating_sub(preview.people.len());
    for (user_id, username) in rows::people(look, before.id, i64::try_from(room).unwrap_or(0))? {
        let (role, gained, lost) = (before.name.clone(), gained.clone(), lost.clone());
        preview.people.push(PersonPreview { user_id, username, role, gained, lost });
    }
    preview.people_count += before.people;
    preview.roles.push(RolePreview { id: before.id, name: before.name.clone(), gained, lost, people: before.people });
    Ok(())
}

fn would(look: &mut Look<'_, '_>, all: &[Stored], changes: &[(RoleId, Permissions)]) -> Result<()> {
    let after =
        |stored: &Stored| changes.iter().find(|(role, _)| *role == stored.id).map_or(stored.allows, |(_, to)| *to);
    for stored in all.iter().filter(|stored| after(stored) != stored.allows) {
        look.require(Need::Reshapes(Some(stored.id), after(stored)))?;
        if stored.name == HIGHEST {
            return Err(Error::conflict("role_fixed", "super_admin is always everything: it cannot be changed."));
        }
    }
    if !all.iter().any(|stored| stored.people > 0 && after(stored).has(Permission::RolesManage)) {
        return Err(Error::conflict(
            "last_role_manager",
            "Nobody could change roles any more: give roles.manage to another role first.",
        ));
    }
    Ok(())
}
