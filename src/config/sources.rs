//! Everything that a configuration is loaded from, as values.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that a configuration is loaded from.
#[derive(Clone, Default)]
pub struct Sources {
    /// What the command line said, by environment name.
    pub arguments: BTreeMap<&'static str, String>,
    /// The file named by `--config`; without it the usual places are looked in.
    pub config_file: Option<PathBuf>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The folder that relative paths start from and where `.env` is; empty = look nowhere (tests).
    pub working_dir: PathBuf,
    /// The folder of the configuration that belongs to the whole machine, the last place looked in; empty = none.
    pub system_dir: PathBuf,
}

impl Sources {
    /// The sources of this process. This is the one place that reads the environment, and it does so once.
    #[allow(clippy::disallowed_methods, reason = "this is the room that answers for the environment")]
    pub fn of_process(arguments: BTreeMap<&'static str, String>, config_file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .collect();
        Self {
            arguments,
            config_file,
            environment,
            working_dir: std::env::current_dir().unwrap_or_else(|_| ".".into()),
            system_dir: system_dir(),
        }
    }
}

/// The folder of the configuration that belongs to the whole machine.
#[cfg(not(windows))]
fn system_dir() -> PathBuf {
    PathBuf::from("/etc/mcp-messenger")
}

/// The folder of the configuration that belongs to the whole machine.
#[cfg(windows)]
#[allow(clippy::disallowed_methods, reason = "this is the room that answers for the environment")]
fn system_dir() -> PathBuf {
    std::env::var_os("ProgramData")
        .map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from)
        .join("MCP Messenger")
}

impl std::fmt::Debug for Sources {
    /// Names only: the values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("arguments", &self.arguments.keys())
            .field("config_file", &self.config_file)
            .field("environment", &self.environment.keys())
            .field("working_dir", &self.working_dir)
            .field("system_dir", &self.system_dir)
            .finish()
    }
}
