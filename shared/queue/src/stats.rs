//! How many jobs the queue holds.

use crate::{Queue, QueueError};
use domain::Instant;
use redis::Script;
use std::sync::LazyLock;

static STATS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/stats.lua")));

/// The numbers of jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Jobs that wait for a worker.
    pub queued: u64,
    /// Jobs that a worker holds.
    pub running: u64,
    /// Jobs that wait for their next attempt.
    pub retrying: u64,
    /// Jobs that were given up.
    pub dead: u64,
    /// When the oldest unfinished job was submitted, as far as a sample of them shows.
    pub oldest: Option<Instant>,
}

impl Queue {
    /// Counts the jobs of the queue.
    pub async fn stats(&self) -> Result<Stats, QueueError> {
        let (queued, running, retrying, dead, oldest): (u64, u64, u64, u64, i64) = self
            .connection
            .invoke(
                STATS
                    .key(&self.keys.active)
                    .key(&self.keys.scheduled)
                    .key(&self.keys.dead)
                    .key(&self.keys.workers)
                    .arg(&self.keys.in_flight)
                    .arg(&self.keys.records),
            )
            .await?;
        let oldest = (oldest > 0).then(|| Instant::from_timestamp_micros(oldest)).flatten();
        Ok(Stats { queued, running, retrying, dead, oldest })
    }
}

impl Stats {
    /// Writes the gauges of the queue.
    pub fn export(&self, now: Instant) {
        let states = [
            ("queued", self.queued),
            ("running", self.running),
            ("retrying", self.retrying),
            ("dead", self.dead),
        ];
        for (state, jobs) in states {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metrics::gauge!("commerce_queue_depth", "state" => state).set(jobs as f64);
        }
        let age = self.oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
        metrics::gauge!("commerce_queue_oldest_age_seconds").set(age);
    }
}
