//! How full the queue is.

use crate::{Queue, QueueError};
use domain::Instant;
use redis::Script;
use std::sync::LazyLock;

static STATS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/stats.lua")));

/// Jobs by where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Wait for a worker.
    pub queued: u64,
    /// Are with a worker.
    pub running: u64,
    /// Wait for their next attempt.
    pub retrying: u64,
    /// Were given up.
    pub dead: u64,
    /// When the oldest of those that are not finished was submitted, as far as a quick look can tell.
    pub oldest: Option<Instant>,
}

impl Queue {
    /// Counts the jobs of the queue.
    pub async fn stats(&self) -> Result<Stats, QueueError> {
        let (queued, running, retrying, dead, oldest): (u64, u64, u64, u64, i64) = STATS
            .key(&self.keys.active)
            .key(&self.keys.scheduled)
            .key(&self.keys.dead)
            .key(&self.keys.workers)
            .arg(&self.keys.in_flight)
            .arg(&self.keys.records)
            .invoke_async(&mut self.connection.clone())
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
