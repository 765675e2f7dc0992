//! The kinds of value a setting can have: how each is read from text, written back, and told to a person.
//!
//! Every layer hands over text, so that `PORT=70000`, `--port 70000` and `port = 70000` are refused in the same
//! words. The words for what is allowed are made from the limits themselves and cannot drift from them.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Engine, Level, Rate, Secret, names, quantity, rates};

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A count.
    Whole {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// An amount of memory.
    Bytes {
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A length of time.
    Span {
        /// The shortest allowed.
        min: Duration,
        /// The longest allowed.
        max: Duration,
    },
    /// So many at once, and again in a time.
    Rate,
    /// Yes or no.
    Flag,
    /// One of a few words.
    OneOf(&'static [Choice]),
    /// A line of text with a rule of its own.
    Text {
        /// Gives the text back as it is kept, or says what is wrong with it.
        check: fn(&str) -> Result<String, String>,
        /// The rule in words.
        allowed: &'static str,
    },
    /// A file or folder.
    Path,
    /// IP addresses.
    Addresses,
    /// IP addresses and networks.
    Networks,
    /// Networks let in and shut out.
    AllowList,
    /// Host names and addresses.
    HostNames,
    /// Web origins.
    Origins,
    /// Text that is never shown.
    Secret {
        /// How long it must be, in bytes.
        bytes_min: usize,
    },
    /// A key of 256 bits, never shown; kept as 64 hex digits whichever way it was written.
    Key,
}

/// One word of [`Kind::OneOf`].
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// Other words for the same.
    pub also: &'static [&'static str],
    /// What it means.
    pub pick: Pick,
}

/// What a word of [`Kind::OneOf`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// On or off.
    Flag(bool),
    /// How talkative the log is.
    Level(Level),
    /// Which database.
    Engine(Engine),
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A count or an amount of bytes.
    Whole(u64),
    /// A length of time.
    Span(Duration),
    /// So many at once, and again in a time.
    Rate(Rate),
    /// Yes or no, or a word.
    Pick(Pick),
    /// A line of text.
    Text(String),
    /// A file or folder.
    Path(PathBuf),
    /// IP addresses.
    Addresses(Vec<IpAddr>),
    /// IP networks.
    Networks(Vec<ipnet::IpNet>),
    /// A list of words.
    Words(Vec<String>),
    /// Never shown.
    Secret(Secret),
}

/// What stands in place of a secret.
pub const MASK: &str = "********";

