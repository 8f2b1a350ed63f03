//! What an apalis worker does with a task: reads it, hands it in, and waits until it is complete.

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
    /// Where tasks are handed in.
    pub(crate) intake: Intake,
    /// For tasks that cannot be read.
    pub(crate) queue: Queue,
    /// Cancelled when tasks are left to other workers: this one stops, and cannot complete them.
    pub(crate) left: CancellationToken,
}

/// Handles one task. It is reported to apalis as done when it is complete, whatever became of it:
/// letting go of tasks, trying them again and burying them is done by us (`Queue::finish`).
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
    if context.intake.process(job, holder).await.is_none() {
        // The worker stops. The task is neither done nor failed: it is released when the worker has
        // ended.
        context.left.cancel();
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
    Ok(publish::gave_up(queue, (holder, &id.to_string()), None, &cause, &cause).await?)
}
