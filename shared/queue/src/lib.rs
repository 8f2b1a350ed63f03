//! The queue: how commands travel from the apis to the workers, through Redis and apalis.
//!
//! The only crate that names keys of Redis or types of apalis-redis. It transports and caches. It
//! decides nothing, and when Redis loses everything, no guarantee is lost. It must not know the
//! store.
//!
//! Redis holds two things for a job:
//! - the **task**, in the layout of apalis-redis, from admission until a worker is done with it;
//! - the **record**, in a form of our own: what was asked for and in the end the answer, kept for
//!   replays.
//!
//! From its first attempt to its end a job also has a field in the hash of **attempts**.
//!
//! The known traps of apalis-redis 1.0.0, and how each is avoided, are in `docs/QUEUE.md`.

mod admission;
mod announcement;
mod dead;
mod delivery;
mod fetch_connection;
mod job;
mod keys;
mod known_empty;
mod notified_backend;
mod outcomes;
mod pubsub;
mod rate_limit;
mod record;
mod source;
mod stats;
mod upkeep;
mod waiting;
mod wake_signal;

pub use admission::{AT_ONCE_MAX, Admission, Bounds, Submission, Verdict};
pub use announcement::{Outcome, Provenance};
pub use delivery::DecidedJob;
pub use job::{QueuedJob, UnreadableJob};
pub use outcomes::{Outcomes, Ticket, Waited};
pub use rate_limit::{Limit, Quota};
pub use record::Record;
pub use source::{FetchSettings, RawTask, Source, Tasks};
pub use stats::Stats;
pub use upkeep::PROMOTED_AT_ONCE_MAX;

use keys::Keys;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ErrorKind, ServerErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// A failed use of Redis. There is one kind only: the call was not carried out, as far as we know,
/// and may be repeated.
#[derive(Debug, thiserror::Error)]
#[error("Redis could not be used")]
pub struct QueueError(#[from] redis::RedisError);

impl QueueError {
    /// Whether Redis could not be reached or was still loading its data, rather than refusing the
    /// call.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let away = self.0.is_io_error() || self.0.is_timeout() || self.0.is_connection_dropped();
        away || self.0.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading)
    }
}

/// The time within which a connection must be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Longer than any script here takes, and shorter than clients wait. With the default of redis-rs,
/// half a second, a short delay would end an apalis worker.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// While Redis cannot be reached, commands fail within about a second rather than pile up.
const RECONNECT_RETRIES: usize = 1;
const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(50);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(250);

/// Where the queue is, and how long it keeps answers.
#[derive(Debug, Clone, Copy)]
pub struct QueueSettings<'a> {
    /// The URL of Redis.
    pub url: &'a str,
    /// The first part of the names of our keys in Redis.
    pub name: &'a str,
    /// How long Redis keeps an answer, in seconds.
    pub ttl_seconds: u64,
}

/// A handle on the queue: one connection, shared by all clones, which reconnects by itself.
#[derive(Clone)]
pub struct Queue {
    connection: ConnectionManager,
    client: redis::Client,
    keys: Arc<Keys>,
    ttl_seconds: u64,
}

impl Queue {
    /// Connects to the queue, and checks that Redis answers.
    pub async fn connect(settings: QueueSettings<'_>) -> Result<Self, QueueError> {
        let client = redis::Client::open(settings.url)?;
        let manager = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(RECONNECT_RETRIES)
            .set_min_delay(RECONNECT_DELAY_MIN)
            .set_max_delay(RECONNECT_DELAY_MAX);
        let connection = client.get_connection_manager_with_config(manager).await?;
        let keys = Arc::new(Keys::new(settings.name));
        let queue = Self { connection, client, keys, ttl_seconds: settings.ttl_seconds };
        queue.ping().await?;
        Ok(queue)
    }

    /// Checks that Redis answers.
    pub async fn ping(&self) -> Result<(), QueueError> {
        redis::cmd("PING").query_async::<()>(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// The settings of Redis that could lose an accepted job. Empty when there are none, or when
    /// Redis does not show its settings.
    pub async fn durability_warnings(&self) -> Vec<String> {
        let wanted = [
            ("appendonly", "yes", "accepted jobs are lost when Redis stops"),
            ("appendfsync", "always", "the last second of accepted jobs is lost in a crash"),
            ("maxmemory-policy", "noeviction", "accepted jobs can be evicted"),
        ];
        let mut warnings = Vec::new();
        for (name, good, risk) in wanted {
            let found: Result<Vec<String>, _> = redis::cmd("CONFIG")
                .arg("GET")
                .arg(name)
                .query_async(&mut self.connection.clone())
                .await;
            match found.as_deref() {
                Ok([_, value]) if value != good => {
                    warnings.push(format!("Redis has {name} {value}: {risk}; set it to {good}"));
                }
                _ => {}
            }
        }
        warnings
    }
}