impl Kind {
    /// Reads `text`. The error says what is wrong with it and, for a secret, nothing of the text itself.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        match self {
            Self::Secret { bytes_min } if text.len() < *bytes_min => {
                Err(format!("is {} bytes long; at least {bytes_min} are needed", text.len()))
            }
            Self::Secret { .. } => Ok(Value::Secret(Secret::new(text))),
            Self::Key => key_of_256_bits(text.trim()),
            _ => self.read_open(text.trim()),
        }
    }

    fn read_open(&self, text: &str) -> Result<Value, String> {
        match *self {
            Self::Whole { min, max } => {
                let count = text.parse::<u64>().map_err(|_| "is not a whole number".to_owned())?;
                within(count, min, max, |n| n.to_string()).map(Value::Whole)
            }
            Self::Bytes { min, max } => {
                within(quantity::read_bytes(text)?, min, max, quantity::show_bytes).map(Value::Whole)
            }
            Self::Span { min, max } => {
                within(quantity::read_span(text)?, min, max, quantity::show_span).map(Value::Span)
            }
            Self::Rate => rates::read(text).map(Value::Rate),
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(Value::Pick(Pick::Flag(true))),
                "false" | "no" | "off" | "0" => Ok(Value::Pick(Pick::Flag(false))),
                _ => Err("is neither true nor false".into()),
            },
            Self::OneOf(choices) => {
                let word = text.to_ascii_lowercase();
                choices
                    .iter()
                    .find(|c| c.word == word || c.also.contains(&word.as_str()))
                    .map(|c| Value::Pick(c.pick))
                    .ok_or_else(|| "is not one of the words it may be".into())
            }
            Self::Text { check, .. } => check(text).map(Value::Text),
            Self::Path if text.contains('\0') => Err("is not a path".into()),
            Self::Path => Ok(Value::Path(PathBuf::from(text))),
            Self::Addresses => names::each(text, names::address).map(Value::Addresses),
            Self::Networks => names::each(text, names::proxy).map(Value::Networks),
            Self::AllowList => names::allow_list(text).map(Value::Words),
            Self::HostNames => names::each(text, names::host).map(Value::Words),
            Self::Origins => names::each(text, names::origin).map(Value::Words),
            Self::Secret { .. } | Self::Key => Err("cannot be read here".into()),
        }
    }

    /// Writes `value` as a person would give it; a secret as [`MASK`].
    pub fn show(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Bytes { .. }, Value::Whole(bytes)) => quantity::show_bytes(*bytes),
            (Self::OneOf(choices), Value::Pick(pick)) => {
                choices.iter().find(|c| c.pick == *pick).map(|c| c.word.to_owned()).unwrap_or_default()
            }
            (_, Value::Whole(count)) => count.to_string(),
            (_, Value::Span(span)) => quantity::show_span(*span),
            (_, Value::Rate(rate)) => rate.to_string(),
            (_, Value::Pick(pick)) => match pick {
                Pick::Flag(on) => on.to_string(),
                Pick::Level(level) => format!("{level:?}").to_ascii_lowercase(),
                Pick::Engine(engine) => format!("{engine:?}").to_ascii_lowercase(),
            },
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Path(path)) => path.display().to_string(),
            (_, Value::Addresses(list)) => joined(list),
            (_, Value::Networks(list)) => joined(list),
            (_, Value::Words(list)) => list.join(","),
            (_, Value::Secret(_)) => MASK.to_owned(),
        }
    }

    /// What is allowed, in words that can follow "allowed: ".
    pub fn allowed(&self) -> String {
        match self {
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Bytes { min, max } => format!(
                "a size from {} to {}: bytes, or with a unit such as 64KiB or 4MiB",
                quantity::show_bytes(*min),
                quantity::show_bytes(*max)
            ),
            Self::Span { min, max } => format!(
                "a time from {} to {}: seconds, or with a unit such as 30s, 90m, 24h or 7d",
                quantity::show_span(*min),
                quantity::show_span(*max)
            ),
            Self::Rate => format!(
                "how many may come at once, from 1 to {}, and the time in which they are there again, from 1s to 24h, \
                 such as 1200/1m",
                rates::REQUESTS_MAX
            ),
            Self::Flag => "true or false".into(),
            Self::OneOf(choices) => {
                let words: Vec<&str> = choices.iter().map(|c| c.word).collect();
                let also: Vec<&str> = choices.iter().flat_map(|c| c.also).copied().collect();
                if also.is_empty() {
                    words.join(", ")
                } else {
                    format!("{} (also understood: {})", words.join(", "), also.join(", "))
                }
            }
            Self::Text { allowed, .. } => (*allowed).into(),
            Self::Path => "a path; in a configuration file, relative to the folder of that file".into(),
            Self::Addresses => "IP addresses, separated by commas, such as 192.168.1.10,::1".into(),
            Self::Networks => "IP addresses or networks, separated by commas, such as 10.0.0.5,10.1.0.0/24".into(),
            Self::AllowList => "IP addresses or networks, separated by commas; a leading ! shuts out and wins, \
                                such as 192.168.1.0/24,!192.168.1.66"
                .into(),
            Self::HostNames => "host names or IP addresses, separated by commas, such as chat.clinic.lan".into(),
            Self::Origins => "web origins, separated by commas, such as https://intranet.clinic.lan:8443; \
                              http only for localhost"
                .into(),
            Self::Secret { bytes_min: 0 | 1 } => "any text".into(),
            Self::Secret { bytes_min } => format!("any text of at least {bytes_min} bytes"),
            Self::Key => "a key of 256 bits as 64 hex digits or as base64 of 32 bytes, as `openssl rand -hex 32` \
                          prints"
                .into(),
        }
    }

    /// Whether the value must never be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret { .. } | Self::Key)
    }

    /// Whether several values may be given, separated by commas.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Addresses | Self::Networks | Self::AllowList | Self::HostNames | Self::Origins)
    }
}

