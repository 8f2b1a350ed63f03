//! Jobs that were given up, and what an operator can do about them.

use crate::record::Record;
use crate::{Queue, QueueError};
use domain::JobId;
use redis::Script;
use std::sync::LazyLock;

static DISCARD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/discard.lua")));
static REQUEUE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/requeue.lua")));

impl Queue {
    /// At most `limit` dead jobs, in no particular order. There is no record where Redis has lost
    /// it.
    pub async fn dead_jobs(
        &self,
        limit: usize,
    ) -> Result<Vec<(JobId, Option<Record>)>, QueueError> {
        let ids: Vec<String> = redis::cmd("SRANDMEMBER")
            .arg(&self.keys.dead)
            .arg(limit)
            .query_async(&mut self.connection.clone())
            .await?;
        let mut jobs = Vec::new();
        for id in ids.iter().filter_map(|id| id.parse().ok()).map(JobId::new) {
            jobs.push((id, self.record(id).await?));
        }
        Ok(jobs)
    }

    /// Queues a dead job again, as a retry of its client would. `false` if it is not dead.
    pub async fn requeue(&self, job: JobId) -> Result<bool, QueueError> {
        let requeued: u8 = self
            .connection
            .unrepeatable()
            .invoke(
                REQUEUE
                    .key(self.keys.record(job))
                    .key(self.keys.meta_of(job))
                    .key(&self.keys.active)
                    .key(&self.keys.dead)
                    .key(&self.keys.attempts)
                    .arg(job.to_string())
                    .arg(&self.keys.wake_channel),
            )
            .await?;
        Ok(requeued == 1)
    }

    /// Drops a dead job. A retry of its client is still admitted. `false` if it is not dead.
    pub async fn discard(&self, job: JobId) -> Result<bool, QueueError> {
        let discarded: u8 = self
            .connection
            .unrepeatable()
            .invoke(
                DISCARD
                    .key(self.keys.record(job))
                    .key(self.keys.meta_of(job))
                    .key(&self.keys.data)
                    .key(&self.keys.dead)
                    .arg(job.to_string())
                    .arg(self.ttl_seconds),
            )
            .await?;
        Ok(discarded == 1)
    }

    /// The payload of the task of an unfinished job, if Redis still has it.
    pub async fn payload(&self, job: JobId) -> Result<Option<String>, QueueError> {
        let payload: Option<Vec<u8>> = redis::cmd("HGET")
            .arg(&self.keys.data)
            .arg(job.to_string())
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(payload.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
