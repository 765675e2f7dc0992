//! What can be done about being signed in.

use crate::gate::{ByKey, Deed, Need, Trail};
use crate::id::UserId;

pub(super) enum AuthDeed {
    /// Look whether hashes of an older server are about.
    LookForOlderHashes,
    /// Find the account that a name stands for, to check a password against.
    FindAccount,
    /// Sign in with a password that was checked.
    LogIn { user: UserId },
    /// A sign-in that failed.
    FailToLogIn { user: Option<UserId>, why: &'static str },
    /// Store a password's hash in a stronger form, when it was just given.
    Rehash { user: UserId },
    /// Get a new token for the same session.
    Refresh,
    /// Sign out.
    LogOut,
    /// Find one's own hash, to check the current password against.
    FindOwnHash,
    /// Set somebody else's password.
    SetPassword { user: UserId },
    /// Let somebody choose a new password without the old one.
    IssueReset { user: UserId },
    /// Find whom such a leave is for.
    FindReset,
    /// A leave that is none.
    WrongReset,
    /// Choose a new password by such a leave.
    Reset { user: UserId },
    /// Begin a second factor.
    EnrolFactor { user: UserId },
    /// Turn it on, by its first code.
    ConfirmFactor { user: UserId },
    /// Get new recovery codes.
    RenewRecoveryCodes { user: UserId },
    /// End one's second factor.
    DisableFactor { user: UserId },
    /// End somebody's who has lost it.
    ResetFactor { user: UserId },
    /// See who one is and what one may do.
    LookAtOneself,
    /// Choose a new password.
    ChangePassword { user: UserId },
}

impl Deed for AuthDeed {
    fn need(&self) -> Need {
        match self {
            Self::LookForOlderHashes => Need::System,
            Self::SetPassword { user } | Self::IssueReset { user } | Self::ResetFactor { user } => Need::Manages(*user),
            // Of a reset the token is the permission: it was checked, and the deed itself uses it up.
            Self::FindAccount
            | Self::LogIn { .. }
            | Self::FailToLogIn { .. }
            | Self::Rehash { .. }
            | Self::FindReset
            | Self::WrongReset
            | Self::Reset { .. } => Need::Open,
            Self::Refresh
            | Self::LogOut
            | Self::LookAtOneself
            | Self::FindOwnHash
            | Self::EnrolFactor { .. }
            | Self::ConfirmFactor { .. }
            | Self::RenewRecoveryCodes { .. }
            | Self::DisableFactor { .. }
            | Self::ChangePassword { .. } => Need::OwnAccount,
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::Refresh
            | Self::LogOut
            | Self::FindOwnHash
            | Self::SetPassword { .. }
            | Self::IssueReset { .. }
            | Self::EnrolFactor { .. }
            | Self::ConfirmFactor { .. }
            | Self::RenewRecoveryCodes { .. }
            | Self::DisableFactor { .. }
            | Self::ResetFactor { .. }
            | Self::ChangePassword { .. } => ByKey::Never,
            _ => ByKey::AsNeeded,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::LookForOlderHashes => Trail::nothing("auth.look_for_older_hashes"),
            Self::FindAccount => Trail::nothing("auth.find_account"),
            Self::LogIn { user } => Trail::record("auth.login").with("targetUserId", *user),
            Self::FailToLogIn { user, why } => {
                let trail = Trail::record("auth.login_failed").word("reason", why);
                match user {
                    Some(user) => trail.with("targetUserId", *user),
                    None => trail,
                }
            }
            Self::Rehash { user } => Trail::record("auth.rehash").with("targetUserId", *user),
            Self::Refresh => Trail::record("auth.refresh"),
            Self::LogOut => Trail::record("auth.logout"),
            Self::EnrolFactor { user } => Trail::record("auth.enrol_second_factor").with("targetUserId", *user),
            Self::ConfirmFactor { user } => Trail::record("auth.confirm_second_factor").with("targetUserId", *user),
            Self::RenewRecoveryCodes { user } => Trail::record("auth.renew_recovery_codes").with("targetUserId", *user),
            Self::DisableFactor { user } => Trail::record("auth.disable_second_factor").with("targetUserId", *user),
            Self::ResetFactor { user } => Trail::record("auth.reset_second_factor").with("targetUserId", *user),
            Self::LookAtOneself => Trail::nothing("auth.look_at_oneself"),
            Self::FindOwnHash => Trail::nothing("auth.find_own_hash"),
            Self::SetPassword { user } => Trail::record("auth.set_password").with("targetUserId", *user),
            Self::IssueReset { user } => Trail::record("auth.issue_reset").with("targetUserId", *user),
            Self::FindReset => Trail::nothing("auth.find_reset"),
            Self::WrongReset => Trail::record("auth.wrong_reset_token"),
            Self::Reset { user } => Trail::record("auth.reset_password").with("targetUserId", *user),
            Self::ChangePassword { user } => Trail::record("auth.change_password").with("targetUserId", *user),
        }
    }
}
