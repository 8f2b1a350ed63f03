//! Upkeep of the queue beside the workers: signs of life, retries that fall due, and tasks that
//! ended workers held.

use crate::{Queue, QueueError};
use redis::Script;
use std::sync::LazyLock;

static KEEP_ALIVE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/keep_alive.lua")));
static PROMOTE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/promote.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/release.lua")));

/// The largest number of tasks promoted in one step: a step blocks Redis for a few milliseconds at
/// most, and Lua cannot unpack more than 8000.
pub const PROMOTED_AT_ONCE_MAX: usize = 500;

/// The seconds after which every retry is due: more than the longest delay of any. A retry that is
/// further away was scheduled by a clock that was ahead.
const RETRY_DELAY_MAX_SECONDS: u64 = 60;

/// How long Redis keeps what apalis notes about a worker, after its last sign of life.
const WORKER_NOTE_TTL_SECONDS: u64 = 86_400;

impl Queue {
    /// Notes a sign of life of `worker`. apalis does so too, but not while fetched tasks wait for a
    /// free handler, for instance during an outage of Postgres.
    pub async fn keep_alive(&self, worker: &str) -> Result<(), QueueError> {
        self.connection
            .invoke::<()>(
                KEEP_ALIVE
                    .key(&self.keys.workers)
                    .key(self.worker_note(worker))
                    .arg(worker)
                    .arg(WORKER_NOTE_TTL_SECONDS),
            )
            .await?;
        Ok(())
    }

    /// Moves at most [`PROMOTED_AT_ONCE_MAX`] due retries to the waiting tasks, and returns how
    /// many.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn promote(&self) -> Result<usize, QueueError> {
        let promoted = self
            .connection
            .invoke(
                PROMOTE
                    .key(&self.keys.scheduled)
                    .key(&self.keys.active)
                    .arg(PROMOTED_AT_ONCE_MAX)
                    .arg(&self.keys.wake_channel)
                    .arg(RETRY_DELAY_MAX_SECONDS),
            )
            .await?;
        Ok(promoted)
    }

    /// Gives back the tasks that `worker`, which has ended, still holds, and returns how many.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn release(&self, worker: &str) -> Result<usize, QueueError> {
        let released = self
            .connection
            .invoke(
                RELEASE
                    .key(self.keys.in_flight_of(worker))
                    .key(&self.keys.active)
                    .key(&self.keys.workers)
                    .key(&self.keys.data)
                    .key(self.worker_note(worker))
                    .arg(worker)
                    .arg(&self.keys.meta)
                    .arg(&self.keys.wake_channel)
                    .arg(&self.keys.records),
            )
            .await?;
        Ok(released)
    }

    fn worker_note(&self, worker: &str) -> String {
        format!("{}:workers:metadata:{worker}", self.keys.apalis.queue)
    }
}
