//! What a start wants to know about Redis. What is wrong with it is judged by others.

use crate::error::QueueError;
use crate::{Queue, connection::RESPONSE_TIMEOUT};
use domain::Instant;
use redis::{FromRedisValue, RedisResult, Script, Value, cmd};
use std::collections::HashMap;
use std::sync::LazyLock;
use tokio::time::timeout;

static RIGHTS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/rights.lua")));

/// The settings that decide whether an accepted job can be lost.
const SETTINGS: [&str; 3] = ["appendonly", "appendfsync", "maxmemory-policy"];

/// What Redis says about itself and us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisFacts {
    /// Its version, such as `7.0.15`, if it tells it.
    pub version: Option<String>,
    /// The rights that our user lacks, as `ACL SETUSER` spells them.
    pub lacks: Vec<String>,
    /// Its settings about durability, as far as it shows them.
    pub settings: Vec<(String, String)>,
    /// What its clock says, if it tells it.
    pub now: Option<Instant>,
}

impl Queue {
    /// Asks for the facts. Nothing is changed.
    pub async fn facts(&self) -> Result<RedisFacts, QueueError> {
        let mut facts = RedisFacts { lacks: self.lacks().await?, ..RedisFacts::default() };
        let mut connection = self.connection.clone();
        let hello: RedisResult<HashMap<String, Value>> =
            cmd("HELLO").query_async(&mut connection).await;
        let version = hello.ok().and_then(|mut hello| hello.remove("version"));
        facts.version = version.and_then(|version| String::from_redis_value(version).ok());
        for name in SETTINGS {
            let found: RedisResult<(String, String)> =
                cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await;
            facts.settings.extend(found);
        }
        let time: RedisResult<(i64, i64)> = cmd("TIME").query_async(&mut connection).await;
        let micros = time.ok().map(|(seconds, micros)| seconds * 1_000_000 + micros);
        facts.now = micros.and_then(Instant::from_timestamp_micros);
        Ok(facts)
    }

    /// What our user may not do.
    async fn lacks(&self) -> Result<Vec<String>, QueueError> {
        let keys = &self.keys;
        let channels = [&keys.outcomes_channel, &keys.wake_channel];
        let mut call = RIGHTS.prepare_invoke();
        call.arg(&keys.probe).arg(channels.len()).arg(&channels);
        let single =
            [&keys.data, &keys.active, &keys.scheduled, &keys.dead, &keys.workers, &keys.attempts];
        call.arg(&single);
        for prefix in [&keys.meta, &keys.in_flight, &keys.records, &keys.buckets] {
            call.arg(format!("{prefix}:none"));
        }
        // It may be loaded already, which does not show whether scripts can be loaded.
        match call.load_async(&mut self.connection.clone()).await {
            Err(error) if is_denied(&error) => return Ok(vec!["+script|load".to_owned()]),
            loaded => loaded?,
        };
        let mut lacks: Vec<String> = match self.connection.invoke(&call).await {
            Err(error) if is_denied(&error) => vec!["+evalsha".to_owned()],
            tried => tried?,
        };
        for channel in channels {
            if self.may_not_subscribe(channel).await {
                lacks.push(format!("+subscribe &{channel}"));
            }
        }
        Ok(lacks)
    }

    /// Whether it refuses the subscription. One that fails otherwise is tried again later.
    async fn may_not_subscribe(&self, channel: &str) -> bool {
        let subscribe = async {
            let mut pubsub = self.connection.client().get_async_pubsub().await?;
            pubsub.subscribe(channel).await
        };
        let subscribed = timeout(RESPONSE_TIMEOUT, subscribe).await;
        matches!(subscribed, Ok(Err(error)) if is_denied(&error))
    }
}

fn is_denied(error: &redis::RedisError) -> bool {
    error.code() == Some("NOPERM") || error.to_string().contains("NOPERM")
}
