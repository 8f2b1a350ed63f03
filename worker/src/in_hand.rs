//! The tasks that the handlers of this process have in hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// Tasks in hand, shared by its clones. A task may be in hand twice, since it may be delivered
/// twice.
#[derive(Clone, Default)]
pub(crate) struct InHand(Arc<Mutex<HashMap<String, Deliveries>>>);

/// The deliveries of one task that are in hand.
#[derive(Default)]
struct Deliveries {
    count: usize,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A delivery of a task in hand, until this is dropped.
pub(crate) struct Held {
    in_hand: InHand,
    task: String,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The turn of one delivery of a task.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl InHand {
    /// Takes a delivery of a task in hand.
    pub(crate) fn hold(&self, task: String) -> Held {
        let mut tasks = self.lock();
        let deliveries = tasks.entry(task.clone()).or_default();
        deliveries.count += 1;
        Held { in_hand: self.clone(), task, turn: deliveries.turn.clone() }
    }

    /// The tasks in hand.
    pub(crate) fn tasks(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Deliveries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Waits until no other delivery of the task is worked at.
    pub(crate) async fn turn(&self) -> Turn {
        // Waiting for it spends of the budget that tokio gives all handlers together, and who is
        // held up by that hands its task in later than those behind it.
        match self.turn.clone().try_lock_owned() {
            Ok(turn) => turn,
            Err(_) => self.turn.clone().lock_owned().await,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut tasks = self.in_hand.lock();
        if let Some(deliveries) = tasks.get_mut(&self.task) {
            deliveries.count -= 1;
            if deliveries.count == 0 {
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

    #[tokio::test]
    async fn deliveries_of_a_task_have_their_turns_one_after_the_other() {
        let in_hand = InHand::default();
        let (first, second) = (in_hand.hold("a".to_owned()), in_hand.hold("a".to_owned()));
        let turn = first.turn().await;
        in_hand.hold("b".to_owned()).turn().await;
        let mut waiting = Box::pin(second.turn());
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("both at once"),
            () = std::future::ready(()) => {}
        }
        drop(turn);
        waiting.await;
    }
}
