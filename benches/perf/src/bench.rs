//! What a run keeps between its scenarios.

use crate::machine::Watch;
use crate::options::Options;
use crate::stack::{Database, Redis};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What all scenarios work with.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) redis: Redis,
    /// When the run began, UTC.
    pub(crate) began: String,
    /// For the report, and for logs and scripts.
    pub(crate) folder: PathBuf,
    /// Databases beside those of the product by name, once they are needed.
    pub(crate) databases: BTreeMap<&'static str, Database>,
    pub(crate) postgres_pid: u32,
    runs: u32,
}

impl Bench {
    pub(crate) async fn new(options: Options) -> Result<Self> {
        let redis = Redis::connect(&options.bench_redis_url)?;
        let empty = Database::create(&options.bench_postgres_url, "empty", "template1").await?;
        let postgres_pid = empty.server_pid().await?;
        let now = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')";
        let began: String = empty.value(now).await?;
        let name = began.replace(['-', ':'], "").replace(' ', "T");
        let folder = PathBuf::from(".data/bench").join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let (folder, databases) = (folder.canonicalize()?, BTreeMap::new());
        Ok(Self { options, redis, began, folder, databases, postgres_pid, runs: 0 })
    }

    /// A number for keys that no other run of the driver has.
    pub(crate) fn next_run(&mut self) -> u32 {
        self.runs += 1;
        self.runs
    }

    /// Postgres and Redis, with a tool that is our child: when it has ended, what it used is booked
    /// on us.
    pub(crate) fn servers_and(&self, tool: &'static str) -> Watch {
        let mut watch = Watch::default();
        watch.family("postgres", self.postgres_pid);
        watch.family("redis", self.redis.pid);
        watch.family(tool, std::process::id());
        watch
    }
}
