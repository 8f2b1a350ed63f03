//! The handler of apalis workers: decodes a task, has it judged, hands it to the intake, and waits
//! for its completion.

use crate::apply::Attempt;
use crate::in_hand::{Held, InHand};
use crate::intake::Intake;
use crate::judge::{Judge, Judgement};
use crate::publish;
use crate::retry::RetryPolicy;
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerContext};
use queue::{Queue, QueuedJob, RawTask};
use std::error::Error;
use std::future::pending;
use std::slice;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a handler needs.
#[derive(Clone)]
pub(crate) struct HandlerContext {
    /// The intake of the batcher.
    pub(crate) intake: Intake,
    /// The judge of jobs.
    pub(crate) judge: Judge,
    /// The queue, for tasks that are not done.
    pub(crate) queue: Queue,
    /// How long Redis is waited for.
    pub(crate) retry_policy: RetryPolicy,
    /// The tasks in hand.
    pub(crate) in_hand: InHand,
    /// The token that is cancelled when tasks are handed back: this worker stops, and cannot
    /// complete them.
    pub(crate) handed_back: CancellationToken,
}

/// A task has a payload that belongs to another one.
#[derive(Debug, thiserror::Error)]
#[error("the stored command belongs to another job")]
struct Misplaced;

/// Handles one task. It is reported to apalis as done when it is complete, whatever its outcome:
/// tasks are removed, scheduled again and given up by our own scripts (`Queue::finish`, `retry`,
/// `bury`).
pub(crate) async fn handle(
    task: RawTask,
    id: TaskId,
    worker: WorkerContext,
    context: Data<HandlerContext>,
) -> Result<(), BoxDynError> {
    let holder: Arc<str> = worker.name().into();
    let held = context.in_hand.hold(id.to_string());
    if context.complete(&task, &id, holder, &held).await.is_none() {
        // The worker stops. The task is neither done nor failed: it is given back when the worker
        // has ended.
        context.handed_back.cancel();
        return pending().await;
    }
    Ok(())
}

impl HandlerContext {
    /// Returns when the task is complete; `None` if the worker stops first.
    async fn complete(
        &self,
        task: &RawTask,
        id: &TaskId,
        holder: Arc<str>,
        held: &Held,
    ) -> Option<()> {
        // What is delivered again while it waits for a lock, say, is no other attempt: nobody died.
        let _turn = held.turn().await;
        let job = match QueuedJob::decode(&task.0) {
            Ok(job) if job.id().to_string() == id.to_string() => job,
            Ok(_) => return self.bury(&holder, id, &Misplaced).await,
            Err(unreadable) => return self.bury(&holder, id, &unreadable).await,
        };
        match self.judge.judge(&job, &task.0).await? {
            Judgement::Trusted => self.intake.hand_in(job, holder).await,
            Judgement::Refused(untrusted) => self.bury(&holder, id, &untrusted).await,
            Judgement::Decided(entry) => {
                let attempt = Attempt { job: Arc::new(job), holder };
                let (attempts, entries) = (slice::from_ref(&attempt), slice::from_ref(&*entry));
                let publish = || publish::answers(&self.queue, attempts, entries);
                self.retry_policy.with_redis(publish).await
            }
        }
    }

    /// Gives up a task that no other attempt would change.
    async fn bury(
        &self,
        holder: &str,
        id: &TaskId,
        cause: &(dyn Error + Send + Sync),
    ) -> Option<()> {
        tracing::error!(job = %id, error = %cause, "refused task");
        let (task, cause) = (id.to_string(), cause.to_string());
        let give_up = || publish::give_up(&self.queue, holder, &task, None, &cause, &cause);
        self.retry_policy.with_redis(give_up).await
    }
}
