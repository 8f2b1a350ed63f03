//! The Redis of the run.

use crate::number::float;
use anyhow::{Context, Result, ensure};
use redis::aio::MultiplexedConnection;
use std::time::Duration;

/// A flush of a few gigabytes takes a while.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to it, and which process it is.
pub(crate) struct Redis {
    /// The process id of the server.
    pub(crate) pid: u32,
    client: redis::Client,
    url: String,
    connection: MultiplexedConnection,
}

impl Redis {
    /// Connects, and makes sure that it is as durable as the product asks it to be.
    pub(crate) async fn connect(url: &str, pid: u32) -> Result<Self> {
        let client = redis::Client::open(url)?;
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        for (name, wanted) in [("appendonly", "yes"), ("appendfsync", "always")] {
            let found: (String, String) =
                redis::cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await?;
            ensure!(found.1 == wanted, "Redis has {name} {}, not {wanted}", found.1);
        }
        Ok(Self { pid, client, url: url.to_owned(), connection })
    }

    /// How to reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// For connections of one's own.
    pub(crate) fn client(&self) -> &redis::Client {
        &self.client
    }

    /// Forgets everything.
    pub(crate) async fn flush(&self) -> Result<()> {
        Ok(redis::cmd("FLUSHALL").exec_async(&mut self.connection.clone()).await?)
    }

    /// The memory of its data, in MiB.
    pub(crate) async fn used_mib(&self) -> Result<f64> {
        Ok(float(self.info("memory", "used_memory").await?) / 1024.0 / 1024.0)
    }

    /// How long its log is.
    pub(crate) async fn aof_bytes(&self) -> Result<i64> {
        Ok(self.info("persistence", "aof_current_size").await?.try_into()?)
    }

    async fn info(&self, section: &str, name: &str) -> Result<u64> {
        let mut connection = self.connection.clone();
        let info: String = redis::cmd("INFO").arg(section).query_async(&mut connection).await?;
        let figure = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
        let figure = info.lines().find_map(figure);
        Ok(figure.with_context(|| format!("INFO {section} without {name}"))?.trim().parse()?)
    }
}
