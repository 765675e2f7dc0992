//! Whether a message that is not marked looks like patient details, and what the clinic wants done about it.
//!
//! It is looked at on the sender's own task, before anything is sealed or queued. Nobody but the sender hears of it.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::features::Means;
use crate::features::phi::{Detector, Kinds};
use crate::features::settings::{Clinic, PhiPolicy};
use crate::gate::Cx;
use crate::wire::phi::PhiHint;

const YEAR_MICROS: i64 = 31_556_952_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// What looking at a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspicion {
    kinds: Kinds,
    policy: PhiPolicy,
}

impl Default for Suspicion {
    fn default() -> Self {
        Self { kinds: Kinds::NONE, policy: PhiPolicy::Off }
    }
}

impl Suspicion {
    /// Whether the message is marked for its sender, who did not mark it.
    ///
    /// # Errors
    /// Invalid `phi_unmarked`, which names the kinds, where the clinic refuses such messages.
    pub(super) fn marks(self) -> Result<bool> {
        if self.kinds.is_empty() {
            return Ok(false);
        }
        match self.policy {
            PhiPolicy::Off | PhiPolicy::Suggest => Ok(false),
            PhiPolicy::Mark => Ok(true),
            PhiPolicy::Refuse => {
                let kinds = self.kinds.names().join(", ");
                let detail = format!("This looks like patient details ({kinds}): mark it as such, or leave them out.");
                Err(Error::invalid("phi_unmarked", detail))
            }
        }
    }

    /// What its sender is told, if there is anything to tell.
    pub(super) fn hint(self) -> Option<PhiHint> {
        let marked = self.policy == PhiPolicy::Mark;
        (!self.kinds.is_empty())
            .then(|| PhiHint { phi_suspected: self.kinds.names(), contains_phi: marked.then_some(true) })
    }
}

/// Looks at a message that its sender did not mark.
pub(super) fn suspect(cx: &Cx, means: &Means, text: &str, metadata: Option<&Value>) -> Suspicion {
    let clinic = means.clinic.now();
    if clinic.phi_policy == PhiPolicy::Off || clinic.phi_kinds.is_empty() {
        return Suspicion::default();
    }
    let (detector, year) = (detector(&clinic), this_year(cx));
    let mut kinds = detector.kinds(text, year);
    if let Some(metadata) = metadata {
        look_into(metadata, &mut |text| kinds = kinds.with(detector.kinds(text, year)));
    }
    Suspicion { kinds, policy: clinic.phi_policy }
}

/// What the clinic looks for.
pub(super) fn detector(clinic: &Clinic) -> Detector {
    Detector::new(clinic.phi_kinds, clinic.phi_record_numbers.patterns())
}

/// The year in which a child born now is born; on its last day the next one too, for those who are ahead of UTC.
pub(super) fn this_year(cx: &Cx) -> i64 {
    1970 + (cx.now().micros() + DAY_MICROS) / YEAR_MICROS
}

/// Every text in a message's metadata is read by people too.
fn look_into(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(values) => values.iter().for_each(|value| look_into(value, look)),
        Value::Object(values) => values.values().for_each(|value| look_into(value, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
