//! The command line.
//!
//! The options for settings are made from the table in [`crate::config`], so that a setting exists on the command
//! line the moment it exists at all. Only the common ones are listed in the help; all are understood, except
//! secrets: every user of a machine can read its command lines.
//!
//! Exit codes: 0 done, 1 failed, 2 the command line is wrong, 78 the configuration is wrong (`EX_CONFIG` of
//! sysexits.h).
//!
//! | file | what |
//! |---|---|
//! | line | what can be typed |
//! | options | the options that are settings |
//! | configure | the `config` commands |
//! | exports | exports opened without the server |
//! | import, logs, restore | the arguments of these commands |
//! | telling | what is said when something is done |

mod configure;
mod exports;
mod import;
mod line;
mod logs;
mod options;
mod restore;
mod telling;

use std::io;
use std::process::ExitCode;

pub use configure::{EXIT_CONFIG, refuse, run_config};
pub use exports::OpenArguments;
pub use import::ImportArguments;
pub use line::{Arguments, AuditCommand, Command, ConfigCommand, KeyCommand};
pub use logs::LogsArguments;
pub use restore::RestoreArguments;
use telling::{progress, say, told_backup, told_import, told_key};

use crate::app::{Live, import as takeover, logs as log_files, offline};
use crate::config::load;
use crate::error::Result;

/// Reads the command line of this process. Help, the version and a wrong line (exit code 2) end it here.
pub fn parse() -> Arguments {
    let arguments = line::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
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
    // Whoever opens an export years later has neither a server nor its configuration.
    if let Command::OpenExport(wish) = &arguments.command {
        return ended(exports::open(wish));
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
        Command::Restore(wish) => restore::run(&config, wish),
        Command::Key(KeyCommand::RecoveryKit) => offline::recovery_kit(&config).map(|key| told_key(&key)),
        Command::Audit(AuditCommand::Verify) => offline::verify_audit(&config)
            .map(|rows| say(&mut io::stdout(), &format!("audit chain intact: {rows} rows\n"))),
        Command::Import(wish) => {
            let json = wish.json;
            takeover::import(&config, wish.wish(), &mut progress()).map(|report| told_import(&report, json))
        }
        Command::Logs(wish) => log_files::show(&config, &wish.wish(), &mut io::stdout()),
        Command::Config(_) | Command::OpenExport(_) | Command::Version => Ok(()),
    };
    ended(outcome)
}

fn ended(outcome: Result<()>) -> ExitCode {
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
