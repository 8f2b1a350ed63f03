//! The options. `perf --help` is their reference.

use anyhow::{Context, Result};
use clap::Parser;
use std::path::PathBuf;

/// Compares the speed of the product with that of its limits, in one run on one machine.
///
/// `make bench` starts a Postgres and a Redis with durable settings and calls this program. In
/// several rounds it measures the product, and beside it what the same write costs in pgbench, HTTP
/// in a bare echo, a script in redis-benchmark, and a command without a queue in a synchronous
/// server. It writes report.md, results.json and pictures.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Parser)]
#[command(name = "perf", version, max_term_width = 100)]
pub(crate) struct Options {
    /// Rounds; medians and spreads are taken over them
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,

    /// How long each scenario is measured, after a second of warm-up
    #[arg(long, default_value_t = 4, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,

    /// One round of two seconds each, for a first look
    #[arg(long)]
    pub(crate) quick: bool,

    /// Scenarios to run, by name or by the beginning of their names; see --list
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Shows the scenarios and ends
    #[arg(long)]
    pub(crate) list: bool,

    /// Also what takes long: a million commands through Redis, growth, a sweep of a million rows
    #[arg(long)]
    pub(crate) long: bool,

    /// Also the instructions of api and worker an operation, counted by callgrind; needs valgrind
    #[arg(long)]
    pub(crate) instructions: bool,

    /// Rows of subscriptions and of the ledger to grow to, with --long; a million takes 1 GB
    #[arg(long, default_value_t = 10_000_000, value_name = "N", value_parser = clap::value_parser!(i64).range(20_000..))]
    pub(crate) growth_rows: i64,

    /// Commands through Redis, and due rows to sweep, with --long
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(10_000..))]
    pub(crate) long_count: u64,

    /// Jobs that are accepted while no worker runs, and then drained
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=2_500_000))]
    pub(crate) jobs: u64,

    /// What chance is drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,

    /// Where to write the report [default: .data/bench/TIME]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,

    /// The results.json of another run, to compare this one with
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,

    /// Where the programs are [default: beside this one]
    #[arg(long, env = "BENCH_PROGRAMS", value_name = "FOLDER", help_heading = "Set by make bench")]
    programs: Option<PathBuf>,

    /// A Postgres server, without a database; it has to be durable
    #[arg(
        long,
        env = "BENCH_POSTGRES_URL",
        hide_env_values = true,
        default_value = "",
        value_name = "URL",
        help_heading = "Set by make bench"
    )]
    pub(crate) postgres_url: String,

    /// The process id of its postmaster
    #[arg(
        long,
        env = "BENCH_POSTGRES_PID",
        default_value_t = 0,
        value_name = "PID",
        help_heading = "Set by make bench"
    )]
    pub(crate) postgres_pid: u32,

    /// The folder of its Unix socket, by which the original's statements go as when they were recorded
    #[arg(
        long,
        env = "BENCH_POSTGRES_SOCKET",
        value_name = "FOLDER",
        help_heading = "Set by make bench"
    )]
    pub(crate) postgres_socket: Option<PathBuf>,

    /// A Redis server; it has to be durable
    #[arg(
        long,
        env = "BENCH_REDIS_URL",
        hide_env_values = true,
        default_value = "",
        value_name = "URL",
        help_heading = "Set by make bench"
    )]
    pub(crate) redis_url: String,

    /// Its process id
    #[arg(
        long,
        env = "BENCH_REDIS_PID",
        default_value_t = 0,
        value_name = "PID",
        help_heading = "Set by make bench"
    )]
    pub(crate) redis_pid: u32,

    /// The program pgbench; it finds its password in PGPASSWORD
    #[arg(
        long,
        env = "BENCH_PGBENCH",
        default_value = "pgbench",
        value_name = "FILE",
        help_heading = "Set by make bench"
    )]
    pub(crate) pgbench: PathBuf,

    /// The program redis-benchmark
    #[arg(
        long,
        env = "BENCH_REDIS_BENCHMARK",
        default_value = "redis-benchmark",
        value_name = "FILE",
        help_heading = "Set by make bench"
    )]
    pub(crate) redis_benchmark: PathBuf,
}

impl Options {
    /// As given, with what --quick means.
    pub(crate) fn read() -> Self {
        let mut options = Self::parse();
        if options.quick {
            options.rounds = 1;
            options.seconds = 2;
        }
        options
    }

    /// The folder with api, worker and reference.
    pub(crate) fn programs(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.programs {
            return Ok(folder.clone());
        }
        let own = std::env::current_exe()?;
        Ok(own.parent().context("this program is in no folder")?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }
}
