//! Delivery: what a worker notes about the jobs that it works on, and how it delivers their
//! answers.

use crate::announcement::{self, Outcome, Provenance};
use crate::record::{self, Record};
use crate::{Queue, QueueError};
use domain::{Answer, Instant, JobId, JobStatus, LogEntry};
use redis::Script;
use std::sync::LazyLock;
use std::time::Duration;
use uuid::Uuid;

static RETRY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/retry.lua")));
static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/begin.lua")));
static BURY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/bury.lua")));
static LET_GO: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/let_go.lua")));
static FINISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/finish.lua")));

/// How long a record without an answer stays at least: longer than answers take. Should the
/// publication of its answer be lost, it goes then; the command log has the answer.
const PENDING_TTL_SECONDS: u64 = 7 * 24 * 3600;

/// A decided job, with all that its record consists of: Redis may have lost the record.
#[derive(Debug, Clone, Copy)]
pub struct DecidedJob<'a> {
    /// The entry of the command log.
    pub entry: &'a LogEntry,
    /// When the task that the worker holds was admitted. The entry may be of an earlier admission,
    /// which Redis had lost.
    pub admitted_at: Instant,
    /// Where the answer comes from.
    pub provenance: Provenance,
}

impl Queue {
    /// Notes that a worker begins these jobs, and returns the number of the attempt of each.
    /// `round` identifies this beginning: noted again with the same round, it still counts as one
    /// attempt.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn begin(&self, jobs: &[JobId], round: Uuid) -> Result<Vec<u32>, QueueError> {
        self.note("begin", jobs, round).await
    }

    /// Notes that a worker begins this job in `round`, or did so before, and returns the number of
    /// the attempt.
    pub async fn begin_one(&self, job: JobId, round: Uuid) -> Result<u32, QueueError> {
        let numbers = self.begin(&[job], round).await?;
        numbers.first().copied().ok_or_else(unexpected_reply)
    }

    /// Schedules the next attempt of a task that failed by a fault, to be due after `delay`. So
    /// many `attempts` were begun. Nothing happens when `worker` no longer holds the task.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn retry(
        &self,
        worker: &str,
        job: JobId,
        attempts: u32,
        delay: Duration,
    ) -> Result<(), QueueError> {
        self.connection
            .invoke::<()>(
                RETRY
                    .key(&self.keys.attempts)
                    .key(self.keys.in_flight_of(worker))
                    .key(&self.keys.scheduled)
                    .arg(job.to_string())
                    .arg(format!("{} {attempts} ", record::letter(JobStatus::Retrying)))
                    .arg(delay.as_secs_f64()),
            )
            .await?;
        Ok(())
    }

    /// Notes that a worker leaves jobs to other workers. The attempts that it began in `round` do
    /// not count.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn hand_back(&self, jobs: &[JobId], round: Uuid) -> Result<(), QueueError> {
        self.note("hand back", jobs, round).await.map(drop)
    }

    async fn note(&self, what: &str, jobs: &[JobId], round: Uuid) -> Result<Vec<u32>, QueueError> {
        let mut call = BEGIN.prepare_invoke();
        call.key(&self.keys.attempts).arg(what).arg(round.to_string());
        for job in jobs {
            call.arg(job.to_string());
        }
        let attempts: Vec<u32> = self.connection.invoke(&call).await?;
        if attempts.len() == jobs.len() { Ok(attempts) } else { Err(unexpected_reply()) }
    }

    /// Stores the answers of jobs, removes their tasks, which `worker` holds, and publishes the
    /// answers to the apis, in one round trip. To be called after the commit, never before. Jobs
    /// that have no answer yet are let go of, in a round trip of their own.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub async fn finish(&self, worker: &str, jobs: &[DecidedJob<'_>]) -> Result<(), QueueError> {
        if jobs.iter().all(|decided| decided.entry.answered.is_some()) {
            return self.store_answers(worker, jobs).await;
        }
        let (answered, pending): (Vec<_>, Vec<_>) =
            jobs.iter().copied().partition(|decided| decided.entry.answered.is_some());
        self.let_go(worker, &pending).await?;
        if answered.is_empty() { Ok(()) } else { self.store_answers(worker, &answered).await }
    }

    /// Publishes the answers of jobs whose tasks were let go of before: effects have brought them.
    /// To be called after the commit. If they are lost, the command log has them.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = entries.len()))]
    pub async fn publish_settled(&self, entries: &[LogEntry]) -> Result<(), QueueError> {
        let settled = |entry| DecidedJob {
            entry,
            admitted_at: entry.submitted_at,
            provenance: Provenance::Decided,
        };
        let settled: Vec<DecidedJob<'_>> = entries.iter().map(settled).collect();
        // No worker has that name: if one still holds a task, it lets go of it by itself.
        self.finish("none", &settled).await
    }

    /// Removes the tasks of jobs, which `worker` holds, and notes that they wait for an effect.
    async fn let_go(&self, worker: &str, jobs: &[DecidedJob<'_>]) -> Result<(), QueueError> {
        let mut call = LET_GO.prepare_invoke();
        call.key(&self.keys.attempts)
            .key(self.keys.in_flight_of(worker))
            .key(&self.keys.data)
            .arg(&self.keys.meta)
            .arg(self.ttl_seconds.max(PENDING_TTL_SECONDS));
        for decided in jobs {
            let job = decided.entry.job;
            call.key(self.keys.record(job))
                .arg(job.to_string())
                .arg(decided.admitted_at.timestamp_micros())
                .arg(Record::from(decided).encode());
        }
        self.connection.invoke::<()>(&call).await?;
        Ok(())
    }

    async fn store_answers(&self, worker: &str, jobs: &[DecidedJob<'_>]) -> Result<(), QueueError> {
        let outcomes: Vec<Outcome> = jobs.iter().filter_map(Outcome::of).collect();
        let mut call = FINISH.prepare_invoke();
        call.key(&self.keys.attempts)
            .key(self.keys.in_flight_of(worker))
            .key(&self.keys.data)
            .arg(self.ttl_seconds)
            .arg(&self.keys.outcomes_channel)
            .arg(announcement::encode(&outcomes))
            .arg(&self.keys.meta);
        for decided in jobs {
            let job = decided.entry.job;
            call.key(self.keys.record(job))
                .arg(job.to_string())
                .arg(decided.admitted_at.timestamp_micros())
                .arg(Record::from(decided).encode());
        }
        self.connection.invoke::<()>(&call).await?;
        Ok(())
    }

    /// Gives a task up: moves it to the dead ones, and stores and publishes `answer`, which its
    /// client sees. The cause is for operators.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn bury(
        &self,
        worker: &str,
        task: &str,
        answer: Answer,
        cause: &str,
        now: Instant,
    ) -> Result<(), QueueError> {
        // A task that we did not admit may have another kind of id, and has no record.
        let job = task.parse().ok().map(JobId::new);
        let record = match job {
            Some(job) => self.record(job).await?.map(|record| (job, record)),
            None => None,
        };
        let (record, announcement) = match record {
            None => (Vec::new(), Vec::new()),
            Some((job, record)) => {
                let outcome = Outcome {
                    job,
                    fingerprint: record.fingerprint,
                    provenance: Provenance::GaveUp,
                    answer: answer.clone(),
                };
                (record.buried(answer, cause, now).encode(), announcement::encode(&[outcome]))
            }
        };
        self.connection
            .invoke::<()>(
                BURY.key(format!("{}:{task}", self.keys.records))
                    .key(&self.keys.attempts)
                    .key(self.keys.in_flight_of(worker))
                    .key(&self.keys.dead)
                    .key(&self.keys.data)
                    .key(format!("{}:{task}", self.keys.meta))
                    .arg(task)
                    .arg(record)
                    .arg(&self.keys.outcomes_channel)
                    .arg(announcement),
            )
            .await?;
        Ok(())
    }
}

fn unexpected_reply() -> QueueError {
    redis::RedisError::from((redis::ErrorKind::UnexpectedReturnType, "begin.lua")).into()
}

impl From<&DecidedJob<'_>> for Record {
    fn from(decided: &DecidedJob<'_>) -> Self {
        let entry = decided.entry;
        Self {
            client: entry.client,
            operation: entry.operation,
            fingerprint: entry.fingerprint,
            status: entry
                .answer()
                .map_or(JobStatus::Running, |a| JobStatus::finished(a.is_success())),
            attempts: entry.attempts,
            submitted_at: entry.submitted_at,
            finished_at: entry.answered.as_ref().map(|answered| answered.at),
            answer: entry.answer().cloned(),
            cause: None,
            awaits_effect: entry.answered.is_none(),
        }
    }
}

impl Outcome {
    /// The outcome of a decided job; `None` while it has no answer.
    fn of(decided: &DecidedJob<'_>) -> Option<Self> {
        let DecidedJob { entry, provenance, .. } = *decided;
        let answer = entry.answer()?.clone();
        Some(Self { job: entry.job, fingerprint: entry.fingerprint, provenance, answer })
    }
}
