//! The handler of apalis workers: decodes a task, has it judged, hands it to the intake, and waits
//! for its completion.

use crate::apply::Attempt;
use crate::in_hand::InHand;
use crate::intake::Intake;
use crate::judge::{Judge, Judgement};
use crate::publish;
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
    let HandlerContext { intake, judge, queue, in_hand, handed_back } = &*context;
    let _held = in_hand.hold(id.to_string());
    let job = match QueuedJob::decode(&task.0) {
        Ok(job) if job.id().to_string() == id.to_string() => job,
        Ok(_) => return bury(queue, &holder, &id, &Misplaced).await,
        Err(unreadable) => return bury(queue, &holder, &id, &unreadable).await,
    };
    let completed = match judge.judge(&job, &task.0).await {
        Some(Judgement::Trusted) => intake.hand_in(job, holder).await,
        Some(Judgement::Refused(untrusted)) => return bury(queue, &holder, &id, &untrusted).await,
        Some(Judgement::Decided(entry)) => {
            let attempt = Attempt { job: Arc::new(job), holder };
            let (attempts, entries) = (slice::from_ref(&attempt), slice::from_ref(&*entry));
            return Ok(publish::answers(queue, attempts, entries).await?);
        }
        None => None,
    };
    if completed.is_none() {
        // The worker stops. The task is neither done nor failed: it is given back when the worker
        // has ended.
        handed_back.cancel();
        return pending().await;
    }
    Ok(())
}

/// Gives up a task that no other attempt would change.
async fn bury(
    queue: &Queue,
    holder: &str,
    id: &TaskId,
    cause: &(dyn Error + Sync),
) -> Result<(), BoxDynError> {
    tracing::error!(job = %id, error = %cause, "refused task");
    let cause = cause.to_string();
    Ok(publish::give_up(queue, holder, &id.to_string(), None, &cause, &cause).await?)
}
