//! The options. `perf --help` and `perf load --help` are their reference.

use crate::load;
use clap::{Args, Parser, Subcommand, value_parser};
use std::path::PathBuf;

/// Compares the speed of the product with that of its limits, or with that of another build.
///
/// `make bench` starts a Postgres and a Redis with durable settings and calls this program. In
/// several rounds it measures the product, and beside it what the same write costs in pgbench, HTTP
/// in a bare echo, a script in redis-benchmark, and a command without a queue in a synchronous
/// server. With --against it measures two builds of the product by turns. It writes report.md and
/// results.json.
#[derive(Debug, Parser)]
#[command(name = "perf", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) bench: Options,
}

/// What else it does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load-tests a running api, which is what `make load` does
    Load(load::Options),
}

/// How to measure.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Rounds, over which medians are taken [default: 3; 5 with --against; 1 with --quick]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(1..=50))]
    rounds: Option<u8>,

    /// How long each scenario is measured, after a second of warm-up
    #[arg(long, default_value_t = 4, default_value_if("quick", "true", "2"), value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,

    /// One round of two seconds each, for a first look
    #[arg(long)]
    quick: bool,

    /// Scenarios to run, by name or by the beginning of their names; see --list
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Shows the scenarios and ends
    #[arg(long)]
    pub(crate) list: bool,

    /// A folder with an older `api` and `worker`: both builds are measured by turns, and the report
    /// has the ratios new/old, of instructions too
    #[arg(long, value_name = "FOLDER")]
    pub(crate) against: Option<PathBuf>,

    /// Also what takes long: a million commands through Redis, growth, a sweep of a million rows,
    /// renewals
    #[arg(long, conflicts_with = "against")]
    pub(crate) long: bool,

    /// Also the instructions of api and worker an operation, counted by callgrind; needs valgrind
    #[arg(long, default_value_if("against", clap::builder::ArgPredicate::IsPresent, "true"))]
    pub(crate) instructions: bool,

    /// Rows of subscriptions and of the ledger to grow to, with --long; a million takes 1 GB
    #[arg(long, default_value_t = 10_000_000, value_name = "N",
          value_parser = value_parser!(u64).range(20_000..))]
    pub(crate) growth_rows: u64,

    /// Commands through Redis, and due rows to sweep, with --long
    #[arg(long, default_value_t = 1_000_000, value_name = "N",
          value_parser = value_parser!(u64).range(10_000..))]
    pub(crate) long_count: u64,

    /// Subscriptions that are renewed, with --long
    #[arg(long, default_value_t = 100_000, default_value_if("quick", "true", "5000"),
          value_name = "N", value_parser = value_parser!(u64).range(100..=1_000_000))]
    pub(crate) renewals: u64,

    /// The time within which they are due, one after the other
    #[arg(long, default_value_t = 600, default_value_if("quick", "true", "30"),
          value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=3600))]
    pub(crate) renewal_seconds: u64,

    /// How long the scenario `soak` goes on, which runs only when it is named
    #[arg(long, default_value_t = 3600, default_value_if("quick", "true", "120"),
          value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) soak_seconds: u64,

    /// The results.json of another run, to compare this one with
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,

    /// The folder with `api` and `worker`
    #[arg(long, env = "BENCH_PROGRAMS", default_value = "target/release", value_name = "FOLDER")]
    pub(crate) programs: PathBuf,

    /// A Postgres server, without a database; it has to be durable
    #[arg(long, env, hide_env_values = true, default_value = "", value_name = "URL")]
    pub(crate) bench_postgres_url: String,

    /// A Redis server; it has to be durable, and is emptied
    #[arg(long, env, hide_env_values = true, default_value = "", value_name = "URL")]
    pub(crate) bench_redis_url: String,
}

impl Options {
    /// Fewer than five medians say little about a few percent.
    pub(crate) fn rounds(&self) -> usize {
        let usual = if self.against.is_some() { 5 } else { 3 };
        self.rounds.unwrap_or(if self.quick { 1 } else { usual }).into()
    }
}
