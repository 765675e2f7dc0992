//! What is wrong with a configuration, all of it at once.

use std::fmt;

use super::{MASK, Setting};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The setting, as it was spoken of: `PORT`, or the key of the file if no setting is known by it.
    pub name: String,
    /// The value that was given, a secret masked.
    pub value: Option<String>,
    /// Where it came from; empty when that is several places.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What is allowed; may be empty.
    pub allowed: String,
}

impl Fault {
    /// A fault of no particular setting: a file that cannot be read, an unknown key.
    pub fn new(name: impl Into<String>, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { name: name.into(), value: None, place: place.into(), problem: problem.into(), allowed: String::new() }
    }

    /// A fault of a setting's value.
    pub fn of(setting: &Setting, text: &str, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            name: setting.name.into(),
            value: Some(if setting.kind.is_secret() { MASK.into() } else { text.into() }),
            place: place.into(),
            problem: problem.into(),
            allowed: setting.kind.allowed(),
        }
    }
}

impl fmt::Display for Fault {
    /// Two or three lines; control characters of the value are escaped, because it goes to a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name.escape_debug())?;
        match &self.value {
            Some(value) if value == MASK => write!(f, " = {MASK}")?,
            Some(value) => write!(f, " = {:?}", shortened(value))?,
            None => {}
        }
        if !self.place.is_empty() {
            write!(f, "  (from {})", self.place)?;
        }
        write!(f, "\n    {}", self.problem)?;
        if !self.allowed.is_empty() {
            write!(f, "\n    allowed: {}", self.allowed)?;
        }
        Ok(())
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() > 80 { value.chars().take(77).chain("...".chars()).collect() } else { value.into() }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    /// A list for a terminal, ending in a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "The configuration has 1 fault:")?,
            count => writeln!(f, "The configuration has {count} faults:")?,
        }
        for fault in &self.0 {
            writeln!(f, "\n  {}", fault.to_string().replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_for_a_terminal_names_everything_and_escapes_what_was_typed() {
        let faults = Faults(vec![
            Fault {
                name: "PORT".into(),
                value: Some("\u{1b}[31m7".into()),
                place: "environment".into(),
                problem: "is not a whole number".into(),
                allowed: "a whole number from 0 to 65535".into(),
            },
            Fault::new("listen.prot", "/etc/x.toml", "is not known; did you mean listen.port?"),
        ]);
        assert_eq!(
            faults.to_string(),
            "The configuration has 2 faults:\n\
             \n  PORT = \"\\u{1b}[31m7\"  (from environment)\
             \n      is not a whole number\
             \n      allowed: a whole number from 0 to 65535\n\
             \n  listen.prot  (from /etc/x.toml)\
             \n      is not known; did you mean listen.port?\n"
        );
    }

    #[test]
    fn a_long_value_is_shortened() {
        let fault = Fault { value: Some("x".repeat(5000)), ..Fault::new("A", "b", "c") };
        assert!(fault.to_string().len() < 120);
    }
}
