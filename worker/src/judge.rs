//! Decides what a task is worth. Whoever can write to Redis can write a task, so a job is only done
//! if an api has signed it.

use apalis::prelude::BoxDynError;
use domain::{ClientId, JobId, LogEntry, Untrusted};
use queue::{QueuedJob, authenticate};
use runtime::coalesce::Coalescer;
use runtime::{JobKeyring, bootstrap};
use std::sync::Arc;
use std::time::Duration;
use store::{Database, StoreError, command_log};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

/// The pause before Postgres is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// The shortest time between two looks into the command log, and the most jobs of one look. Whoever
/// forges many jobs makes us look no more often, and honest jobs behind them wait for no longer.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
const LOOK_MAX: usize = 512;

/// Looks for jobs in the command log, for all that wait at once.
type Looks = Arc<Coalescer<(ClientId, JobId), Option<LogEntry>, StoreError>>;

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
    looks: Looks,
    job_keyring: JobKeyring,
    stop: CancellationToken,
}

impl Judge {
    /// A judge that waits for Postgres until `stop`.
    pub(crate) fn new(
        database: Database,
        job_keyring: JobKeyring,
        stop: CancellationToken,
    ) -> Self {
        Self { looks: looks(database), job_keyring, stop }
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
                    cause = bootstrap::chain(&*error),
                    "waiting for Postgres to check a job"
                ),
            }
            self.stop.run_until_cancelled(sleep(PAUSE)).await?;
        }
    }

    async fn look(&self, job: &QueuedJob, payload: &[u8]) -> Result<Judgement, BoxDynError> {
        let judged = self.job_keyring.judge(|keys, now| authenticate(job, payload, keys, now));
        let Err(untrusted) = judged.await? else { return Ok(Judgement::Trusted) };
        // Its worker may have died between the commit and the answer.
        let decided = self.looks.call((job.client, job.id())).await?;
        Ok(decided.map_or(Judgement::Refused(untrusted), |entry| Judgement::Decided(entry.into())))
    }
}

fn looks(database: Database) -> Looks {
    let mut pace = interval(LOOK_INTERVAL);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let pace = Arc::new(Mutex::new(pace));
    Arc::new(Coalescer::new(LOOK_MAX, 1, move |jobs: Vec<(ClientId, JobId)>| {
        let (database, pace) = (database.clone(), pace.clone());
        async move {
            pace.lock().await.tick().await;
            let found = command_log::find_jobs(&database, &jobs).await?;
            Ok(jobs.iter().map(|(_, job)| found.get(job).cloned()).collect())
        }
    }))
}
