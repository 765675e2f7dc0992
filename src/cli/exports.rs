//! `mcp-messenger open-export`: an export opened without the server, and where a passphrase comes from. It is never
//! taken from the command line: every user of a machine can read that.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::telling::say;
use crate::app::offline::{Contents, open_export};
use crate::error::{Context as _, Error, Result};

/// Bytes of a passphrase.
const PASSPHRASE_BYTES_MAX: u64 = 1_024;

/// What `open-export` is told.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OpenArguments {
    /// The export, as it was fetched: export.tar.age
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to unpack into; it must not be there yet [default: beside FILE, with its name without .tar.age]
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    to: Option<PathBuf>,
    /// Only check that it opens and that every file is as the manifest says; nothing is written
    #[arg(long)]
    check: bool,
    /// A file with the passphrase, or - for standard input; without it a terminal is asked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print what is in it as JSON
    #[arg(long)]
    json: bool,
}

/// Opens an export.
pub(super) fn open(wish: &OpenArguments) -> Result<()> {
    let to = match (&wish.to, wish.check) {
        (_, true) => None,
        (Some(to), _) => Some(to.clone()),
        (None, _) => Some(beside(&wish.file)?),
    };
    let passphrase = passphrase(wish.passphrase_file.as_deref())?;
    let contents = open_export(&wish.file, &passphrase, to.as_deref())?;
    if wish.json {
        say(&mut io::stdout(), &format!("{}\n", serde_json::to_string_pretty(&contents).unwrap_or_default()));
    } else {
        say(&mut io::stdout(), &told(&contents, to.as_deref()));
    }
    Ok(())
}

fn beside(file: &Path) -> Result<PathBuf> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let bare = name.strip_suffix(".age").map(|name| name.strip_suffix(".tar").unwrap_or(name));
    match bare.filter(|bare| !bare.is_empty()) {
        Some(bare) => Ok(file.with_file_name(bare)),
        None => Err(Error::invalid("no_folder", "Say with --to into which folder it is to be unpacked.")),
    }
}

fn told(contents: &Contents, to: Option<&Path>) -> String {
    let Contents { title, created_at, rows, entries, .. } = contents;
    let whole = format!("{title}: {rows} rows in {} files, exported {created_at}.\n", entries.len());
    let end = match to {
        None => "The export is whole: every file is as its manifest says.\n".to_owned(),
        Some(to) => {
            let index = to.join("index.html");
            let read = if index.exists() { format!(" Read {}.", index.display()) } else { String::new() };
            format!(
                "It is whole, and unpacked into {}.{read}\nIt is no longer sealed: remove the folder when you have read \
                 it.\n",
                to.display()
            )
        }
    };
    whole + &end
}

/// The passphrase, from a file, from standard input or from whoever sits at the terminal.
fn passphrase(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let text = match file {
        Some(file) if file == Path::new("-") => line(io::stdin().lock())?,
        Some(file) => line(File::open(file).context(format!("opening {}", file.display()))?)?,
        None if io::stdin().is_terminal() => asked()?,
        None => {
            let detail = "There is no terminal to ask for the passphrase: give --passphrase-file FILE, or - for \
                          standard input.";
            return Err(Error::invalid("no_passphrase", detail));
        }
    };
    if text.is_empty() { Err(Error::invalid("no_passphrase", "The passphrase is empty.")) } else { Ok(text) }
}

/// The first line, without its end.
fn line(from: impl Read) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(2 * 1_024));
    from.take(PASSPHRASE_BYTES_MAX + 2).read_to_string(&mut text).context("reading the passphrase")?;
    let first = text.lines().next().unwrap_or_default();
    if first.len() as u64 > PASSPHRASE_BYTES_MAX {
        return Err(Error::invalid("no_passphrase", "The passphrase has more than 1,024 bytes."));
    }
    Ok(Zeroizing::new(first.to_owned()))
}

/// Asks at the terminal; what is typed is not shown.
#[cfg(unix)]
fn asked() -> Result<Zeroizing<String>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let input = io::stdin();
    say(&mut io::stderr(), "Passphrase: ");
    let shown = tcgetattr(&input).context("asking for the passphrase")?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Flush, &hidden).context("asking for the passphrase")?;
    let mut text = Zeroizing::new(String::with_capacity(2 * 1_024));
    let read = input.read_line(&mut text);
    let restored = tcsetattr(&input, OptionalActions::Now, &shown);
    let _ = io::stderr().write_all(b"\n");
    read.context("reading the passphrase")?;
    restored.context("giving the terminal back")?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Elsewhere nothing can be typed unseen.
#[cfg(not(unix))]
fn asked() -> Result<Zeroizing<String>> {
    Err(Error::invalid("no_passphrase", "Give --passphrase-file FILE, or - for standard input."))
}
