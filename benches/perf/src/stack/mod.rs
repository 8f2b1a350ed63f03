//! What is measured: the servers around the product, and the product's own processes.

mod database;
mod distance;
mod program;
mod redis;

pub(crate) use database::{Database, READERS};
pub(crate) use program::Program;
pub(crate) use redis::Redis;

use distance::Distance;

use crate::driver::Connection;
use crate::machine::Watch;
use crate::options::Options;
use anyhow::{Context, Result, ensure};
use e2e::Settings;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What has to run for a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Servers {
    /// Postgres and Redis alone.
    None,
    /// An api, and so many workers.
    Product {
        /// How many.
        workers: usize,
    },
    /// The same, with workers that are a [`Distance`] away from Postgres and take small batches: one
    /// alone is limited by the way, and not by what it can do.
    Distant {
        /// How many.
        workers: usize,
    },
    /// The bare echo.
    Echo,
    /// The synchronous path.
    Sync,
}

/// A sixteenth of the usual: 16 commands in three round trips of 2 to 4 ms.
const DISTANT_BATCH_MAX: u16 = 16;

/// All of it.
pub(crate) struct Stack {
    /// Of the product, and of the synchronous path.
    pub(crate) database: Database,
    /// The Redis of both.
    pub(crate) redis: Redis,
    /// Settings of the product that differ from the usual ones.
    pub(crate) tuning: Settings,
    /// Whether what starts is counted by callgrind.
    pub(crate) callgrind: bool,
    postgres_pid: u32,
    programs: PathBuf,
    logs: PathBuf,
    servers: Servers,
    distance: Option<Distance>,
    running: Vec<Program>,
}

impl Stack {
    /// Makes the product's database; nothing of the product runs yet.
    pub(crate) async fn new(options: &Options, logs: &Path) -> Result<Self> {
        Ok(Self {
            database: Database::create(&options.postgres_url, "commerce").await?,
            redis: Redis::connect(&options.redis_url, options.redis_pid).await?,
            tuning: Settings::default(),
            callgrind: false,
            postgres_pid: options.postgres_pid,
            programs: options.programs()?,
            logs: logs.to_owned(),
            servers: Servers::None,
            distance: None,
            running: Vec::new(),
        })
    }

    /// Has just those running, the product with an empty Redis.
    pub(crate) async fn need(&mut self, servers: Servers) -> Result<()> {
        if servers == self.servers {
            return Ok(());
        }
        self.stop().await?;
        match servers {
            Servers::None => {}
            Servers::Echo => self.start("reference", &["echo"]).await?,
            Servers::Sync => self.start("reference", &["sync"]).await?,
            Servers::Product { workers } => {
                self.start("api", &[]).await?;
                for _ in 0..workers {
                    self.add_worker().await?;
                }
            }
            Servers::Distant { workers } => {
                self.start("api", &[]).await?;
                self.distance = Some(Distance::to(self.database.server()?).await?);
                self.tuning = Settings::default().with("WORKER_BATCH_MAX", DISTANT_BATCH_MAX);
                for _ in 0..workers {
                    self.add_worker().await?;
                }
                self.tuning = Settings::default();
            }
        }
        self.servers = servers;
        Ok(())
    }

    /// Ends all processes of the product, and empties Redis.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.servers = Servers::None;
        // The api first, as its operators are told to.
        for program in self.running.drain(..) {
            program.stop().await?;
        }
        self.distance = None;
        self.redis.flush().await
    }

    /// One more worker.
    pub(crate) async fn add_worker(&mut self) -> Result<()> {
        self.start("worker", &[]).await
    }

    async fn start(&mut self, name: &str, args: &[&str]) -> Result<()> {
        let settings = Settings::default()
            .with("DATABASE_URL", self.database.url_by(self.distance.as_ref())?)
            .with("REDIS_URL", self.redis.url())
            .with("API_AUTH", "open")
            .with("RATE_LIMIT_REQUESTS", 0)
            .with("QUEUE_DEPTH_MAX", 3_000_000)
            .with("RUST_LOG", "warn")
            .overridden_by(&self.tuning);
        let mut path = self.programs.join(name);
        let mut args: Vec<String> = args.iter().map(ToString::to_string).collect();
        if self.callgrind {
            let out = format!("--callgrind-out-file={}", self.counts_of(name).display());
            let program = std::mem::replace(&mut path, "valgrind".into());
            let before = ["--tool=callgrind".to_owned(), out, program.display().to_string()];
            args.splice(0..0, before);
        }
        let log = self.logs.join(format!("{name}.log"));
        self.running.push(Program::start(name, &path, &args, settings, &log).await?);
        Ok(())
    }

    /// Where callgrind writes what it has counted of a component.
    pub(crate) fn counts_of(&self, component: &str) -> PathBuf {
        self.logs.join(format!("callgrind.{component}"))
    }

    /// Where requests go.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.running.first().context("nothing runs that could be asked")?.address)
    }

    /// The processes of a component: `api` or `worker`.
    pub(crate) fn programs_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Program> {
        self.running.iter().filter(move |program| program.component == name)
    }

    /// Whose CPU time counts.
    pub(crate) fn watch(&self) -> Watch {
        let mut watch = Watch::default();
        watch.family("postgres", self.postgres_pid);
        // Its children rewrite its log.
        watch.family("redis", self.redis.pid);
        watch.process("load", std::process::id());
        for program in &self.running {
            watch.process(&program.component, program.pid());
        }
        watch
    }

    /// What has been written to the logs of Postgres and Redis so far, in bytes. That of Redis gets
    /// shorter now and then.
    pub(crate) async fn written(&self) -> Result<[(&'static str, i64); 2]> {
        let wal = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
        let wal = self.database.number(wal).await?;
        Ok([("wal_bytes", wal), ("aof_bytes", self.redis.aof_bytes().await?)])
    }

    /// How many jobs are not decided, by the product's own metrics.
    pub(crate) async fn queue_depth(&self) -> Result<u64> {
        let mut connection = Connection::new(self.address()?);
        let reply = connection.ask(b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n").await?;
        ensure!(reply.status == 200, "GET /metrics: {}", reply.status);
        let text = String::from_utf8_lossy(reply.body);
        let states = ["queued", "running", "retrying"];
        Ok(metric(&text, |labels| states.iter().any(|state| labels.contains(state))))
    }
}

/// The sum of `commerce_queue_depth` over those of its lines.
fn metric(text: &str, wanted: impl Fn(&str) -> bool) -> u64 {
    let lines = text.lines().filter_map(|line| line.strip_prefix("commerce_queue_depth{"));
    let values =
        lines.filter_map(|line| line.split_once("} ")).filter(|(labels, _)| wanted(labels));
    values.filter_map(|(_, value)| value.trim().parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_summed_over_states() {
        let text = "# TYPE x\ncommerce_queue_depth{state=\"queued\"} 3\n\
                    commerce_queue_depth{state=\"dead\"} 5\n\
                    commerce_queue_depth{state=\"running\"} 4\n";
        assert_eq!(metric(text, |labels| !labels.contains("dead")), 7);
    }
}
