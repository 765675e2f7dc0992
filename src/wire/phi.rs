//! Texts that are looked at before they are sent.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use super::messages::Message;

/// A text to be looked at. It has no `Debug`: it may be about a patient.
pub struct PhiCheck {
    /// The text.
    pub text: Zeroizing<String>,
}

impl Body for PhiCheck {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { text: Zeroizing::new(fields.text("text")) }
    }
}

/// What a text has that can identify a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhiFindings {
    /// The kinds, each once: `ssn`, `mrn`, `dob`, `phone`, `email`, `npi`, `mbi`, `name`.
    pub kinds: Vec<&'static str>,
    /// Where they are, in the order of the text.
    pub findings: Vec<PhiFinding>,
    /// What would happen to the text if it were sent without the mark: `off`, `suggest`, `mark` or `refuse`.
    pub policy: &'static str,
}

/// One identifier. Characters are Unicode scalar values, as limits count them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhiFinding {
    /// What it is.
    pub kind: &'static str,
    /// The first character, counted from 0.
    pub start: usize,
    /// The character behind the last.
    pub end: usize,
}

/// What the sender of a message is told of it, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhiHint {
    /// What the message looks like, though its sender did not mark it.
    pub phi_suspected: Vec<&'static str>,
    /// True where the server marked it.
    #[serde(rename = "containsPHI", skip_serializing_if = "Option::is_none")]
    pub contains_phi: Option<bool>,
}

/// The answer to a post or an edit: the message, and what only its sender is told.
// It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
pub struct Posted {
    /// The message.
    #[serde(flatten)]
    pub message: Message,
    /// What it looks like, where its sender did not mark it.
    #[serde(rename = "phiSuspected", skip_serializing_if = "Option::is_none")]
    pub phi_suspected: Option<Vec<&'static str>>,
}

impl Posted {
    /// A message with what its sender is told.
    pub fn of(message: Message, hint: Option<PhiHint>) -> Self {
        Self { message, phi_suspected: hint.map(|hint| hint.phi_suspected) }
    }
}
