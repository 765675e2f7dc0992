//! How often the same account, API key or address may ask, by the class of what is asked: a burst, and the time in
//! which it is there again. One pair says both the peak and what is sustained.

use std::fmt;
use std::time::Duration;

use super::Config;
use super::kind::Kind;
use super::setting::{Field, Setting};

/// Requests that may come at once.
pub const REQUESTS_MAX: u32 = 1_000_000_000;
/// The longest time in which they are there again.
pub const WITHIN_MAX: Duration = Duration::from_hours(24);

/// So many at once, and as many again in the time after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// In which time all of them are there again.
    pub within: Duration,
}

impl Rate {
    /// `burst` at once, and again after `seconds`.
    pub const fn new(burst: u32, seconds: u64) -> Self {
        Self { burst, within: Duration::from_secs(seconds) }
    }

    /// `per_second` sustained, `burst` at once.
    pub fn per_second(per_second: u32, burst: u32) -> Self {
        Self { burst, within: Duration::from_secs(1) * burst / per_second.max(1) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.burst, super::quantity::show_span(self.within))
    }
}

/// What kind of work a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Pages, their assets, the server's health, and whatever is no route.
    Page,
    /// A WebSocket is opened.
    Connect,
    /// Signing in and out, registering, passwords.
    SignIn,
    /// Looking something up.
    Read,
    /// Changing something.
    Write,
    /// Searching in messages.
    Search,
    /// Taking data away.
    Export,
    /// Accounts, settings and keys.
    Admin,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] =
        [Self::Page, Self::Connect, Self::SignIn, Self::Read, Self::Write, Self::Search, Self::Export, Self::Admin];

    /// As the documentation and the audit log name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Connect => "connect",
            Self::SignIn => "sign_in",
            Self::Read => "read",
            Self::Write => "write",
            Self::Search => "search",
            Self::Export => "export",
            Self::Admin => "admin",
        }
    }
}

/// A rate for each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByClass([Rate; Class::ALL.len()]);

impl ByClass {
    /// The rate of a class.
    pub fn of(&self, class: Class) -> Rate {
        self.0[class as usize]
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, class: Class) -> &mut Rate {
        &mut self.0[class as usize]
    }
}

/// Every rate, with defaults for a clinic of 500 people behind one address.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Of one account, on all its devices together.
    pub account: ByClass,
    /// Of one API key.
    pub key: ByClass,
    /// Of one IPv4 address, or one IPv6 network of 64 bits.
    pub address: ByClass,
}

impl Default for Rates {
    fn default() -> Self {
        let minute = |burst| Rate::new(burst, 60);
        let hour = |burst| Rate::new(burst, 3_600);
        Self {
            // In the order of `Class::ALL`.
            account: ByClass([
                minute(3_000),
                minute(600),
                minute(60),
                minute(1_200),
                minute(3_000),
                minute(120),
                hour(60),
                minute(600),
            ]),
            key: ByClass([
                minute(3_000),
                minute(600),
                minute(60),
                minute(3_000),
                minute(3_000),
                minute(120),
                hour(60),
                minute(600),
            ]),
            address: ByClass([
                minute(60_000),
                minute(12_000),
                minute(6_000),
                minute(120_000),
                minute(120_000),
                minute(6_000),
                hour(3_000),
                minute(12_000),
            ]),
        }
    }
}

impl Field for Rate {
    fn put(&mut self, value: super::Value) -> bool {
        let super::Value::Rate(rate) = value else { return false };
        *self = rate;
        true
    }

    fn take(&self) -> Option<super::Value> {
        Some(super::Value::Rate(*self))
    }
}

macro_rules! rates {
    ($($name:literal $key:literal $who:ident $class:ident $doc:literal;)*) => {
        /// What can be set here.
        pub(super) const SETTINGS: &[Setting] = &[$(Setting {
            name: $name,
            section: "rates",
            key: $key,
            kind: Kind::Rate,
            at: |c: &mut Config| c.rates.$who.of_mut(Class::$class),
            unset: "",
            common: false,
            doc: $doc,
        }),*];
    };
}

