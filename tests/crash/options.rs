//! What was asked for on the command line.

use std::collections::BTreeMap;

use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice;

/// `--name number` pairs, and the seed of all chance.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--seed`, or a fresh one; printed, so that a failure can be repeated.
    pub seed: u64,
    words: BTreeMap<String, String>,
}

impl Options {
    /// Reads what follows the subcommand. Flags that `cargo test` users are used to are let pass.
    pub fn read(arguments: &[String]) -> Result<Self> {
        let mut words = BTreeMap::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(name) = argument.strip_prefix("--") else {
                return Err(format!("{argument:?} is not an option").into());
            };
            if ["nocapture", "no-capture", "quiet", "exact", "include-ignored"].contains(&name) {
                continue;
            }
            if let Some((name, value)) = name.split_once('=') {
                words.insert(name.to_owned(), value.to_owned());
            } else {
                let value = rest.next().ok_or_else(|| format!("--{name} needs a value"))?;
                words.insert(name.to_owned(), value.clone());
            }
        }
        let seed = words.get("seed").map(|seed| seed.parse()).transpose()?.unwrap_or_else(dice::fresh_seed);
        Ok(Self { seed, words })
    }

    /// A count, or its default.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.words.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// `--set NAME=VALUE,NAME=VALUE`: further settings for the server.
    pub fn furnish(&self, clinic: &mut Clinic) {
        for (name, value) in self.word("set", "").split(',').filter_map(|pair| pair.split_once('=')) {
            clinic.set(name, value);
        }
    }

    /// A word, or its default.
    pub fn word(&self, name: &str, default: &str) -> String {
        self.words.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }
}
