//! What is said on a terminal when something is done.

use std::io::{self, IsTerminal, Write};

use crate::app::import::{Progress, Report};
use crate::app::{Manifest, RecoveryKey};
use crate::config::Config;

pub(super) fn told_backup(config: &Config, manifest: &Manifest, json: bool) {
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

pub(super) fn told_import(report: &Report, json: bool) {
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
pub(super) fn progress() -> impl FnMut(Progress) {
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

pub(super) fn told_key(key: &RecoveryKey) {
    let text = format!(
        "The recovery key of this clinic. Print it, lock it away, and clear this screen:\n\n    {}\n\n\
         Together with a copy of DATA_DIR/messenger.db it opens all data on a new machine: give it there as \
         RECOVERY_KEY_FILE or RECOVERY_KEY.\nA recovery key that was made earlier opens nothing any more.\n",
        *key.reveal()
    );
    say(&mut io::stdout(), &text);
}

/// Writes without minding that the reader is gone, as in `config show | head`.
pub(super) fn say(to: &mut dyn Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
