//! What can be typed: the commands, and the whole line read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::exports::OpenArguments;
use super::import::ImportArguments;
use super::logs::LogsArguments;
use super::options::{Given, OPTIONS, option};
use super::restore::RestoreArguments;
use crate::config::Sources;

/// What was typed.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// What to do.
    pub command: Command,
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// The settings given as options, by environment name.
    pub settings: BTreeMap<&'static str, String>,
    /// `--web-dir FOLDER`, in debug builds.
    #[cfg(debug_assertions)]
    pub web_dir: Option<PathBuf>,
}

/// What the program can do.
#[expect(clippy::doc_markdown, reason = "the doc is the help text of a terminal, where backticks are noise")]
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the server (this is what happens without any command)
    Serve,
    /// Look at the configuration: is it right, what holds, where did it come from
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Bring the backup file DATA_DIR/messenger.db up to date now
    ///
    /// Asks the running server to write everything up to this moment into DATA_DIR/messenger.db, and waits until
    /// that is done and verified. Copy that file, and only that file, to back the clinic up. Together with the
    /// recovery key it is all that a new machine needs.
    Backup {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a backup in place of the database
    ///
    /// Checks the backup first, wholly and on a copy, and refuses one that is damaged, of another clinic or made by a
    /// newer program. The server must not run. The database of before is kept in DATA_DIR/replaced. On a machine that
    /// has not this clinic's key, the recovery key is needed: RECOVERY_KEY_FILE=/path/to/it. An interruption leaves
    /// the database of before, or the restored one, never half of each.
    Restore(RestoreArguments),
    /// Keys that open the data
    #[command(subcommand)]
    Key(KeyCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Take over the PostgreSQL database of the older Node.js server
    ///
    /// Reads the older database in one read-only transaction and brings everything that a clinic needs into this
    /// server's own, new and empty one: accounts, roles, channels, members, messages, reactions and the audit log.
    /// Sign-ins are not taken over. The server must not run meanwhile. An import that was interrupted goes on when
    /// the same command is run again, and the server does not start before it is complete. docs/takeover.md explains
    /// it step by step.
    Import(Box<ImportArguments>),
    /// Open an export without the server, and check that it is whole
    ///
    /// Asks for the passphrase that it was sealed with, holds every file against the manifest, and unpacks them into
    /// a new folder of which index.html is the first page.
    OpenExport(OpenArguments),
    /// Show the logs: what the server said, what administrators did, who asked for what
    Logs(LogsArguments),
    /// Print the version
    Version,
}

/// What can be done with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong with the configuration, or that it is good
    Check,
    /// Show every setting, its value (secrets masked) and where it came from
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of config.toml, for editors
    Schema,
}

/// What can be done with keys.
#[expect(clippy::doc_markdown, reason = "the doc is the help text of a terminal, where backticks are noise")]
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Make a recovery key, print it once, and let it open the data from now on
    ///
    /// With the recovery key and a copy of DATA_DIR/messenger.db the clinic can be brought up on a new machine.
    /// Print it on paper and lock it away; it is not kept anywhere in readable form and is not shown again.
    RecoveryKit,
}

/// What can be done with the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AuditCommand {
    /// Check that no row was changed, removed, swapped or put in
    Verify,
}

/// The messaging server a small clinic installs once and forgets.
#[expect(clippy::doc_markdown, reason = "the doc is the help text of a terminal, where backticks are noise")]
#[derive(Parser)]
#[command(
    name = "mcp-messenger",
    version,
    about = "The messaging server a small clinic installs once and forgets.",
    long_about = "The messaging server a small clinic installs once and forgets.\n\n\
                  Without a command it runs the server. Nothing has to be configured: it listens on port 3000, makes \
                  its own certificate and secrets, lets in the private networks this machine is on, and prints the \
                  address to open.",
    after_help = AFTER_HELP,
    disable_help_subcommand = true,
    max_term_width = 100,
)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,

    /// The configuration file (TOML, or the older config.json)
    ///
    /// Without it: DATA_DIR/config.toml, ./config.toml or the machine's own configuration, whichever is found first.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Read the web clients from this folder, at every request, instead of those inside (debug builds only)
    #[cfg(debug_assertions)]
    #[arg(long, value_name = "FOLDER", hide = true)]
    web_dir: Option<PathBuf>,

    #[command(flatten)]
    settings: Given,
}

const AFTER_HELP: &str = "\
Settings are taken from the command line, then the environment, .env, the configuration file, and the defaults.
Every setting that is not a secret is an option, also those not listed here: LIMIT_BODY_BYTES is --limit-body-bytes.
`mcp-messenger config show` lists all of them; docs/configuration.md explains them.
Secrets are given by the environment or a file: JWT_SECRET, or JWT_SECRET_FILE=/run/secrets/jwt.

Exit codes: 0 done, 1 failed, 2 wrong command line, 78 wrong configuration.";

