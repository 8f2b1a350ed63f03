//! The apalis workers that this process has, and those that it had.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The names of the apalis workers of this process: the one that lives, and those that have ended
/// and may still hold tasks. apalis takes a name for alive for a while after its worker has ended, so
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

    /// A name for a worker that starts; the one before it has ended.
    pub(crate) fn start(&self, restarts: usize) -> String {
        let mut names = self.names();
        let name = format!("worker-{}-{restarts}", names.process.simple());
        let before = names.live.replace(name.clone());
        names.ended.extend(before);
        name
    }

    /// The last worker has ended, too.
    pub(crate) fn end(&self) {
        let mut names = self.names();
        let last = names.live.take();
        names.ended.extend(last);
    }

    /// The worker that lives.
    pub(crate) fn live(&self) -> Option<String> {
        self.names().live.clone()
    }

    /// Workers that have ended and were not released.
    pub(crate) fn ended(&self) -> Vec<String> {
        self.names().ended.clone()
    }

    /// Removes a worker that was released.
    pub(crate) fn remove(&self, name: &str) {
        self.names().ended.retain(|ended| ended != name);
    }
}
