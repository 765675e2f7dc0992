//! Which commands somebody may give in a channel, for clients that complete them.

use super::deeds::CommandDeed;
use super::model;
use crate::error::Result;
use crate::features::templates;
use crate::gate::{ChannelKind, Cx, MemberRole, Permission};
use crate::id::ChannelId;
use crate::wire::templates::Command;

/// Templates that are offered at most; there may be no more.
const TEMPLATES_MAX: u32 = 500;

/// What somebody may do in a channel.
#[expect(clippy::struct_excessive_bools, reason = "one for each kind of command")]
struct May {
    write: bool,
    run: bool,
    invite: bool,
    mute: bool,
}

/// The commands of a channel, those of the program first.
pub async fn offered(cx: &Cx, channel: ChannelId) -> Result<Vec<Command>> {
    let may = cx
        .view(CommandDeed::Offer { channel }, move |look| {
            let standing = look.grant().standing;
            let kind = look.channel_fact(channel)?.map_or(ChannelKind::Channel, |fact| fact.kind);
            // No role reaches into a conversation.
            let reached = kind == ChannelKind::Channel;
            let runs = standing >= Some(MemberRole::Moderator) || reached && look.allows(Permission::ChannelsManage)?;
            Ok(May {
                write: standing > Some(MemberRole::Readonly) && look.allows(Permission::MessagesSend)?,
                run: runs,
                invite: runs && kind != ChannelKind::Direct,
                mute: runs || reached && look.allows(Permission::ChannelsMute)?,
            })
        })
        .await?;
    let own = [
        (may.run, "topic", model::TOPIC, "Says what the channel is talking about."),
        (may.invite, "invite", model::INVITE, "Makes somebody a member."),
        (may.mute, "mute", model::MUTE, "Keeps a member from writing, for a time or until it is lifted."),
        (true, "remind", model::REMIND, "Reminds you, and nobody else."),
        (may.write, "me", model::ME, "Says what you are doing."),
    ];
    let mut commands: Vec<Command> = own
        .into_iter()
        .filter(|(offered, ..)| *offered)
        .map(|(_, name, usage, description)| Command {
            name: name.to_owned(),
            usage: usage.to_owned(),
            description: description.to_owned(),
            template: false,
        })
        .collect();
    if may.write {
        commands.extend(templates::some(cx, TEMPLATES_MAX).await?.into_iter().map(|template| Command {
            name: template.name,
            usage: "[TEXT]".to_owned(),
            description: template.text,
            template: true,
        }));
    }
    Ok(commands)
}
