//! Which commands somebody may give in a channel, for clients that complete them.

use super::deeds::CommandDeed;
use crate::error::Result;
use crate::features::templates;
use crate::gate::{Cx, MemberRole, Permission};
use crate::id::ChannelId;
use crate::wire::templates::Command;

/// Templates that are offered at most; there may be no more.
const TEMPLATES_MAX: u32 = 500;

/// The commands of a channel, those of the program first.
pub async fn offered(cx: &Cx, channel: ChannelId) -> Result<Vec<Command>> {
    let (writes, runs) = cx
        .view(CommandDeed::Offer { channel }, |look| {
            let standing = look.grant().standing;
            let writes = standing > Some(MemberRole::Readonly) && look.allows(Permission::MessagesSend)?;
            let runs = standing >= Some(MemberRole::Moderator) || look.allows(Permission::ChannelsManage)?;
            Ok((writes, runs))
        })
        .await?;
    let own = [
        (runs, "invite", "@NAME", "Makes somebody a member."),
        (true, "remind", "20m TEXT", "Reminds you, and nobody else."),
        (writes, "me", "TEXT", "Says what you are doing."),
    ];
    let mut commands: Vec<Command> = own
        .into_iter()
        .filter(|(may, ..)| *may)
        .map(|(_, name, usage, description)| Command {
            name: name.to_owned(),
            usage: usage.to_owned(),
            description: description.to_owned(),
            template: false,
        })
        .collect();
    if writes {
        commands.extend(templates::some(cx, TEMPLATES_MAX).await?.into_iter().map(|template| Command {
            name: template.name,
            usage: "[TEXT]".to_owned(),
            description: template.text,
            template: true,
        }));
    }
    Ok(commands)
}
