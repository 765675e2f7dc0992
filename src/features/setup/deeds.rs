//! What can be done before anyone is there to do it.

use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::UserId;

pub(super) enum SetupDeed {
    /// Find out whether there is an administrator.
    Look,
    /// Make the first one, with the code.
    WithCode { user: UserId },
    /// Make the first one, because the configuration says so.
    Unattended { user: UserId },
    /// A wrong code.
    WrongCode,
    /// See which steps were taken; the code was checked.
    SeeSteps,
    /// Choose language, name and time zone; the code was checked.
    Clinic,
    /// See who is let in and what the server is called.
    SeeSite { by_code: bool },
    /// Let others in, on trial.
    TryNetworks { by_code: bool },
    /// Keep what is on trial.
    ConfirmNetworks { by_code: bool },
    /// Call the server by other names.
    CallHosts { by_code: bool },
    /// See whether there is a recovery key.
    SeeRecoveryKey,
    /// Make one.
    MakeRecoveryKey,
    /// Say that somebody has it.
    ConfirmRecoveryKey,
}

impl Deed for SetupDeed {
    fn need(&self) -> Need {
        match self {
            Self::Look | Self::Unattended { .. } => Need::System,
            // The code is the permission; it was checked, and the deed itself checks that nobody was faster.
            Self::WithCode { .. }
            | Self::WrongCode
            | Self::SeeSteps
            | Self::Clinic
            | Self::SeeSite { by_code: true }
            | Self::TryNetworks { by_code: true }
            | Self::ConfirmNetworks { by_code: true }
            | Self::CallHosts { by_code: true } => Need::Open,
            Self::SeeSite { .. } => Need::Holds(Permission::SettingsRead),
            Self::TryNetworks { .. } | Self::ConfirmNetworks { .. } | Self::CallHosts { .. } => {
                Need::Holds(Permission::SettingsManage)
            }
            Self::SeeRecoveryKey | Self::MakeRecoveryKey | Self::ConfirmRecoveryKey => {
                Need::Holds(Permission::SystemManage)
            }
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::MakeRecoveryKey | Self::ConfirmRecoveryKey => ByKey::Never,
            _ => ByKey::AsNeeded,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Look => Trail::nothing("setup.look"),
            Self::WithCode { user } => {
                Trail::record("setup.first_admin").with("targetUserId", *user).word("by", "code")
            }
            Self::Unattended { user } => {
                Trail::record("setup.first_admin").with("targetUserId", *user).word("by", "configuration")
            }
            Self::WrongCode => Trail::record("setup.wrong_code"),
            Self::SeeSteps => Trail::nothing("setup.steps"),
            Self::Clinic => Trail::record("setup.clinic"),
            Self::SeeSite { .. } => Trail::nothing("site.show"),
            Self::TryNetworks { by_code } => Trail::record("site.try_networks").flag("byCode", *by_code),
            Self::ConfirmNetworks { by_code } => Trail::record("site.confirm_networks").flag("byCode", *by_code),
            Self::CallHosts { by_code } => Trail::record("site.call_hosts").flag("byCode", *by_code),
            Self::SeeRecoveryKey => Trail::nothing("keys.show_recovery"),
            Self::MakeRecoveryKey => Trail::record("keys.make_recovery"),
            Self::ConfirmRecoveryKey => Trail::record("keys.confirm_recovery"),
        }
    }
}
