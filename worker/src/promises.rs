//! Keeps what a 202 promises: accepted jobs that Redis has lost are admitted again.
//!
//! Every worker looks, at all that was accepted a while ago and is not decided, oldest first. That
//! two of them do so at once does no harm: a job is admitted once, and decided once in any case.

use domain::{AcceptedJob, ClientId, JobId};
use queue::{Presence, Queue, QueueError, QueuedJob};
use runtime::JobKeyring;
use std::time::Duration;
use store::accepted::{self, Aged, Place};
use store::{Database, StoreError};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The time between looks. Each costs an idle worker one query.
const INTERVAL: Duration = Duration::from_secs(5);

/// The age from which a job is looked at. Nearly all are decided by then.
const AGE_SECONDS: f64 = 5.0;

/// The jobs of one look. Where there was something to mend the next page is looked at at once, else
/// at the next tick, so that a long queue is not asked about over and over.
const PAGE: u32 = 1_000;

/// The look at accepted jobs.
pub(crate) struct Promises {
    database: Database,
    queue: Queue,
    job_keyring: JobKeyring,
}

/// What a look came to.
struct Look {
    /// Where the next one begins; `None` at the beginning.
    next: Option<Place>,
    /// Whether there was something to mend.
    mended: bool,
}

/// Why a look came to nothing. The next one may succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Promises {
    pub(crate) const fn new(database: Database, queue: Queue, job_keyring: JobKeyring) -> Self {
        Self { database, queue, job_keyring }
    }

    /// Looks until `stop`.
    pub(crate) async fn keep(self, stop: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut after = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            while let Some(look) = stop.run_until_cancelled(self.look(after)).await {
                let Look { next, mended } = look.unwrap_or_else(|error| {
                    tracing::debug!(%error, "accepted jobs were not looked at");
                    Look { next: after, mended: false }
                });
                after = next;
                if !mended || after.is_none() {
                    break;
                }
            }
        }
    }

    async fn look(&self, after: Option<Place>) -> Result<Look, LookError> {
        let page = accepted::aged(&self.database, AGE_SECONDS, after, PAGE).await?;
        let is_full = page.len() >= PAGE as usize;
        let next = page.last().map(|aged| aged.place).filter(|_| is_full);
        let (decided, open): (Vec<Aged>, Vec<Aged>) =
            page.into_iter().partition(|aged| aged.is_decided);
        let open: Vec<AcceptedJob> = open.into_iter().map(|aged| aged.job).collect();
        let forgotten = self.forget(&decided).await?;
        let mended = self.mend(&open).await?;
        Ok(Look { next, mended: forgotten || mended })
    }

    /// Deletes jobs that were noted while they were being decided.
    async fn forget(&self, decided: &[Aged]) -> Result<bool, LookError> {
        let ids: Vec<(ClientId, JobId)> =
            decided.iter().map(|aged| (aged.job.client, aged.job.job)).collect();
        if ids.is_empty() {
            return Ok(false);
        }
        accepted::forget(&self.database, &ids).await?;
        Ok(true)
    }

    /// Admits again what Redis has lost, and marks what has ended there. An error of Redis says
    /// nothing about any job.
    async fn mend(&self, open: &[AcceptedJob]) -> Result<bool, LookError> {
        if open.is_empty() {
            return Ok(false);
        }
        let ids: Vec<JobId> = open.iter().map(|accepted| accepted.job).collect();
        let (mut lost, mut ended) = (Vec::new(), Vec::new());
        for (accepted, presence) in open.iter().zip(self.queue.presence(&ids).await?) {
            match presence {
                Presence::Lost => lost.extend(QueuedJob::of_accepted(accepted)),
                Presence::Ended => ended.push(accepted),
                Presence::Underway | Presence::Finished => {}
            }
        }
        let readmitted = self.readmit(&lost).await?;
        for accepted in &ended {
            end(&self.database, &self.queue, accepted.client, accepted.job).await?;
        }
        Ok(readmitted || !ended.is_empty())
    }

    async fn readmit(&self, lost: &[QueuedJob]) -> Result<bool, LookError> {
        if lost.is_empty() {
            return Ok(false);
        }
        let readmitted = self.queue.readmit(lost, self.job_keyring.known().signing()).await?;
        metrics::counter!("commerce_jobs_readmitted_total").increment(readmitted.len() as u64);
        tracing::warn!(
            jobs = readmitted.len(),
            "accepted jobs that Redis had lost are queued again"
        );
        Ok(!readmitted.is_empty())
    }
}

/// Marks an accepted job that was given up or discarded. Its client or an operator may revive it at
/// the same time, or another worker may hold it, so that is looked at once more.
pub(crate) async fn end(
    database: &Database,
    queue: &Queue,
    client: ClientId,
    job: JobId,
) -> Result<(), LookError> {
    accepted::end(database, client, job).await?;
    let presence = queue.presence(&[job]).await;
    // Unless Redis says that it has ended: the next look marks it again if it has.
    if !matches!(presence.as_deref(), Ok([Presence::Ended])) {
        accepted::revive(database, client, job).await?;
    }
    presence?;
    Ok(())
}