rates! {
    "RATE_CONNECT" "connect" account Connect "WebSockets opened by one account.";
    "RATE_SIGN_IN" "sign_in" account SignIn "Refreshing tokens, signing out and changing the password, by one account.";
    "RATE_READ" "read" account Read "Looking things up, by one account on all its devices together.";
    "RATE_WRITE" "write" account Write "Changes by REST, by one account. LIMIT_SENDS_PER_SECOND counts besides.";
    "RATE_SEARCH" "search" account Search "Searches in messages, by one account.";
    "RATE_EXPORT" "export" account Export "Exports made and fetched, and the audit log taken away, by one account.";
    "RATE_ADMIN" "admin" account Admin "Changes of accounts, settings and API keys, by one account.";
    "RATE_KEY_CONNECT" "key_connect" key Connect "WebSockets opened by one API key.";
    "RATE_KEY_READ" "key_read" key Read "Looking things up, by one API key.";
    "RATE_KEY_WRITE" "key_write" key Write "Changes by REST, by one API key.";
    "RATE_KEY_SEARCH" "key_search" key Search "Searches in messages, by one API key.";
    "RATE_KEY_EXPORT" "key_export" key Export "Exports made and fetched, and the audit log taken away, by one API key.";
    "RATE_KEY_ADMIN" "key_admin" key Admin "Changes of accounts and settings, by one API key.";
    "RATE_ADDRESS_PAGE" "address_page" address Page "Pages and their files, GET /health, and paths that do not exist, asked from one address.";
    "RATE_ADDRESS_CONNECT" "address_connect" address Connect "WebSockets opened from one address.";
    "RATE_ADDRESS_SIGN_IN" "address_sign_in" address SignIn "Sign-ins, registrations and passwords, from one address. LIMIT_LOGIN_FAILURES counts besides.";
    "RATE_ADDRESS_READ" "address_read" address Read "Looking things up, from one address.";
    "RATE_ADDRESS_WRITE" "address_write" address Write "Changes by REST, from one address.";
    "RATE_ADDRESS_SEARCH" "address_search" address Search "Searches in messages, from one address.";
    "RATE_ADDRESS_EXPORT" "address_export" address Export "Exports made and fetched, and the audit log taken away, from one address.";
    "RATE_ADDRESS_ADMIN" "address_admin" address Admin "Changes of accounts, settings and API keys, from one address.";
}

/// Reads `1200/1m`.
pub(super) fn read(text: &str) -> Result<Rate, String> {
    let wrong = || "is not a number of requests and a time, such as 1200/1m".to_owned();
    let (burst, within) = text.split_once('/').ok_or_else(wrong)?;
    let burst = burst.trim().parse::<u64>().map_err(|_| wrong())?;
    // `60/m` is how people say it.
    let within = within.trim();
    let one = within.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| format!("1{within}"));
    let within = super::quantity::read_span(one.as_deref().unwrap_or(within)).map_err(|_| wrong())?;
    if within < Duration::from_secs(1) || within > WITHIN_MAX {
        return Err("has a time that is not between 1s and 24h".into());
    }
    match u32::try_from(burst) {
        Ok(burst @ 1..=REQUESTS_MAX) => Ok(Rate { burst, within }),
        _ => Err(format!("has a number of requests that is not between 1 and {REQUESTS_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_burst_and_the_time_in_which_it_is_there_again() {
        for (text, rate) in [
            ("1200/1m", Rate::new(1_200, 60)),
            ("60/m", Rate::new(60, 60)),
            (" 5 / 2h ", Rate::new(5, 7_200)),
            ("1/1", Rate::new(1, 1)),
            ("1000000000/24h", Rate::new(REQUESTS_MAX, 86_400)),
        ] {
            assert_eq!(read(text), Ok(rate), "{text}");
            assert_eq!(read(&rate.to_string()), Ok(rate), "what is written reads the same");
        }
        for text in
            ["", "5", "/1m", "5/", "0/1m", "-1/1m", "1.5/1m", "1000000001/1m", "5/0s", "5/999ms", "5/25h", "x/1m"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sustained_and_burst_are_the_same_rate_said_otherwise() {
        assert_eq!(Rate::per_second(50, 500), Rate::new(500, 10));
        assert_eq!(Rate::per_second(10, 60), Rate::new(60, 6));
    }

    #[test]
    fn every_class_has_its_own_place() {
        let mut rates = Rates::default();
        for (n, class) in (1..).zip(Class::ALL) {
            *rates.account.of_mut(class) = Rate::new(n, 1);
        }
        let all: Vec<u32> = Class::ALL.iter().map(|class| rates.account.of(*class).burst).collect();
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
