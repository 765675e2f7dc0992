//! Looking at a text before it is sent: nothing is stored, recorded or logged.

use crate::error::{Error, Result};
use crate::features::Means;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::suspicion::{detector, this_year};
use crate::gate::Cx;
use crate::wire::phi::{PhiCheck, PhiFinding, PhiFindings};

/// Texts of one person that are looked at in a second, sustained.
pub const CHECKS_PER_SECOND: u32 = 5;
/// The same at once.
pub const CHECKS_AT_ONCE: u32 = 20;

/// What would be found in this text, and where.
pub async fn check(cx: &Cx, means: &Means, body: PhiCheck) -> Result<PhiFindings> {
    let max = means.limits.message_chars_max;
    if body.text.len() > max && body.text.chars().count() > max {
        return Err(Error::field("text", format!("may have at most {max} characters")));
    }
    // Only who may send may ask; it is the gate's to say.
    cx.view(MessageDeed::Check, |look| look.user()).await?;
    means.checks.take(cx).map_err(|error| {
        let wait = error.retry_after().unwrap_or_default();
        Error::too_many("too_many_checks", "You are asking too fast: wait a moment.", wait)
    })?;
    let clinic = means.clinic.now();
    let found = detector(&clinic).find(&body.text, this_year(cx));
    let (mut chars, mut bytes) = (0, 0);
    let mut count_to = |end: usize| {
        chars += body.text.get(bytes..end).map_or(0, |part| part.chars().count());
        bytes = end;
        chars
    };
    let findings: Vec<_> = found
        .iter()
        .map(|finding| PhiFinding {
            kind: finding.kind.name(),
            start: count_to(finding.start),
            end: count_to(finding.end),
        })
        .collect();
    let kinds: crate::features::phi::Kinds = found.iter().map(|finding| finding.kind).collect();
    Ok(PhiFindings { kinds: kinds.names(), findings, policy: clinic.phi_policy.name() })
}
