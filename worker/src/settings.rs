//! The settings of the worker, read once. `worker --help` is the reference.

use crate::policy::Policy;
pub use crate::provider::settings::ProviderSettings;
pub use crate::provider::simulated::process::SimulatedProvider;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Parser, Subcommand};
use runtime::checks::Checks;
use runtime::settings::{Logs, PaymentsSetting, Postgres, Redis, Selling};
use std::net::SocketAddr;
use std::str::FromStr;
use uuid::Uuid;

/// Takes commands from the queue, commits them to Postgres, and expires what has run out.
///
/// Any number of workers may run. Stop one with SIGTERM or Ctrl-C: it finishes what it has begun.
#[derive(Debug, Parser)]
#[command(name = "worker", version, max_term_width = 100)]
pub struct Cli {
    /// What to do instead of working.
    #[command(subcommand)]
    pub command: Option<CliCommand>,

    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// What a worker is told to do instead of working.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Ask the worker that runs here for its health; exit 0 when it is well
    Health,
    /// Look after jobs that were given up
    Jobs {
        /// What to do.
        #[command(subcommand)]
        command: JobsCommand,
    },
    /// List all that keeps the worker from starting or may go wrong later, with what to do about
    /// it; then look whether what is stored is consistent and whether anything is stuck. Changes
    /// nothing; exit 0 when it is well
    Check {
        /// As JSON: one object for each invariant of what is stored
        #[arg(long)]
        json: bool,
    },
    /// Show the books: the balances of all accounts, and what was earned in each month
    Books {
        /// As they were then, such as 2026-01-31T00:00:00Z; else as they are
        #[arg(long, value_name = "INSTANT")]
        at: Option<DateTime<Utc>>,
        /// As CSV
        #[arg(long)]
        csv: bool,
    },
    /// Be the simulated provider of payments, as a process of its own
    SimulatedProvider(SimulatedProvider),
    /// Look after the keys that jobs are signed with
    Secrets {
        /// What to do.
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Apply the migrations and exit
    Migrate {
        /// Also drop what releases before this one need. Stop their processes first.
        #[arg(long)]
        finish: bool,
    },
}

/// What to do about the keys that jobs are signed with.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum SecretsCommand {
    /// List the keys by age: their names and what they are good for, never a secret
    List,
    /// Add a key, which signs new jobs in two minutes. Jobs that older keys have signed go on being
    /// trusted
    Rotate {
        /// Others may know the older keys: trust nothing that they have signed. Jobs that wait are
        /// given up, and their clients have to send them again with the same key
        #[arg(long)]
        compromised: bool,
    },
}

/// What to do about jobs that were given up.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List dead jobs, with their causes
    List {
        /// How many, at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a job and the command that it carries
    Show {
        /// The id of the job
        job: Uuid,
    },
    /// Queue a dead job again, as a retry of its client would
    Requeue {
        /// The id of the job
        job: Uuid,
    },
    /// Drop a dead job; a retry of its client is still admitted
    Discard {
        /// The id of the job
        job: Uuid,
    },
}

/// The settings of a worker.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Where Postgres is.
    #[command(flatten)]
    pub postgres: Postgres,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: Redis,

    /// What is logged.
    #[command(flatten)]
    pub logs: Logs,

    /// How things are sold.
    #[command(flatten)]
    pub selling: Selling,

    /// How providers of payments are reached.
    #[command(flatten)]
    pub providers: ProviderSettings,

    /// Where GET /health and GET /metrics are served; "off" for nowhere
    #[arg(long, env = "WORKER_ADDR", default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub worker_addr: AdminAddress,

    /// Commands in one transaction, at most
    #[arg(long, env = "WORKER_BATCH_MAX", default_value_t = 256, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub worker_batch_max: u16,

    /// After this time without a sign of life, the jobs of a worker are taken over
    #[arg(long, env = "WORKER_ORPHAN_SECONDS", default_value_t = 15, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub worker_orphan_seconds: u64,

    /// How often a command is tried that fails by itself, before its job is given up
    #[arg(long, env = "WORKER_ATTEMPTS_MAX", default_value_t = 10, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=20))]
    pub worker_attempts_max: u32,

    /// How often gifts and subscriptions that have run out are marked. What clients see does not
    /// depend on it.
    #[arg(long, env = "SWEEP_INTERVAL_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub sweep_interval_seconds: u64,

    /// How long a gift can be redeemed
    #[arg(long, env = "GIFT_TTL_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=1825))]
    pub gift_ttl_days: u32,
}

impl Settings {
    /// The beginning of the list of what is wrong or doubtful at a start.
    #[must_use]
    pub fn checks(&self) -> Checks {
        let mut checks = Checks::default();
        if self.selling.payments == PaymentsSetting::Stripe {
            self.providers.check_stripe(&mut checks);
        }
        checks
    }

    /// What decisions depend on.
    pub(crate) fn policy(&self) -> Policy {
        let gift_ttl = TimeDelta::days(self.gift_ttl_days.into());
        Policy { gift_ttl, payments: self.selling.payments }
    }
}

/// An address to serve at, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminAddress(pub Option<SocketAddr>);

impl FromStr for AdminAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let address = text.parse().map_err(|_| "must be IP:PORT, or off".to_owned())?;
        Ok(Self(Some(address)))
    }
}
