//! The options of a campaign.

use crate::nemesis::Fault;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Injects faults under load, and checks the whole history.
///
/// Exits with 0 when the checker finds nothing, 1 when it does, 2 when the campaign could not run.
#[derive(Debug, Clone, Parser)]
#[command(name = "faults", max_term_width = 100, args_override_self = true)]
pub struct Options {
    /// How long faults are injected, in seconds
    #[arg(long, default_value_t = 120, conflicts_with = "minutes")]
    pub seconds: u64,

    /// How long faults are injected, in minutes
    #[arg(long)]
    pub minutes: Option<u64>,

    /// What the schedule of faults and the clients' commands are drawn from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Only these faults; "none" for a quiet run
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FAULTS")]
    pub only: Vec<Fault>,

    /// Between the beginnings of two faults, on average, in milliseconds
    #[arg(long, default_value_t = 1200, value_name = "MILLISECONDS")]
    pub gap: u64,

    /// Where the report goes [default: target/faults/SEED]
    #[arg(long)]
    pub out: Option<PathBuf>,

    /// How many api processes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub apis: u8,

    /// How many worker processes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub workers: u8,

    /// How many clients, each with one intent at a time
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub clients: u16,

    /// Within this time after the last fault everything must have recovered, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub recovery: u64,

    /// The folder of the programs `api` and `worker`
    #[arg(long, default_value = "target/debug", value_name = "FOLDER")]
    pub programs: PathBuf,

    /// The library that fakes a process' clock; without it no clock jumps
    #[arg(
        long,
        env = "FAKETIME_LIBRARY",
        value_name = "FILE",
        default_value = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    )]
    pub faketime: PathBuf,

    /// The folder of the programs of Postgres, when they are not on the PATH
    #[arg(long, env = "POSTGRES_BIN", value_name = "FOLDER")]
    pub postgres_bin: Option<PathBuf>,
}

impl Options {
    /// How long faults are injected.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.minutes.map_or(self.seconds, |minutes| minutes * 60))
    }

    /// The faults that are injected.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        if self.only.is_empty() {
            return Fault::value_variants().iter().copied().filter(|f| *f != Fault::None).collect();
        }
        self.only.iter().copied().filter(|fault| *fault != Fault::None).collect()
    }

    /// Where the report goes.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let folder = || PathBuf::from(format!("target/faults/{}", self.seed));
        self.out.clone().unwrap_or_else(folder)
    }
}
