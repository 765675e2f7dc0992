//! Who reacted how.

use super::read::Place;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{Id, MessageId, ReactionId, UserId};

/// Messages whose reactions are asked for at once: a page of the usual greatest length.
const AT_ONCE: usize = 200;

const OF_MANY: &str = "SELECT message_id, reaction, user_id FROM message_reactions WHERE message_id IN ( \
     $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
     $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, \
     $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, \
     $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, \
     $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100, \
     $101, $102, $103, $104, $105, $106, $107, $108, $109, $110, $111, $112, $113, $114, $115, $116, \
     $117, $118, $119, $120, $121, $122, $123, $124, $125, $126, $127, $128, $129, $130, $131, $132, \
     $133, $134, $135, $136, $137, $138, $139, $140, $141, $142, $143, $144, $145, $146, $147, $148, \
     $149, $150, $151, $152, $153, $154, $155, $156, $157, $158, $159, $160, $161, $162, $163, $164, \
     $165, $166, $167, $168, $169, $170, $171, $172, $173, $174, $175, $176, $177, $178, $179, $180, \
     $181, $182, $183, $184, $185, $186, $187, $188, $189, $190, $191, $192, $193, $194, $195, $196, \
     $197, $198, $199, $200)";
const OF_ONE: &str = "SELECT message_id, reaction, user_id FROM message_reactions WHERE message_id = $1";
const ADD: &str = "INSERT INTO message_reactions (id, message_id, user_id, reaction, created_at) \
     VALUES ($1, $2, $3, $4, $5)";
const REMOVE: &str = "DELETE FROM message_reactions WHERE message_id = $1 AND user_id = $2 AND reaction = $3";
const COUNT: &str = "UPDATE messages SET reactions = $2, rev = $3 WHERE id = $1";

/// One person's reaction to a message.
pub(in crate::features::messages) struct OneReaction {
    pub(in crate::features::messages) message: MessageId,
    pub(in crate::features::messages) reaction: String,
    pub(in crate::features::messages) user: UserId,
}

fn one(row: &Row<'_>) -> Result<OneReaction> {
    Ok(OneReaction { message: row.id(0)?, reaction: row.get(1)?, user: row.id(2)? })
}

/// All reactions to these messages, in one query for a page, in no order.
pub(in crate::features::messages) fn reactions(
    look: &mut Look<'_, '_>,
    messages: &[MessageId],
) -> Result<Vec<OneReaction>> {
    match messages {
        [] => Ok(Vec::new()),
        [message] => look.all(OF_ONE, &[id(*message)], one),
        _ => {
            let mut found = Vec::new();
            for part in messages.chunks(AT_ONCE) {
                let mut values: Vec<Param<'_>> = part.iter().map(|message| id(*message)).collect();
                values.resize(AT_ONCE, Param::Id(MessageId::from_uuid(uuid::Uuid::nil()).uuid()));
                found.extend(look.all(OF_MANY, &values, one)?);
            }
            Ok(found)
        }
    }
}

/// All reactions to a message that is to be changed.
pub(in crate::features::messages) fn reactions_to(
    act: &mut Act<'_, '_>,
    message: MessageId,
) -> Result<Vec<OneReaction>> {
    act.all(OF_ONE, &[id(message)], one)
}

pub(in crate::features::messages) fn react(
    act: &mut Act<'_, '_>,
    place: Place,
    user: UserId,
    reaction: &str,
) -> Result<()> {
    let (new, now): (ReactionId, _) = (act.new_id(), act.now());
    act.execute(ADD, &[id(new), id(place.message), id(user), Param::Text(reaction), time(now)]).map(drop)
}

pub(in crate::features::messages) fn unreact(
    act: &mut Act<'_, '_>,
    place: Place,
    user: UserId,
    reaction: &str,
) -> Result<bool> {
    Ok(act.execute(REMOVE, &[id(place.message), id(user), Param::Text(reaction)])? > 0)
}

/// Keeps with the message how many reactions there are, so that a page without any asks for none.
pub(in crate::features::messages) fn count_reactions(
    act: &mut Act<'_, '_>,
    place: Place,
    count: usize,
    rev: i64,
) -> Result<()> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    act.execute(COUNT, &[id(place.message), Param::Int(count), Param::Int(rev)]).map(drop)
}
