//! The command line: what can be typed, and the `config` commands.
//!
//! The options for settings are made from the table in [`crate::config`], so that a setting exists on the command
//! line the moment it exists at all. Only the common ones are listed in the help; all are understood, except
//! secrets: every user of a machine can read its command lines.
//!
//! Exit codes: 0 done, 1 failed, 2 the command line is wrong, 78 the configuration is wrong (`EX_CONFIG` of
//! sysexits.h).

mod import;
mod logs;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, CommandFactory as _, FromArgMatches, Parser, Subcommand};

pub use self::import::ImportArguments;
pub use self::logs::LogsArguments;
use crate::app::import::{Progress, Report, import};
use crate::app::{Live, Manifest, RecoveryKey, logs as log_files, offline};
use crate::config::{Config, Faults, Kind, Setting, Sources, load, schema, settings, show_json, show_text};

/// The exit code for a wrong configuration: `EX_CONFIG` of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

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

/// The options that are settings.
#[derive(Debug, Clone)]
struct Given(BTreeMap<&'static str, String>);

impl Args for Given {
    fn augment_args(command: clap::Command) -> clap::Command {
        OPTIONS.iter().map(|(name, setting)| option(name, setting)).fold(command, clap::Command::arg)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = BTreeMap::new();
        for (option, setting) in OPTIONS.iter() {
            let Some(values) = matches.get_many::<String>(setting.name) else { continue };
            if setting.kind.is_secret() {
                return Err(clap::Error::raw(ErrorKind::UnknownArgument, no_secrets(option, setting.name)));
            }
            given.insert(setting.name, values.map(String::as_str).collect::<Vec<_>>().join(","));
        }
        Ok(Self(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options' names; clap wants to borrow them for as long as the program runs.
static OPTIONS: LazyLock<Vec<(String, &'static Setting)>> =
    LazyLock::new(|| settings().map(|setting| (setting.option(), setting)).collect());

/// Unlike clap's own words, these do not repeat what was typed.
fn no_secrets(option: &str, name: &str) -> String {
    format!(
        "--{option} is not taken: other users of this machine can read its command lines.\n\n  \
         tip: set {name} in the environment, or {name}_FILE to the path of a file that holds it\n"
    )
}

fn option(name: &'static str, setting: &'static Setting) -> Arg {
    let mut arg = Arg::new(setting.name)
        .long(name)
        .global(true)
        .hide(!setting.common)
        .help_heading("Settings")
        .value_name(value_name(&setting.kind))
        .help(StyledStr::from(format!("{} [default: {}]", first_sentence(setting.doc), setting.default_words())))
        .long_help(StyledStr::from(format!(
            "{}\n[allowed: {}]\n[default: {}] [env: {}]",
            setting.doc,
            setting.kind.allowed(),
            setting.default_words(),
            setting.name
        )));
    if setting.kind.is_list() {
        arg = arg.action(ArgAction::Append);
    }
    if matches!(setting.kind, Kind::Flag) {
        arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
    }
    if setting.name == "BIND_ADDRESS" {
        arg = arg.visible_alias("bind");
    }
    arg
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.')
}

fn value_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Whole { .. } => "N",
        Kind::Bytes { .. } => "SIZE",
        Kind::Span { .. } => "TIME",
        Kind::Flag => "true|false",
        Kind::OneOf(_) => "WORD",
        Kind::Path => "PATH",
        Kind::Addresses => "ADDRESSES",
        Kind::Networks | Kind::AllowList => "NETWORKS",
        Kind::HostNames => "NAMES",
        Kind::Origins => "ORIGINS",
        Kind::Text { .. } | Kind::Secret { .. } | Kind::Key => "TEXT",
    }
}

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
    ["config", "backup", "key", "audit", "import", "logs", "version"]
        .into_iter()
        .fold(Line::command(), |whole, name| whole.mut_subcommand(name, quiet))
}

fn read(words: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Arguments, clap::Error> {
    let mut definition = definition();
    let matches = definition.try_get_matches_from_mut(words)?;
    Line::from_arg_matches(&matches).map(Arguments::from).map_err(|error| error.format(&mut definition))
}

/// Reads the command line of this process. Help, the version and a wrong line (exit code 2) end it here.
pub fn parse() -> Arguments {
    let arguments = read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    if arguments.command == Command::Version {
        say(&mut io::stdout(), concat!("mcp-messenger ", env!("CARGO_PKG_VERSION"), "\n"));
        std::process::exit(0);
    }
    arguments
}

/// Reads the command line and does what it says; the exit code is the program's.
pub fn main() -> ExitCode {
    let arguments = parse();
    let sources = arguments.sources();
    if let Command::Config(command) = &arguments.command {
        return run_config(command, &sources);
    }
    let loaded = match load(&sources) {
        Ok(loaded) => loaded,
        Err(faults) => return refuse(&faults),
    };
    let config = loaded.config;
    let outcome = match arguments.command {
        Command::Serve => {
            #[cfg(debug_assertions)]
            if let Some(folder) = arguments.web_dir {
                crate::app::read_clients_from(folder);
            }
            let journal = log_files::is_journal(sources.environment.get("JOURNAL_STREAM").map(String::as_str));
            let log = crate::logging::start(&log_files::style(&config, journal));
            crate::app::run(config, &loaded.warnings, Live { sources, log })
        }
        Command::Backup { json } => offline::backup(&config).map(|manifest| told_backup(&config, &manifest, json)),
        Command::Key(KeyCommand::RecoveryKit) => offline::recovery_kit(&config).map(|key| told_key(&key)),
        Command::Audit(AuditCommand::Verify) => offline::verify_audit(&config)
            .map(|rows| say(&mut io::stdout(), &format!("audit chain intact: {rows} rows\n"))),
        Command::Import(wish) => {
            let json = wish.json;
            import(&config, wish.wish(), &mut progress()).map(|report| told_import(&report, json))
        }
        Command::Logs(wish) => log_files::show(&config, &wish.wish(), &mut io::stdout()),
        Command::Config(_) | Command::Version => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A fault of ours is told with its causes: whoever reads a terminal is the one who can mend it.
            let text = if error.kind() == crate::error::Kind::Internal { error.chain() } else { error.to_string() };
            say(&mut io::stderr(), &format!("mcp-messenger: {text}\n"));
            ExitCode::FAILURE
        }
    }
}

fn told_backup(config: &Config, manifest: &Manifest, json: bool) {
    if json {
        say(&mut io::stdout(), &format!("{}\n", serde_json::to_string_pretty(manifest).unwrap_or_default()));
        return;
    }
    let file = config.store.data_dir.join("messenger.db");
    let text = format!(
        "{} is up to date and verified: {} bytes, SHA-256 {}.\nCopy that file to back the clinic up. To open it on \
         another machine the recovery key is needed: mcp-messenger key recovery-kit makes one.\n",
        file.display(),
        manifest.bytes,
        manifest.sha256
    );
    say(&mut io::stdout(), &text);
}

fn told_import(report: &Report, json: bool) {
    if json {
        say(&mut io::stdout(), &format!("{}\n", serde_json::to_string_pretty(report).unwrap_or_default()));
        return;
    }
    let end = match (report.dry_run, report.unopened) {
        (true, 0) => "Nothing was written. Without --dry-run, this is what is taken over.".to_owned(),
        (true, n) => format!("Nothing was written. {n} sealed messages do not open with this key, or there is none."),
        (false, _) => "Taken over, and the counts agree. Start the server now; everyone signs in anew, with the name \
                       and password they have."
            .to_owned(),
    };
    say(&mut io::stdout(), &format!("{report}\n{end}\n"));
}

/// Tells how far an import is: a bar that is drawn anew on a terminal, a line now and then anywhere else.
fn progress() -> impl FnMut(Progress) {
    let terminal = io::stderr().is_terminal();
    let mut told = None;
    move |at: Progress| {
        let percent = if at.of <= 0 { 100 } else { (at.done * 100 / at.of).clamp(0, 100) };
        let tenth = (at.writing, at.table, if terminal { percent } else { percent / 10 });
        if told == Some(tenth) {
            return;
        }
        told = Some(tenth);
        let doing = if at.writing { "writing" } else { "checking" };
        let text = if terminal {
            let full = usize::try_from(percent / 5).unwrap_or(0);
            let end = if at.done >= at.of { "\n" } else { "" };
            format!("\r{doing:<8} {:<10} [{:<20}] {percent:>3} % of {}{end}", at.table.name(), "#".repeat(full), at.of)
        } else {
            format!("{doing} {}: {} of {}\n", at.table.name(), at.done, at.of)
        };
        say(&mut io::stderr(), &text);
    }
}

fn told_key(key: &RecoveryKey) {
    let text = format!(
        "The recovery key of this clinic. Print it, lock it away, and clear this screen:\n\n    {}\n\n\
         Together with a copy of DATA_DIR/messenger.db it opens all data on a new machine: give it there as \
         RECOVERY_KEY_FILE or RECOVERY_KEY.\nA recovery key that was made earlier opens nothing any more.\n",
        *key.reveal()
    );
    say(&mut io::stdout(), &text);
}

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

/// Writes without minding that the reader is gone, as in `config show | head`.
fn say(to: &mut dyn Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Arguments, clap::Error> {
        read(std::iter::once("mcp-messenger").chain(line.split_whitespace()).map(Into::into))
    }

    fn run(command: &ConfigCommand, environment: &[(&str, &str)]) -> (ExitCode, String, String) {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let sources = Sources { environment, ..Sources::default() };
        let code = run_config_to(command, &sources, &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
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
