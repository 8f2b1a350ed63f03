//! A Redis of its own for one test.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use redis::aio::MultiplexedConnection;

use crate::{
    poll::{eventually, eventually_true},
    ports::free_address,
    process::{Process, Signal},
    programs::Settings,
};

const START_WITHIN: Duration = Duration::from_secs(20);

/// One `redis-server`, its folder, and whether it writes its log to disk.
#[derive(Debug)]
pub struct RedisServer {
    address: SocketAddr,
    folder: PathBuf,
    durable: bool,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts one on a free port; `durable` as our own run does it: every accepted job on disk.
    pub async fn start(folder: PathBuf, durable: bool) -> Result<Self> {
        for _ in 0..5 {
            let address = free_address()?;
            let mut server = Self { address, folder: folder.clone(), durable, process: None };
            match server.resume().await {
                Ok(()) => return Ok(server),
                Err(_) if server.log_tail().contains("Address already in use") => {}
                Err(error) => return Err(error.context(server.log_tail())),
            }
        }
        bail!("redis-server found no free port")
    }

    /// The URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Starts again on the same port and folder, and waits until it answers.
    pub async fn resume(&mut self) -> Result<()> {
        let appendonly = if self.durable { "yes" } else { "no" };
        let port = self.address.port().to_string();
        let folder = self.folder.display().to_string();
        let args = [
            ["--bind", "127.0.0.1"],
            ["--port", &port],
            ["--dir", &folder],
            ["--save", ""],
            ["--appendonly", appendonly],
            ["--appendfsync", "always"],
            ["--maxmemory-policy", "noeviction"],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        let log = self.folder.join("redis.log");
        let program = PathBuf::from("redis-server");
        self.process = Some(Process::spawn(&program, &args, &Settings::default(), &log)?);
        eventually("redis answers", START_WITHIN, async || {
            if self.process.as_mut().context("not started")?.try_exit()?.is_some() {
                return Ok(Some(false));
            }
            let mut connection = self.connect().await?;
            redis::cmd("PING").exec_async(&mut connection).await?;
            Ok(Some(true))
        })
        .await?
        .then_some(())
        .context("redis-server ended at once")
    }

    /// Stops it (SIGTERM) and waits for its end.
    pub async fn stop(&mut self) -> Result<()> {
        self.signal(Signal::Terminate)?;
        let mut process = self.process.take().context("redis is not running")?;
        process.exit(START_WITHIN).await?;
        Ok(())
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Sends it a signal, for instance to freeze it.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.as_ref().context("redis is not running")?.signal(signal)
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        Ok(redis::Client::open(self.url())?.get_multiplexed_async_connection().await?)
    }

    /// Forgets everything.
    pub async fn flush_all(&self) -> Result<()> {
        Ok(redis::cmd("FLUSHALL").exec_async(&mut self.connect().await?).await?)
    }

    /// How many keys it holds.
    pub async fn key_count(&self) -> Result<u64> {
        Ok(redis::cmd("DBSIZE").query_async(&mut self.connect().await?).await?)
    }

    /// Waits until it holds more keys than it did: for a stack at rest, a sign that a submission
    /// was admitted.
    pub async fn wait_for_more_keys_than(&self, count: u64) -> Result<()> {
        eventually_true("Redis holds more keys", START_WITHIN, async || {
            Ok(self.key_count().await? > count)
        })
        .await
    }

    /// How many members all its collections have together, answers and counters left out.
    pub async fn member_count(&self) -> Result<u64> {
        let script = "local n = 0; \
             local size = {list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN'}; \
             for _, key in ipairs(redis.call('KEYS', '*')) do \
             local command = size[redis.call('TYPE', key).ok]; \
             if command then n = n + redis.call(command, key) end end; return n";
        let mut connection = self.connect().await?;
        Ok(redis::cmd("EVAL").arg(script).arg(0).query_async(&mut connection).await?)
    }

    /// The last lines of its log, over all its starts.
    #[must_use]
    pub fn log_tail(&self) -> String {
        crate::process::log_tail(&self.folder.join("redis.log"), 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_durable_redis_remembers_over_its_death_and_another_does_not() {
        for (durable, left) in [(true, 1), (false, 0)] {
            let folder = crate::stack::fresh_folder().unwrap();
            let mut server = RedisServer::start(folder.clone(), durable).await.unwrap();
            let mut connection = server.connect().await.unwrap();
            let mut push = redis::cmd("RPUSH");
            push.arg(&["k", "a", "b"]).exec_async(&mut connection).await.unwrap();
            assert_eq!(server.key_count().await.unwrap(), 1);
            assert_eq!(server.member_count().await.unwrap(), 2);
            server.kill();
            server.resume().await.unwrap();
            assert_eq!(server.key_count().await.unwrap(), left);
            server.flush_all().await.unwrap();
            assert_eq!(server.key_count().await.unwrap(), 0);
            server.stop().await.unwrap();
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
