//! What a driver saw.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The width of a slot of the timeline.
pub(crate) const SLOT: Duration = Duration::from_millis(100);

/// From 1 µs to this, in µs.
const LATENCY_MAX_US: u64 = 120_000_000;

/// The time that counts: the warm-up is before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Its begin.
    pub(crate) from: Instant,
    /// Its end.
    pub(crate) to: Instant,
}

/// Answers of one scenario, counted.
#[derive(Debug)]
pub(crate) struct Recording {
    window: Window,
    /// Latencies in µs of what was meant to be sent in the window.
    pub(crate) latencies: Histogram<u64>,
    /// The same by the time of the answer, a slot of [`SLOT`] each.
    pub(crate) slots: Vec<Histogram<u64>>,
    /// Answers that came in the window.
    pub(crate) completed: u64,
    /// The last of them.
    pub(crate) last: Option<Instant>,
    /// Answers by HTTP status, the warm-up included.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Unexpected answers, and requests without one, the warm-up included.
    pub(crate) errors: u64,
    /// The first of those, in words.
    pub(crate) first_error: Option<String>,
}

impl Recording {
    /// Nothing seen yet.
    pub(crate) fn new(window: Window) -> anyhow::Result<Self> {
        Ok(Self {
            window,
            latencies: Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?,
            slots: Vec::new(),
            completed: 0,
            last: None,
            statuses: BTreeMap::new(),
            errors: 0,
            first_error: None,
        })
    }

    /// An answer to what was meant to be sent at `meant`.
    pub(crate) fn answer(&mut self, meant: Instant, at: Instant, status: u16) {
        *self.statuses.entry(status).or_default() += 1;
        let latency = u64::try_from(at.saturating_duration_since(meant).as_micros());
        let latency = latency.unwrap_or(LATENCY_MAX_US).clamp(1, LATENCY_MAX_US);
        if self.window.holds(meant) {
            self.latencies.saturating_record(latency);
        }
        if self.window.holds(at) {
            self.completed += 1;
            self.last = Some(at);
            self.record_slot(at, latency);
        }
    }

    fn record_slot(&mut self, at: Instant, latency: u64) {
        let since = at.saturating_duration_since(self.window.from).as_millis() / SLOT.as_millis();
        let slot = usize::try_from(since).unwrap_or(usize::MAX);
        while self.slots.len() <= slot {
            let Ok(empty) = Histogram::new_with_bounds(1, LATENCY_MAX_US, 2) else { return };
            self.slots.push(empty);
        }
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.saturating_record(latency);
        }
    }

    /// Something that should not have happened.
    pub(crate) fn error(&mut self, what: impl FnOnce() -> String) {
        self.errors += 1;
        if self.first_error.is_none() {
            self.first_error = Some(what());
        }
    }

    /// For how long was measured: to the last answer if that was the end of it.
    pub(crate) fn seconds(&self, until_done: bool) -> f64 {
        let end = if until_done { self.last.unwrap_or(self.window.to) } else { self.window.to };
        end.saturating_duration_since(self.window.from).as_secs_f64()
    }
}

impl Window {
    fn holds(&self, at: Instant) -> bool {
        self.from <= at && at < self.to
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
        seen.answer(at(0), at(50), 201);
        seen.answer(at(150), at(160), 201);
        seen.answer(at(250), at(900), 201);
        assert_eq!(seen.statuses[&201], 3);
        assert_eq!(seen.completed, 1);
        assert_eq!(seen.latencies.len(), 2);
        assert!(seen.latencies.max().abs_diff(650_000) < 1000);
        assert_eq!(seen.slots.len(), 1);
    }

    #[test]
    fn first_error_is_kept_in_words() {
        let from = Instant::now();
        let mut seen = Recording::new(Window { from, to: from }).unwrap();
        seen.error(|| "first".to_owned());
        seen.error(|| "second".to_owned());
        assert_eq!((seen.errors, seen.first_error.as_deref()), (2, Some("first")));
    }
}
