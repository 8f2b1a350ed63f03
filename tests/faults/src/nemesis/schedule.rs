//! The schedule of faults. It depends on the seed only.

use super::Fault;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// A planned fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The kind of fault.
    pub fault: Fault,
    /// The time after the beginning of the fault before it.
    pub after: Duration,
    /// The number of its target, modulo the number of targets.
    pub target: usize,
    /// The duration, for faults that have one: 300 ms to 3 s.
    pub lasts: Duration,
    /// The variant, for faults that have two.
    pub variant: bool,
}

/// An endless series of faults. Every kind is drawn once before any is drawn twice.
pub struct Schedule {
    rng: StdRng,
    kinds: Vec<Fault>,
    bag: Vec<Fault>,
    gap: Duration,
}

impl Schedule {
    /// The series of `seed` over `kinds`, `gap` apart on average.
    #[must_use]
    pub fn new(seed: u64, kinds: Vec<Fault>, gap: Duration) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), kinds, bag: Vec::new(), gap }
    }

    /// Whether there are no kinds to draw from.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The next fault; `None` when there are no kinds.
    pub fn draw(&mut self) -> Option<Plan> {
        if self.bag.is_empty() {
            self.bag.clone_from(&self.kinds);
            self.bag.shuffle(&mut self.rng);
        }
        Some(Plan {
            fault: self.bag.pop()?,
            after: self.gap.mul_f64(self.rng.random_range(0.5..1.5)),
            target: self.rng.random_range(0..1_000_000),
            lasts: Duration::from_millis(self.rng.random_range(300..3000)),
            variant: self.rng.random_bool(0.5),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_series_and_every_kind_has_its_turn() {
        let kinds = vec![Fault::KillWorker, Fault::FlushRedis, Fault::Deadlock];
        let series = |seed| {
            let mut schedule = Schedule::new(seed, kinds.clone(), Duration::from_secs(1));
            (0..30).filter_map(|_| schedule.draw()).collect::<Vec<_>>()
        };
        assert_eq!(series(7), series(7));
        assert_ne!(series(7), series(8));
        for kind in &kinds {
            assert_eq!(series(7).iter().filter(|plan| plan.fault == *kind).count(), 10);
        }
        assert!(Schedule::new(1, Vec::new(), Duration::ZERO).draw().is_none());
    }
}
