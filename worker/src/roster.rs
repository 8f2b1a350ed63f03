//! Which apalis workers this process has, and had.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The names of the apalis workers of this process: the one that lives, and those that have ended
/// and may still hold tasks. apalis takes a name for alive for a while after its worker has ended, so
/// each start has a name of its own.
#[derive(Debug, Clone)]
pub struct Roster(Arc<Mutex<Names>>);

#[derive(Debug)]
struct Names {
    process: Uuid,
    live: Option<String>,
    ended: Vec<String>,
}

impl Roster {
    /// An empty roster for the process of that id.
    #[must_use]
    pub fn new(process: Uuid) -> Self {
        Self(Arc::new(Mutex::new(Names { process, live: None, ended: Vec::new() })))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for a worker that starts; the one before it has ended.
    #[must_use]
    pub fn start(&self, restarts: usize) -> String {
        let mut names = self.names();
        let name = format!("worker-{}-{restarts}", names.process.simple());
        let before = names.live.replace(name.clone());
        names.ended.extend(before);
        name
    }

    /// The last worker has ended, too.
    pub fn end(&self) {
        let mut names = self.names();
        let last = names.live.take();
        names.ended.extend(last);
    }

    /// The worker that lives.
    #[must_use]
    pub fn live(&self) -> Option<String> {
        self.names().live.clone()
    }

    /// Workers that have ended and were not released.
    #[must_use]
    pub fn ended(&self) -> Vec<String> {
        self.names().ended.clone()
    }

    /// Strikes a worker that was released.
    pub fn strike(&self, name: &str) {
        self.names().ended.retain(|ended| ended != name);
    }
}
