//! Decides what a task is worth. Whoever can write to Redis can write a task, so a job is only done
//! if an api has signed it.

use domain::{LogEntry, Untrusted};
use queue::{QueuedJob, authenticate};
use runtime::{JobKeyring, bootstrap};
use std::time::Duration;
use store::{Database, StoreError, command_log};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pause before Postgres is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a job is worth.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// An api has admitted it.
    Trusted,
    /// It is not trusted, but its job was decided before, and has this answer.
    Decided(Box<LogEntry>),
    /// It is not trusted, and nothing of it was done.
    Refused(Untrusted),
}

/// Judges jobs.
#[derive(Clone)]
pub(crate) struct Judge {
    database: Database,
    job_keyring: JobKeyring,
    stop: CancellationToken,
}

impl Judge {
    /// A judge that waits for Postgres until `stop`.
    pub(crate) const fn new(
        database: Database,
        job_keyring: JobKeyring,
        stop: CancellationToken,
    ) -> Self {
        Self { database, job_keyring, stop }
    }

    /// What a job is worth that was read from this payload; `None` if the worker stops first. A
    /// job that is trusted costs no look into Postgres. While Postgres is away, others are held:
    /// it may have their keys.
    pub(crate) async fn judge(&self, job: &QueuedJob, payload: &[u8]) -> Option<Judgement> {
        loop {
            match self.look(job, payload).await {
                Ok(judgement) => return Some(judgement),
                Err(error) => tracing::warn!(
                    job = %job.id(),
                    cause = bootstrap::chain(&error),
                    "waiting for Postgres to check a job"
                ),
            }
            self.stop.run_until_cancelled(sleep(PAUSE)).await?;
        }
    }

    async fn look(&self, job: &QueuedJob, payload: &[u8]) -> Result<Judgement, StoreError> {
        let judged = self.job_keyring.judge(|keys, now| authenticate(job, payload, keys, now));
        let Err(untrusted) = judged.await? else { return Ok(Judgement::Trusted) };
        // Its worker may have died between the commit and the answer.
        let decided = command_log::find_job(&self.database, job.client, job.id()).await?;
        Ok(decided.map_or(Judgement::Refused(untrusted), |entry| Judgement::Decided(entry.into())))
    }
}
