//! What `mcp-messenger restore` is told, and what it tells.

use std::io::{self, BufRead as _, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::telling::say;
use crate::app::restore::{Outcome, Progress, Wish, restore};
use crate::config::Config;
use crate::error::{Error, Result};

/// What a restoring is told.
#[expect(clippy::doc_markdown, reason = "the doc is the help text of a terminal, where backticks are noise")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RestoreArguments {
    /// The backup: a copy of DATA_DIR/messenger.db, or a file of DATA_DIR/backups
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the passphrase of a sealed backup
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Only check the backup and say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Replace the database of another clinic; it is kept
    #[arg(long)]
    other_clinic: bool,
    /// Take a copy of a live database without the changes that stood in the file beside it
    #[arg(long)]
    accept_loss: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does it, and tells.
pub(super) fn run(config: &Config, arguments: RestoreArguments) -> Result<()> {
    let passphrase = arguments.passphrase_file.as_deref().map(read_passphrase).transpose()?;
    let mut wish = Wish {
        source: arguments.file,
        passphrase,
        other_clinic: arguments.other_clinic,
        accept_loss: arguments.accept_loss,
        dry_run: arguments.dry_run,
    };
    let mut outcome = restore(config, &wish, &mut progress());
    if let Err(error) = &outcome
        && error.code() == "backup_of_another_clinic"
        && agreed(error)
    {
        wish.other_clinic = true;
        outcome = restore(config, &wish, &mut progress());
    }
    let outcome = outcome?;
    if arguments.json {
        say(&mut io::stdout(), &format!("{}\n", serde_json::to_string_pretty(&outcome).unwrap_or_default()));
    } else {
        say(&mut io::stdout(), &told(&outcome));
    }
    Ok(())
}

fn read_passphrase(file: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Error::invalid("passphrase_needed", format!("{} cannot be read: {cause}", file.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Asks whoever sits before a terminal; anybody else has to say it on the command line.
fn agreed(error: &Error) -> bool {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return false;
    }
    say(&mut io::stderr(), &format!("{error}\nReplace it? [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn told(outcome: &Outcome) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "The backup is whole: {} accounts, {} channels, {} messages, {} rows of the audit log, all of them checked. \
         It goes until {}.\n",
        outcome.users, outcome.channels, outcome.messages, outcome.audit_rows, outcome.until
    );
    if outcome.raw {
        text += "It was copied from a database at work; what its log held is in it only if that was copied too.\n";
    }
    if let Some(lost) = outcome.lost_audit_rows.filter(|lost| *lost > 0) {
        let _ = writeln!(
            text,
            "The database that is here has {lost} rows of the audit log more: what was done since is not in the backup."
        );
    }
    if outcome.dry_run {
        text += "Nothing was changed. Without --dry-run, this is restored.\n";
        return text;
    }
    if let Some(kept) = &outcome.kept {
        let _ = writeln!(text, "The database of before is kept as {}; remove it when you are content.", kept.display());
    }
    text += "Restored. Start the server now.\n";
    text
}

/// A bar that is drawn anew on a terminal, a line for each step anywhere else.
pub(super) fn progress() -> impl FnMut(Progress) {
    let terminal = io::stderr().is_terminal();
    let mut told = None;
    move |at: Progress| {
        let percent = (at.done * 100).checked_div(at.of).unwrap_or(100).min(100);
        let mark = (at.step, if terminal { percent } else { 0 });
        if told == Some(mark) {
            return;
        }
        let fresh = told.is_none_or(|(step, _)| step != at.step);
        told = Some(mark);
        let mut err = io::stderr();
        if !terminal {
            say(&mut err, &format!("{}\n", at.step));
            return;
        }
        let full = usize::try_from(percent / 5).unwrap_or(0);
        let start = if fresh { "\n" } else { "\r" };
        say(&mut err, &format!("{start}{:<10} [{:<20}] {percent:>3} %", at.step, "#".repeat(full)));
        let _ = err.flush();
    }
}
