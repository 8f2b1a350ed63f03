//! The Redis of the run.

use crate::number::float;
use anyhow::{Context, Result, ensure};
use redis::FromRedisValue;
use std::time::Duration;

/// The server, and which process it is.
#[derive(Clone)]
pub(crate) struct Redis {
    pub(crate) url: String,
    pub(crate) client: redis::Client,
    pub(crate) pid: u32,
}

impl Redis {
    /// Makes sure that it is as durable as the product asks it to be.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let mut redis = Self { url: url.to_owned(), client: redis::Client::open(url)?, pid: 0 };
        for (name, wanted) in [("appendonly", "yes"), ("appendfsync", "everysec")] {
            let (_, found): (String, String) = redis.ask(&["CONFIG", "GET", name])?;
            ensure!(found == wanted, "Redis has {name} {found}, not {wanted}");
        }
        redis.pid = u32::try_from(redis.info("server", "process_id")?)?;
        Ok(redis)
    }

    /// Forgets everything, its log too: else the log would be rewritten in the middle of a
    /// scenario.
    pub(crate) fn flush(&self) -> Result<()> {
        self.ask::<()>(&["FLUSHALL"])?;
        self.ask::<String>(&["BGREWRITEAOF"])?;
        while self.info("persistence", "aof_rewrite_in_progress")? > 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The memory of its data, in MiB.
    pub(crate) fn used_mib(&self) -> Result<f64> {
        Ok(float(self.info("memory", "used_memory")?) / 1024.0 / 1024.0)
    }

    fn info(&self, section: &str, name: &str) -> Result<u64> {
        let info: String = self.ask(&["INFO", section])?;
        let figure = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        Ok(figure.with_context(|| format!("INFO {section} without {name}"))?.parse()?)
    }

    /// Nothing else goes on meanwhile.
    fn ask<T: FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        let (name, args) = words.split_first().context("no command")?;
        Ok(redis::cmd(name).arg(args).query(&mut self.client.get_connection()?)?)
    }
}
