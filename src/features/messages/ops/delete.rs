//! Taking a message away. The row stays, and the sealed body in it, until retention removes both; nobody is shown it.

use super::Receipt;
use super::change::{Prepared, paced};
use super::read::{find, gone, missing, veiled};
use super::withdraw::{Withdrawal, retract};
use crate::error::Result;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::rows;
use crate::features::{Expected, Means};
use crate::gate::{Act, Cx};
use crate::id::MessageId;

/// Deletes a message: one's own, or, for those who may, another's. Its version is its `rev`.
pub async fn delete(cx: &Cx, means: &Means, message: MessageId, expected: Expected) -> Result<()> {
    let Prepared { deed, work } = prepare(cx, means, message, expected).await?;
    cx.act(deed, work).await.map(drop).map_err(veiled)
}

pub(super) async fn prepare(
    cx: &Cx,
    means: &Means,
    message: MessageId,
    expected: Expected,
) -> Result<Prepared<impl FnOnce(&mut Act<'_, '_>) -> Result<Receipt> + Send + 'static>> {
    let user = paced(cx, means)?;
    let place = find(cx, message).await?;
    let work = move |act: &mut Act<'_, '_>| {
        let stored = rows::current(act, message)?.ok_or_else(missing)?;
        if stored.deleted {
            return Err(gone());
        }
        expected.check(stored.rev)?;
        let (seq, at) = (stored.seq, act.now());
        let rev = retract(act, stored, Withdrawal::Kept)?;
        Ok(Receipt { message, seq, rev, at, phi: None })
    };
    Ok(Prepared { deed: MessageDeed::Delete { place, own: place.sender == user }, work })
}
