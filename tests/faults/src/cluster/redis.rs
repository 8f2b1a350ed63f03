//! The campaign's own Redis, with a log and without eviction, and the replica that can take its
//! place.

use super::clock::Clock;
use crate::nemesis::Fault;
use crate::options::Options;
use anyhow::{Context, Result};
use e2e::{Proxy, RedisServer, Settings, eventually_true};
use redis::aio::MultiplexedConnection;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time within which a replica has what its master has.
const IN_STEP_WITHIN: Duration = Duration::from_secs(30);

/// The server, and the replica that can take its place.
pub struct Redis {
    master: Server,
    replica: Option<Server>,
    /// The way from the replica to its master.
    link: Proxy,
}

struct Server {
    redis: RedisServer,
    folder: PathBuf,
    clock: Option<Clock>,
}

impl Redis {
    /// Starts a server in `home`, with what the faults of the campaign need.
    pub async fn start(options: &Options, home: &Path, folder: &Path) -> Result<Self> {
        let master = Server::start(options, home, folder, "redis").await?;
        let link = Proxy::start(master.redis.address()).await?;
        let mut redis = Self { master, replica: None, link };
        if options.faults().contains(&Fault::DemoteRedis) {
            redis.replica = Some(Server::start(options, home, folder, "redis-other").await?);
            redis.demote().await?;
        }
        Ok(redis)
    }

    /// The address, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.master.redis.address()
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.master.redis.kill();
    }

    /// The size of its log.
    pub fn log_size(&self) -> Result<u64> {
        self.master.redis.log_size()
    }

    /// Kills it as a power cut does: of what its log has beyond `synced` so many hundredths are on
    /// the disk.
    pub fn cut_power(&mut self, synced: u64, hundredths: usize) -> Result<()> {
        self.master.redis.kill();
        let written = self.master.redis.log_size()?.saturating_sub(synced);
        self.master.redis.cut_power(synced + written * u64::try_from(hundredths)? / 100)
    }

    /// Deletes the data of the server, which must not run.
    pub fn forget(&self) -> Result<()> {
        let log = self.master.folder.join("redis.log");
        for entry in std::fs::read_dir(&self.master.folder)? {
            let path = entry?.path();
            if path.is_dir() {
                std::fs::remove_dir_all(path)?;
            } else if path != log {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Starts the server on its data, and waits until it answers.
    pub async fn resume(&mut self) -> Result<()> {
        self.master.redis.resume().await
    }

    /// Keeps back what the master writes from its replica, until [`Redis::demote`].
    pub fn hold_back(&self) {
        self.link.freeze();
    }

    /// Makes the replica the master. The one before takes writes, too, until [`Redis::demote`].
    pub async fn promote(&mut self) -> Result<()> {
        let replica = self.replica.as_mut().context("no replica")?;
        replica.follow("NO", "ONE").await?;
        std::mem::swap(&mut self.master, replica);
        Ok(())
    }

    /// Makes the other server a replica of the master.
    pub async fn demote(&self) -> Result<()> {
        let Some(replica) = &self.replica else { return Ok(()) };
        self.link.move_to(self.address());
        self.link.restore();
        let link = self.link.address();
        replica.follow(&link.ip().to_string(), &link.port().to_string()).await
    }

    /// Waits until the replica follows its master.
    pub async fn in_step(&self) -> Result<()> {
        let replica = self.replica.as_ref().context("no replica")?;
        eventually_true("the replica is in step", IN_STEP_WITHIN, async || {
            let mut info = redis::cmd("INFO");
            let info = info.arg("replication");
            let info: String = info.query_async(&mut replica.redis.connect().await?).await?;
            Ok(info.contains("role:slave") && info.contains("master_link_status:up"))
        })
        .await
    }

    /// Whether its clock can jump.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        self.master.clock.is_some()
    }

    /// Sets its clock that many seconds ahead.
    pub fn set_clock(&self, ahead: i32) -> Result<()> {
        self.master.clock.as_ref().context("no libfaketime")?.set(ahead)
    }

    /// Deletes all keys.
    pub async fn flush_all(&self) -> Result<()> {
        self.master.redis.flush_all().await
    }

    /// Makes Redis refuse writes when it uses more than `bytes` of memory; 0 for no limit.
    pub async fn set_memory_max(&self, bytes: u64) -> Result<()> {
        let mut config = redis::cmd("CONFIG");
        let config = config.arg("SET").arg("maxmemory").arg(bytes);
        Ok(config.exec_async(&mut self.connection().await?).await?)
    }

    pub(super) async fn connection(&self) -> Result<MultiplexedConnection> {
        self.master.redis.connect().await.context("the campaign's own connection to Redis")
    }
}

impl Server {
    async fn start(options: &Options, home: &Path, folder: &Path, name: &str) -> Result<Self> {
        let jumps = options.faults().contains(&Fault::JumpRedisClock);
        let clock = if jumps { Clock::prepare(&options.faketime, folder, name)? } else { None };
        let environment = clock.as_ref().map_or_else(Settings::default, Clock::settings);
        let folder = home.join(name);
        std::fs::create_dir_all(&folder)?;
        let redis = RedisServer::start_with(folder.clone(), true, environment).await?;
        Ok(Self { redis, folder, clock })
    }

    async fn follow(&self, host: &str, port: &str) -> Result<()> {
        let mut follow = redis::cmd("REPLICAOF");
        let follow = follow.arg(host).arg(port);
        Ok(follow.exec_async(&mut self.redis.connect().await?).await?)
    }
}
