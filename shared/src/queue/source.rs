//! What apalis workers take their tasks from: a stock `RedisStorage`, set so that none of the known
//! traps of 1.0.0 opens (`docs/QUEUE.md` has them all).
//!
//! apalis acknowledges nothing here: a task is let go of in the same step that tells its outcome
//! ([`super::settle`]). That is one command a batch instead of three a task, and there is no moment
//! between the two.

use super::Queue;
use super::bell::Bell;
use super::wake::{Attentive, Called, IDLE_INTERVAL, Knowledge};
use crate::seeded_bug::SeededBug;
use apalis_core::backend::codec::Codec;
use apalis_core::backend::ext::with_codec::WithCodec;
use apalis_redis::{Config, RedisStorage};
use std::convert::Infallible;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The bytes of a task. A codec that fails would end the worker, and then every other worker that
/// the task is handed to: so the bytes are read where a failure can be dealt with, in the handler.
#[derive(Debug, Clone)]
pub struct RawTask(pub Vec<u8>);

/// Hands the bytes through.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawCodec;

impl Codec<RawTask> for RawCodec {
    type Compact = Vec<u8>;
    type Error = Infallible;

    fn encode(&self, task: &RawTask) -> Result<Vec<u8>, Infallible> {
        Ok(task.0.clone())
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<RawTask, Infallible> {
        Ok(RawTask(bytes.clone()))
    }
}

/// The backend that a worker is built on.
pub type Tasks = Called<WithCodec<RedisStorage<RawTask, Attentive>, RawCodec>>;

/// Where the workers of a process get their tasks.
#[derive(Clone)]
pub struct Source {
    queue: Queue,
    config: Config,
    bell: Bell,
    fetch_max: usize,
    idle_interval: Duration,
}

impl Queue {
    /// A source of tasks for the workers of this process. A worker that is silent for
    /// `orphan_seconds` loses what it holds to the others; `fetch_max` bounds one fetch.
    #[must_use]
    pub fn source(&self, orphan_seconds: u64, fetch_max: usize, stop: CancellationToken) -> Source {
        // apalis counts whole seconds, and multiplies: five beats make a death.
        let beat = (orphan_seconds / 5).max(1);
        let missed = if SeededBug::LoseOrphan.is_on() {
            1_000_000
        } else {
            orphan_seconds.div_ceil(beat).max(1)
        };
        let config = self
            .keys
            .apalis
            .clone()
            .batch_size(fetch_max)
            .heartbeat_interval(Duration::from_secs(beat))
            .missed_heartbeats(usize::try_from(missed).unwrap_or(usize::MAX))
            .lock_tasks(false)
            .emit_events(false)
            .persist_results(false)
            .idempotency_ttl(Some(Duration::from_secs(1)));
        let channel = self.keys.wake_channel.clone();
        let bell = Bell::listen(self.client.clone(), channel, stop);
        Source { queue: self.clone(), config, bell, fetch_max, idle_interval: IDLE_INTERVAL }
    }
}

impl Source {
    /// Looks for tasks this often when none is announced, instead of every [`IDLE_INTERVAL`].
    #[must_use]
    pub fn idle_interval(self, idle_interval: Duration) -> Self {
        Self { idle_interval, ..self }
    }

    /// A backend for one worker.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        let knowledge = Knowledge::none(self.bell.clone());
        let connection = self.queue.connection.clone();
        let connection = Attentive::new(connection, knowledge.clone(), self.fetch_max);
        let storage = RedisStorage::new(connection).with_config(self.config.clone());
        Called::new(WithCodec::new(storage, RawCodec), knowledge, self.idle_interval)
    }
}
