//! A Redis server for one test.

use crate::{Process, Settings, Signal, eventually, free_address, fresh_folder};
use anyhow::{Context, Result, bail, ensure};
use redis::cmd;
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const START_WITHIN: Duration = Duration::from_secs(20);

/// A `redis-server` with its folder and its settings.
#[derive(Debug)]
pub struct RedisServer {
    address: SocketAddr,
    folder: PathBuf,
    /// Whether the folder is deleted with the server.
    temporary: bool,
    durable: bool,
    environment: Settings,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts a server on a free port, with its data in `folder`. A `durable` one has a log,
    /// as with `make run`.
    pub async fn start(folder: PathBuf, durable: bool) -> Result<Self> {
        Self::start_with(folder, durable, Settings::default()).await
    }

    /// The same, with that environment.
    pub async fn start_with(folder: PathBuf, durable: bool, environment: Settings) -> Result<Self> {
        Self::start_in(folder, false, durable, environment).await
    }

    /// Starts a server on a free port that writes nothing to disk by itself. Its folder is deleted
    /// with it.
    pub async fn start_temporary() -> Result<Self> {
        Self::start_in(fresh_folder("redis")?, true, false, Settings::default()).await
    }

    async fn start_in(
        folder: PathBuf,
        temporary: bool,
        durable: bool,
        environment: Settings,
    ) -> Result<Self> {
        let address = free_address()?;
        let mut server = Self { address, folder, temporary, durable, environment, process: None };
        for _ in 0..5 {
            match server.resume().await {
                Ok(()) => return Ok(server),
                Err(_) if server.log_tail().contains("Address already in use") => {
                    server.address = free_address()?;
                }
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

    /// Where it listens, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Starts again on the same port and folder, and waits until it answers.
    pub async fn resume(&mut self) -> Result<()> {
        self.spawn_with(&[])?;
        eventually("redis answers", START_WITHIN, async || {
            if self.process.as_mut().context("not started")?.try_exit()?.is_some() {
                return Ok(Some(false));
            }
            cmd("PING").exec_async(&mut self.connect().await?).await?;
            Ok(Some(true))
        })
        .await?
        .then_some(())
        .context("redis-server ended at once")
    }

    /// Starts again on the same port and folder with more settings, and does not wait.
    pub fn spawn_with(&mut self, settings: &[&str]) -> Result<()> {
        let appendonly = if self.durable { "yes" } else { "no" };
        let port = self.address.port().to_string();
        let folder = self.folder.display().to_string();
        let own = [
            ["--bind", "127.0.0.1"],
            ["--port", &port],
            ["--dir", &folder],
            ["--save", ""],
            ["--appendonly", appendonly],
            ["--appendfsync", "everysec"],
            ["--maxmemory-policy", "noeviction"],
            // A replica of it need not wait for others that might come.
            ["--repl-diskless-sync-delay", "0"],
        ];
        let args = own.as_flattened().iter().chain(settings);
        let args: Vec<String> = args.map(|&arg| arg.to_owned()).collect();
        let (program, log) = (PathBuf::from("redis-server"), self.folder.join("redis.log"));
        let process = Process::spawn(&program, &args, &self.environment, &log);
        self.process = Some(process.context("`make test` installs redis-server")?);
        Ok(())
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

    /// The size of the log of a durable server. Redis writes to it before it answers.
    pub fn log_size(&self) -> Result<u64> {
        Ok(self.log()?.metadata()?.len())
    }

    /// Ends it as a power cut does (SIGKILL) after which its log is no longer than `kept`: what was
    /// written since was not on the disk.
    pub fn cut_power(&mut self, kept: u64) -> Result<()> {
        self.kill();
        let log = self.log()?;
        ensure!(log.metadata()?.len() >= kept, "the log is shorter than {kept}");
        Ok(log.set_len(kept)?)
    }

    /// The newest file of the log.
    fn log(&self) -> Result<File> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("appendonlydir"))? {
            files.push(entry?.path());
        }
        files.retain(|file| file.to_string_lossy().ends_with(".incr.aof"));
        files.sort();
        let newest = files.last().context("no log: is the server durable?")?;
        Ok(File::options().write(true).open(newest)?)
    }

    /// Sends the server a signal, for example to freeze it.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.as_ref().context("redis is not running")?.signal(signal)
    }

    /// The last lines of the log, which has the lines of all starts.
    #[must_use]
    pub fn log_tail(&self) -> String {
        crate::log_tail(&self.folder.join("redis.log"), 10)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys, run};

    #[tokio::test]
    async fn a_durable_redis_remembers_over_its_death_and_another_does_not() {
        for (durable, left) in [(true, 1), (false, 0)] {
            let folder = fresh_folder("redis").unwrap();
            let mut server = RedisServer::start(folder.clone(), durable).await.unwrap();
            let mut connection = server.connect().await.unwrap();
            run::<()>(&mut connection, "RPUSH k a b").await;
            assert_eq!(server.key_count().await.unwrap(), 1);
            assert_eq!(server.member_count().await.unwrap(), 2);
            server.kill();
            server.resume().await.unwrap();
            assert_eq!(server.key_count().await.unwrap(), left);
            server.flush_all().await.unwrap();
            assert_eq!(server.key_count().await.unwrap(), 0);
            server.stop().await.unwrap();
            drop(server);
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[tokio::test]
    async fn a_power_cut_takes_what_came_after_the_kept_size_and_nothing_else() {
        let folder = fresh_folder("redis").unwrap();
        let mut server = RedisServer::start(folder.clone(), true).await.unwrap();
        let mut connection = server.connect().await.unwrap();
        // With everysec it may write to its log later, while its disk is busy.
        run::<()>(&mut connection, "CONFIG SET appendfsync always").await;
        run::<()>(&mut connection, "SET before 1").await;
        let kept = server.log_size().unwrap();
        run::<()>(&mut connection, "SET after 1").await;
        assert!(server.log_size().unwrap() > kept);
        server.cut_power(kept).unwrap();
        server.resume().await.unwrap();
        assert_eq!(keys(&mut server.connect().await.unwrap()).await, ["before"]);
        drop(server);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_temporary_redis_leaves_no_folder() {
        let server = RedisServer::start_temporary().await.unwrap();
        let mut connection = server.connect().await.unwrap();
        run::<()>(&mut connection, "MSET b 1 a 2").await;
        assert_eq!(keys(&mut connection).await, ["a", "b"]);
        let folder = server.folder.clone();
        assert!(folder.is_dir());
        drop(server);
        assert!(!folder.exists());
    }
}
