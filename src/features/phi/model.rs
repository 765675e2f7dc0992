//! Kinds of identifiers, as clients and settings name them.

/// What can identify a patient (after HIPAA's list, 45 CFR 164.514(b)(2), as far as text shows it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A Social Security number.
    Ssn,
    /// A medical record number.
    Mrn,
    /// A date of birth.
    BirthDate,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A National Provider Identifier.
    Npi,
    /// A Medicare beneficiary identifier.
    Mbi,
    /// A person's name beside an identifier or a word for patients.
    Name,
}

impl Kind {
    /// Every kind, in the order in which they are named.
    pub const ALL: [Self; 8] =
        [Self::Ssn, Self::Mrn, Self::BirthDate, Self::Phone, Self::Email, Self::Npi, Self::Mbi, Self::Name];

    /// The name that travels and that settings use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ssn => "ssn",
            Self::Mrn => "mrn",
            Self::BirthDate => "dob",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Npi => "npi",
            Self::Mbi => "mbi",
            Self::Name => "name",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every kind.
    pub fn all() -> Self {
        Kind::ALL.into_iter().collect()
    }

    /// Whether `kind` is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds, in the order in which they are named.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Kind::name).collect()
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8))
    }
}
