//! The campaign's own Redis. Every job is on disk before it is acknowledged, and nothing is
//! evicted.

use crate::checker::Leftovers;
use anyhow::{Context, Result};
use e2e::RedisServer;
use redis::aio::MultiplexedConnection;
use std::path::{Path, PathBuf};

/// The server and its folder.
pub struct Redis {
    server: RedisServer,
    folder: PathBuf,
}

impl Redis {
    /// Starts a server in `home`.
    pub async fn start(home: &Path) -> Result<Self> {
        let folder = home.join("redis");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { server: RedisServer::start(folder.clone(), true).await?, folder })
    }

    /// The address, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        let url = self.server.url();
        let address = url.trim_start_matches("redis://").split('/').next();
        address.unwrap_or_default().to_owned()
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Deletes the data of the server, which must not run.
    pub fn forget(&self) -> Result<()> {
        let log = self.folder.join("redis.log");
        for entry in std::fs::read_dir(&self.folder)? {
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
        self.server.resume().await
    }

    /// Deletes all keys.
    pub async fn flush_all(&self) -> Result<()> {
        self.server.flush_all().await
    }

    /// Makes Redis refuse writes when it uses more than `bytes` of memory; 0 for no limit.
    pub async fn set_memory_max(&self, bytes: u64) -> Result<()> {
        let mut config = redis::cmd("CONFIG");
        let config = config.arg("SET").arg("maxmemory").arg(bytes);
        Ok(config.exec_async(&mut self.connection().await?).await?)
    }

    async fn connection(&self) -> Result<MultiplexedConnection> {
        self.server.connect().await.context("the campaign's own connection to Redis")
    }

    /// Everything in Redis beside the records of finished jobs and the names of workers.
    pub async fn leftovers(&self) -> Result<Leftovers> {
        let mut connection = self.connection().await?;
        let mut leftovers = Leftovers::default();
        let keys: Vec<String> =
            redis::cmd("KEYS").arg("commerce:*").query_async(&mut connection).await?;
        for key in keys {
            let size = match key.as_str() {
                "commerce:active" => "LLEN",
                "commerce:scheduled" => "ZCARD",
                "commerce:dead" => "SCARD",
                _ if key.starts_with("commerce:inflight:") => "SCARD",
                _ => "",
            };
            if !size.is_empty() {
                let size: u64 = redis::cmd(size).arg(&key).query_async(&mut connection).await?;
                leftovers.tasks.extend((size > 0).then_some((key, size)));
            } else if let Some(job) = key.strip_prefix("commerce:job:") {
                let mut letter = redis::cmd("GETRANGE");
                letter.arg(&key).arg(0).arg(0);
                let state: String = letter.query_async(&mut connection).await?;
                // Neither succeeded, nor failed, nor deleted meanwhile.
                if !["s", "f", ""].contains(&state.as_str()) {
                    leftovers.unfinished.push((job.to_owned(), state));
                }
            }
        }
        Ok(leftovers)
    }
}
