//! What a client needs to know before it shows its first page.

use super::deeds::AuthDeed;
use crate::error::{Error, Result};
use crate::features::{Means, settings, users};
use crate::gate::{Cx, Permission, Who};
use crate::wire::auth::{ClinicShown, Me, OwnSession};

/// Who asks, what they may do now, and where they are.
pub async fn me(cx: &Cx, means: &Means) -> Result<Me> {
    let (user, permissions) = cx
        .view(AuthDeed::LookAtOneself, |look| {
            let user = look.user()?;
            let person = users::person(look, user)?.ok_or_else(|| Error::missing("user"))?;
            Ok((person, look.permissions_of(user)?.iter().map(Permission::name).collect()))
        })
        .await?;
    let session = match cx.who() {
        Who::Person(session) if session.key().is_none() => {
            Some(OwnSession { id: session.id, expires_at: session.expires() })
        }
        _ => None,
    };
    let clinic = means.clinic.now();
    Ok(Me {
        second_factor_required: clinic.second_factor_roles.has(&user.role),
        user,
        permissions,
        session,
        auto_lock_minutes: clinic.auto_lock.0,
        clinic: clinic_shown(&clinic),
        timestamp: cx.now(),
    })
}

/// What pages say of the clinic.
pub fn clinic_shown(clinic: &settings::Clinic) -> ClinicShown {
    ClinicShown {
        name: clinic.clinic_name.shown().map(str::to_owned),
        language: clinic.language.name(),
        time_zone: clinic.time_zone.name().to_owned(),
    }
}
