//! The way out: what a worker tells of the jobs it works on.

use super::announcement::{self, Origin, Outcome};
use super::record::{self, Record};
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
        call.key(&self.keys.progress).arg(record::letter(status)).arg(attempts).arg(round);
        for job in jobs {
            call.arg(job.to_string());
        }
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    /// Stores how jobs were decided and tells whoever waits for them, in one round trip. Call it after the
    /// commit, never before.
    pub async fn finish(&self, settled: &[Settled<'_>]) -> Result<(), QueueError> {
        let outcomes: Vec<Outcome> = settled.iter().map(Outcome::from).collect();
        let mut call = FINISH.prepare_invoke();
        call.key(&self.keys.progress)
            .arg(self.ttl_seconds)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&outcomes));
        for settled in settled {
            call.key(self.keys.record(settled.job)).arg(Record::from(settled).encode());
        }
        for settled in settled {
            call.arg(settled.job.to_string());
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
        let buried = Record {
            status: JobStatus::Dead,
            finished_at: Some(now),
            answer: Some(answer),
            cause: Some(cause.to_owned()),
            ..record
        };
        BURY.key(self.keys.record(job))
            .key(&self.keys.progress)
            .arg(job.to_string())
            .arg(buried.encode())
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&[outcome]))
            .invoke_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }
}

impl From<&Settled<'_>> for Record {
    fn from(settled: &Settled<'_>) -> Self {
        Self {
            client: settled.client,
            operation: settled.operation,
            fingerprint: settled.fingerprint,
            status: JobStatus::finished(settled.answer.is_success()),
            attempts: settled.attempts,
            submitted_at: settled.submitted_at,
            finished_at: Some(settled.finished_at),
            answer: Some(settled.answer.clone()),
            cause: None,
        }
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
