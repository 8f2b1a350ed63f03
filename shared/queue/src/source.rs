//! Where apalis workers get their tasks: a stock `RedisStorage`, configured to avoid the known
//! traps of 1.0.0 (`docs/QUEUE.md` lists them).
//!
//! apalis acknowledges nothing here: a task is removed in the same step that delivers its answer
//! ([`Queue::finish`]). That is one command a batch instead of three a task, and nothing can fail
//! between delivery and removal.

use crate::Queue;
use crate::fetch_connection::FetchConnection;
use crate::known_empty::QueueState;
use crate::notified_backend::NotifiedBackend;
use crate::wake_signal::WakeSignal;
use apalis_core::backend::codec::Codec;
use apalis_core::backend::ext::with_codec::WithCodec;
use apalis_redis::{Config, RedisStorage};
use std::convert::Infallible;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The bytes of a task. A codec that fails would end the worker, and then every other worker that
/// gets the task. So the bytes are decoded in the handler, where a failure can be dealt with.
#[derive(Debug, Clone)]
pub struct RawTask(pub Vec<u8>);

/// A codec that leaves the bytes as they are.
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
pub type Tasks = NotifiedBackend<WithCodec<RedisStorage<RawTask, FetchConnection>, RawCodec>>;

/// How the workers of a process fetch tasks.
#[derive(Debug, Clone, Copy)]
pub struct FetchSettings {
    /// The time without a sign of life after which other workers take over a worker's tasks, in
    /// seconds.
    pub orphan_seconds: u64,
    /// The largest number of tasks in one fetch.
    pub fetch_max: usize,
    /// The time between fetches when no task is announced: apalis does not announce tasks that it
    /// takes over from dead workers.
    pub idle_interval: Duration,
}

/// Where the workers of a process get their tasks.
#[derive(Clone)]
pub struct Source {
    queue: Queue,
    config: Config,
    signal: WakeSignal,
    settings: FetchSettings,
}

impl Queue {
    /// A source of tasks for the workers of this process, until `stop`.
    #[must_use]
    pub fn source(&self, settings: FetchSettings, stop: CancellationToken) -> Source {
        // apalis takes a worker for dead after so many missed heartbeats, and counts their interval
        // in whole seconds: five of them, or fewer when the whole time is shorter than that.
        let beat = (settings.orphan_seconds / 5).max(1);
        let missed = settings.orphan_seconds.div_ceil(beat).max(1);
        let config = self
            .keys
            .apalis
            .clone()
            .batch_size(settings.fetch_max)
            .heartbeat_interval(Duration::from_secs(beat))
            .missed_heartbeats(usize::try_from(missed).unwrap_or(usize::MAX))
            .lock_tasks(false)
            .emit_events(false)
            .persist_results(false)
            .idempotency_ttl(Some(Duration::from_secs(1)));
        let channel = self.keys.wake_channel.clone();
        let signal = WakeSignal::listen(self.connection.clone(), channel, stop);
        Source { queue: self.clone(), config, signal, settings }
    }
}

impl Source {
    /// A backend for one worker.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        let FetchSettings { fetch_max, idle_interval, .. } = self.settings;
        let state = QueueState::unknown(self.signal.clone());
        let connection = FetchConnection::new(
            self.queue.connection.unrepeatable(),
            state.clone(),
            &self.queue.keys.active,
            fetch_max,
        );
        let storage = RedisStorage::new(connection).with_config(self.config.clone());
        NotifiedBackend::new(WithCodec::new(storage, RawCodec), state, idle_interval)
    }
}