impl Arguments {
    /// Where the configuration is loaded from, given what was typed.
    pub fn sources(&self) -> Sources {
        Sources::of_process(self.settings.clone(), self.config.clone())
    }
}

impl From<Line> for Arguments {
    fn from(line: Line) -> Self {
        Self {
            command: line.command.unwrap_or(Command::Serve),
            config: line.config,
            settings: line.settings.0,
            #[cfg(debug_assertions)]
            web_dir: line.web_dir,
        }
    }
}

/// The definition. Commands other than `serve` understand every setting too, but list only what they need: the
/// help for making a recovery key is not the place to read about ports.
fn definition() -> clap::Command {
    let quiet = |command: clap::Command| {
        let hidden = OPTIONS.iter().filter(|(_, setting)| setting.name != "DATA_DIR");
        hidden.fold(command, |command, (name, setting)| command.arg(option(name, setting).hide(true)))
    };
    ["config", "backup", "key", "audit", "import", "open-export", "logs", "restore", "version"]
        .into_iter()
        .fold(Line::command(), |whole, name| whole.mut_subcommand(name, quiet))
}

pub(super) fn read(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Arguments, clap::Error> {
    let mut definition = definition();
    let matches = definition.try_get_matches_from_mut(words)?;
    Line::from_arg_matches(&matches).map(Arguments::from).map_err(|error| error.format(&mut definition))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings;

    fn typed(line: &str) -> Result<Arguments, clap::Error> {
        read(std::iter::once("mcp-messenger").chain(line.split_whitespace()).map(Into::into))
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn nothing_typed_is_serve() {
        assert_eq!(typed("").unwrap().command, Command::Serve);
        assert_eq!(typed("serve").unwrap().command, Command::Serve);
        assert_eq!(typed("--port 1").unwrap().command, Command::Serve);
        assert_eq!(typed("config show --json").unwrap().command, Command::Config(ConfigCommand::Show { json: true }));
        assert_eq!(typed("backup --json").unwrap().command, Command::Backup { json: true });
        assert_eq!(typed("key recovery-kit").unwrap().command, Command::Key(KeyCommand::RecoveryKit));
    }

    #[test]
    fn options_may_stand_before_and_after_the_command() {
        for line in [
            "--port 4000 --config a.toml config check",
            "config --port 4000 check --config a.toml",
            "config check --port=4000 --config=a.toml",
        ] {
            let arguments = typed(line).unwrap();
            assert_eq!(arguments.settings.get("PORT").map(String::as_str), Some("4000"), "{line}");
            assert_eq!(arguments.config, Some("a.toml".into()), "{line}");
            assert_eq!(arguments.settings.len(), 1, "{line}");
        }
    }

    #[test]
    fn lists_may_be_given_in_pieces_and_flags_without_a_value() {
        let given = typed("--bind 127.0.0.1 --bind-address ::1,10.0.0.1 --proxy-protocol --proxy-plain-http=false");
        let given = given.unwrap().settings;
        assert_eq!(given["BIND_ADDRESS"], "127.0.0.1,::1,10.0.0.1");
        assert_eq!((given["PROXY_PROTOCOL"].as_str(), given["PROXY_PLAIN_HTTP"].as_str()), ("true", "false"));
        assert_eq!(typed("--proxy-protocol serve").unwrap().settings["PROXY_PROTOCOL"], "true");
    }

    #[test]
    fn every_setting_is_an_option_but_a_secret_is_not() {
        for setting in settings() {
            let result = typed(&format!("--{}=hush", setting.option()));
            match result {
                Ok(arguments) => assert!(arguments.settings[setting.name] == "hush" && !setting.kind.is_secret()),
                Err(error) => {
                    assert!(setting.kind.is_secret(), "{error}");
                    let told = error.to_string();
                    assert!(told.contains(&format!("{}_FILE", setting.name)) && !told.contains("hush"), "{told}");
                    assert_eq!(error.exit_code(), 2);
                }
            }
        }
    }

    #[test]
    fn only_serve_lists_the_settings() {
        let help = |line: &str| typed(line).unwrap_err().to_string();
        for line in ["--help", "-h", "serve --help"] {
            assert!(help(line).contains("--port"), "{line}");
        }
        for line in ["backup -h", "backup --help", "key recovery-kit --help", "config show -h"] {
            let help = help(line);
            assert!(!help.contains("--port") && help.contains("--data-dir"), "{line}: {help}");
        }
        assert!(!help("--help").contains("--limit-json-depth") && !help("--help").contains("--jwt-secret"));
    }

    #[test]
    fn a_wrong_line_ends_with_2() {
        for line in ["--prot 1", "sreve", "config", "key", "--port", "config show extra"] {
            assert_eq!(typed(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert_eq!(typed("--help").unwrap_err().exit_code(), 0);
        assert_eq!(typed("--version").unwrap_err().exit_code(), 0);
    }
}
