//! What administrators and the administration do, in words, for the administration log: a deed that is listed here is
//! told there after its commit, and a refusal of one at once. The audit log in the database is the record; this is
//! what somebody reads who looks after the server.

use super::principal::Peer;
use crate::id::UserId;

/// Where it is told: a target of the log that has a file of its own.
const TARGET: &str = "admin";

macro_rules! sentences {
    ($($action:literal => $sentence:literal,)*) => {
        /// What is told of a deed; `None` of what everybody does every day.
        pub(super) fn sentence(action: &str) -> Option<&'static str> {
            match action {
                $($action => Some($sentence),)*
                _ => None,
            }
        }
    };
}

sentences! {
    "announcements.announce" => "Something was announced to everybody.",
    "announcements.withdraw" => "The announcement was withdrawn.",
    "api_keys.change" => "An API key was changed.",
    "api_keys.make" => "An API key was made.",
    "api_keys.rotate" => "An API key was replaced by a new one.",
    "api_keys.revoke" => "An API key was revoked.",
    "audit.export" => "The audit log was exported.",
    "auth.issue_reset" => "A password reset was issued.",
    "auth.set_password" => "A password was set for somebody else.",
    "auth.wrong_reset_token" => "A wrong token of a password reset was tried.",
    "backups.change_plan" => "It was changed when and where backups are made.",
    "backups.finish" => "A backup ended.",
    "backups.make" => "A backup was asked for.",
    "backups.rehearse" => "The newest backup was restored in a rehearsal.",
    "backups.remove" => "A backup was thrown away.",
    "backups.test_folder" => "A folder was tried for backups.",
    "channels.ban" => "Somebody was banned from a channel.",
    "channels.delete" => "A channel was deleted.",
    "channels.expire" => "A channel ended because its time had come.",
    "channels.mute" => "Somebody was muted in a channel.",
    "channels.restore" => "A deleted channel was put back.",
    "channels.unban" => "Somebody is no longer banned from a channel.",
    "channels.unmute" => "Somebody is no longer muted in a channel.",
    "connections.disconnect" => "A connection was cut.",
    "exports.ask" => "An export was asked for.",
    "exports.fetch" => "An export was fetched.",
    "exports.finish" => "An export ended.",
    "exports.remove" => "An export was thrown away.",
    "invitations.create" => "Somebody was invited.",
    "invitations.revoke" => "An invitation was revoked.",
    "invitations.wrong_token" => "A wrong token of an invitation was tried.",
    "phi.reveal" => "Patient details were revealed to somebody who is no member.",
    "sessions.terminate" => "Sign-ins were ended.",
    "settings.change" => "A setting was changed.",
    "settings.reset" => "A setting was put back to its default.",
    "setup.first_admin" => "The first administrator was made.",
    "setup.wrong_code" => "A wrong set-up code was tried.",
    "templates.add" => "A template was added.",
    "templates.change" => "A template was changed.",
    "templates.remove" => "A template was removed.",
    "users.change" => "An account was changed.",
    "users.create" => "An account was made.",
    "users.delete" => "An account was deleted; it can be put back for a time.",
    "users.erase" => "A deleted account was erased.",
    "users.restore" => "A deleted account was put back.",
    "words.add" => "A word was added to the filter.",
    "words.change" => "A word of the filter was changed.",
    "words.remove" => "A word was removed from the filter.",
}

/// Tells a deed that is done and on disk. `details` are the canonical ones of its row, which hold no text of anybody.
pub(super) fn tell(action: &'static str, user: Option<UserId>, peer: &Peer, details: &str) {
    let Some(sentence) = sentence(action) else { return };
    tracing::info!(
        target: TARGET,
        action,
        by = user.map(tracing::field::display),
        ip = peer.ip.map(tracing::field::display),
        details,
        "{sentence}"
    );
}

/// Tells a refusal.
pub(super) fn tell_refused(action: &'static str, user: Option<UserId>, peer: &Peer, code: &'static str) {
    if sentence(action).is_none() {
        return;
    }
    tracing::info!(
        target: TARGET,
        action,
        by = user.map(tracing::field::display),
        ip = peer.ip.map(tracing::field::display),
        refused = code,
        "It was refused."
    );
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_deed_of_the_administration_has_a_sentence_and_a_message_has_none() {
        assert_eq!(sentence("users.create"), Some("An account was made."));
        assert_eq!(sentence("messages.post"), None);
    }
}
