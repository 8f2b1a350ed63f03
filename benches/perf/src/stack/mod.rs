//! What is measured: one build of the product with a database and a queue of its own, and the
//! servers around it.

mod database;
mod distance;
mod program;
mod redis;

pub(crate) use database::{Database, READERS};
pub(crate) use program::{Program, Settings};
pub(crate) use redis::Redis;

use crate::bench::Bench;
use crate::driver::Connection;
use crate::machine::Watch;
use crate::results::Samples;
use anyhow::{Context, Result};
use distance::Distance;
use sqlx::ConnectOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What has to run for a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Servers {
    /// Postgres and Redis alone.
    None,
    /// An api, and so many workers.
    Product(usize),
    /// The same, with workers that are a [`Distance`] away from Postgres and take small batches:
    /// one alone is limited by the way, and not by what it can do.
    Distant(usize),
    /// A server that the product is compared with.
    Reference(&'static str),
}

/// A sixteenth of the usual: 16 commands in two round trips of 2 to 4 ms.
const DISTANT_BATCH_MAX: u16 = 16;

/// More jobs than any scenario has waiting.
const QUEUE_DEPTH_MAX: u32 = 3_000_000;

/// One build.
pub(crate) struct Stack {
    pub(crate) name: &'static str,
    /// What was measured of it so far.
    pub(crate) samples: Samples,
    /// Of the product, and of the synchronous path.
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    /// Whether nobody else uses Redis: then the product begins with an empty one.
    pub(crate) alone: bool,
    /// Settings of the product that differ from the usual ones.
    pub(crate) tuning: Settings,
    /// Whether what starts is counted by callgrind.
    pub(crate) callgrind: bool,
    postgres_pid: u32,
    programs: PathBuf,
    logs: PathBuf,
    servers: Servers,
    distance: Option<Distance>,
    pub(crate) running: Vec<Program>,
}

impl Stack {
    /// The build in the folder `programs`, which makes its schema itself.
    pub(crate) async fn new(bench: &Bench, name: &'static str, programs: PathBuf) -> Result<Self> {
        let server = &bench.options.bench_postgres_url;
        let mut stack = Self {
            name,
            samples: Samples::default(),
            database: Database::create(server, &format!("schema_{name}"), "template1").await?,
            redis: bench.redis.clone(),
            alone: bench.options.against.is_none(),
            tuning: Settings::new(),
            callgrind: false,
            postgres_pid: bench.postgres_pid,
            programs,
            logs: bench.folder.clone(),
            servers: Servers::None,
            distance: None,
            running: Vec::new(),
        };
        stack.need(Servers::Product(0)).await?;
        stack.stop().await?;
        stack.database = stack.one_more_database(bench, &format!("product_{name}")).await?;
        Ok(stack)
    }

    /// A database with the schema of this build, and with the users that are only read.
    pub(crate) async fn one_more_database(&self, bench: &Bench, name: &str) -> Result<Database> {
        let (server, schema) = (&bench.options.bench_postgres_url, format!("schema_{}", self.name));
        let mut database = Database::create(server, name, &schema).await?;
        database.users(1).await?;
        database.fill(include_str!("../../sql/readers.sql")).await?;
        Ok(database)
    }

    /// Has just those running.
    pub(crate) async fn need(&mut self, servers: Servers) -> Result<()> {
        if servers == self.servers {
            return Ok(());
        }
        self.stop().await?;
        if let Servers::Reference(which) = servers {
            self.start("reference", &[which]).await?;
        }
        if let Servers::Product(workers) | Servers::Distant(workers) = servers {
            self.start("api", &[]).await?;
            if matches!(servers, Servers::Distant(_)) {
                let (host, port) =
                    (self.database.options.get_host(), self.database.options.get_port());
                self.distance = Some(Distance::to(SocketAddr::new(host.parse()?, port)).await?);
            }
            for _ in 0..workers {
                self.add_worker().await?;
            }
        }
        self.servers = servers;
        Ok(())
    }

    /// Ends all its processes, the api first, as its operators are told to.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.servers = Servers::None;
        for program in self.running.drain(..) {
            program.stop().await?;
        }
        self.distance = None;
        if self.alone { self.redis.flush() } else { Ok(()) }
    }

    /// One more worker.
    pub(crate) async fn add_worker(&mut self) -> Result<()> {
        self.start("worker", &[]).await
    }

    /// A simulated provider whose answers take so long. Workers that are started later ask it.
    pub(crate) async fn add_provider(&mut self, answer_ms: u64) -> Result<()> {
        let answer_ms = answer_ms.to_string();
        self.start("provider", &["simulated-provider", "--answer-ms", &answer_ms]).await?;
        self.tuning.push(("SIMULATED_URL", format!("http://{}", self.one("provider")?.address)));
        Ok(())
    }

    /// The most charges that were asked for at once, as the provider saw it.
    pub(crate) async fn charges_at_once_max(&self) -> Result<f64> {
        let page = Connection::new(self.one("provider")?.address).page("/health").await?;
        let page: serde_json::Value = serde_json::from_str(&page)?;
        let most = page.get("charges_at_once_max").and_then(serde_json::Value::as_f64);
        most.context("the provider counts no charges")
    }

    /// What `worker check` says if not all is well.
    pub(crate) async fn check(&self) -> Result<Option<String>> {
        let mut check = Command::new(self.programs.join("worker"));
        let checked = check.arg("check").env_clear().envs(self.settings()).output().await?;
        let said = || [checked.stdout, checked.stderr].concat();
        Ok((!checked.status.success()).then(|| String::from_utf8_lossy(&said()).into_owned()))
    }

    async fn start(&mut self, component: &'static str, args: &[&str]) -> Result<()> {
        let program = match component {
            "reference" => std::env::current_exe()?.with_file_name(component),
            "provider" => self.programs.join("worker"),
            _ => self.programs.join(component),
        };
        let mut command =
            Command::new(if self.callgrind { Path::new("valgrind") } else { &program });
        if self.callgrind {
            command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&program);
        }
        command.args(args);
        let log = self.logs.join(format!("{}-{component}.log", self.name));
        self.running.push(Program::start(component, command, &self.settings(), &log).await?);
        Ok(())
    }

    fn settings(&self) -> Settings {
        let postgres = self.database.options.clone();
        let postgres = match &self.distance {
            None => postgres,
            Some(far) => postgres.host(&far.address.ip().to_string()).port(far.address.port()),
        };
        let mut settings = vec![
            ("DATABASE_URL", postgres.to_url_lossy().to_string()),
            ("REDIS_URL", self.redis.url.clone()),
            ("QUEUE_NAME", format!("bench-{}", self.name)),
            ("API_AUTH", "open".to_owned()),
            ("PAYMENTS", "simulated".to_owned()),
            ("RATE_LIMIT_REQUESTS", "0".to_owned()),
            ("QUEUE_DEPTH_MAX", QUEUE_DEPTH_MAX.to_string()),
            ("RUST_LOG", "warn".to_owned()),
        ];
        settings.extend(
            self.distance.as_ref().map(|_| ("WORKER_BATCH_MAX", DISTANT_BATCH_MAX.to_string())),
        );
        settings.extend(self.tuning.iter().cloned());
        settings
    }

    /// Where requests go.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.running.first().context("nothing runs that could be asked")?.address)
    }

    /// The first worker.
    pub(crate) fn worker(&self) -> Result<&Program> {
        self.one("worker")
    }

    /// The first process of that component.
    fn one(&self, component: &str) -> Result<&Program> {
        let found = self.running.iter().find(|program| program.component == component);
        found.with_context(|| format!("no {component} runs"))
    }

    /// Whose CPU time counts.
    pub(crate) fn watch(&self) -> Watch {
        let mut watch = Watch::default();
        watch.family("postgres", self.postgres_pid);
        // Its children rewrite its log.
        watch.family("redis", self.redis.pid);
        watch.process("load", std::process::id());
        for program in &self.running {
            watch.process(program.component, program.pid);
        }
        watch
    }

    /// How many jobs are not decided, by the product's own metrics.
    pub(crate) async fn queue_depth(&self) -> Result<u64> {
        let page = Connection::new(self.address()?).page("/metrics").await?;
        let name = |state| format!("commerce_queue_depth{{state=\"{state}\"}}");
        Ok(["queued", "running", "retrying"].map(|state| metric(&page, &name(state))).iter().sum())
    }
}

/// The value of one of the product's metrics; 0 while it has none.
pub(crate) fn metric(page: &str, name: &str) -> u64 {
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    value.unwrap_or_default()
}
