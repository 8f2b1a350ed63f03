//! A Redis that many tests use at once, each with a queue of its own.

use crate::RedisServer;
use anyhow::Result;
use redis::aio::MultiplexedConnection;
use std::hash::{BuildHasher, Hasher, RandomState};

/// The Redis of `TEST_REDIS_URL`, which all tests share. Without that variable it is a server that
/// ends with this value.
#[derive(Debug)]
pub struct SharedRedis {
    url: String,
    _own: Option<RedisServer>,
}

impl SharedRedis {
    /// Finds it, or starts it.
    pub async fn find() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a test has no main that reads settings")]
        if let Ok(url) = std::env::var("TEST_REDIS_URL") {
            return Ok(Self { url, _own: None });
        }
        let server = RedisServer::start_temporary().await?;
        Ok(Self { url: server.url(), _own: Some(server) })
    }

    /// The URL for clients.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        Ok(redis::Client::open(self.url.as_str())?.get_multiplexed_async_connection().await?)
    }
}

/// A name for the queue of one test. It is drawn by chance, because a killed test may have left its
/// keys in a Redis that outlives it.
#[must_use]
pub fn fresh_queue_name() -> String {
    // Each RandomState has keys of its own.
    format!("t-{:016x}", RandomState::new().build_hasher().finish())
}
