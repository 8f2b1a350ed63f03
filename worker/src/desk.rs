//! The desk where tasks wait until they are settled. It knows neither Redis nor Postgres.

use crate::apply::Attempt;
use shared::domain::JobId;
use shared::queue::job::QueuedJob;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A task on the desk. Its turn is dropped unsaid when the worker stops first.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) attempt: Attempt,
    pub(crate) turn: oneshot::Sender<()>,
}

/// Where handlers put their tasks.
#[derive(Clone)]
pub struct Desk(mpsc::Sender<Waiting>);

impl Desk {
    /// A desk with room for `size` tasks, and where they are taken from.
    pub(crate) fn new(size: usize) -> (Self, mpsc::Receiver<Waiting>) {
        let (desk, waiting) = mpsc::channel(size);
        (Self(desk), waiting)
    }

    /// Puts a task on the desk and waits for its turn to be over; `None` when the worker stops first.
    pub async fn settle(&self, id: JobId, job: QueuedJob, holder: Arc<str>) -> Option<()> {
        let (turn, over) = oneshot::channel();
        let attempt = Attempt { id, job: Arc::new(job), holder, number: 0 };
        self.0.send(Waiting { attempt, turn }).await.ok()?;
        over.await.ok()
    }
}
