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
mod amended_scripts;
mod announcement;
mod connection;
mod dead;
mod delivery;
mod error;
mod facts;
mod fetch_connection;
mod job;
mod keys;
mod known_empty;
mod notified_backend;
mod outcomes;
mod presence;
mod pubsub;
mod record;
mod server;
mod signed_payload;
mod source;
mod stats;
mod upkeep;
mod waiting;
mod wake_signal;

pub use admission::{AT_ONCE_MAX, Admission, Quota, Submission, Verdict};
pub use announcement::{Outcome, Provenance};
pub use delivery::DecidedJob;
pub use error::{ConnectError, Outlook, QueueError};
pub use facts::RedisFacts;
pub use job::{QueuedJob, UnreadableJob};
pub use outcomes::{Outcomes, Ticket, Waited};
pub use presence::Presence;
pub use record::Record;
pub use signed_payload::authenticate;
pub use source::{FetchSettings, RawTask, Source, Tasks};
pub use stats::Stats;
pub use upkeep::PROMOTED_AT_ONCE_MAX;

use connection::Connection;
use keys::Keys;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

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

/// A handle on the queue: one connection, shared by all clones, which is replaced when it fails.
#[derive(Clone)]
pub struct Queue {
    connection: Connection,
    keys: Arc<Keys>,
    ttl_seconds: u64,
    /// The number of the connection on which tasks were given back last that a living worker did
    /// not have in hand.
    given_back_on: Arc<AtomicU64>,
}

impl Queue {
    /// Connects to the queue, and checks that Redis is one that it can use.
    pub async fn connect(settings: QueueSettings<'_>) -> Result<Self, ConnectError> {
        let client = redis::Client::open(settings.url).map_err(QueueError)?;
        let database = client.get_connection_info().redis_settings().db();
        let keys = Arc::new(Keys::new(settings.name, database));
        let connection = Connection::new(client);
        let (ttl_seconds, given_back_on) = (settings.ttl_seconds, Arc::default());
        let queue = Self { connection, keys, ttl_seconds, given_back_on };
        queue.recognise().await?;
        Ok(queue)
    }
}
