//! Upkeep of the queue beside the workers: signs of life, retries that fall due, and tasks that
//! ended workers held.

use crate::{Queue, QueueError};
use redis::Script;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

static KEEP_ALIVE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/keep_alive.lua")));
static GIVE_BACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/give_back.lua")));
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

/// The longest time between two signs of life, which come each second, in a Redis that goes on.
const SIGNS_APART_MAX_SECONDS: u64 = 10;

impl Queue {
    /// Notes a sign of life of `worker`. apalis does so too, but not while fetched tasks wait for a
    /// free handler, for instance during an outage of Postgres. `false` if Redis may have been
    /// started again since the last one, or may be another one, until [`Queue::give_back`] was
    /// called. A copy of Redis, such as a replica or the snapshot in its log, may say that it goes
    /// on, so a new connection counts too.
    pub async fn keep_alive(&self, worker: &str) -> Result<bool, QueueError> {
        let goes_on: u8 = self
            .connection
            .invoke(
                KEEP_ALIVE
                    .key(&self.keys.workers)
                    .key(self.worker_note(worker))
                    .arg(worker)
                    .arg(WORKER_NOTE_TTL_SECONDS)
                    .arg(SIGNS_APART_MAX_SECONDS),
            )
            .await?;
        let is_the_same = self.given_back_on.load(Ordering::Relaxed) == self.connection.number();
        Ok(goes_on == 1 && is_the_same)
    }

    /// Gives back the tasks that the living `worker` holds by what Redis knows, except those that
    /// it has in hand, and returns how many.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn give_back(&self, worker: &str, in_hand: &[String]) -> Result<usize, QueueError> {
        let connection = self.connection.number();
        let given = self
            .connection
            .invoke(
                GIVE_BACK
                    .key(self.keys.in_flight_of(worker))
                    .key(&self.keys.active)
                    .key(&self.keys.data)
                    .key(self.worker_note(worker))
                    .arg(&self.keys.wake_channel)
                    .arg(&self.keys.meta)
                    .arg(WORKER_NOTE_TTL_SECONDS)
                    .arg(in_hand),
            )
            .await?;
        self.given_back_on.store(connection, Ordering::Relaxed);
        Ok(given)
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
