//! What `mcp-messenger logs` is told.

use clap::Args;

use crate::app::logs::Wish;

/// Which lines of the logs are shown.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LogsArguments {
    /// Which log: system, admin (what administrators do), access (who asked for what) or all
    #[arg(long, value_name = "LOG", default_value = "system", value_parser = ["system", "admin", "access", "all"])]
    kind: String,
    /// Only lines at least as grave as this
    #[arg(long, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    level: Option<String>,
    /// Only lines from then on: 2026-01-31T08:00:00Z, 2026-01-31, or how long ago: 90m, 2h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines that match this regular expression
    #[arg(long, value_name = "PATTERN")]
    grep: Option<String>,
    /// The newest lines, so many at most [default: 100, or all with --since]
    #[arg(long, short = 'n', value_name = "N")]
    lines: Option<usize>,
    /// Go on showing what is added, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl LogsArguments {
    pub(super) fn wish(self) -> Wish {
        let Self { kind, level, since, grep, lines, follow, json } = self;
        Wish { kind, level, since, grep, lines, follow, json }
    }
}
