//! What may be asked of the bench.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::baseline;
use crate::driver::server::Kind;

/// Measures the server beside two baselines and prints a Markdown table.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(name = "cargo bench --bench messenger --", version)]
pub struct Args {
    /// What to measure; all if not given.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Work>,
    /// How often everything runs; figures are medians [default: 3, quick: 1].
    #[arg(long)]
    pub passes: Option<usize>,
    /// One short pass, a tenth of the people and messages: for trying it out, not for the table.
    #[arg(long)]
    pub quick: bool,
    /// Who is measured.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Kind::Ours, Kind::Durable, Kind::Raw])]
    pub targets: Vec<Kind>,
    /// The server's executable [default: built by cargo beside this one].
    #[arg(long, default_value = env!("CARGO_BIN_EXE_mcp-messenger"), hide_default_value = true)]
    pub server: PathBuf,
    /// Seconds of load in P1; the other loads follow in proportion [default: 10, quick: 2].
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Idle connections in P3. The driver needs as many open files as the server.
    #[arg(long, default_value_t = 2000)]
    pub idle: usize,
    /// People with accounts; all of them come back at once in P4.
    #[arg(long, default_value_t = 1000)]
    pub crowd: usize,
    /// Messages in the channel of P5, those that P6 searches, and the filled start of P7.
    #[arg(long, default_value_t = 100_000)]
    pub filled: usize,
    /// Count fsync and fdatasync per acknowledgement in P1, with strace, after the measurement.
    #[arg(long)]
    pub forced_writes: bool,
    /// Where data folders are made; its disk is the one measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub disk: PathBuf,
    /// A missed goal is an error.
    #[arg(long)]
    pub strict: bool,
    /// Cargo says this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    pub command: Option<Hidden>,
}

#[derive(Subcommand)]
pub enum Hidden {
    /// A baseline, in a process of its own.
    #[command(hide = true)]
    Baseline {
        flavour: baseline::Flavour,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        data: PathBuf,
    },
}

/// The rows of the goals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Durable sends
    P1,
    /// Fan-out
    P2,
    /// Memory per idle connection
    P3,
    /// Reconnect storm with tokens
    P4,
    /// Reconnect storm with passwords
    P4b,
    /// A page of history
    P5,
    /// A word among all messages
    P6,
    /// Start (P7) and weight (P8)
    P7,
}

impl Args {
    /// How long P1 loads.
    pub fn load_time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 2.0 } else { 10.0 }))
    }
}
