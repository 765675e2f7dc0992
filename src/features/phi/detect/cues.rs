//! Words that say what stands beside them. Few, and those that clinics write; a cue alone is never an identifier.

use super::text::Text;

/// What a word hints at; a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cue(u16);

impl Cue {
    pub(super) const NONE: Self = Self(0);
    pub(super) const SSN: Self = Self(1);
    pub(super) const MRN: Self = Self(1 << 1);
    pub(super) const BIRTH: Self = Self(1 << 2);
    pub(super) const PHONE: Self = Self(1 << 3);
    pub(super) const NPI: Self = Self(1 << 4);
    /// A person is a patient: "patient", "pt", "resident".
    pub(super) const PATIENT: Self = Self(1 << 5);
    /// A title that patients are spoken of with.
    pub(super) const TITLE: Self = Self(1 << 6);
    /// A title or a trade of those who work in the clinic.
    pub(super) const STAFF: Self = Self(1 << 7);
    /// The name of a month.
    pub(super) const MONTH: Self = Self(1 << 8);
    /// A common word that is no part of a name, however it is written.
    pub(super) const PLAIN: Self = Self(1 << 9);
    /// A word that stands between a cue and its number: "is", "no".
    pub(super) const FILLER: Self = Self(1 << 10);
    /// "name".
    pub(super) const NAME: Self = Self(1 << 11);
    /// "chart" and the like, which have other uses too.
    pub(super) const CHART: Self = Self(1 << 12);
    /// Those that a number may hang on by a dash, as in "SSN-123".
    pub(super) const NAMES_A_NUMBER: Self =
        Self::SSN.or(Self::MRN).or(Self::BIRTH).or(Self::PHONE).or(Self::NPI).or(Self::PATIENT).or(Self::FILLER);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

const WORD_BYTES_MAX: usize = 24;

/// What one word hints at, without regard to case.
pub(super) fn of(word: &str) -> Cue {
    let mut small = [0; WORD_BYTES_MAX];
    if word.is_ascii() {
        let Some(small) = small.get_mut(..word.len()) else { return Cue::NONE };
        small.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        return std::str::from_utf8(small).map_or(Cue::NONE, lower);
    }
    if word.len() > WORD_BYTES_MAX { Cue::NONE } else { lower(&word.to_lowercase()) }
}

fn lower(word: &str) -> Cue {
    match word {
        "ssn" | "ssns" | "socsec" | "soc" | "ss" => Cue::SSN,
        "mrn" | "mrns" | "mrno" => Cue::MRN,
        "chart" | "record" | "emr" | "ehr" | "akte" | "dossier" | "expediente" => Cue::CHART.or(Cue::PLAIN),
        "dob" | "birth" | "birthdate" | "birthday" | "born" | "bday" | "geb" | "geboren" | "geburtsdatum"
        | "nacimiento" | "nacido" | "nacida" | "né" | "née" | "naissance" | "fødselsdato" => {
            Cue::BIRTH.or(Cue::PLAIN)
        }
        "phone" | "telephone" | "tel" | "cell" | "cellphone" | "mobile" | "fax" | "call" | "ph" | "reach"
        | "reached" | "callback" | "text" | "voicemail" | "telefon" | "teléfono" | "téléphone" | "handy"
        | "landline" => Cue::PHONE.or(Cue::PLAIN),
        "npi" => Cue::NPI,
        "provider" | "prescriber" => Cue::NPI.or(Cue::STAFF),
        "patient" | "patients" | "pt" | "pts" | "pat" | "resident" | "patientin" | "paciente" | "patient's"
        | "patient’s" | "pt's" | "pt’s" => Cue::PATIENT.or(Cue::PLAIN),
        "mr" | "mrs" | "ms" | "miss" | "mx" | "herr" | "frau" | "señor" | "señora" | "sr" | "sra" | "mme"
        | "madame" | "monsieur" => Cue::TITLE.or(Cue::PLAIN),
        "dr" | "doctor" | "prof" | "professor" | "nurse" | "rn" | "md" | "np" | "pa" | "lpn" | "dds" | "pharmd"
        | "physician" | "surgeon" | "therapist" | "pharmacist" | "technician" | "attending" | "receptionist"
        | "coordinator" | "sister" | "vendor" | "rep" | "technologist" => Cue::STAFF.or(Cue::PLAIN),
        "name" | "named" | "names" | "nombre" | "nom" => Cue::NAME.or(Cue::PLAIN),
        "january" | "february" | "march" | "april" | "may" | "june" | "july" | "august" | "september" | "october"
        | "november" | "december" | "jan" | "feb" | "mar" | "apr" | "jun" | "jul" | "aug" | "sep" | "sept" | "oct"
        | "nov" | "dec" | "januar" | "februar" | "märz" | "mai" | "juni" | "juli" | "oktober" | "dezember"
        | "enero" | "febrero" | "marzo" | "abril" | "mayo" | "junio" | "julio" | "agosto" | "septiembre"
        | "octubre" | "noviembre" | "diciembre" | "janvier" | "février" | "mars" | "avril" | "juin" | "juillet"
        | "août" | "septembre" | "octobre" | "novembre" | "décembre" => Cue::MONTH.or(Cue::PLAIN),
        "is" | "no" | "nr" | "number" | "num" | "id" | "the" | "her" | "his" | "their" | "was" | "as" | "new"
        | "old" | "of" | "for" | "on" | "at" | "has" | "under" | "with" | "to" | "from" | "in" | "ist" | "es"
        | "est" => Cue::FILLER.or(Cue::PLAIN),
        _ if PLAIN.binary_search(&word).is_ok() => Cue::PLAIN,
        _ => Cue::NONE,
    }
}

/// Words that begin sentences, headings and orders in a clinic, in order.
const PLAIN: &[&str] = &[
    "a",
    "abdomen",
    "about",
    "acute",
    "admin",
    "admission",
    "admit",
    "admitted",
    "after",
    "again",
    "all",
    "allergies",
    "allergy",
    "also",
    "am",
    "ambulance",
    "an",
    "and",
    "any",
    "appointment",
    "appointments",
    "are",
    "area",
    "arrived",
    "ask",
    "asked",
    "assessment",
    "back",
    "bay",
    "be",
    "bed",
    "before",
    "being",
    "bill",
    "billing",
    "blood",
    "board",
    "both",
    "bp",
    "bring",
    "building",
    "but",
    "by",
    "can",
    "cancelled",
    "card",
    "cardiology",
    "care",
    "case",
    "center",
    "central",
    "change",
    "check",
    "chest",
    "clear",
    "clinic",
    "close",
    "code",
    "complaint",
    "confirmed",
    "consent",
    "consult",
    "contact",
    "covid",
    "critical",
    "ct",
    "daily",
    "date",
    "day",
    "delivery",
    "department",
    "desk",
    "diabetes",
    "diagnosis",
    "did",
    "diet",
    "discharge",
    "discharged",
    "do",
    "does",
    "done",
    "dose",
    "due",
    "east",
    "ecg",
    "ed",
    "education",
    "ekg",
    "email",
    "emergency",
    "er",
    "every",
    "exam",
    "exit",
    "facility",
    "family",
    "fasting",
    "files",
    "first",
    "floor",
    "follow",
    "followup",
    "form",
    "forms",
    "found",
    "friday",
    "front",
    "general",
    "get",
    "give",
    "given",
    "go",
    "good",
    "group",
    "had",
    "have",
    "he",
    "health",
    "heart",
    "hello",
    "help",
    "here",
    "hi",
    "history",
    "home",
    "hospital",
    "hour",
    "how",
    "i",
    "icu",
    "if",
    "ill",
    "imaging",
    "information",
    "instructions",
    "insurance",
    "intake",
    "invoice",
    "it",
    "iv",
    "kidney",
    "lab",
    "labs",
    "last",
    "later",
    "left",
    "let",
    "letter",
    "level",
    "list",
    "liver",
    "lot",
    "lunch",
    "lung",
    "male",
    "meals",
    "medical",
    "medicare",
    "medication",
    "medications",
    "meeting",
    "meets",
    "message",
    "model",
    "monday",
    "monitor",
    "morning",
    "mri",
    "must",
    "need",
    "needs",
    "next",
    "night",
    "normal",
    "north",
    "not",
    "note",
    "notes",
    "nothing",
    "now",
    "nursing",
    "office",
    "ok",
    "one",
    "only",
    "open",
    "or",
    "order",
    "orders",
    "our",
    "out",
    "outpatient",
    "oxygen",
    "pain",
    "part",
    "pending",
    "pharmacy",
    "plan",
    "please",
    "pm",
    "policy",
    "portal",
    "post",
    "potassium",
    "prep",
    "procedure",
    "progress",
    "protocol",
    "purchase",
    "quality",
    "questions",
    "radiology",
    "ready",
    "received",
    "reception",
    "referral",
    "referred",
    "refill",
    "refills",
    "refused",
    "registration",
    "relations",
    "report",
    "reports",
    "request",
    "requests",
    "result",
    "results",
    "return",
    "review",
    "reviewed",
    "room",
    "rounds",
    "safety",
    "saturday",
    "says",
    "scan",
    "scheduled",
    "security",
    "see",
    "seen",
    "sent",
    "serial",
    "service",
    "services",
    "she",
    "shift",
    "should",
    "since",
    "social",
    "someone",
    "south",
    "specimen",
    "stable",
    "staff",
    "started",
    "status",
    "still",
    "stop",
    "street",
    "suite",
    "summary",
    "sunday",
    "supply",
    "surgery",
    "survey",
    "table",
    "team",
    "thanks",
    "that",
    "there",
    "these",
    "they",
    "this",
    "thursday",
    "ticket",
    "time",
    "today",
    "tomorrow",
    "tonight",
    "transferred",
    "transport",
    "treatment",
    "tuesday",
    "two",
    "unit",
    "until",
    "up",
    "update",
    "urgent",
    "use",
    "vaccine",
    "very",
    "visit",
    "visits",
    "vitals",
    "wait",
    "waiting",
    "wants",
    "ward",
    "we",
    "wednesday",
    "west",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "wing",
    "work",
    "would",
    "wound",
    "x",
    "xray",
    "yes",
    "yesterday",
    "you",
    "your",
];

/// Cues of more than one word, and those written with full stops between their letters.
pub(super) fn join(text: &mut Text<'_>) {
    const WORDS: &[(&[&str], Cue)] = &[
        (&["social", "security"], Cue::SSN),
        (&["s", "s", "n"], Cue::SSN),
        (&["d", "o", "b"], Cue::BIRTH),
        (&["m", "r", "n"], Cue::MRN),
        (&["medical", "record"], Cue::MRN),
        (&["record", "number"], Cue::MRN),
        (&["record", "no"], Cue::MRN),
        (&["chart", "number"], Cue::MRN),
        (&["chart", "no"], Cue::MRN),
        (&["hospital", "number"], Cue::MRN),
        (&["hospital", "no"], Cue::MRN),
        (&["hospital", "id"], Cue::MRN),
        (&["patient", "id"], Cue::MRN),
        (&["patient", "identifier"], Cue::MRN),
        (&["patient", "number"], Cue::MRN),
        (&["patient", "no"], Cue::MRN),
        (&["pt", "id"], Cue::MRN),
        (&["pt", "number"], Cue::MRN),
        (&["pt", "no"], Cue::MRN),
        (&["mr", "no"], Cue::MRN),
        (&["mr", "number"], Cue::MRN),
        (&["provider", "identifier"], Cue::NPI),
    ];
    for at in 0..text.len() {
        // Most words begin none of these.
        if !text
            .piece(at)
            .starts_with(|c: char| matches!(c.to_ascii_lowercase(), 'c' | 'd' | 'h' | 'm' | 'p' | 'r' | 's'))
        {
            continue;
        }
        for (words, cue) in WORDS {
            let last = at + words.len() - 1;
            let here = words.iter().enumerate().all(|(n, word)| text.piece(at + n).eq_ignore_ascii_case(word));
            if last < text.len() && here && (at + 1..=last).all(|n| super::text::only(text.gap(n), 2, is_seam)) {
                text.pieces[last].cue = text.pieces[last].cue.or(*cue);
            }
        }
        // "MR# 12345", "Patient #12345", "chart #12345".
        let hashed = text.gap(at + 1).trim_start().starts_with('#');
        let of_patient =
            ["mr", "patient", "pt", "chart", "record"].iter().any(|w| text.piece(at).eq_ignore_ascii_case(w));
        if hashed && of_patient {
            text.pieces[at].cue = text.pieces[at].cue.or(Cue::MRN);
        }
    }
}

fn is_seam(c: char) -> bool {
    matches!(c, ' ' | '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_plain_words_is_in_order() {
        let out: Vec<_> = PLAIN.windows(2).filter(|pair| pair[0] >= pair[1]).collect();
        assert!(out.is_empty(), "{out:?}");
    }
}
