//! The memory of what is due and fails by itself: each is tried again after a growing pause, and
//! reported once. It is lost with the process, which costs one more try and one more report.

use crate::schedule::finders::Finder;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// The pauses before a row is tried again: from the first to the second, each twice as long as the
/// one before.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The most rows that are remembered. With more, something is wrong with all of them, and to try
/// the others at each pass costs little beside that.
const REMEMBERED_MAX: usize = 10_000;

/// The rows that failed, by table and id.
#[derive(Default)]
pub(crate) struct Failing(HashMap<(Finder, i64), Failure>);

#[derive(Clone, Copy)]
struct Failure {
    pause: Duration,
    next_try: Instant,
}

impl Failing {
    /// Whether the row failed lately, so that it is passed over.
    pub(crate) fn is_paused(&self, finder: Finder, row: i64, now: Instant) -> bool {
        self.0.get(&(finder, row)).is_some_and(|failure| now < failure.next_try)
    }

    /// Notes a failure at `now`, and reports it if it is the first of this row.
    pub(crate) fn note(&mut self, finder: Finder, row: i64, cause: &str, now: Instant) {
        let before = self.0.get(&(finder, row)).map(|failure| failure.pause);
        if before.is_none() {
            let kind = finder.kind();
            tracing::error!(kind, row, cause, "what is due failed; it is tried again later");
            if self.0.len() >= REMEMBERED_MAX {
                return;
            }
        }
        let pause = before.map_or(PAUSE_MIN, |pause| (pause * 2).min(PAUSE_MAX));
        self.0.insert((finder, row), Failure { pause, next_try: now + pause });
    }

    /// Forgets rows of that table that are no longer due: those that were not `seen` in a whole
    /// pass.
    pub(crate) fn keep_seen(&mut self, finder: Finder, seen: &HashSet<i64>) {
        self.0.retain(|(of, row), _| *of != finder || seen.contains(row));
    }

    /// Whether the row is remembered.
    pub(crate) fn has(&self, finder: Finder, row: i64) -> bool {
        self.0.contains_key(&(finder, row))
    }

    /// Forgets a row that succeeded.
    pub(crate) fn forget(&mut self, finder: Finder, row: i64) {
        self.0.remove(&(finder, row));
    }

    /// The number of rows of that table that are remembered.
    pub(crate) fn count(&self, finder: Finder) -> usize {
        self.0.keys().filter(|(of, _)| *of == finder).count()
    }

    /// The time until the next row may be tried again.
    pub(crate) fn next_try(&self, now: Instant) -> Option<Duration> {
        let next = self.0.values().map(|failure| failure.next_try).min()?;
        Some(next.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Finder::{Gifts, Subscriptions};

    #[test]
    fn pauses_double_up_to_an_hour() {
        let (mut failing, mut now, mut pauses) = (Failing::default(), Instant::now(), Vec::new());
        for _ in 0..15 {
            failing.note(Subscriptions, 7, "why", now);
            let pause = failing.next_try(now).unwrap_or_default();
            assert!(failing.is_paused(Subscriptions, 7, now));
            now += pause;
            assert!(!failing.is_paused(Subscriptions, 7, now));
            pauses.push(pause.as_secs());
        }
        let doubled: Vec<u64> = (0..12).map(|n| 1 << n).chain([3600; 3]).collect();
        assert_eq!(pauses, doubled);
    }

    #[test]
    fn rows_are_told_apart_by_table_and_forgotten_when_they_are_no_longer_due() {
        let (mut failing, now) = (Failing::default(), Instant::now());
        for (finder, row) in [(Subscriptions, 1), (Subscriptions, 2), (Gifts, 1)] {
            failing.note(finder, row, "why", now);
        }
        failing.forget(Subscriptions, 2);
        assert_eq!((failing.count(Subscriptions), failing.count(Gifts)), (1, 1));
        failing.keep_seen(Subscriptions, &HashSet::new());
        assert!(!failing.has(Subscriptions, 1) && failing.has(Gifts, 1));
        failing.keep_seen(Gifts, &HashSet::from([1]));
        assert_eq!(failing.next_try(now), Some(PAUSE_MIN));
    }

    #[test]
    fn the_memory_is_bounded() {
        let (mut failing, now) = (Failing::default(), Instant::now());
        for row in 0..20_000 {
            failing.note(Gifts, row, "why", now);
        }
        assert_eq!(failing.count(Gifts), REMEMBERED_MAX);
    }
}
