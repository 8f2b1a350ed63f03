//! From the intake to the commit to the publication: one batch is committed while the answers of
//! the one before it are published and the one after it collects.
//!
//! There is no timer and no delay: a batch is what came in while the last one was committed. A lone
//! command is a batch of one; under load many commands share the cost of a commit.

use crate::apply::{Attempt, DecidedBatch, NumberedAttempt, load};
use crate::fault::{Fault, Recovery, contained};
use crate::intake::{Completion, Intake, QueuedAttempt};
use crate::publish;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use chrono::TimeDelta;
use domain::{JobId, LogEntry};
use queue::Queue;
use std::slice;
use std::sync::Arc;
use std::time::Duration;
use store::{Database, command_log};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

type Attempts = Arc<[Attempt]>;

/// Processes what waits in the intake, batch by batch.
pub(crate) struct Batcher {
    database: Database,
    queue: Queue,
    gift_ttl: TimeDelta,
    attempts_max: u32,
    batch_max: usize,
    retry_policy: RetryPolicy,
    tasks: TaskTracker,
}

impl Batcher {
    /// A batcher that spawns its tasks in `tasks`. Once `stop` is cancelled, it no longer waits for
    /// Postgres or Redis to come back.
    pub(crate) fn new(
        database: Database,
        queue: Queue,
        settings: &Settings,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self {
            database,
            queue,
            gift_ttl: settings.gift_ttl(),
            attempts_max: settings.worker_attempts_max,
            batch_max: settings.worker_batch_max.into(),
            retry_policy: RetryPolicy::until(stop),
            tasks,
        }
    }

    /// Starts the batcher and returns its intake. It ends when all clones of the intake are
    /// dropped.
    pub(crate) fn start(self) -> Intake {
        let (intake, mut queued) = Intake::new(self.batch_max);
        let batcher = Arc::new(self);
        batcher.clone().tasks.spawn(async move {
            let mut batch = Vec::with_capacity(batcher.batch_max);
            while queued.recv_many(&mut batch, batcher.batch_max).await > 0 {
                batcher.process_batch(batch.drain(..)).await;
            }
        });
        intake
    }

    async fn process_batch(self: &Arc<Self>, batch: impl Iterator<Item = QueuedAttempt>) {
        let (attempts, completions): (Vec<_>, Vec<_>) =
            batch.map(|queued| (queued.attempt, queued.completion)).unzip();
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(attempts.len() as f64);
        let span = tracing::debug_span!("batch", commands = attempts.len());
        self.process(attempts.into(), completions, Uuid::new_v4()).instrument(span).await;
    }

    /// Processes attempts: all together, and each alone when that fails. They begin in `round`, and
    /// count once however often they are tried in it. Attempts that are handed back are not
    /// completed.
    async fn process(
        self: &Arc<Self>,
        attempts: Attempts,
        completions: Vec<Completion>,
        round: Uuid,
    ) {
        let apply = || self.apply(attempts.clone(), round);
        let fault = match self.retry_policy.with_postgres(apply).await {
            Ok(decided) => return self.publish_aside(attempts, decided.entries, completions),
            Err(fault) => fault,
        };
        match (&*attempts, fault.recovery()) {
            (_, Recovery::HandBack) => self.hand_back(&attempts, round).await,
            ([attempt], _) => {
                let ended = match fault {
                    Fault::CrashLoop => self.end_crash_loop(attempt, round).await,
                    fault => self.fail(attempt, round, &fault).await,
                };
                if ended.is_some() {
                    completions.into_iter().for_each(Completion::complete);
                }
            }
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                for (attempt, completion) in many.iter().zip(completions) {
                    let alone = Arc::from([attempt.clone()]);
                    Box::pin(self.process(alone, vec![completion], round)).await;
                }
            }
        }
    }

    async fn hand_back(&self, attempts: &[Attempt], round: Uuid) {
        let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.job.id()).collect();
        if let Err(error) = self.queue.hand_back(&ids, round).await {
            tracing::debug!(%error, "cannot note that jobs are handed back");
        }
    }

    /// Applies a batch.
    async fn apply(&self, attempts: Attempts, round: Uuid) -> Result<DecidedBatch, Fault> {
        let (database, queue) = (self.database.clone(), self.queue.clone());
        let (gift_ttl, attempts_max) = (self.gift_ttl, self.attempts_max);
        contained(async move {
            let ids: Vec<JobId> = attempts.iter().map(|attempt| attempt.job.id()).collect();
            // The rows are loaded while Redis notes that the jobs are begun. They may stay locked
            // until Redis replies, which takes no longer than the timeout of a command.
            let (loaded, numbers) = tokio::try_join!(
                async { Ok::<_, Fault>(load(&database, &attempts).await?) },
                async { Ok(queue.begin(&ids, round).await?) },
            )?;
            if numbers.iter().any(|number| *number > attempts_max) {
                return Err(Fault::CrashLoop);
            }
            let numbered: Vec<NumberedAttempt> = attempts
                .iter()
                .zip(numbers)
                .map(|(attempt, number)| NumberedAttempt { job: attempt.job.clone(), number })
                .collect();
            let decided = loaded.commit(&numbered, gift_ttl).await?;
            publish::count_decided(&decided.outcomes);
            Ok(decided)
        })
        .await
    }

    /// Publishes the answers of a batch while the next one is committed.
    fn publish_aside(
        self: &Arc<Self>,
        attempts: Attempts,
        entries: Vec<LogEntry>,
        completions: Vec<Completion>,
    ) {
        let batcher = self.clone();
        let publish = async move {
            if batcher.publish(&attempts, &entries).await.is_some() {
                completions.into_iter().for_each(Completion::complete);
            }
        };
        self.tasks.spawn(publish.in_current_span());
    }

    async fn publish(&self, attempts: &[Attempt], entries: &[LogEntry]) -> Option<()> {
        let publish = || publish::answers(&self.queue, attempts, entries);
        self.retry_policy.with_redis(publish).await
    }

    /// Ends a job that was begun more often than allowed, because its workers died. It may have an
    /// answer all the same, if the last worker died after the commit and before the publication.
    async fn end_crash_loop(&self, attempt: &Attempt, round: Uuid) -> Option<()> {
        let job = &attempt.job;
        let look =
            || async { Ok(command_log::find_job(&self.database, job.client, job.id()).await?) };
        match self.retry_policy.with_postgres(look).await {
            Ok(Some(entry)) => self.publish(slice::from_ref(attempt), &[entry]).await,
            Ok(None) => self.fail(attempt, round, &Fault::CrashLoop).await,
            Err(_) => None,
        }
    }

    /// Deals with a command that failed alone: it is tried again later, or given up after its last
    /// attempt.
    async fn fail(&self, attempt: &Attempt, round: Uuid, fault: &Fault) -> Option<()> {
        let Attempt { holder, job } = attempt;
        let id = job.id();
        let begin = || self.queue.begin_one(id, round);
        let number = self.retry_policy.with_redis(begin).await?;
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        if number < self.attempts_max {
            // Jitter, so that commands that failed together are not tried again together.
            let jitter = Duration::from_millis(rand::random_range(0..1000));
            let delay = Duration::from_secs(number.into()) + jitter;
            let retry = || self.queue.retry(holder, id, number, delay);
            return self.retry_policy.with_redis(retry).await;
        }
        let (task, operation) = (id.to_string(), Some(job.command.operation()));
        let (public, full) = (fault.public_cause(), fault.full_cause());
        let give_up = || publish::give_up(&self.queue, holder, &task, operation, &public, &full);
        self.retry_policy.with_redis(give_up).await
    }
}
