//! What a run of the driver saw.

use anyhow::Result;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The longest latency that is told from longer ones, in µs.
const LATENCY_MAX_US: u64 = 120_000_000;

/// A histogram of latencies in µs, to a tenth of a percent.
pub(crate) fn latencies() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?)
}

/// The time that counts: the warm-up is before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// Answers, counted.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(super) window: Window,
    /// Latencies in µs of what was meant to be sent in the window.
    pub(crate) latencies: Histogram<u64>,
    /// Answers that came in the window, and when the last of them came.
    pub(crate) completed: u64,
    last: Instant,
    /// The longest time in the window without an answer.
    pub(crate) longest_gap: Duration,
    /// Unexpected answers, and requests without one, the warm-up included; the first in words.
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

impl Recording {
    pub(super) fn new(window: Window) -> Result<Self> {
        let (latencies, last, longest_gap) = (latencies()?, window.from, Duration::ZERO);
        let (completed, errors, first_error) = (0, 0, None);
        Ok(Self { window, latencies, completed, last, longest_gap, errors, first_error })
    }

    /// An answer to what was meant to be sent at `meant`.
    pub(super) fn answer(&mut self, meant: Instant, at: Instant) {
        let holds = |time| self.window.from <= time && time < self.window.to;
        if holds(meant) {
            let micros = at.saturating_duration_since(meant).as_micros();
            self.latencies.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX).max(1));
        }
        if holds(at) {
            self.completed += 1;
            self.longest_gap = self.longest_gap.max(at.saturating_duration_since(self.last));
            self.last = at;
        }
    }

    /// Something that should not have happened.
    pub(super) fn error(&mut self, what: String) {
        self.errors += 1;
        self.first_error.get_or_insert(what);
    }

    /// For how long was measured: to the last answer if that was the end of it.
    pub(crate) fn seconds(&self, until_done: bool) -> f64 {
        let end = if until_done { self.last } else { self.window.to };
        end.saturating_duration_since(self.window.from).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_window_counts_and_lateness_is_not_omitted() {
        let from = Instant::now();
        let at = |ms| from + Duration::from_millis(ms);
        let mut seen = Recording::new(Window { from: at(100), to: at(300) }).unwrap();
        for (meant, came) in [(0, 50), (150, 160), (250, 900)] {
            seen.answer(at(meant), at(came));
        }
        assert_eq!((seen.completed, seen.latencies.len()), (1, 2));
        assert!(seen.latencies.max().abs_diff(650_000) < 1000);
        assert_eq!(seen.longest_gap, Duration::from_millis(60));
    }
}
