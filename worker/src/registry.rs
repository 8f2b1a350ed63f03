//! The names of the apalis workers that this process has, and of those that have ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The names of the apalis workers of this process: of the live one, and of those that have ended
/// and may still hold tasks. apalis takes a worker for alive for a while after it has ended, so
/// each start has a name of its own.
#[derive(Debug, Clone)]
pub(crate) struct WorkerRegistry(Arc<Mutex<Names>>);

#[derive(Debug)]
struct Names {
    process: Uuid,
    live: Option<String>,
    ended: Vec<String>,
}

impl WorkerRegistry {
    /// An empty registry for the process of that id.
    pub(crate) fn new(process: Uuid) -> Self {
        Self(Arc::new(Mutex::new(Names { process, live: None, ended: Vec::new() })))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names a worker that starts, and notes that the one before it has ended.
    pub(crate) fn start(&self, restarts: usize) -> String {
        let mut names = self.names();
        let name = format!("worker-{}-{restarts}", names.process.simple());
        let before = names.live.replace(name.clone());
        names.ended.extend(before);
        name
    }

    /// Notes that the last worker has ended.
    pub(crate) fn end(&self) {
        let mut names = self.names();
        let last = names.live.take();
        names.ended.extend(last);
    }

    /// The live worker.
    pub(crate) fn live(&self) -> Option<String> {
        self.names().live.clone()
    }

    /// The workers that have ended and were not released yet.
    pub(crate) fn ended(&self) -> Vec<String> {
        self.names().ended.clone()
    }

    /// Removes an ended worker that was released.
    pub(crate) fn remove(&self, name: &str) {
        self.names().ended.retain(|ended| ended != name);
    }
}
