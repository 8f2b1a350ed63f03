//! What is measured, by name.

mod accept;
mod bench;
mod http;
mod list;
mod pgbench;
mod pgbench_log;
mod redis_script;
mod rest;

pub(crate) use bench::Bench;
pub(crate) use http::{drive, memory};
pub(crate) use list::{all, chosen};

use crate::stack::Servers;
use pgbench::Script;

/// One line of the report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scenario {
    /// Its name: `--only`, `results.json`.
    pub(crate) name: String,
    /// What has to run.
    pub(crate) servers: Servers,
    /// What is done.
    pub(crate) work: Work,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// `POST /subscribe`, new users, new keys.
    Subscribe {
        /// Connections.
        clients: usize,
    },
    /// The same with arrivals at a share of what 64 clients reached in a closed loop.
    OpenLoop {
        /// The share, in percent.
        percent: u32,
    },
    /// All commands.
    Mixed {
        /// Connections.
        clients: usize,
    },
    /// The same finished keys again.
    Replay {
        /// Connections.
        clients: usize,
    },
    /// `GET /subscriptions/{id}`
    Read {
        /// Connections.
        clients: usize,
    },
    /// A write in pgbench.
    Pgbench {
        /// Which.
        script: Script,
        /// Connections.
        clients: usize,
    },
    /// The admission script in redis-benchmark.
    RedisScript,
    /// `Prefer: respond-async` without a worker.
    Accept,
    /// A worker takes what [`Work::Accept`] has left.
    Drain,
    /// Nothing at all.
    Rest,
}

/// How long a stack at rest is watched, in seconds.
pub(crate) const REST_SECONDS: u64 = 10;

/// What the open loop takes its rates from.
pub(crate) const SATURATION: &str = "subscribe-64";

impl Scenario {
    /// How long it takes, in seconds, when `seconds` are measured.
    pub(crate) fn estimate(&self, seconds: f64, jobs: u64) -> f64 {
        let jobs = crate::number::float(jobs);
        0.6 + match self.work {
            Work::RedisScript => 4.0,
            Work::Accept => jobs / 15_000.0,
            Work::Drain => 1.0 + jobs / 12_000.0,
            Work::Rest => crate::number::float(REST_SECONDS) + 1.0,
            _ => seconds + 1.0,
        }
    }

    /// Whether one round of it is enough.
    pub(crate) fn is_once(&self) -> bool {
        self.work == Work::Rest
    }
}
