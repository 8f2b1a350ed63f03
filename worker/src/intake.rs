//! The intake: where handlers put their tasks, and wait until these are complete. It must know
//! neither Redis nor Postgres.

use crate::apply::Attempt;
use queue::QueuedJob;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// A task that waits for its batch.
#[derive(Debug)]
pub(crate) struct QueuedAttempt {
    pub(crate) attempt: Attempt,
    pub(crate) completion: Completion,
}

/// The completion of a task, which its handler waits for. It is dropped if the worker stops first.
#[derive(Debug)]
pub(crate) struct Completion(oneshot::Sender<()>);

impl Completion {
    /// Completes the task: it is decided, scheduled again or given up. The handler may be gone, if
    /// the apalis worker was restarted meanwhile; the outcome stands all the same.
    pub(crate) fn complete(self) {
        let _ = self.0.send(());
    }
}

/// The sending half of the intake.
#[derive(Clone)]
pub(crate) struct Intake {
    sender: mpsc::Sender<QueuedAttempt>,
    handed_in: Arc<AtomicU64>,
}

impl Intake {
    /// An intake with room for `size` tasks, and the half that they are received from.
    pub(crate) fn new(size: usize) -> (Self, mpsc::Receiver<QueuedAttempt>) {
        let (intake, queued) = mpsc::channel(size);
        (Self { sender: intake, handed_in: Arc::default() }, queued)
    }

    /// Whether tasks wait that no batch has taken yet.
    pub(crate) fn has_waiting(&self) -> bool {
        self.sender.capacity() < self.sender.max_capacity()
    }

    /// A view of it that does not keep it open.
    pub(crate) fn presence(&self) -> Presence {
        Presence(self.sender.downgrade())
    }

    /// How many tasks were handed in so far.
    pub(crate) fn handed_in(&self) -> u64 {
        self.handed_in.load(Ordering::Relaxed)
    }

    /// Hands a task in and waits until it is complete; `None` if the worker stops first.
    pub(crate) async fn hand_in(&self, job: QueuedJob, holder: Arc<str>) -> Option<()> {
        let (completion, completed) = oneshot::channel();
        let attempt = Attempt { job: Arc::new(job), holder };
        let completion = Completion(completion);
        self.handed_in.fetch_add(1, Ordering::Relaxed);
        self.sender.send(QueuedAttempt { attempt, completion }).await.ok()?;
        completed.await.ok()
    }
}

/// Tells whether tasks wait, and does not keep the intake open.
#[derive(Clone)]
pub(crate) struct Presence(mpsc::WeakSender<QueuedAttempt>);

impl Presence {
    /// Whether tasks wait that no batch has taken yet.
    pub(crate) fn has_waiting(&self) -> bool {
        self.0.upgrade().is_some_and(|sender| sender.capacity() < sender.max_capacity())
    }
}