impl Value {
    /// A relative path made absolute by the folder that it is relative to; anything else as it is.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        match self {
            Self::Path(path) => Self::Path(resolve(folder, &path)),
            other => other,
        }
    }
}

/// `path` as seen from `folder`, without `.` in it.
pub fn resolve(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path).components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect()
}

fn joined<T: ToString>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn within<T: PartialOrd + Copy>(value: T, min: T, max: T, show: impl Fn(T) -> String) -> Result<T, String> {
    if value < min {
        Err(format!("is below {}", show(min)))
    } else if value > max {
        Err(format!("is above {}", show(max)))
    } else {
        Ok(value)
    }
}

fn key_of_256_bits(text: &str) -> Result<Value, String> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Value::Secret(Secret::new(text.to_ascii_lowercase())));
    }
    for letters in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        if let Ok(bytes) = GeneralPurpose::new(letters, lenient).decode(text).map(zeroize::Zeroizing::new)
            && bytes.len() == 32
        {
            use std::fmt::Write as _;
            let mut hex = String::with_capacity(64);
            for byte in bytes.iter() {
                let _ = write!(hex, "{byte:02x}");
            }
            return Ok(Value::Secret(Secret::new(hex)));
        }
    }
    Err(format!("is neither 64 hex digits nor base64 of 32 bytes ({} characters were given)", text.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealed(value: Value) -> String {
        match value {
            Value::Secret(secret) => secret.reveal().to_owned(),
            other => panic!("not a secret: {other:?}"),
        }
    }

    #[test]
    fn a_key_is_the_same_whichever_way_it_is_written() {
        let hex = "fbff".repeat(16);
        let standard = "+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+/8=";
        let url_safe = "-__7__v_-__7__v_-__7__v_-__7__v_-__7__v_-_8";
        for text in [hex.clone(), hex.to_uppercase(), format!(" {hex}\n"), standard.into(), url_safe.into()] {
            assert_eq!(revealed(Kind::Key.read(&text).unwrap()), hex, "{text}");
        }
    }

    #[test]
    fn a_wrong_key_is_refused_without_being_repeated() {
        for text in ["f".repeat(63), "f".repeat(65), "g".repeat(64), "c2hvcnQ=".into(), "not a key".into()] {
            let problem = Kind::Key.read(&text).unwrap_err();
            assert!(!problem.contains(&text), "{problem}");
        }
    }

    #[test]
    fn a_secret_keeps_its_spaces_and_counts_bytes() {
        let kind = Kind::Secret { bytes_min: 4 };
        assert_eq!(revealed(kind.read(" a b ").unwrap()), " a b ");
        assert_eq!(revealed(kind.read("öö").unwrap()), "öö");
        assert!(kind.read("abc").unwrap_err().contains("3 bytes"));
    }

    #[test]
    fn limits_include_both_ends() {
        let kind = Kind::Whole { min: 2, max: 9 };
        assert_eq!(kind.read(" 2 "), Ok(Value::Whole(2)));
        assert_eq!(kind.read("9"), Ok(Value::Whole(9)));
        assert_eq!(kind.read("1"), Err("is below 2".into()));
        assert_eq!(kind.read("10"), Err("is above 9".into()));
        for text in ["-3", "3.5", "three", "0x5", "99999999999999999999"] {
            assert_eq!(kind.read(text), Err("is not a whole number".into()), "{text}");
        }
    }

    #[test]
    fn yes_and_no_have_many_words() {
        for text in ["true", "TRUE", "yes", "on", "1"] {
            assert_eq!(Kind::Flag.read(text), Ok(Value::Pick(Pick::Flag(true))), "{text}");
        }
        for text in ["false", "No", "off", "0"] {
            assert_eq!(Kind::Flag.read(text), Ok(Value::Pick(Pick::Flag(false))), "{text}");
        }
        assert!(Kind::Flag.read("maybe").is_err());
    }

    #[test]
    fn a_path_loses_its_dots() {
        assert_eq!(resolve(Path::new("/srv/mcp"), Path::new("./data")), PathBuf::from("/srv/mcp/data"));
        assert_eq!(resolve(Path::new("/srv/mcp"), Path::new("/var/lib/mcp")), PathBuf::from("/var/lib/mcp"));
    }
}
