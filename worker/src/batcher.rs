//! The desk where tasks wait for the next commit, and the loop that commits them.
//!
//! No timer and no delay: a batch is whatever came while the last one was committed. A lone command
//! is a batch of one; under load the cost of a commit is shared.

use crate::apply::{Attempt, apply, preview};
use crate::config::Settings;
use crate::fault::{Fault, Remedy};
use crate::patience::Patience;
use crate::tell;
use chrono::TimeDelta;
use shared::domain::JobId;
use shared::queue::Queue;
use shared::queue::job::QueuedJob;
use shared::seeded_bug::SeededBug;
use shared::store::PgPool;
use shared::store::ledger::{self, Entry};
use std::slice;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
    patience: Patience,
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
            patience: Patience::until(stop),
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
        let round = Uuid::new_v4();
        let begin = || self.queue.begin(&ids, round);
        let Some(numbers) = self.patience.with_redis(begin).await else { return };
        let (mut attempts, mut turns) = (Vec::new(), Vec::new());
        for (waiting, number) in batch.into_iter().zip(numbers) {
            let attempt = Attempt { id: waiting.id, job: waiting.job, number };
            if number > self.attempts_max {
                say(waiting.turn, self.settle_worn(attempt).await);
            } else {
                attempts.push(attempt);
                turns.push(waiting.turn);
            }
        }
        if attempts.is_empty() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(attempts.len() as f64);
        let over = self.settle_attempts(attempts, round).await;
        turns.into_iter().zip(over).for_each(|(turn, over)| say(turn, over));
    }

    /// All together; each alone when that fails; `None` for what is left to other workers.
    async fn settle_attempts(&self, attempts: Vec<Attempt>, round: Uuid) -> Vec<Option<Turn>> {
        let attempts: Arc<[Attempt]> = attempts.into();
        let fault = match self.patience.with_postgres(|| self.apply(attempts.clone())).await {
            Ok(entries) => {
                let told = self.tell(&attempts, &entries).await;
                return vec![told; attempts.len()];
            }
            Err(fault) => fault,
        };
        match (&*attempts, fault.remedy()) {
            (_, Remedy::HandBack) => {
                let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.id).collect();
                if let Err(error) = self.queue.hand_back(&ids, round).await {
                    tracing::debug!(%error, "cannot say that jobs are handed back");
                }
                vec![None; attempts.len()]
            }
            ([attempt], _) => vec![self.fail(attempt, &fault).await],
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                let mut turns = Vec::with_capacity(many.len());
                for attempt in many {
                    turns
                        .extend(Box::pin(self.settle_attempts(vec![attempt.clone()], round)).await);
                }
                turns
            }
        }
    }

    /// Begun more often than is allowed, and never brought to an end: it takes its workers with it.
    /// Unless the last of them died after its commit, and before it could tell.
    async fn settle_worn(&self, attempt: Attempt) -> Option<Turn> {
        let look =
            || async { Ok(ledger::find_job(&self.pool, attempt.job.client, attempt.id).await?) };
        match self.patience.with_postgres(look).await {
            Ok(Some(entry)) => self.tell(slice::from_ref(&attempt), &[entry]).await,
            Ok(None) => self.fail(&attempt, &Fault::CrashLoop).await,
            Err(_) => None,
        }
    }

    /// Applies a batch, in a task of its own: a panic there is a fault like another.
    async fn apply(&self, attempts: Arc<[Attempt]>) -> Result<Vec<Entry>, Fault> {
        let (pool, gift_ttl) = (self.pool.clone(), self.gift_ttl);
        if SeededBug::TellBeforeCommit.is_on() {
            let entries = preview(&pool, &attempts, gift_ttl).await?;
            self.tell(&attempts, &entries).await;
        }
        let task =
            tokio::spawn(
                async move { timeout(APPLY_TIMEOUT, apply(&pool, &attempts, gift_ttl)).await },
            );
        match task.await {
            Ok(Ok(applied)) => Ok(applied?),
            Ok(Err(_)) => Err(Fault::TimedOut),
            Err(_) => Err(Fault::Panicked),
        }
    }

    async fn tell(&self, attempts: &[Attempt], entries: &[Entry]) -> Option<Turn> {
        let tell = || tell::outcomes(&self.queue, attempts, entries);
        self.patience.with_redis(tell).await.map(|()| Turn::Settled)
    }

    /// A command failed by itself.
    async fn fail(&self, attempt: &Attempt, fault: &Fault) -> Option<Turn> {
        let (id, number) = (attempt.id, attempt.number);
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        if number < self.attempts_max {
            self.patience.with_redis(|| self.queue.retrying(id)).await?;
            return Some(Turn::Retry);
        }
        let operation = Some(attempt.job.command.operation());
        let (public, full) = (fault.public_cause(), fault.full_cause());
        let give_up = || tell::gave_up(&self.queue, id, operation, &public, &full);
        self.patience.with_redis(give_up).await.map(|()| Turn::GaveUp)
    }
}

/// Tells a task that its turn is over, unless it is left to others. No one listens when the apalis
/// worker was restarted meanwhile; the outcome stands all the same.
fn say(turn: oneshot::Sender<Turn>, over: Option<Turn>) {
    let _ = over.map(|over| turn.send(over));
}
