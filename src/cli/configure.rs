//! The `config` commands.

use std::io::{self, Write};
use std::process::ExitCode;

use super::line::ConfigCommand;
use super::telling::say;
use crate::config::{Faults, Sources, load, schema, show_json, show_text};

/// The exit code for a wrong configuration: `EX_CONFIG` of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Does a `config` command: what was asked for goes to standard output, warnings and faults to standard error.
pub fn run_config(command: &ConfigCommand, sources: &Sources) -> ExitCode {
    run_config_to(command, sources, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// Tells the faults of a configuration and gives the exit code for it.
pub fn refuse(faults: &Faults) -> ExitCode {
    say(&mut io::stderr().lock(), &faults.to_string());
    ExitCode::from(EXIT_CONFIG)
}

fn run_config_to(command: &ConfigCommand, sources: &Sources, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    if *command == ConfigCommand::Schema {
        say(out, &format!("{:#}\n", schema()));
        return ExitCode::SUCCESS;
    }
    let loaded = match load(sources) {
        Ok(loaded) => loaded,
        Err(faults) => {
            say(err, &faults.to_string());
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    for warning in &loaded.warnings {
        say(err, &format!("warning: {warning}\n"));
    }
    match command {
        ConfigCommand::Show { json: true } => say(out, &format!("{:#}\n", show_json(&loaded))),
        ConfigCommand::Show { json: false } => say(out, &show_text(&loaded)),
        ConfigCommand::Check | ConfigCommand::Schema => {
            let file = match &loaded.file {
                Some(path) => format!("It was read from {}.", path.display()),
                None => "There is no configuration file, and none is needed.".into(),
            };
            say(out, &format!("The configuration is good. {file}\n"));
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &ConfigCommand, environment: &[(&str, &str)]) -> (ExitCode, String, String) {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let sources = Sources { environment, ..Sources::default() };
        let code = run_config_to(command, &sources, &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_good_configuration_ends_with_0_and_a_bad_one_with_78() {
        let (code, out, err) = run(&ConfigCommand::Check, &[]);
        assert_eq!((code, err.as_str()), (ExitCode::SUCCESS, ""));
        assert!(out.starts_with("The configuration is good"), "{out}");

        for command in [ConfigCommand::Check, ConfigCommand::Show { json: false }] {
            let (code, out, err) = run(&command, &[("PORT", "x")]);
            assert_eq!((code, out.as_str()), (ExitCode::from(78), ""));
            assert!(err.contains("PORT = \"x\""), "{err}");
        }
    }

    #[test]
    fn warnings_do_not_disturb_programs() {
        let (_, out, err) = run(&ConfigCommand::Show { json: true }, &[("DB_HOST", "db.lan")]);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["settings"]["DB_HOST"]["value"], "db.lan");
        assert!(err.starts_with("warning: DB_HOST"), "{err}");
        let (_, out, _) = run(&ConfigCommand::Schema, &[("PORT", "x")]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), schema());
    }
}
