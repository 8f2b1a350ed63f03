//! What is known of a queue without asking: that a fetch took all there was, and that no wake signal
//! came since. Whoever puts something into an empty queue sends one.

use crate::wake_signal::WakeSignal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a worker and the connection that it fetches by know of the queue.
#[derive(Clone)]
pub(crate) struct QueueState {
    /// The signal that is given when a task is announced.
    pub(crate) signal: WakeSignal,
    known_empty: Arc<Mutex<KnownEmpty>>,
}

impl QueueState {
    /// Nothing is known yet; `signal` is given when that changes.
    pub(crate) fn unknown(signal: WakeSignal) -> Self {
        Self { signal, known_empty: Arc::default() }
    }

    pub(crate) fn known_empty(&self) -> MutexGuard<'_, KnownEmpty> {
        self.known_empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the last fetch showed of the queue.
#[derive(Debug, Default)]
pub(crate) struct KnownEmpty {
    last_fetch: Option<LastFetch>,
}

#[derive(Debug)]
struct LastFetch {
    /// The count of wake signals before the fetch: a later one may be for what it did not see.
    signals: u64,
    /// Tasks that it took and that have not been handed out yet.
    in_hand: usize,
}

impl KnownEmpty {
    /// Whether there is nothing to hand out, and nothing to fetch.
    pub(crate) fn is_known(&self, signals: u64) -> bool {
        self.last_fetch.as_ref().is_some_and(|last| last.signals == signals && last.in_hand == 0)
    }

    /// From now on nothing is known.
    pub(crate) fn forget(&mut self) {
        self.last_fetch = None;
    }

    /// Notes a fetch that was sent after so many `signals` and brought so many `tasks`. One that
    /// brought `fetch_max` may have left some behind.
    pub(crate) fn note_fetch(&mut self, tasks: usize, signals: u64, fetch_max: usize) {
        self.last_fetch = (tasks < fetch_max).then_some(LastFetch { signals, in_hand: tasks });
    }

    /// A task was handed out.
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
