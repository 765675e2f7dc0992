//! Roles and what they allow.

use crate::error::Result;
use crate::features::roles;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete, get, post, put};
use crate::id::RoleId;
use crate::wire::auth::Success;
use crate::wire::roles::{
    ChangedMatrix, ChangedRole, EffectivePermissions, Matrix, MatrixPreview, NewRole, PermissionShown, Role,
};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/permissions", "Everything that a role can allow.").gives::<Vec<PermissionShown>>(),
        get("/api/roles", "The roles, the built-in ones first.").gives::<Vec<Role>>(),
        post("/api/roles", "Makes a role.").takes::<NewRole>().makes::<Role>().versioned(),
        get("/api/roles/matrix", "All roles against all permissions.").gives::<Matrix>().versioned(),
        put("/api/roles/matrix", "Changes what several roles allow: all of it or nothing.")
            .takes::<ChangedMatrix>()
            .gives::<Matrix>()
            .versioned(),
        post("/api/roles/matrix/preview", "What such a change would do, and to whom; nothing is changed.")
            .takes::<ChangedMatrix>()
            .gives::<MatrixPreview>(),
        get("/api/roles/{id}", "One role.").gives::<Role>().versioned(),
        put("/api/roles/{id}", "Changes a role.").takes::<ChangedRole>().gives::<Role>().versioned(),
        delete("/api/roles/{id}", "Deletes a role of the clinic's own.")
            .query("reassignTo", Query::Id, "The role that those get who have it; needed where there are any.")
            .gives::<Success>()
            .fails(&[412]),
        get("/api/users/{id}/effective-permissions", "What an account may do now, and why.")
            .gives::<EffectivePermissions>(),
    ]
}

pub(in crate::http) async fn permissions(call: Call) -> Result<Answer> {
    Answer::ok(&roles::permissions(&call.cx).await?)
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    Answer::ok(&roles::list(&call.cx).await?)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Ok(Answer::versioned(&roles::create(&call.cx, call.body()?).await?)?.made())
}

pub(in crate::http) async fn matrix(call: Call) -> Result<Answer> {
    Answer::versioned(&roles::matrix(&call.cx).await?)
}

pub(in crate::http) async fn reshape(call: Call) -> Result<Answer> {
    Answer::versioned(&roles::reshape(&call.cx, call.expected()?, call.body()?).await?)
}

pub(in crate::http) async fn preview(call: Call) -> Result<Answer> {
    Answer::ok(&roles::preview(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::versioned(&roles::show(&call.cx, role(&call)?).await?)
}

pub(in crate::http) async fn change(call: Call) -> Result<Answer> {
    Answer::versioned(&roles::change(&call.cx, role(&call)?, call.expected()?, call.body()?).await?)
}

pub(in crate::http) async fn remove(call: Call) -> Result<Answer> {
    roles::remove(&call.cx, role(&call)?, call.expected()?, call.query_id("reassignTo")?).await?;
    Answer::ok(&Success::because("The role is deleted."))
}

pub(in crate::http) async fn effective(call: Call) -> Result<Answer> {
    Answer::ok(&roles::effective(&call.cx, call.id("id", "user")?).await?)
}

fn role(call: &Call) -> Result<RoleId> {
    call.id("id", "role")
}
