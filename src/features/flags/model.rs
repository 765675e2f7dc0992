//! Why a message is flagged, and what may be added.

use zeroize::Zeroizing;

/// Characters of a note.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Insults, threats.
    Abuse,
    /// Not fit for work.
    Inappropriate,
    /// Patient details that are not marked, or not needed here.
    PatientDetails,
    /// Advertising, chain letters.
    Spam,
    /// It belongs elsewhere.
    WrongChannel,
    /// The note says why.
    Other,
    /// A word of the clinic's filter; not for people to give.
    WordFilter,
}

impl Reason {
    /// What people may give, for errors and documents.
    pub const GIVEN: &'static str = "abuse, inappropriate, patient_details, spam, wrong_channel or other";

    /// The stored and shown word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abuse => "abuse",
            Self::Inappropriate => "inappropriate",
            Self::PatientDetails => "patient_details",
            Self::Spam => "spam",
            Self::WrongChannel => "wrong_channel",
            Self::Other => "other",
            Self::WordFilter => "word_filter",
        }
    }

    /// The reason of that word, among those that people may give.
    pub fn given(name: &str) -> Option<Self> {
        [Self::Abuse, Self::Inappropriate, Self::PatientDetails, Self::Spam, Self::WrongChannel, Self::Other]
            .into_iter()
            .find(|reason| reason.name() == name)
    }
}

/// What a reporter or reviewer adds. It has no `Debug`: it may be about a patient.
pub struct Note(Zeroizing<String>);

impl Note {
    /// At most 1,000 characters; nothing when it is blank.
    pub fn parse(text: Zeroizing<String>) -> Result<Option<Self>, String> {
        if text.chars().count() > NOTE_CHARS_MAX {
            return Err(format!("may have at most {NOTE_CHARS_MAX} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err("may not have control characters".to_owned());
        }
        Ok((!text.trim().is_empty()).then_some(Self(text)))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_give_the_documented_reasons_and_not_the_filter_s() {
        for name in Reason::GIVEN.split([',', ' ']).filter(|word| !word.is_empty() && *word != "or") {
            assert_eq!(Reason::given(name).map(Reason::name), Some(name));
        }
        assert_eq!(Reason::given("word_filter"), None);
    }

    #[test]
    fn a_note_is_short_and_a_blank_one_is_none() {
        let note = |text: &str| Note::parse(Zeroizing::new(text.to_owned()));
        assert!(note(&"ü".repeat(1_000)).unwrap().is_some());
        assert!(note(&"ü".repeat(1_001)).is_err());
        assert!(note("a\u{7}").is_err());
        assert!(note(" \n").unwrap().is_none());
    }
}
