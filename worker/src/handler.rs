//! What an apalis worker does with a task: reads it, has it settled, and says how that went.

use crate::desk::Desk;
use crate::tell;
use apalis::prelude::{BoxDynError, Data, TaskId, WorkerContext};
use shared::queue::Queue;
use shared::queue::job::{QueuedJob, UnreadableJob};
use shared::queue::source::RawTask;
use shared::seeded_bug::SeededBug;
use std::future::pending;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a handler needs.
#[derive(Clone)]
pub struct Hands {
    /// Where tasks are settled.
    pub desk: Desk,
    /// For tasks that cannot be read.
    pub queue: Queue,
    /// Cancelled when tasks are left to other workers: this one stops, and cannot settle them.
    pub left: CancellationToken,
}

/// Handles one task. It is told to apalis as done when its turn is over, whatever became of it: tasks
/// are let go of, tried again and buried by ourselves (`shared::queue::settle`).
pub async fn handle(
    task: RawTask,
    id: TaskId,
    worker: WorkerContext,
    hands: Data<Hands>,
) -> Result<(), BoxDynError> {
    let holder: Arc<str> = worker.name().into();
    let job = match QueuedJob::decode(&task.0) {
        Ok(job) => job,
        Err(unreadable) => return bury(&hands.queue, &holder, &id, &unreadable).await,
    };
    if SeededBug::AckBeforeCommit.is_on() {
        hands.queue.forget(&holder, job.id()).await?;
        let desk = hands.desk.clone();
        tokio::spawn(async move { desk.settle(job.id(), job, holder).await });
        return Ok(());
    }
    if hands.desk.settle(job.id(), job, holder).await.is_none() {
        // The worker stops. Neither done nor failed: it is released when the worker has ended.
        hands.left.cancel();
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
    Ok(tell::gave_up(queue, (holder, &id.to_string()), None, &cause, &cause).await?)
}
