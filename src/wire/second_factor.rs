//! The second factor of a sign-in.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;

/// Whether an account has one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactor {
    /// Whether signing in asks for it.
    pub enabled: bool,
    /// Whether the clinic asks it of the account's role.
    pub required: bool,
    /// Whether one was begun and not confirmed yet.
    pub pending: bool,
    /// Since when; null while there is none.
    pub confirmed_at: Option<Timestamp>,
    /// Recovery codes that are not used yet.
    pub recovery_codes_left: i64,
}

/// A factor that was begun: what an authenticator has to know, this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: String,
    /// `otpauth://totp/…`, to be drawn as a QR code.
    pub uri: String,
}

/// Recovery codes, shown this once; each is good once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Ten of them.
    pub recovery_codes: Vec<String>,
}

/// `POST /api/auth/second-factor`.
pub struct Enrol {
    /// One's own password.
    pub password: Zeroizing<String>,
}

impl Body for Enrol {
    const REFUSED: &'static [&'static str] = &["id", "userId"];
    fn read(fields: &mut Fields) -> Self {
        Self { password: Zeroizing::new(fields.text("password")) }
    }
}

/// `POST /api/auth/second-factor/confirm`.
pub struct ConfirmFactor {
    /// What the authenticator shows.
    pub code: Zeroizing<String>,
}

impl Body for ConfirmFactor {
    const REFUSED: &'static [&'static str] = &["id", "userId"];
    fn read(fields: &mut Fields) -> Self {
        Self { code: Zeroizing::new(fields.text("code")) }
    }
}

/// What changes a factor that is on: both of what a sign-in asks for.
pub struct ProveBoth {
    /// One's own password.
    pub password: Zeroizing<String>,
    /// What the authenticator shows, or a recovery code.
    pub code: Zeroizing<String>,
}

impl Body for ProveBoth {
    const REFUSED: &'static [&'static str] = &["id", "userId"];
    fn read(fields: &mut Fields) -> Self {
        Self { password: Zeroizing::new(fields.text("password")), code: Zeroizing::new(fields.text("code")) }
    }
}
