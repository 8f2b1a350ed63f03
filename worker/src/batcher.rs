//! The desk where tasks wait for the next commit, and the loop that commits them.
//!
//! No timer and no delay: a batch is whatever came while the last one was committed. A lone command
//! is a batch of one; under load the cost of a commit is shared.

use crate::apply::{Attempt, apply};
use crate::config::Settings;
use crate::fault::{Fault, Remedy};
use crate::tell;
use chrono::TimeDelta;
use shared::domain::JobId;
use shared::queue::job::QueuedJob;
use shared::queue::{Queue, QueueError};
use shared::store::PgPool;
use shared::store::ledger::Entry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often a batch is tried against others in its way before it is split, and a command alone
/// before that counts as a fault.
const CONFLICT_TRIES: u32 = 5;

/// While Postgres or Redis is away: pauses from the first to the second, doubling.
const OUTAGE_PAUSE_MIN: Duration = Duration::from_millis(50);
const OUTAGE_PAUSE_MAX: Duration = Duration::from_secs(2);

/// A transaction takes milliseconds; each of its statements is bounded by Postgres. This is for a
/// Postgres that does not even answer.
const APPLY_TIMEOUT: Duration = Duration::from_secs(15);

/// What a task is told when its turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its outcome is committed and told.
    Settled,
    /// It failed by itself: it is to be tried again.
    Retry,
    /// It failed by itself too often: its job is given up.
    GaveUp,
}

/// A task on the desk. Its turn is dropped unsaid when the worker stops first.
struct Waiting {
    id: JobId,
    job: QueuedJob,
    turn: oneshot::Sender<Turn>,
}

/// Where handlers put their tasks.
#[derive(Clone)]
pub struct Desk(mpsc::Sender<Waiting>);

impl Desk {
    /// Puts a task on the desk and waits for its turn to be over; `None` when the worker stops first.
    pub async fn settle(&self, id: JobId, job: QueuedJob) -> Option<Turn> {
        let (turn, over) = oneshot::channel();
        self.0.send(Waiting { id, job, turn }).await.ok()?;
        over.await.ok()
    }
}

/// Takes what waits on the desk and settles it, batch by batch.
pub struct Batcher {
    pool: PgPool,
    queue: Queue,
    gift_ttl: TimeDelta,
    attempts_max: u32,
    batch_max: usize,
    stop: CancellationToken,
}

impl Batcher {
    /// A batcher. When `stop` is cancelled it no longer waits for a Postgres or Redis that is away.
    #[must_use]
    pub fn new(pool: PgPool, queue: Queue, settings: &Settings, stop: CancellationToken) -> Self {
        Self {
            pool,
            queue,
            gift_ttl: TimeDelta::days(settings.gift_ttl_days.into()),
            attempts_max: settings.worker_attempts_max,
            batch_max: settings.worker_batch_max.into(),
            stop,
        }
    }

