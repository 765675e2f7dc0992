//! Setting a server up, step by step, and what of it can be changed later.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::auth::ClinicShown;
use super::fields::{Body, Fields};
use crate::clock::Timestamp;

/// Rules that a list of networks may have.
const RANGES_MAX: usize = 200;
/// Names that somebody may add to the machine's own.
const NAMES_MAX: usize = 20;

/// What an unfinished set-up stands at.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupState {
    /// Of the program.
    pub version: &'static str,
    /// As far as it is known.
    pub clinic: ClinicShown,
    /// Those of the web clients.
    pub languages: [&'static str; 3],
    /// Characters of a password.
    pub password_min: usize,
    /// Who is let in.
    pub networks: Networks,
    /// What the server is called.
    pub hosts: Hosts,
    /// The steps that were taken.
    pub done: StepsDone,
}

/// Which steps of a set-up were taken.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "steps are taken in any order")]
pub struct StepsDone {
    /// A language was chosen.
    pub language: bool,
    /// The clinic has a name.
    pub clinic: bool,
    /// Networks were chosen.
    pub networks: bool,
    /// Names were chosen.
    pub hosts: bool,
}

/// Who is let in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Networks {
    /// The rules in force.
    pub ranges: Vec<String>,
    /// The networks that this machine is on.
    pub found: Vec<FoundNetwork>,
    /// The address that asks.
    pub your_address: Option<String>,
    /// False where the configuration names the rules.
    pub changeable: bool,
    /// A change that is on trial.
    pub pending: Option<Trial>,
}

/// A network that this machine is on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundNetwork {
    /// In CIDR form.
    pub range: String,
    /// `loopback`, `private` or `public`.
    pub kind: &'static str,
    /// Whether the rules in force admit all of its addresses that are known: this machine's own there.
    pub selected: bool,
    /// Whether the address that asks is in it.
    pub holds_you: bool,
}

/// A change of the networks that falls back unless it is confirmed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// The rules before.
    pub ranges: Vec<String>,
    /// When they hold again.
    pub falls_back_at: Timestamp,
}

/// What the server is called.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hosts {
    /// All names that it answers to.
    pub names: Vec<String>,
    /// All addresses.
    pub addresses: Vec<String>,
    /// Those that somebody added.
    pub extra: Vec<String>,
    /// Names that its certificate does not hold: its authority may not vouch for them.
    pub not_covered: Vec<String>,
    /// SHA-256 of the certificate that is shown.
    pub fingerprint: String,
}

/// The one-time code alone.
pub struct SetupCodeGiven {
    /// What the terminal shows.
    pub code: Zeroizing<String>,
}

impl Body for SetupCodeGiven {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { code: Zeroizing::new(fields.text("code")) }
    }
}

/// `PUT /api/setup/clinic`: what is missing stays.
pub struct SetupClinic {
    /// What the terminal shows.
    pub code: Zeroizing<String>,
    /// `en`, `es` or `ar`.
    pub language: Option<String>,
    /// What the clinic is called.
    pub name: Option<String>,
    /// A name of the IANA database.
    pub time_zone: Option<String>,
}

impl Body for SetupClinic {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self {
            code: Zeroizing::new(fields.text("code")),
            language: fields.optional_text("language"),
            name: fields.optional_text("name"),
            time_zone: fields.optional_text("timeZone"),
        }
    }
}

/// Who is to be let in.
pub struct NetworksWanted {
    /// While nobody can sign in yet.
    pub code: Option<Zeroizing<String>>,
    /// Addresses and networks, with a `!` in front to deny.
    pub ranges: Vec<String>,
    /// Whether it is known that the address which asks would be locked out.
    pub accept_lockout: bool,
}

impl Body for NetworksWanted {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self {
            code: fields.optional_text("code").map(Zeroizing::new),
            ranges: fields.texts("ranges", RANGES_MAX),
            accept_lockout: fields.flag("acceptLockout", false),
        }
    }
}

/// What the server is to be called besides its own names.
pub struct HostsWanted {
    /// While nobody can sign in yet.
    pub code: Option<Zeroizing<String>>,
    /// Names or addresses.
    pub names: Vec<String>,
}

impl Body for HostsWanted {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { code: fields.optional_text("code").map(Zeroizing::new), names: fields.texts("names", NAMES_MAX) }
    }
}

/// `POST /api/auth/password-strength`.
pub struct PasswordTried {
    /// Neither kept nor logged.
    pub password: Zeroizing<String>,
    /// Whose it would be.
    pub username: Option<String>,
}

impl Body for PasswordTried {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { password: Zeroizing::new(fields.text("password")), username: fields.optional_text("username") }
    }
}

/// How good a password is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordStrength {
    /// 0 (guessed at once) to 4 (not to be guessed).
    pub score: u8,
    /// Whether it would be taken.
    pub acceptable: bool,
    /// Why not.
    pub problem: Option<String>,
    /// Characters at least.
    pub minimum: usize,
}

/// Whether the data can be opened without this machine.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryKeyState {
    /// Whether there is a recovery key.
    pub made: bool,
    /// When it was made here; null for one that the command line made.
    pub made_at: Option<Timestamp>,
    /// When somebody typed its last letters; null until then.
    pub confirmed_at: Option<Timestamp>,
}

/// A recovery key, shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryKeyMade {
    /// To be printed and locked away.
    pub recovery_key: String,
}

/// `POST /api/system/recovery-key/confirm`.
pub struct RecoveryLetters {
    /// The last six.
    pub letters: Zeroizing<String>,
}

impl Body for RecoveryLetters {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { letters: Zeroizing::new(fields.text("letters")) }
    }
}
