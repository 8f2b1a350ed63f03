//! From the desk to the commit to the answer, in three stages that work at the same time: tasks begin,
//! a batch of them is committed, the batch before it is told.
//!
//! No timer and no delay: a batch is whatever came while the last one was committed. A lone command
//! is a batch of one; under load the cost of a commit is shared.

use crate::apply::{Attempt, apply, preview};
use crate::config::Settings;
use crate::desk::{Desk, Waiting};
use crate::fault::{Fault, Remedy};
use crate::patience::Patience;
use crate::tell;
use chrono::TimeDelta;
use shared::domain::JobId;
use shared::queue::Queue;
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

/// A task that was said to begin.
struct Begun {
    attempt: Attempt,
    turn: oneshot::Sender<()>,
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
        let (desk, waiting) = Desk::new(self.batch_max);
        let (begin, begun) = mpsc::channel(self.batch_max);
        let batcher = Arc::new(self);
        tokio::spawn(batcher.clone().begin_all(waiting, begin));
        tokio::spawn(batcher.settle_all(begun));
        desk
    }

    /// The first stage: says in Redis that tasks begin, while those before them are committed.
    async fn begin_all(
        self: Arc<Self>,
        mut waiting: mpsc::Receiver<Waiting>,
        begin: mpsc::Sender<Begun>,
    ) {
        let mut tasks = Vec::with_capacity(self.batch_max);
        while waiting.recv_many(&mut tasks, self.batch_max).await > 0 {
            let ids: Vec<JobId> = tasks.iter().map(|waiting| waiting.id).collect();
            let round = Uuid::new_v4();
            let begun = self.patience.with_redis(|| self.queue.begin(&ids, round)).await;
            let Some(numbers) = begun else { return };
            for (Waiting { id, job, holder, turn }, number) in tasks.drain(..).zip(numbers) {
                let attempt = Attempt { id, job, holder, number };
                if begin.send(Begun { attempt, turn }).await.is_err() {
                    return;
                }
            }
        }
    }

    /// The second stage: commits what has begun while the last batch was committed.
    async fn settle_all(self: Arc<Self>, mut begun: mpsc::Receiver<Begun>) {
        let mut batch = Vec::with_capacity(self.batch_max);
        while begun.recv_many(&mut batch, self.batch_max).await > 0 {
            self.settle(batch.drain(..)).await;
        }
    }

    /// Sees a batch through to its end, whatever happens on the way.
    async fn settle(self: &Arc<Self>, batch: impl Iterator<Item = Begun>) {
        let (worn, begun): (Vec<_>, Vec<_>) =
            batch.partition(|begun| begun.attempt.number > self.attempts_max);
        for Begun { attempt, turn } in worn {
            say(turn, self.settle_worn(attempt).await);
        }
        let (attempts, turns): (Vec<_>, Vec<_>) =
            begun.into_iter().map(|begun| (begun.attempt, begun.turn)).unzip();
        if attempts.is_empty() {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(attempts.len() as f64);
        self.settle_attempts(attempts.into(), turns).await;
    }

    /// All together; each alone when that fails. What is left to other workers is told nothing.
    async fn settle_attempts(
        self: &Arc<Self>,
        attempts: Arc<[Attempt]>,
        turns: Vec<oneshot::Sender<()>>,
    ) {
        let fault = match self.patience.with_postgres(|| self.apply(attempts.clone())).await {
            Ok(entries) => {
                // The third stage, beside the next batch.
                let batcher = self.clone();
                tokio::spawn(async move {
                    let told = batcher.tell(&attempts, &entries).await;
                    turns.into_iter().for_each(|turn| say(turn, told));
                });
                return;
            }
            Err(fault) => fault,
        };
        match (&*attempts, fault.remedy()) {
            (_, Remedy::HandBack) => {
                let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.id).collect();
                if let Err(error) = self.queue.hand_back(&ids, Uuid::new_v4()).await {
                    tracing::debug!(%error, "cannot say that jobs are handed back");
                }
            }
            ([attempt], _) => {
                let over = self.fail(attempt, &fault).await;
                turns.into_iter().for_each(|turn| say(turn, over));
            }
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                for (attempt, turn) in many.iter().zip(turns) {
                    let alone = Arc::from([attempt.clone()]);
                    Box::pin(self.settle_attempts(alone, vec![turn])).await;
                }
            }
        }
    }

    /// Begun more often than is allowed, and never brought to an end: it takes its workers with it.
    /// Unless the last of them died after its commit, and before it could tell.
    async fn settle_worn(&self, attempt: Attempt) -> Option<()> {
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

    async fn tell(&self, attempts: &[Attempt], entries: &[Entry]) -> Option<()> {
        let tell = || tell::outcomes(&self.queue, attempts, entries);
        self.patience.with_redis(tell).await
    }

    /// A command failed by itself.
    async fn fail(&self, attempt: &Attempt, fault: &Fault) -> Option<()> {
        let Attempt { id, holder, number, job } = attempt;
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        if *number < self.attempts_max {
            // Those that failed together should not come back together.
            let jitter = Duration::from_millis(rand::random_range(0..1000));
            let delay = Duration::from_secs((*number).into()) + jitter;
            let retry = || self.queue.retry(holder, *id, *number, delay);
            return self.patience.with_redis(retry).await;
        }
        let (task, operation) = (id.to_string(), Some(job.command.operation()));
        let (public, full) = (fault.public_cause(), fault.full_cause());
        let give_up = || tell::gave_up(&self.queue, (holder, &task), operation, &public, &full);
        self.patience.with_redis(give_up).await
    }
}

/// Tells a task that its turn is over, unless it is left to others. No one listens when the apalis
/// worker was restarted meanwhile; the outcome stands all the same.
fn say(turn: oneshot::Sender<()>, over: Option<()>) {
    let _ = over.map(|()| turn.send(()));
}
