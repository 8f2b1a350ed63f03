//! Redis and apalis: how commands travel, and what is remembered of them on the way.
//!
//! The only place that knows a key of Redis or a type of apalis-redis. It transports and caches; it
//! decides nothing, and losing all of it loses no guarantee. It does not know the store.
//!
//! Two things stand in Redis for a job:
//! - the **task**, in the layout of apalis-redis, from admission until a worker is done with it;
//! - the **record**, ours: what was asked for and in the end the answer, kept for replays.
//!
//! A job on its way also has a line in the hash of **attempts**, from its first attempt to its end.
//!
//! What apalis-redis 1.0.0 does and does not do, and how its traps are avoided, is in
//! `docs/QUEUE.md`.

mod admission;
mod announcement;
mod dead;
mod delivery;
mod fetch_connection;
mod job;
mod known_empty;
mod notified_backend;
mod outcomes;
mod rate_limit;
mod record;
mod source;
mod stats;
mod subscription;
mod upkeep;
mod wake_signal;

pub use admission::{AT_ONCE_MAX, Admission, Bounds, Submission, Verdict};
pub use announcement::{Origin, Outcome};
pub use delivery::DecidedJob;
pub use job::{QueuedJob, UnreadableJob};
pub use outcomes::{Outcomes, Ticket, Waited};
pub use rate_limit::{Limit, Quota};
pub use record::Record;
pub use source::{FetchSettings, RawTask, Source, Tasks};
pub use stats::Stats;
pub use upkeep::PROMOTED_AT_ONCE_MAX;

use apalis_redis::Config;
use domain::JobId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ErrorKind, ServerErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// What went wrong with Redis. There is one kind: it could not do what it was asked, and the same
/// may be tried again.
#[derive(Debug, thiserror::Error)]
#[error("Redis could not be used")]
pub struct QueueError(#[from] redis::RedisError);

impl QueueError {
    /// Whether Redis was away, or still reading its log, rather than unwilling.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let away = self.0.is_io_error() || self.0.is_timeout() || self.0.is_connection_dropped();
        away || self.0.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading)
    }
}

/// A connection must stand within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Longer than any script here takes, shorter than a client's patience. The default of redis-rs, half
/// a second, ends a worker at the first hiccup.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// While Redis is away, commands fail within about a second rather than queue up.
const RECONNECT_RETRIES: usize = 1;
const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(50);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(250);

/// Where the queue is, and how it is kept.
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
    /// Opens the queue of those settings and checks that Redis answers.
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

    /// Whether Redis answers.
    pub async fn ping(&self) -> Result<(), QueueError> {
        redis::cmd("PING").query_async::<()>(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// What in the settings of Redis could lose an accepted job. Empty when all is well, or when
    /// Redis does not let us look.
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

/// The names of everything in Redis, in one place.
struct Keys {
    /// The settings that apalis-redis makes its names from, anew each time.
    apalis: Config,
    /// Names of apalis-redis.
    data: String,
    meta: String,
    active: String,
    scheduled: String,
    in_flight: String,
    dead: String,
    workers: String,
    /// Where new tasks are announced to workers.
    wake_channel: String,
    /// Where outcomes are announced.
    outcomes_channel: String,
    records: String,
    /// The state and the attempts of jobs that were begun. Its name in Redis stays `progress`.
    attempts: String,
    buckets: String,
}

impl Keys {
    fn new(queue: &str) -> Self {
        let apalis = Config::default().queue(queue);
        Self {
            wake_channel: format!("tasks:{}:available", apalis.active_jobs_list()),
            outcomes_channel: format!("{queue}:outcomes"),
            records: format!("{queue}:job"),
            attempts: format!("{queue}:progress"),
            buckets: format!("{queue}:bucket"),
            data: apalis.job_data_hash(),
            meta: apalis.job_meta_hash(),
            active: apalis.active_jobs_list(),
            scheduled: apalis.scheduled_jobs_set(),
            in_flight: apalis.inflight_jobs_set(),
            dead: apalis.dead_jobs_set(),
            workers: apalis.workers_set(),
            apalis,
        }
    }

    fn record(&self, job: JobId) -> String {
        format!("{}:{job}", self.records)
    }

    fn meta_of(&self, job: JobId) -> String {
        format!("{}:{job}", self.meta)
    }

    fn in_flight_of(&self, worker: &str) -> String {
        format!("{}:{worker}", self.in_flight)
    }
}
