//! How a person wants to be told of what happens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::{Body, Change, Fields};
use crate::id::ChannelId;

/// Channels that can be muted.
const MUTED_MAX: usize = 200;

/// One person's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on a person's page")]
pub struct Preferences {
    /// Whether a notification makes a sound.
    pub sound: bool,
    /// Whether a notification may show the first words of a message; never of one that contains PHI.
    pub previews: bool,
    /// Whether only mentions and direct messages notify.
    pub mentions_only: bool,
    /// Channels that do not notify, in the order of their ids.
    pub muted_channels: Vec<ChannelId>,
    /// When nothing notifies, in the time of the device.
    pub quiet_hours: Option<QuietHours>,
    /// Whether others hear that one has read their messages.
    pub send_read_receipts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            sound: true,
            previews: false,
            mentions_only: false,
            muted_channels: Vec::new(),
            quiet_hours: None,
            send_read_receipts: true,
        }
    }
}

/// From one time of the day to another, which may be on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuietHours {
    /// As `22:00`.
    pub from: String,
    /// As `06:30`.
    pub to: String,
}

/// `PUT /api/users/:id/notification-preferences`: those to change.
pub struct ChangedPreferences {
    /// See [`Preferences`].
    pub sound: Option<bool>,
    /// See [`Preferences`].
    pub previews: Option<bool>,
    /// See [`Preferences`].
    pub mentions_only: Option<bool>,
    /// See [`Preferences`].
    pub muted_channels: Option<Vec<ChannelId>>,
    /// Null for none.
    pub quiet_hours: Change<QuietHours>,
    /// See [`Preferences`].
    pub send_read_receipts: Option<bool>,
}

impl Body for ChangedPreferences {
    const REFUSED: &'static [&'static str] = &["id", "userId", "role", "status"];
    fn read(fields: &mut Fields) -> Self {
        let quiet_hours = fields.changed_object("quietHours");
        let text = |object: &serde_json::Value, name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let read = |object: serde_json::Value| QuietHours { from: text(&object, "from"), to: text(&object, "to") };
        Self {
            sound: fields.changed_flag("sound"),
            previews: fields.changed_flag("previews"),
            mentions_only: fields.changed_flag("mentionsOnly"),
            muted_channels: fields.given_ids("mutedChannels", MUTED_MAX),
            quiet_hours: quiet_hours.map(read),
            send_read_receipts: fields.changed_flag("sendReadReceipts"),
        }
    }
}
