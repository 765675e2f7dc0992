//! Leave to make an account.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{InvitationId, UserId};

/// `POST /api/invitations`.
pub struct NewInvitation {
    /// The role of the accounts that are made by it; `user` when missing.
    pub role: Option<String>,
    /// How long it is good.
    pub expires_in_hours: Option<i64>,
    /// How many accounts it makes.
    pub uses: Option<i64>,
}

impl Body for NewInvitation {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "token", "status"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            role: fields.optional_text("role"),
            expires_in_hours: fields.optional_number("expiresInHours"),
            uses: fields.optional_number("uses"),
        }
    }
}

/// `POST /api/invitations/check`.
pub struct InvitationCheck {
    /// What was handed to whoever is invited.
    pub token: String,
}

impl Body for InvitationCheck {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { token: fields.text("token") }
    }
}

/// What an invitation tells whoever holds it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodInvitation {
    /// What the clinic is called; null until it has a name.
    pub clinic: Option<String>,
    /// The role of the account that it makes.
    pub role: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Characters that a password has at least.
    pub password_min: usize,
}

/// An invitation; never its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The role that it gives.
    pub role: String,
    /// Who made it.
    pub created_by: UserId,
    /// That person's name now.
    pub created_by_username: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many accounts it can make.
    pub uses_max: i32,
    /// How many it has made.
    pub uses: i32,
    /// When it was made worthless.
    pub revoked_at: Option<Timestamp>,
}

/// An invitation that was just made: the only time that its token is seen.
#[derive(Serialize, JsonSchema)]
pub struct IssuedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// To be handed to whoever is invited.
    pub token: String,
}
