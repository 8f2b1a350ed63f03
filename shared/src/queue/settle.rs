//! The way out: what a worker tells of the jobs it works on.

use super::announcement::{self, Origin, Outcome};
use super::{Queue, QueueError};
use crate::domain::job::JobStatus;
use crate::domain::{Answer, ClientId, Fingerprint, Instant, JobId, Operation};
use redis::Script;
use std::sync::LazyLock;
use uuid::Uuid;

static MARK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/mark.lua")));
static BURY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/bury.lua")));
static FINISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/finish.lua")));

/// A decided job, with all that its record needs: Redis may have lost it.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub client: ClientId,
    /// The kind of command.
    pub operation: Operation,
    /// What the answer is an answer to.
    pub fingerprint: Fingerprint,
    /// In which attempt it was decided.
    pub attempts: u32,
    /// When it was admitted.
    pub submitted_at: Instant,
    /// When it was decided.
    pub finished_at: Instant,
    /// How it came to be.
    pub origin: Origin,
    /// The answer.
    pub answer: &'a Answer,
}

impl Queue {
    /// Tells that a worker begins these jobs. Returns the number of each one's attempt. `round` names
    /// this beginning: when it has to be told again, it still counts as one attempt.
    pub async fn begin(&self, jobs: &[JobId], round: Uuid) -> Result<Vec<u32>, QueueError> {
        self.mark(jobs, JobStatus::Running, 1, &format!("begin {round}")).await
    }

    /// Tells that a job failed by a fault and will be tried again.
    pub async fn retrying(&self, job: JobId) -> Result<(), QueueError> {
        self.mark(&[job], JobStatus::Retrying, 0, "").await.map(drop)
    }

    /// Tells that a worker lets go of jobs without having tried them, in the round that it began.
    pub async fn hand_back(&self, jobs: &[JobId], round: Uuid) -> Result<(), QueueError> {
        self.mark(jobs, JobStatus::Queued, -1, &format!("hand back {round}")).await.map(drop)
    }

    async fn mark(
        &self,
        jobs: &[JobId],
        status: JobStatus,
        attempts: i32,
        round: &str,
    ) -> Result<Vec<u32>, QueueError> {
        let mut call = MARK.prepare_invoke();
        for job in jobs {
            call.key(self.keys.record(*job));
        }
        call.arg(status.as_str()).arg(attempts).arg(round);
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    /// Stores how jobs were decided and tells whoever waits for them, in one round trip. Call it after the
    /// commit, never before.
    pub async fn finish(&self, settled: &[Settled<'_>]) -> Result<(), QueueError> {
        let mut call = FINISH.prepare_invoke();
        let outcomes: Vec<Outcome> = settled.iter().map(Outcome::from).collect();
        call.arg(self.ttl_seconds)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&outcomes));
        for settled in settled {
            call.key(self.keys.record(settled.job))
                .arg(JobStatus::finished(settled.answer.is_success()).as_str())
                .arg(&settled.fingerprint.as_bytes()[..])
                .arg(settled.client.0)
                .arg(settled.operation.as_str())
                .arg(settled.attempts)
                .arg(settled.submitted_at.timestamp_micros())
                .arg(settled.answer.status)
                .arg(&settled.answer.body)
                .arg(settled.finished_at.timestamp_micros());
        }
        call.invoke_async::<()>(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// Tells that a job was given up. What the client sees is `answer`; the cause is for operators.
    /// The task itself must then be aborted, which puts it among the dead.
    pub async fn bury(
        &self,
        job: JobId,
        answer: Answer,
        cause: &str,
        now: Instant,
    ) -> Result<(), QueueError> {
        let Some(record) = self.record(job).await? else {
            return Ok(());
        };
        let outcome = Outcome {
            job,
            fingerprint: record.fingerprint,
            origin: Origin::GaveUp,
            answer: answer.clone(),
        };
        BURY.key(self.keys.record(job))
            .arg(answer.status)
            .arg(answer.body)
            .arg(now.timestamp_micros())
            .arg(cause)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&[outcome]))
            .invoke_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }
}

impl From<&Settled<'_>> for Outcome {
    fn from(settled: &Settled<'_>) -> Self {
        Self {
            job: settled.job,
            fingerprint: settled.fingerprint,
            origin: settled.origin,
            answer: settled.answer.clone(),
        }
    }
}
