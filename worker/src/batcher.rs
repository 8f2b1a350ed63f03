//! From the desk to the commit to the answer: one batch is committed while the one before it is told
//! and the one after it gathers.
//!
//! No timer and no delay: a batch is whatever came while the last one was committed. A lone command
//! is a batch of one; under load the cost of a commit is shared.

use crate::apply::{Attempt, load};
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
use shared::store::line::Line;
use std::slice;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A transaction takes milliseconds; each of its statements is bounded by Postgres. This is for a
/// Postgres that does not even answer.
const APPLY_TIMEOUT: Duration = Duration::from_secs(15);

type Attempts = Arc<[Attempt]>;
type Turn = oneshot::Sender<()>;

/// Takes what waits on the desk and settles it, batch by batch.
pub struct Batcher {
    line: Line,
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
            line: Line::new(pool),
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
        let (desk, mut waiting) = Desk::new(self.batch_max);
        let batcher = Arc::new(self);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(batcher.batch_max);
            while waiting.recv_many(&mut batch, batcher.batch_max).await > 0 {
                batcher.settle_all(batch.drain(..)).await;
            }
        });
        desk
    }

    async fn settle_all(self: &Arc<Self>, batch: impl Iterator<Item = Waiting>) {
        let (attempts, turns): (Vec<_>, Vec<_>) =
            batch.map(|waiting| (waiting.attempt, waiting.turn)).unzip();
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(attempts.len() as f64);
        self.settle(attempts.into(), turns, Uuid::new_v4()).await;
    }

    /// Sees attempts through to their end, whatever happens on the way: all together, and each alone
    /// when that fails. They begin in `round`, and count once however often they are tried in it. What
    /// is left to other workers is told nothing.
    async fn settle(self: &Arc<Self>, attempts: Attempts, turns: Vec<Turn>, round: Uuid) {
        let apply = || self.apply(attempts.clone(), round);
        let fault = match self.patience.with_postgres(apply).await {
            Ok(entries) => return self.tell_aside(attempts, entries, turns),
            Err(fault) => fault,
        };
        match (&*attempts, fault.remedy()) {
            (_, Remedy::HandBack) => {
                let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.id).collect();
                if let Err(error) = self.queue.hand_back(&ids, round).await {
                    tracing::debug!(%error, "cannot say that jobs are handed back");
                }
            }
            ([attempt], _) => {
                let over = match fault {
                    Fault::CrashLoop => self.settle_worn(attempt, round).await,
                    fault => self.fail(attempt, round, &fault).await,
                };
                for turn in turns {
                    say(turn, over);
                }
            }
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                for (attempt, turn) in many.iter().zip(turns) {
                    let alone = Arc::from([attempt.clone()]);
                    Box::pin(self.settle(alone, vec![turn], round)).await;
                }
            }
        }
    }

    /// Applies a batch, in a task of its own: a panic there is a fault like another.
    ///
    /// That it begins is told to Redis while its rows are loaded. Their locks may wait for that answer,
    /// at most as long as any command of Redis may take.
    async fn apply(&self, attempts: Attempts, round: Uuid) -> Result<Vec<Entry>, Fault> {
        let (line, queue) = (self.line.clone(), self.queue.clone());
        let (gift_ttl, attempts_max) = (self.gift_ttl, self.attempts_max);
        if SeededBug::TellBeforeCommit.is_on() {
            let entries = load(&line, &attempts).await?.preview(&attempts, gift_ttl);
            tell::outcomes(&queue, &attempts, &entries).await?;
        }
        // Boxed, since it is large and handed on several times.
        let apply = Box::pin(async move {
            let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.id).collect();
            let (loaded, numbers) =
                tokio::try_join!(async { Ok::<_, Fault>(load(&line, &attempts).await?) }, async {
                    Ok(queue.begin(&ids, round).await?)
                },)?;
            if numbers.iter().any(|number| *number > attempts_max) {
                return Err(Fault::CrashLoop);
            }
            let numbered = attempts.iter().zip(numbers);
            let attempts: Vec<Attempt> =
                numbered.map(|(attempt, number)| Attempt { number, ..attempt.clone() }).collect();
            Ok(loaded.commit(&attempts, gift_ttl).await?)
        });
        match tokio::spawn(timeout(APPLY_TIMEOUT, apply)).await {
            Ok(Ok(applied)) => applied,
            Ok(Err(_)) => Err(Fault::TimedOut),
            Err(_) => Err(Fault::Panicked),
        }
    }

    /// Tells of a batch while the next one is committed.
    fn tell_aside(self: &Arc<Self>, attempts: Attempts, entries: Vec<Entry>, turns: Vec<Turn>) {
        let batcher = self.clone();
        tokio::spawn(async move {
            let told = batcher.tell(&attempts, &entries).await;
            for turn in turns {
                say(turn, told);
            }
        });
    }

    async fn tell(&self, attempts: &[Attempt], entries: &[Entry]) -> Option<()> {
        let tell = || tell::outcomes(&self.queue, attempts, entries);
        self.patience.with_redis(tell).await
    }

    /// Begun more often than is allowed, and never brought to an end: it takes its workers with it.
    /// Unless the last of them died after its commit, and before it could tell.
    async fn settle_worn(&self, attempt: &Attempt, round: Uuid) -> Option<()> {
        let look = || async {
            Ok(ledger::find_job(self.line.pool(), attempt.job.client, attempt.id).await?)
        };
        match self.patience.with_postgres(look).await {
            Ok(Some(entry)) => self.tell(slice::from_ref(attempt), &[entry]).await,
            Ok(None) => self.fail(attempt, round, &Fault::CrashLoop).await,
            Err(_) => None,
        }
    }

    /// A command failed by itself.
    async fn fail(&self, attempt: &Attempt, round: Uuid, fault: &Fault) -> Option<()> {
        let Attempt { id, holder, job, .. } = attempt;
        let begin = || self.queue.begin(slice::from_ref(id), round);
        let number = self.patience.with_redis(begin).await?.first().copied().unwrap_or(1);
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        if number < self.attempts_max {
            // Those that failed together should not come back together.
            let jitter = Duration::from_millis(rand::random_range(0..1000));
            let delay = Duration::from_secs(number.into()) + jitter;
            let retry = || self.queue.retry(holder, *id, number, delay);
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
fn say(turn: Turn, over: Option<()>) {
    let _ = over.map(|()| turn.send(()));
}
