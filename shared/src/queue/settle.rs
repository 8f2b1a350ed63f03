//! The way out: what a worker tells of the jobs it works on.

use super::announcement::{self, Origin, Outcome};
use super::record::{self, Record};
use super::{Queue, QueueError};
use crate::domain::job::JobStatus;
use crate::domain::{Answer, ClientId, Fingerprint, Instant, JobId, Operation};
use redis::Script;
use std::sync::LazyLock;
use std::time::Duration;
use uuid::Uuid;

static RETRY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/retry.lua")));
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
    /// When it was admitted, for its readers: the first time, if it was decided for that.
    pub submitted_at: Instant,
    /// When the task was admitted that is settled here.
    pub admitted_at: Instant,
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
        self.mark("begin", jobs, round).await
    }

    /// Puts a task aside that failed by a fault, in its attempt of that number; it is due again after
    /// `delay`. Nothing happens when `worker` holds it no more.
    pub async fn retry(
        &self,
        worker: &str,
        job: JobId,
        attempts: u32,
        delay: Duration,
    ) -> Result<(), QueueError> {
        RETRY
            .key(&self.keys.progress)
            .key(self.keys.in_flight_of(worker))
            .key(&self.keys.scheduled)
            .arg(job.to_string())
            .arg(format!("{} {attempts} ", record::letter(JobStatus::Retrying)))
            .arg(delay.as_secs_f64())
            .invoke_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }

    /// Tells that a worker lets go of jobs without having tried them, in the round that it began, if it
    /// did.
    pub async fn hand_back(&self, jobs: &[JobId], round: Uuid) -> Result<(), QueueError> {
        self.mark("hand back", jobs, round).await.map(drop)
    }

    async fn mark(&self, what: &str, jobs: &[JobId], round: Uuid) -> Result<Vec<u32>, QueueError> {
        let mut call = MARK.prepare_invoke();
        call.key(&self.keys.progress).arg(what).arg(round.to_string());
        for job in jobs {
            call.arg(job.to_string());
        }
        Ok(call.invoke_async(&mut self.connection.clone()).await?)
    }

    /// Stores how jobs were decided, lets go of their tasks, which `worker` holds, and tells whoever
    /// waits for them: in one round trip. Call it after the commit, never before.
    pub async fn finish(&self, worker: &str, settled: &[Settled<'_>]) -> Result<(), QueueError> {
        let outcomes: Vec<Outcome> = settled.iter().map(Outcome::from).collect();
        let mut call = FINISH.prepare_invoke();
        call.key(&self.keys.progress)
            .key(self.keys.in_flight_of(worker))
            .key(&self.keys.data)
            .arg(self.ttl_seconds)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&outcomes))
            .arg(&self.keys.meta);
        for settled in settled {
            call.key(self.keys.record(settled.job))
                .arg(settled.job.to_string())
                .arg(settled.admitted_at.timestamp_micros())
                .arg(Record::from(settled).encode());
        }
        call.invoke_async::<()>(&mut self.connection.clone()).await?;
        Ok(())
    }

    /// Tells that a task was given up, and puts it among the dead. What the client sees is `answer`;
    /// the cause is for operators.
    pub async fn bury(
        &self,
        worker: &str,
        task: &str,
        answer: Answer,
        cause: &str,
        now: Instant,
    ) -> Result<(), QueueError> {
        // A task of somebody else may have no id of ours, and no record.
        let job = JobId(task.parse().unwrap_or_default());
        let (record, announcement) = match self.record(job).await? {
            None => (Vec::new(), Vec::new()),
            Some(record) => {
                let outcome = Outcome {
                    job,
                    fingerprint: record.fingerprint,
                    origin: Origin::GaveUp,
                    answer: answer.clone(),
                };
                (record.buried(answer, cause, now).encode(), announcement::encode(&[outcome]))
            }
        };
        BURY.key(self.keys.record(job))
            .key(&self.keys.progress)
            .key(self.keys.in_flight_of(worker))
            .key(&self.keys.dead)
            .key(&self.keys.data)
            .key(format!("{}:{task}", self.keys.meta))
            .arg(task)
            .arg(record)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement)
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

impl Queue {
    /// Lets go of a task that nobody has settled: a deliberate defect, for
    /// [`SeededBug::AckBeforeCommit`] alone.
    ///
    /// [`SeededBug::AckBeforeCommit`]: crate::seeded_bug::SeededBug::AckBeforeCommit
    pub async fn forget(&self, worker: &str, job: JobId) -> Result<(), QueueError> {
        redis::pipe()
            .srem(self.keys.in_flight_of(worker), job.to_string())
            .hdel(&self.keys.data, job.to_string())
            .del(self.keys.meta_of(job))
            .query_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }
}
