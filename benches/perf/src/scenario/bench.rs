//! A run: its servers, and what it needs to keep between scenarios.

use super::{Scenario, Work, accept, http, pgbench, redis_script, rest};
use crate::machine::{self, Noise, Watch};
use crate::options::Options;
use crate::results::{Results, Sample};
use crate::stack::{Database, Servers, Stack};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Everything is in its stride after this.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a run works with.
pub(crate) struct Bench {
    /// How it was called.
    pub(crate) options: Options,
    /// What is measured.
    pub(crate) stack: Stack,
    /// Our schema, for pgbench.
    pub(crate) ours: Database,
    /// The original's schema, for pgbench.
    pub(crate) originals: Database,
    /// For logs and scripts; deleted in the end.
    pub(crate) scratch: PathBuf,
    runs: u32,
}

impl Bench {
    /// Makes the databases.
    pub(crate) async fn new(options: Options, scratch: PathBuf) -> Result<Self> {
        let stack = Stack::new(&options, &scratch).await?;
        let ours = Database::create(&options.postgres_url, "pgbench_ours").await?;
        ours.execute("CREATE TABLE bare_commit (at timestamptz NOT NULL)").await?;
        let originals = Database::create_empty(&options.postgres_url, "pgbench_original").await?;
        originals.execute(include_str!("../../sql/original_schema.sql")).await?;
        // As in the product: or the plans that are made while the tables are empty look at all rows.
        originals.execute("ALTER DATABASE pgbench_original SET enable_seqscan = off").await?;
        Ok(Self { options, stack, ours, originals, scratch, runs: 0 })
    }

    /// A number for keys that no other run of the driver has.
    pub(crate) fn next_run(&mut self) -> u32 {
        self.runs += 1;
        self.runs
    }

    /// How long a scenario is measured.
    pub(crate) fn measured(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// The warm-up before it.
    pub(crate) fn warm_up(&self) -> Duration {
        WARM_UP.min(self.measured())
    }

    /// Runs one scenario. What it cannot do at all is an error; what goes wrong in it makes its
    /// sample invalid.
    pub(crate) async fn run(&mut self, scenario: &Scenario, so_far: &Results) -> Result<Sample> {
        // A drain goes on with what was accepted.
        if scenario.work != Work::Drain {
            self.stack.need(scenario.servers).await?;
        }
        self.stack.database.checkpoint().await?;
        let calibration = machine::spin();
        let noise = Noise::start(self.ours());
        let echo = scenario.servers == Servers::Echo;
        let sample = match scenario.work {
            Work::Subscribe { clients } if echo => http::echo(self, clients).await,
            Work::Subscribe { clients } => http::subscribe(self, clients).await,
            Work::OpenLoop { percent } => http::open_loop(self, percent, so_far).await,
            Work::Mixed { clients } => http::mixed(self, clients).await,
            Work::Replay { clients } => http::replay(self, clients).await,
            Work::Read { clients } => http::read(self, clients).await,
            Work::Pgbench { script, clients } => pgbench::run(self, script, clients).await,
            Work::RedisScript => redis_script::run(self).await,
            Work::Accept => accept::accept(self).await,
            Work::Drain => accept::drain(self).await,
            Work::Rest => rest::run(self).await,
        };
        let sample = sample.with_context(|| format!("scenario {}", scenario.name))?;
        Ok(Sample { calibration, others_percent: noise.others_percent(), ..sample })
    }

    /// All that this run has started, pgbench too.
    fn ours(&self) -> Watch {
        let mut ours = Watch::default();
        ours.family("run", std::process::id());
        ours.family("postgres", self.options.postgres_pid);
        ours.family("redis", self.options.redis_pid);
        ours
    }
}
