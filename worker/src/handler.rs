//! What an apalis worker does with a task: reads it, has it settled, and says how that went.

use crate::desk::{Desk, Turn};
use crate::tell;
use apalis::prelude::{AbortError, BoxDynError, Data, TaskId};
use shared::domain::JobId;
use shared::queue::Queue;
use shared::queue::job::{QueuedJob, UnreadableJob};
use shared::queue::source::RawTask;
use shared::seeded_bug::SeededBug;
use std::future::pending;
use std::time::Duration;
use tokio::time::sleep;
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

/// Handles one task. `Ok` acknowledges it, an abort puts it among the dead, and any other error has
/// apalis try it again in as many seconds as there were attempts.
pub async fn handle(task: RawTask, id: TaskId, hands: Data<Hands>) -> Result<(), BoxDynError> {
    let job = match QueuedJob::decode(&task.0) {
        Ok(job) => job,
        Err(unreadable) => return Err(bury(&hands.queue, &id, unreadable).await),
    };
    if SeededBug::AckBeforeCommit.is_on() {
        let desk = hands.desk.clone();
        tokio::spawn(async move { desk.settle(job.id(), job).await });
        return Ok(());
    }
    match hands.desk.settle(job.id(), job).await {
        Some(Turn::Settled) => Ok(()),
        Some(Turn::GaveUp) => Err(AbortError::new("given up").into()),
        Some(Turn::Retry) => {
            // Those that failed together should not come back together.
            sleep(Duration::from_millis(rand::random_range(0..1000))).await;
            Err("to be tried again".into())
        }
        // The worker stops. Neither done nor failed: it is released when the worker has ended.
        None => {
            hands.left.cancel();
            pending().await
        }
    }
}

async fn bury(queue: &Queue, id: &TaskId, unreadable: UnreadableJob) -> BoxDynError {
    tracing::error!(job = %id, error = %unreadable, "unreadable task");
    if let Ok(job) = id.to_string().parse().map(JobId) {
        let cause = unreadable.to_string();
        if let Err(error) = tell::gave_up(queue, job, None, &cause, &cause).await {
            return error.into();
        }
    }
    AbortError::new(unreadable).into()
}
