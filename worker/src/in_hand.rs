//! The tasks that the handlers of this process have in hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tasks in hand, shared by its clones. A task may be in hand twice, since it may be delivered
/// twice.
#[derive(Clone, Default)]
pub(crate) struct InHand(Arc<Mutex<HashMap<String, usize>>>);

/// A task in hand, until this is dropped.
pub(crate) struct Held {
    in_hand: InHand,
    task: String,
}

impl InHand {
    /// Takes a task in hand.
    pub(crate) fn hold(&self, task: String) -> Held {
        *self.lock().entry(task.clone()).or_default() += 1;
        Held { in_hand: self.clone(), task }
    }

    /// The tasks in hand.
    pub(crate) fn tasks(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut tasks = self.in_hand.lock();
        if let Some(count) = tasks.get_mut(&self.task) {
            *count -= 1;
            if *count == 0 {
                tasks.remove(&self.task);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_in_hand_until_nobody_holds_it() {
        let in_hand = InHand::default();
        let first = in_hand.hold("a".to_owned());
        let second = in_hand.hold("a".to_owned());
        drop(first);
        assert_eq!(in_hand.tasks(), ["a"]);
        drop(second);
        assert!(in_hand.tasks().is_empty());
    }
}
