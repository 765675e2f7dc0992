//! Channels and what was written in them, and the audit log.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    ACTION_CHARS_MAX, Channel, Entry, Judge, Member, Message, REACTION_CHARS_MAX, Reaction, canonical, printable,
    printable_lines, short,
};
use crate::features::users::is_unprintable;
use crate::gate::MemberRole;
use crate::takeover::older::rows::{OldChannel, OldEntry, OldMember, OldMessage, OldReaction, Words};
use crate::takeover::report::Table;

impl Judge<'_> {
    pub(in crate::takeover) fn channel(&mut self, old: OldChannel) -> Channel {
        let table = Table::Channels;
        let id = old.id;
        let name = printable(old.name.text());
        let name = name.trim();
        let name = if name.is_empty() { format!("channel-{}", short(id)) } else { name.chars().take(100).collect() };
        if name != old.name.text() {
            self.report.remark(table, id, "its name was cleaned of what cannot be shown");
        }
        let created_by = self.known(old.created_by);
        if created_by.is_none() {
            self.report.remark(table, id, "nobody is known to have created it");
        }
        let metadata = old.metadata.and_then(|words| canonical(words.text()));
        self.channels.insert(id);
        if let Some(creator) = created_by {
            self.creators.insert(id, creator);
        }
        self.report.taken(table);
        Channel {
            id,
            name,
            description: old.description.map(|words| printable_lines(words.text())),
            private: old.private,
            created_by,
            created: old.created.unwrap_or(self.now),
            active: old.active,
            archived: old.archived,
            metadata,
        }
    }

    pub(in crate::takeover) fn member(&mut self, old: &OldMember) -> Option<Member> {
        let table = Table::Members;
        if !self.channels.contains(&old.channel) || !self.users.contains(&old.user) {
            self.report.left(table, old.user, "it belongs to a channel or person that is not there");
            return None;
        }
        let told = old.role.as_ref().map_or_else(|| "member".to_owned(), |words| words.text().to_lowercase());
        let role = match told.as_str() {
            "admin" => MemberRole::Moderator,
            "read-only" | "read_only" | "viewer" => MemberRole::Readonly,
            other => MemberRole::named(other).unwrap_or_else(|| {
                self.report.remark(table, old.user, "its standing in the channel is not known here; it is a member");
                MemberRole::Member
            }),
        };
        // A channel needs somebody who can manage it, and the older server did not always say who.
        let role = if self.creators.get(&old.channel) == Some(&old.user) { MemberRole::Owner } else { role };
        if role == MemberRole::Owner {
            self.owned.insert(old.channel);
        }
        self.report.taken(table);
        let joined = old.joined.unwrap_or(self.now);
        Some(Member { channel: old.channel, user: old.user, role, joined, last_read: old.last_read })
    }

    /// Remarks on the channels that have nobody to manage them.
    pub(in crate::takeover) fn members_done(&mut self) {
        let mut ownerless: Vec<Uuid> = self.channels.difference(&self.owned).copied().collect();
        ownerless.sort();
        for channel in ownerless {
            let what = "it has no owner; whoever manages channels can name one";
            self.report.remark(Table::Channels, channel, what);
        }
    }

    pub(in crate::takeover) fn message(&mut self, old: OldMessage) -> Option<Message> {
        let table = Table::Messages;
        let id = old.id;
        let Some(channel) = old.channel.filter(|channel| self.channels.contains(channel)) else {
            self.report.left(table, id, "its channel is not there");
            return None;
        };
        let words = match &old.sealed {
            None => old.text.clone(),
            Some(sealed) => {
                let Some(opened) = self.opener.as_mut().and_then(|opener| opener.open(sealed)) else {
                    self.report.unopened += 1;
                    self.report.left(table, id, "it is sealed and the key does not open it");
                    return None;
                };
                Words::opened(&opened)
            }
        };
        if words.is_mended() {
            self.report.remark(table, id, "characters that were no text were replaced");
        }
        let sender = self.known(old.sender).unwrap_or_else(|| {
            self.report.remark(table, id, "its sender is not known; it stands under a closed account made for that");
            self.stands_in = true;
            self.nobody
        });
        if old.at.is_none() {
            self.report.remark(table, id, "it has no time and stands before all others");
        }
        let metadata = old.metadata.as_ref().and_then(|words| serde_json::from_str(words.text()).ok());
        self.messages.insert(id);
        self.report.taken(table);
        Some(Message {
            id,
            channel,
            sender,
            text: Zeroizing::new(words.text().to_owned()),
            at: old.at.unwrap_or(0),
            edited: old.edited,
            deleted: old.deleted,
            deleted_at: old.deleted_at,
            deleted_by: self.known(old.deleted_by),
            flagged: old.flagged,
            flag_reason: old.flag_reason.map(|words| Zeroizing::new(words.text().to_owned())),
            flagged_by: self.known(old.flagged_by),
            flagged_at: old.flagged_at,
            metadata: metadata.filter(|value: &Value| !value.is_null()),
            // The older server sealed what was marked, so what is sealed was.
            phi: old.phi || old.sealed.is_some(),
        })
    }

    pub(in crate::takeover) fn reaction(&mut self, old: &OldReaction) -> Option<Reaction> {
        let table = Table::Reactions;
        let (Some(message), Some(user)) =
            (old.message.filter(|message| self.messages.contains(message)), self.known(old.user))
        else {
            self.report.left(table, old.id, "it belongs to a message or person that is not there");
            return None;
        };
        let text = old.reaction.text();
        if old.reaction.is_mended()
            || text.is_empty()
            || text.chars().count() > REACTION_CHARS_MAX
            || text.chars().any(is_unprintable)
        {
            self.report.left(table, old.id, "it is no reaction");
            return None;
        }
        if self.reacted.0 != Some(message) {
            self.reacted = (Some(message), HashSet::new());
        }
        if !self.reacted.1.insert((user, text.to_owned())) {
            self.report.left(table, old.id, "the same person left the same reaction before");
            return None;
        }
        self.report.taken(table);
        let created = old.created.unwrap_or(self.now);
        Some(Reaction { id: old.id, message, user, text: text.to_owned(), created })
    }

    pub(in crate::takeover) fn entry(&mut self, old: OldEntry) -> Entry {
        let table = Table::Audit;
        let user = self.known(old.user);
        if user.is_none() && old.user.is_some() {
            self.report.remark(table, old.id, "whom it is about is not there");
        }
        self.report.taken(table);
        let action: String = printable(old.action.text()).chars().take(ACTION_CHARS_MAX).collect();
        Entry {
            id: old.id,
            user,
            action,
            details: old.details.and_then(|words| canonical(words.text())),
            ip: old.ip,
            agent: old.agent.map(|words| printable(words.text())),
            at: old.at.unwrap_or(0),
        }
    }
}
