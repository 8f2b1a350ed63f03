//! From the intake to the commit to the publication: one batch is committed while the answers of
//! the one before it are published and the one after it collects.
//!
//! There is no timer and no delay: a batch is what came in while the last one was committed. A lone
//! command is a batch of one; under load many commands share the cost of a commit.

use crate::apply::{Attempt, DecidedBatch, NumberedAttempt, load};
use crate::aside::Aside;
use crate::effects::Runner;
use crate::fault::{Fault, Recovery, contained};
use crate::group::Group;
use crate::intake::Intake;
use crate::policy::Policy;
use crate::promises;
use crate::publish;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use domain::LogEntry;
use queue::Queue;
use std::slice;
use std::sync::Arc;
use std::time::Duration;
use store::{Database, command_log};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

/// The pause before a task is taken again that finds no room among those that are set aside.
const POSTPONED: Duration = Duration::from_secs(2);

/// Processes what waits in the intake, batch by batch.
pub(crate) struct Batcher {
    database: Database,
    queue: Queue,
    policy: Policy,
    attempts_max: u32,
    retry_policy: RetryPolicy,
    tasks: TaskTracker,
    aside: UnboundedSender<Group>,
    effects: Runner,
}

impl Batcher {
    /// Starts a batcher that spawns its tasks in `tasks`, and returns its intake. It ends when all
    /// clones of the intake are dropped. Once `stop` is cancelled, it no longer waits for Postgres
    /// or Redis to come back, nor for locks to end.
    pub(crate) fn start(
        database: Database,
        queue: Queue,
        settings: &Settings,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> anyhow::Result<(Intake, Runner)> {
        let batch_max = usize::from(settings.worker_batch_max);
        let (intake, mut queued) = Intake::new(batch_max);
        let effects =
            Runner::new(&database, queue.clone(), intake.presence(), settings, stop.clone())?;
        let (aside, set_aside) = unbounded_channel();
        let for_blocked = database.for_blocked();
        let batcher = Arc::new(Self {
            database,
            queue,
            policy: settings.policy(),
            attempts_max: settings.worker_attempts_max,
            retry_policy: RetryPolicy::until(stop.clone()),
            tasks: tasks.clone(),
            aside,
            effects: effects.clone(),
        });
        tasks.spawn(Aside::new(batcher.clone(), for_blocked, batch_max).run(set_aside, stop));
        tasks.spawn(async move {
            let mut batch = Vec::with_capacity(batch_max);
            while queued.recv_many(&mut batch, batch_max).await > 0 {
                batcher.process_batch(Group::new(batch.drain(..))).await;
            }
        });
        Ok((intake, effects))
    }

    async fn process_batch(self: &Arc<Self>, batch: Group) {
        #[expect(clippy::cast_precision_loss, reason = "a histogram of floats")]
        metrics::histogram!("commerce_batch_size").record(batch.len() as f64);
        let span = tracing::debug_span!("batch", commands = batch.len());
        self.process(&self.database, batch).instrument(span).await;
    }

    /// Processes a group: all together, and each alone when that fails. What others have locked is
    /// set aside. Attempts that are handed back are not completed.
    pub(crate) async fn process(self: &Arc<Self>, database: &Database, group: Group) {
        let apply =
            |limit| self.apply(database.clone(), (group.attempts.clone(), group.round), limit);
        let fault = match self.retry_policy.with_postgres(apply).await {
            Ok(decided) => {
                self.effects.perform_all(decided.begun);
                return self.publish_aside(group, decided.entries);
            }
            Err(fault) => fault,
        };
        match (&*group.attempts, fault.recovery()) {
            (_, Recovery::HandBack) => self.hand_back(&group).await,
            (_, Recovery::SetAside) => {
                // Nobody takes it in any more when the worker stops.
                if let Err(unsent) = self.aside.send(group) {
                    self.hand_back(&unsent.0).await;
                }
            }
            ([attempt], _) => {
                if self.fail(attempt, group.round, &fault).await.is_some() {
                    group.complete();
                }
            }
            (many, _) => {
                tracing::warn!(commands = many.len(), cause = fault.full_cause(), "batch split");
                metrics::counter!("commerce_batch_fallbacks_total").increment(1);
                for alone in group.singles() {
                    Box::pin(self.process(database, alone)).await;
                }
            }
        }
    }

    /// Leaves a group to other workers. The attempt does not count.
    pub(crate) async fn hand_back(&self, group: &Group) {
        if let Err(error) = self.queue.hand_back(&group.ids(), group.round).await {
            tracing::debug!(%error, "cannot note that jobs are handed back");
        }
    }

    /// Gives the tasks of a group back to the queue for a while. The attempt does not count.
    pub(crate) async fn postpone(&self, group: Group) {
        for Attempt { holder, job } in &*group.attempts {
            let begin = || self.queue.begin_one(job.id(), group.round);
            let Some(number) = self.retry_policy.with_redis(begin).await else { return };
            let attempts = number.saturating_sub(1);
            let retry = || self.queue.retry(holder, job.id(), attempts, POSTPONED);
            if self.retry_policy.with_redis(retry).await.is_none() {
                return;
            }
        }
        group.complete();
    }

    /// Applies a batch.
    async fn apply(
        &self,
        database: Database,
        (attempts, round): (Arc<[Attempt]>, Uuid),
        limit: Duration,
    ) -> Result<DecidedBatch, Fault> {
        let queue = self.queue.clone();
        let (policy, attempts_max) = (self.policy, self.attempts_max);
        let slots = self.effects.slots();
        contained(limit, async move {
            let ids: Vec<_> = attempts.iter().map(|attempt| attempt.job.id()).collect();
            // The rows are loaded while Redis notes that the jobs are begun. They may stay locked
            // until Redis replies, which takes no longer than the timeout of a command.
            // Both are waited for, so that a job that is held is seen as running in an outage too.
            let (loaded, numbers) =
                tokio::join!(load(&database, &attempts), queue.begin(&ids, round));
            let (loaded, numbers) = (loaded?, numbers?);
            if numbers.iter().any(|number| *number > attempts_max) {
                return Err(Fault::CrashLoop);
            }
            let numbered: Vec<NumberedAttempt> = attempts
                .iter()
                .zip(numbers)
                .map(|(attempt, number)| NumberedAttempt { job: attempt.job.clone(), number })
                .collect();
            let decided = loaded.commit(numbered, policy, &slots).await?;
            publish::count_decided(&decided.outcomes);
            Ok(decided)
        })
        .await
    }

    /// Publishes the answers of a group while the next one is committed.
    fn publish_aside(self: &Arc<Self>, group: Group, entries: Vec<LogEntry>) {
        let batcher = self.clone();
        let publish = async move {
            if batcher.publish(&group.attempts, &entries).await.is_some() {
                group.complete();
            }
        };
        self.tasks.spawn(publish.in_current_span());
    }

    async fn publish(&self, attempts: &[Attempt], entries: &[LogEntry]) -> Option<()> {
        let publish = || publish::answers(&self.queue, attempts, entries);
        self.retry_policy.with_redis(publish).await
    }

    /// Deals with a command that failed alone: it is tried again later, or given up after its last
    /// attempt.
    async fn fail(&self, attempt: &Attempt, round: Uuid, fault: &Fault) -> Option<()> {
        let id = attempt.job.id();
        let begin = || self.queue.begin_one(id, round);
        let number = self.retry_policy.with_redis(begin).await?;
        if number >= self.attempts_max {
            return self.end(attempt, number, fault).await;
        }
        self.retry_later(attempt, number, fault).await
    }

    async fn retry_later(&self, attempt: &Attempt, number: u32, fault: &Fault) -> Option<()> {
        let Attempt { holder, job } = attempt;
        let id = job.id();
        tracing::error!(job = %id, attempt = number, cause = fault.full_cause(), "command failed");
        // Jitter, so that commands that failed together are not tried again together.
        let jitter = Duration::from_millis(rand::random_range(0..1000));
        let delay = Duration::from_secs(number.into()) + jitter;
        let retry = || self.queue.retry(holder, id, number, delay);
        self.retry_policy.with_redis(retry).await
    }

    /// Ends a job after its last attempt. It may have an answer all the same: the last worker may
    /// have died after the commit and before the publication, or a commit may have succeeded of
    /// which nobody heard. So the command log is asked before a client hears that nothing was done.
    async fn end(&self, attempt: &Attempt, number: u32, fault: &Fault) -> Option<()> {
        let job = &attempt.job;
        let (database, client, id) = (&self.database, job.client, job.id());
        let look = |_| async { Ok(command_log::find_job(database, client, id).await?) };
        match self.retry_policy.with_postgres(look).await {
            Ok(Some(entry)) => self.publish(slice::from_ref(attempt), &[entry]).await,
            Ok(None) => self.give_up(attempt, number, fault).await,
            Err(Fault::Stopping) => None,
            Err(unknown) => self.retry_later(attempt, number, &unknown).await,
        }
    }

    async fn give_up(&self, attempt: &Attempt, number: u32, fault: &Fault) -> Option<()> {
        let Attempt { holder, job } = attempt;
        let (task, operation) = (job.id().to_string(), Some(job.command.operation()));
        let (public, full) = (fault.public_cause(), fault.full_cause());
        tracing::error!(job = task, attempt = number, cause = full, "command given up");
        let give_up = || publish::give_up(&self.queue, holder, &task, operation, &public, &full);
        self.retry_policy.with_redis(give_up).await?;
        // What its 202 promised ends with it, or who sends it anew moments later would be taken for
        // who was promised it, and told that this is a replay. If it fails, the look at promises
        // does it.
        if let Err(error) = promises::end(&self.database, &self.queue, job.client, job.id()).await {
            tracing::debug!(%error, job = task, "the end of an accepted job was not noted");
        }
        Some(())
    }
}
