//! Tells without asking Redis that the queue is empty: the last fetch took all there was, and no
//! wake signal came since. Whatever adds tasks to an empty queue sends a wake signal.

use crate::wake_signal::WakeSignal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of the queue as far as it is known, shared by a worker's backend and its connection.
#[derive(Clone)]
pub(crate) struct QueueState {
    /// The signal that is given when tasks are announced.
    pub(crate) signal: WakeSignal,
    known_empty: Arc<Mutex<KnownEmpty>>,
}

impl QueueState {
    /// A state of which nothing is known yet.
    pub(crate) fn unknown(signal: WakeSignal) -> Self {
        Self { signal, known_empty: Arc::default() }
    }

    pub(crate) fn known_empty(&self) -> MutexGuard<'_, KnownEmpty> {
        self.known_empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the queue is known to be empty.
#[derive(Debug, Default)]
pub(crate) struct KnownEmpty {
    last_fetch: Option<LastFetch>,
}

#[derive(Debug)]
struct LastFetch {
    /// The count of wake signals before the fetch. A later signal may be for tasks added after it.
    signals: u64,
    /// The number of fetched tasks that have not been handed out yet.
    in_hand: usize,
}

impl KnownEmpty {
    /// Whether there is nothing to hand out, and nothing to fetch.
    pub(crate) fn is_known(&self, signals: u64) -> bool {
        self.last_fetch.as_ref().is_some_and(|last| last.signals == signals && last.in_hand == 0)
    }

    /// Resets it: nothing is known any more.
    pub(crate) fn forget(&mut self) {
        self.last_fetch = None;
    }

    /// Notes a fetch that was sent after so many `signals` and brought so many `tasks`. One that
    /// brought `fetch_max` tasks may have left some in the queue.
    pub(crate) fn note_fetch(&mut self, tasks: usize, signals: u64, fetch_max: usize) {
        self.last_fetch = (tasks < fetch_max).then_some(LastFetch { signals, in_hand: tasks });
    }

    /// Notes that a task was handed out.
    pub(crate) fn handed_out(&mut self) {
        if let Some(last) = &mut self.last_fetch {
            last.in_hand = last.in_hand.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_that_was_not_full_leaves_an_empty_queue_until_a_signal() {
        for (count, known) in [(0, true), (2, true), (3, false)] {
            let mut empty = KnownEmpty::default();
            empty.note_fetch(count, 5, 3);
            for _ in 0..count {
                assert!(!empty.is_known(5), "{count}: something is still in hand");
                empty.handed_out();
            }
            assert_eq!(empty.is_known(5), known, "{count}");
            assert!(!empty.is_known(6), "{count}: a signal came since");
        }
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let mut empty = KnownEmpty::default();
        empty.note_fetch(0, 5, 3);
        empty.forget();
        assert!(!empty.is_known(5));
    }
}
