//! Reads the data of a test's Redis.

use crate::redis_server::START_WITHIN;
use crate::{RedisServer, eventually_true};
use anyhow::Result;
use redis::aio::MultiplexedConnection;
use redis::{Client, FromRedisValue, cmd};

impl RedisServer {
    /// A new connection for the test itself.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        Ok(Client::open(self.url())?.get_multiplexed_async_connection().await?)
    }

    /// Deletes all keys.
    pub async fn flush_all(&self) -> Result<()> {
        Ok(cmd("FLUSHALL").exec_async(&mut self.connect().await?).await?)
    }

    /// The number of keys.
    pub async fn key_count(&self) -> Result<u64> {
        Ok(cmd("DBSIZE").query_async(&mut self.connect().await?).await?)
    }

    /// Waits until there are more than `count` keys. In a stack without other requests this means
    /// that a submission was admitted.
    pub async fn wait_for_more_keys_than(&self, count: u64) -> Result<()> {
        eventually_true("Redis holds more keys", START_WITHIN, async || {
            Ok(self.key_count().await? > count)
        })
        .await
    }

    /// The number of members of all collections together, without answers and counters.
    pub async fn member_count(&self) -> Result<u64> {
        let script = "local n = 0; \
             local size = {list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN'}; \
             for _, key in ipairs(redis.call('KEYS', '*')) do \
             local command = size[redis.call('TYPE', key).ok]; \
             if command then n = n + redis.call(command, key) end end; return n";
        Ok(cmd("EVAL").arg(script).arg(0).query_async(&mut self.connect().await?).await?)
    }
}

/// All keys, sorted.
pub async fn keys(connection: &mut MultiplexedConnection) -> Vec<String> {
    let mut keys: Vec<String> = run(connection, "KEYS *").await;
    keys.sort();
    keys
}

/// Runs a command whose words have no spaces in them.
pub async fn run<T: FromRedisValue>(connection: &mut MultiplexedConnection, line: &str) -> T {
    let mut words = line.split(' ');
    let mut command = cmd(words.next().unwrap());
    for word in words {
        command.arg(word);
    }
    command.query_async(connection).await.unwrap()
}
