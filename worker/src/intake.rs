//! Where handlers put their tasks until these are decided. It knows neither Redis nor Postgres.

use crate::apply::Attempt;
use queue::QueuedJob;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A task that waits for its batch.
#[derive(Debug)]
pub(crate) struct QueuedAttempt {
    pub(crate) attempt: Attempt,
    pub(crate) completion: Completion,
}

/// Tells the handler of a task that it is complete. Dropped when the worker stops first.
#[derive(Debug)]
pub(crate) struct Completion(oneshot::Sender<()>);

impl Completion {
    /// The task is decided, put aside or buried. No one listens when the apalis worker was restarted
    /// meanwhile; the outcome stands all the same.
    pub(crate) fn complete(self) {
        let _ = self.0.send(());
    }
}

/// Where handlers put their tasks.
#[derive(Clone)]
pub(crate) struct Intake(mpsc::Sender<QueuedAttempt>);

impl Intake {
    /// An intake with room for `size` tasks, and where they are taken from.
    pub(crate) fn new(size: usize) -> (Self, mpsc::Receiver<QueuedAttempt>) {
        let (intake, queued) = mpsc::channel(size);
        (Self(intake), queued)
    }

    /// Hands a task in and waits until it is complete; `None` when the worker stops first.
    pub(crate) async fn process(&self, job: QueuedJob, holder: Arc<str>) -> Option<()> {
        let (completion, completed) = oneshot::channel();
        let attempt = Attempt { job: Arc::new(job), holder };
        let completion = Completion(completion);
        self.0.send(QueuedAttempt { attempt, completion }).await.ok()?;
        completed.await.ok()
    }
}
