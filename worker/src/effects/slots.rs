//! How many effects a worker performs at once.

use domain::Effect;
use std::iter;
use std::sync::Arc;
use store::effects::Claim;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The effects that a worker performs at once.
const SLOTS: usize = 8;
/// Those of them that are kept for effects of commands of clients, who wait.
const KEPT: usize = 4;

/// The free slots of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<Semaphore>);

/// A slot, until this is dropped.
pub(crate) type Slot = OwnedSemaphorePermit;

/// An effect that is about to be written.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The effect.
    pub(crate) effect: Effect,
    /// The claim of this worker and the slot in which it performs the effect. `None` if it has no
    /// slot: then any runner may claim it.
    pub(crate) claimed: Option<(Claim, Slot)>,
}

impl Default for Slots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SLOTS)))
    }
}

impl Slots {
    /// Claims an effect that is about to be written, if there is a slot.
    pub(crate) fn begin_new(&self, effect: Effect) -> Begun {
        let claimed = self.one().map(|slot| (Claim::of_new(&effect), slot));
        Begun { effect, claimed }
    }

    /// The slots that are free for effects for which nobody waits here.
    pub(super) fn spare(&self) -> Vec<Slot> {
        iter::from_fn(|| self.one()).take(self.0.available_permits().saturating_sub(KEPT)).collect()
    }

    fn one(&self) -> Option<Slot> {
        self.0.clone().try_acquire_owned().ok()
    }
}

impl Begun {
    /// The claim.
    pub(crate) fn claim(&self) -> Option<Claim> {
        self.claimed.as_ref().map(|(claim, _)| *claim)
    }

    /// Whether this worker has claimed it.
    pub(crate) const fn is_claimed(&self) -> bool {
        self.claimed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_slots_are_kept_for_commands_of_clients() {
        let slots = Slots::default();
        let taken = slots.spare();
        assert_eq!(taken.len(), SLOTS - KEPT);
        assert!(slots.spare().is_empty());
        let own: Vec<_> = iter::from_fn(|| slots.one()).collect();
        assert_eq!(own.len(), KEPT);
        drop((taken, own));
        assert_eq!(slots.spare().len(), SLOTS - KEPT);
    }
}
