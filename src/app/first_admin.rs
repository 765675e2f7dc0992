//! The way to the first administrator, while there is none: the configuration names one, or a one-time code is
//! made. There is no default password.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::{Config, Secret};
use crate::crypto::{Entropy, SetupCode, token};
use crate::error::{Context, Result};
use crate::features::Means;
use crate::features::setup::{self, First, SetupDoor};
use crate::gate::Gate;

/// Bytes of randomness in a password that is made up.
const MADE_UP_BYTES: usize = 18;

/// Makes the administrator that the configuration names, or opens the door to set-up with a code.
pub async fn see_to(gate: &Gate, means: &mut Means, config: &Config, entropy: &dyn Entropy) -> Result<()> {
    let system = gate.system();
    let folder = &config.store.data_dir;
    if setup::is_set_up(&system).await? {
        // What an earlier start left for an administrator to read is of no use any more.
        let _ = std::fs::remove_file(code_file(folder));
        return Ok(());
    }
    let Some(username) = config.initial_admin.username.clone() else {
        let code = SetupCode::generate(entropy);
        let file = code_file(folder);
        write_private(&file, &format!("{}\n", *code.reveal()))?;
        means.door = SetupDoor::open(code, move || {
            let _ = std::fs::remove_file(&file);
        });
        return Ok(());
    };
    let first = First {
        username,
        email: config.initial_admin.email.clone(),
        password: config.initial_admin.password.as_ref().map(|s: &Secret| Zeroizing::new(s.reveal().to_owned())),
        made_up: token::random_secret(MADE_UP_BYTES, entropy),
    };
    if let Some(made) = setup::make_unattended(&system, means, first).await? {
        tracing::info!("the first administrator was made, as the configuration says");
        if let Some(password) = made.password {
            tell_password(folder, &made.user.username, &password)?;
        }
    }
    Ok(())
}

/// Where the code stands for as long as it is good.
pub fn code_file(folder: &Path) -> PathBuf {
    folder.join("setup-code.txt")
}

/// On a terminal somebody reads it; anywhere else (a journal keeps what it is told) it goes to a file.
fn tell_password(folder: &Path, username: &str, password: &Zeroizing<String>) -> Result<()> {
    if std::io::stdout().is_terminal() {
        println!("The first administrator is {username}, with the password {}", **password);
        println!("It is shown this once, and has to be changed after signing in.");
        return Ok(());
    }
    let file = folder.join("initial-admin-password.txt");
    write_private(&file, &format!("{}\n", **password))?;
    tracing::info!(file = %file.display(), "the first administrator's password is in a file: read it, then delete it");
    Ok(())
}

/// Writes a file that only this account can read.
fn write_private(file: &Path, text: &str) -> Result<()> {
    let what = || format!("writing {}", file.display());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        // A file that was there keeps its mode: it is made anew.
        let _ = std::fs::remove_file(file);
    }
    let mut open = options.open(file).context(what())?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).context(what())
}
