//! How many effects a worker performs at once.

use domain::{Effect, EffectTask, Instant};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::effects::Claim;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// What effects have slots of their own: the clocks of test clients wait for charges, and must not
/// take the slots of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Clocks that are moved.
    Clocks,
    /// All others, which wait for somebody outside.
    Others,
}

/// The free slots of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    clocks: Arc<Bounded>,
    others: Arc<Bounded>,
    freed: Arc<Notify>,
}

/// The slots of a pool.
#[derive(Debug)]
struct Bounded {
    free: Arc<Semaphore>,
    /// Whether more is due than there were slots for, as far as is known.
    has_more: AtomicBool,
}

/// A slot, until this is dropped. If more is due, that is looked for then.
#[derive(Debug)]
pub(crate) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    of: Arc<Bounded>,
    freed: Arc<Notify>,
}

/// An effect that is about to be written.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The effect.
    pub(crate) effect: Effect,
    /// The claim of this worker and the slot in which it performs the effect. `None` if it has no
    /// slot: then any runner may claim it.
    pub(crate) claimed: Option<(Claim, Slot)>,
}

impl Pool {
    /// Every pool.
    pub(super) const ALL: [Self; 2] = [Self::Clocks, Self::Others];

    /// The effects that a worker performs at once.
    const fn size(self) -> usize {
        match self {
            Self::Clocks => 8,
            Self::Others => 64,
        }
    }

    /// Those of them that are kept for effects of commands of clients, who wait.
    const fn kept(self) -> usize {
        self.size() / 2
    }

    fn of(kind: &str) -> Self {
        if kind == "clock" { Self::Clocks } else { Self::Others }
    }

    /// The kinds of effects in it.
    pub(super) fn kinds(self) -> Vec<&'static str> {
        EffectTask::KINDS.into_iter().filter(|kind| Self::of(kind) == self).collect()
    }
}

impl Default for Slots {
    fn default() -> Self {
        let [clocks, others] = Pool::ALL.map(|pool| {
            let free = Arc::new(Semaphore::new(pool.size()));
            Arc::new(Bounded { free, has_more: AtomicBool::new(false) })
        });
        Self { clocks, others, freed: Arc::default() }
    }
}

impl Slots {
    /// Claims an effect that is about to be written, if there is a slot. It is written as sent at
    /// that real time, because it is sent at once.
    pub(crate) fn begin_new(&self, effect: Effect, now: Instant) -> Begun {
        let slot = self.one(Pool::of(effect.task.kind()));
        let claimed = slot.map(|slot| (Claim::of_new(&effect), slot));
        let effect = if claimed.is_some() { effect.sent(now) } else { effect };
        Begun { effect, claimed }
    }

    /// The slots that are free for effects for which nobody waits here.
    pub(super) fn spare(&self, pool: Pool) -> Vec<Slot> {
        let free = self.of(pool).free.available_permits();
        iter::from_fn(|| self.one(pool)).take(free.saturating_sub(pool.kept())).collect()
    }

    /// Notes whether more may be due than there were slots for.
    pub(super) fn found(&self, pool: Pool, has_more: bool) {
        self.of(pool).has_more.store(has_more, Ordering::Relaxed);
    }

    /// Whether more may be due than there were slots for.
    pub(super) fn has_more(&self, pool: Pool) -> bool {
        self.of(pool).has_more.load(Ordering::Relaxed)
    }

    /// Returns when a slot is free of a pool of which more may be due.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn one(&self, pool: Pool) -> Option<Slot> {
        let of = self.of(pool).clone();
        let permit = of.free.clone().try_acquire_owned().ok()?;
        Some(Slot { permit: Some(permit), of, freed: self.freed.clone() })
    }

    const fn of(&self, pool: Pool) -> &Arc<Bounded> {
        match pool {
            Pool::Clocks => &self.clocks,
            Pool::Others => &self.others,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // It is free before anybody looks.
        drop(self.permit.take());
        if self.of.has_more.load(Ordering::Relaxed) {
            self.freed.notify_one();
        }
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
    use std::time::Duration;
    use tokio::time::timeout;

    #[test]
    fn some_slots_are_kept_for_commands_of_clients() {
        for pool in Pool::ALL {
            let slots = Slots::default();
            let taken = slots.spare(pool);
            assert_eq!(taken.len(), pool.size() - pool.kept());
            assert!(slots.spare(pool).is_empty());
            let own: Vec<_> = iter::from_fn(|| slots.one(pool)).collect();
            assert_eq!(own.len(), pool.kept());
            drop((taken, own));
            assert_eq!(slots.spare(pool).len(), pool.size() - pool.kept());
        }
    }

    #[tokio::test]
    async fn a_slot_that_is_freed_while_more_is_due_is_told_of() {
        let slots = Slots::default();
        let is_told = async || timeout(Duration::ZERO, slots.freed()).await.is_ok();
        let mut taken = slots.spare(Pool::Others);
        slots.found(Pool::Others, true);
        assert!(!is_told().await);
        taken.pop();
        assert!(is_told().await && !is_told().await);
        assert_eq!(slots.spare(Pool::Others).len(), 1);
        // That one was given back, and there is nobody to take it.
        assert!(is_told().await);
        slots.found(Pool::Others, false);
        taken.pop();
        assert!(!is_told().await);
        drop(slots.spare(Pool::Clocks));
        assert!(!is_told().await);
    }

    #[test]
    fn clocks_take_no_slot_of_charges() {
        let slots = Slots::default();
        let clocks: Vec<_> = iter::from_fn(|| slots.one(Pool::Clocks)).collect();
        assert!(!clocks.is_empty() && slots.one(Pool::Others).is_some());
        let kinds: Vec<_> = Pool::ALL.into_iter().flat_map(Pool::kinds).collect();
        assert_eq!(kinds, EffectTask::KINDS);
    }
}
