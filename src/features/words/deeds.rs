//! What can be done with the word filter.

use super::model::Action;
use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::WordId;

pub(super) enum WordDeed {
    /// Look through it.
    List,
    /// Add a word.
    Add { word: WordId, action: Action },
    /// Change what happens.
    Change { word: WordId, action: Action },
    /// Take a word out.
    Remove { word: WordId },
    /// Compile it.
    Compile,
}

impl Deed for WordDeed {
    fn need(&self) -> Need {
        match self {
            Self::List | Self::Add { .. } | Self::Change { .. } | Self::Remove { .. } => {
                Need::Holds(Permission::SettingsManage)
            }
            Self::Compile => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("words.list"),
            Self::Add { word, action } => {
                Trail::record("words.add").with("wordId", *word).word("action", action.name())
            }
            Self::Change { word, action } => {
                Trail::record("words.change").with("wordId", *word).word("action", action.name())
            }
            Self::Remove { word } => Trail::record("words.remove").with("wordId", *word),
            Self::Compile => Trail::nothing("words.compile"),
        }
    }
}
