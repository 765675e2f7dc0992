//! Looking at the list and changing it.

use uuid::Uuid;

use super::current::Current;
use super::deeds::BlockDeed;
use super::model::{BLOCKS_MAX, Draft};
use super::rows;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Gate};
use crate::hub::Close;
use crate::id::{BlockId, Id};
use crate::wire::blocks::{Block, NewBlock};

/// The address was blocked.
const BLOCKED: Close = Close { code: 4005, reason: "disconnected by an administrator" };

/// Entries, newest first, a page at a time; the cursor is an id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Block>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let field = if back { "after" } else { "before" };
    let from = match page.after.or(page.before) {
        None => BlockId::from_uuid(Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field(field, "must be a cursor that this list gave"))?,
    };
    let now = cx.now();
    let rows = cx.view(BlockDeed::List, move |look| rows::list(look, from, back, limit)).await?;
    let mut page = Paged::of(rows, limit, |block| block.id.to_string());
    // What is over keeps nobody out; its row goes with the next one that comes.
    page.rows.retain(|block| block.ends_at.is_none_or(|until| now < until));
    Ok(page)
}

/// Keeps an address or a network out from now on, and ends what is connected from there.
pub async fn block(cx: &Cx, gate: &Gate, means: &Means, body: NewBlock) -> Result<Block> {
    let draft = Draft::parse(&body)?;
    let network = draft.network;
    let block = cx.new_id();
    let minutes = body.minutes;
    let deed = || BlockDeed::Add { block, network: network.network(), prefix: network.prefix_len(), minutes };
    // Who may not do this is told so before anything else.
    cx.permit(deed()).await?;
    if !body.confirm && cx.peer().ip.is_some_and(|own| network.contains(&own.to_canonical())) {
        return Err(Error::conflict(
            "blocks_yourself",
            "This would keep you out too, at once: say \"confirm\": true if that is meant.",
        ));
    }
    let made = cx
        .act(deed(), move |act| {
            if rows::count(act)? >= BLOCKS_MAX {
                let detail = format!("There are {BLOCKS_MAX} blocked addresses already: take some off the list.");
                return Err(Error::conflict("blocks_full", detail));
            }
            let by = act.user()?;
            rows::insert(act, block, &draft, by)?;
            for socket in act.connected_from(|ip| network.contains(&ip)) {
                act.disconnect(socket, BLOCKED);
            }
            rows::show(act, block)?.ok_or_else(|| Error::internal("a new block cannot be read back"))
        })
        .await?;
    load(&gate.system(), &means.blocks).await?;
    Ok(made)
}

/// Lets them in again.
pub async fn unblock(cx: &Cx, gate: &Gate, means: &Means, block: BlockId) -> Result<()> {
    cx.act(BlockDeed::Remove { block }, move |act| {
        if rows::delete(act, block)? { Ok(()) } else { Err(Error::missing("blocked address")) }
    })
    .await?;
    load(&gate.system(), &means.blocks).await
}

/// Reads what is stored and puts it in force.
pub async fn load(system: &Cx, current: &Current) -> Result<()> {
    let _one_at_a_time = current.reading.lock().await;
    current.keep(system.view(BlockDeed::Load, rows::in_force).await?);
    Ok(())
}
