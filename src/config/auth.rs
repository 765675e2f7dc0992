//! Signing in.

use std::time::Duration;

use super::Secret;
use super::kind::Kind;
use super::setting::Setting;

/// Signing in.
#[derive(Debug, Clone)]
pub struct Auth {
    /// `JWT_SECRET`, at least 32 bytes; generated and kept when unset.
    pub jwt_secret: Option<Secret>,
    /// `JWT_EXPIRES_IN`.
    pub token_lives: Duration,
    /// `AUTHENTICATE_USERS`; `false` is honoured with `NODE_ENV=development` on loopback only.
    pub authenticate_users: bool,
}

impl Default for Auth {
    fn default() -> Self {
        Self { jwt_secret: None, token_lives: Duration::from_hours(24), authenticate_users: true }
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "JWT_SECRET",
        section: "auth",
        key: "jwt_secret",
        kind: Kind::Secret { bytes_min: 32 },
        at: |c| &mut c.auth.jwt_secret,
        unset: "generated and kept in the database",
        common: false,
        doc: "Signs the tokens that clients hold. Changing it signs everybody out. At least 32 bytes (RFC 7518, section 3.2).",
    },
    Setting {
        name: "JWT_EXPIRES_IN",
        section: "auth",
        key: "jwt_expires_in",
        kind: Kind::Span { min: Duration::from_mins(1), max: Duration::from_hours(30 * 24) },
        at: |c| &mut c.auth.token_lives,
        unset: "",
        common: false,
        doc: "How long a token lives before it must be refreshed.",
    },
    Setting {
        name: "AUTHENTICATE_USERS",
        section: "auth",
        key: "authenticate_users",
        kind: Kind::Flag,
        at: |c| &mut c.auth.authenticate_users,
        unset: "",
        common: false,
        doc: "false lets everybody in without signing in. It is refused unless NODE_ENV=development and every BIND_ADDRESS is this machine itself (127.0.0.1, ::1).",
    },
];
