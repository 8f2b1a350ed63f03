//! The handler of apalis workers: decodes a task, hands it to the intake, and waits for its
//! completion.

use crate::intake::Intake;
use crate::publish;
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerContext};
use queue::{Queue, QueuedJob, RawTask, UnreadableJob};
use std::future::pending;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a handler needs.
#[derive(Clone)]
pub(crate) struct HandlerContext {
    /// The intake of the batcher.
    pub(crate) intake: Intake,
    /// The queue, for tasks that cannot be decoded.
    pub(crate) queue: Queue,
    /// The token that is cancelled when tasks are handed back: this worker stops, and cannot
    /// complete them.
    pub(crate) handed_back: CancellationToken,
}

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
    let job = match QueuedJob::decode(&task.0) {
        Ok(job) => job,
        Err(unreadable) => return bury(&context.queue, &holder, &id, &unreadable).await,
    };
    if context.intake.hand_in(job, holder).await.is_none() {
        // The worker stops. The task is neither done nor failed: it is given back when the worker
        // has ended.
        context.handed_back.cancel();
        return pending().await;
    }
    Ok(())
}

async fn bury(
    queue: &Queue,
    holder: &str,
    id: &TaskId,
    unreadable: &UnreadableJob,
) -> Result<(), BoxDynError> {
    tracing::error!(job = %id, error = %unreadable, "unreadable task");
    let cause = unreadable.to_string();
    Ok(publish::give_up(queue, holder, &id.to_string(), None, &cause, &cause).await?)
}