    /// Starts it, behind a desk. It ends when every clone of the desk is gone.
    #[must_use]
    pub fn start(self) -> Desk {
        let (desk, mut waiting) = mpsc::channel(self.batch_max);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(self.batch_max);
            while waiting.recv_many(&mut batch, self.batch_max).await > 0 {
                self.settle(std::mem::take(&mut batch)).await;
            }
        });
        Desk(desk)
    }

    /// Sees a batch through to its end, whatever happens on the way.
    async fn settle(&self, batch: Vec<Waiting>) {
        let ids: Vec<JobId> = batch.iter().map(|waiting| waiting.id).collect();
        let Some(numbers) = self.insist(|| self.queue.begin(&ids)).await else {
            return;
        };
        let (mut attempts, mut turns) = (Vec::new(), Vec::new());
        for (Waiting { id, job, turn }, number) in batch.into_iter().zip(numbers) {
            let attempt = Attempt { id, job, number };
            if number > self.attempts_max {
                // It began this often and never came to an end: it takes its workers with it.
                let _ = turn.send(self.fail(&attempt, &Fault::CrashLoop).await);
                continue;
            }
            attempts.push(attempt);
            turns.push(turn);
        }
        if attempts.is_empty() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(attempts.len() as f64);
        let over = self.settle_attempts(attempts).await;
        for (turn, over) in turns.into_iter().zip(over) {
            // No one listens when the apalis worker was restarted meanwhile; the outcome stands.
            let _ = over.map(|over| turn.send(over));
        }
    }

    /// All together; each alone when that fails; `None` for what is left to other workers.
    async fn settle_attempts(&self, attempts: Vec<Attempt>) -> Vec<Option<Turn>> {
        let attempts: Arc<[Attempt]> = attempts.into();
        let fault = match self.apply(&attempts).await {
            Ok(entries) => {
                let told = self.insist(|| tell::outcomes(&self.queue, &attempts, &entries)).await;
                return vec![told.map(|()| Turn::Settled); attempts.len()];
            }
            Err(fault) => fault,
        };
        match (&*attempts, fault.remedy()) {
            (_, Remedy::HandBack) => {
                let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.id).collect();
                if let Err(error) = self.queue.hand_back(&ids).await {
                    tracing::debug!(%error, "cannot say that jobs are handed back");
                }
                vec![None; attempts.len()]
            }
            ([attempt], _) => vec![Some(self.fail(attempt, &fault).await)],
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                let mut turns = Vec::with_capacity(many.len());
                for attempt in many {
                    turns.extend(Box::pin(self.settle_attempts(vec![attempt.clone()])).await);
                }
                turns
            }
        }
    }

    /// Applies a batch, waiting out what is not its fault. In a task of its own: a panic there is a
    /// fault like another.
    async fn apply(&self, attempts: &Arc<[Attempt]>) -> Result<Vec<Entry>, Fault> {
        let (mut tries, mut pause) = (0, OUTAGE_PAUSE_MIN);
        loop {
            let (pool, batch, gift_ttl) = (self.pool.clone(), attempts.clone(), self.gift_ttl);
            let task = tokio::spawn(async move {
                timeout(APPLY_TIMEOUT, apply(&pool, &batch, gift_ttl)).await
            });
            let fault = match task.await {
                Ok(Ok(Ok(entries))) => return Ok(entries),
                Ok(Ok(Err(error))) => Fault::Store(error),
                Ok(Err(_)) => Fault::TimedOut,
                Err(_) => Fault::Panicked,
            };
            match fault.remedy() {
                Remedy::Wait => {
                    tracing::warn!(cause = fault.full_cause(), "waiting for Postgres");
                    self.pause(&mut pause).await.ok_or(Fault::Stopping)?;
                }
                Remedy::Again if tries < CONFLICT_TRIES => tries += 1,
                Remedy::Again | Remedy::Split | Remedy::HandBack => return Err(fault),
            }
        }
    }

    /// A command failed by itself.
    async fn fail(&self, attempt: &Attempt, fault: &Fault) -> Turn {
        let (id, number) = (attempt.id, attempt.number);
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        if number < self.attempts_max {
            self.insist(|| self.queue.retrying(id)).await;
            return Turn::Retry;
        }
        let operation = Some(attempt.job.command.operation());
        let (public, full) = (fault.public_cause(), fault.full_cause());
        self.insist(|| tell::gave_up(&self.queue, id, operation, &public, &full)).await;
        Turn::GaveUp
    }

    /// Does what needs Redis, for as long as it takes; `None` when the worker stops first.
    async fn insist<T, F>(&self, mut step: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        let mut pause = OUTAGE_PAUSE_MIN;
        loop {
            match step().await {
                Ok(done) => return Some(done),
                Err(error) => tracing::warn!(%error, "waiting for Redis"),
            }
            self.pause(&mut pause).await?;
        }
    }

    /// A pause, the next one twice as long; `None` when the worker stops.
    async fn pause(&self, pause: &mut Duration) -> Option<()> {
        self.stop.run_until_cancelled(sleep(*pause)).await?;
        *pause = (*pause * 2).min(OUTAGE_PAUSE_MAX);
        Some(())
    }
}
