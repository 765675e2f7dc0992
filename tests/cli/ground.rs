//! What the stories have in common: a folder, a clinic in it, and what the program said.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::driver::clinic::{Clinic, executable};
use crate::driver::line::Line;
use crate::driver::names;
use crate::driver::person::Person;
use crate::driver::running::Running;

/// Anything takes less, also on a machine that does other things.
pub const SOON: Duration = Duration::from_secs(30);

/// A clinic in a temporary folder.
pub struct Ground {
    pub clinic: Clinic,
    folder: TempDir,
}

impl Ground {
    /// With an administrator from the environment.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clinic = Clinic::new(folder.path().join("data")).expect("a clinic");
        Self { clinic, folder }
    }

    /// Without: as somebody finds it who just starts the program.
    pub fn bare() -> Self {
        let mut ground = Self::new();
        ground.clinic.set(names::env::ADMIN_NAME, "");
        ground.clinic.set(names::env::ADMIN_PASSWORD, "");
        ground
    }

    /// A path in the data folder.
    pub fn at(&self, path: &str) -> PathBuf {
        self.clinic.data_dir.join(path)
    }

    /// A path outside the data folder.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Starts the server and waits until it answers.
    pub async fn start(&self) -> Running {
        let mut running = self.clinic.start().expect("a process");
        if let Err(why) = running.healthy(SOON).await {
            panic!("{why}{}", self.clinic.last_words());
        }
        running
    }

    /// Starts a server that is expected not to come up: its exit code and what it said.
    pub async fn refusal(&self) -> (Option<i32>, String) {
        let before = self.log().len();
        let mut running = self.clinic.start().expect("a process");
        let status = running.wait(SOON).await.unwrap_or_else(|why| panic!("{why}{}", self.clinic.last_words()));
        (status.code(), self.log()[before..].to_owned())
    }

    /// What all servers said so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.clinic.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Runs a command in this clinic.
    pub fn run(&self, line: &str) -> Told {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Told::of(&self.clinic.run(&words).expect("a process"))
    }

    /// The administrator, signed in.
    pub async fn admin(&self) -> Person {
        self.clinic.admin().await.unwrap_or_else(|why| panic!("{why}{}", self.clinic.last_words()))
    }

    /// The way to its server.
    pub fn line(&self) -> Line {
        self.clinic.line().expect("an authority to trust")
    }

    /// A channel with these messages in it, each acknowledged; gives its id.
    pub async fn tell(&self, texts: &[&str]) -> String {
        let admin = self.admin().await;
        let channel = admin.open_channel("ward 3", &[]).await.expect("a channel");
        let mut socket = admin.connect().await.expect("a socket");
        for (n, text) in texts.iter().enumerate() {
            socket.send(&channel, text, n % 2 == 0, &format!("{channel} {n}")).await.expect("an acknowledgement");
        }
        socket.close().await.expect("a polite end");
        channel
    }

    /// The texts in a channel, oldest first.
    pub async fn texts(&self, channel: &str) -> Vec<String> {
        let rows = self.admin().await.history_after(channel, 0).await.expect("the history");
        rows.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// SIGTERM, and a clean end.
pub async fn stop(running: Running) {
    let status = running.stop(SOON).await.expect("an end");
    assert_eq!(status.code(), Some(0), "a stop that was asked for is no failure");
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Told {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output of a command that went well.
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Standard error of a command that failed with this code.
    pub fn badly(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.err
    }
}

/// Runs the program in an empty folder with nothing but these variables.
pub fn alone(line: &str, variables: &[(&str, &str)]) -> Told {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(executable());
    command.args(line.split_whitespace()).env_clear().envs(variables.iter().copied()).current_dir(folder.path());
    let told = Told::of(&command.stdin(Stdio::null()).output().expect("a process"));
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert!(left.is_empty(), "`{line}` left {left:?}");
    told
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|why| panic!("{}: {why}", path.display())).permissions().mode() & 0o777
}

/// Every text has to be in `said`.
pub fn says(said: &str, texts: &[&str]) {
    for text in texts {
        assert!(said.contains(text), "{text:?} is not in:\n{said}");
    }
}

/// A field of a JSON file.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}
