//! What can be done with templates.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::TemplateId;

pub(super) enum TemplateDeed {
    /// Look through them, or for one.
    List,
    /// Add one.
    Add { template: TemplateId },
    /// Change one.
    Change { template: TemplateId },
    /// Remove one.
    Remove { template: TemplateId },
}

impl Deed for TemplateDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::SignedIn,
            Self::Add { .. } | Self::Change { .. } | Self::Remove { .. } => Need::Holds(Permission::SettingsManage),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("templates.list"),
            Self::Add { template } => Trail::record("templates.add").with("templateId", *template),
            Self::Change { template } => Trail::record("templates.change").with("templateId", *template),
            Self::Remove { template } => Trail::record("templates.remove").with("templateId", *template),
        }
    }
}
