//! Arithmetic of the table.

use std::time::Duration;

/// The nearest-rank percentile of ascending values: the smallest value such that at least
/// `percent` % of all are not above it. `None` if there are no values.
pub(crate) fn percentile(ascending: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (ascending.len() * percent).div_ceil(100).max(1);
    ascending.get(rank - 1).copied()
}

/// Tenths of a percent, rounded down, so that only all of them is 100.0 %.
pub(crate) fn per_mille(part: usize, whole: usize) -> usize {
    (part * 1000).checked_div(whole).unwrap_or(0)
}

/// Requests a second; `None` when no time passed.
pub(crate) fn rate(count: usize, wall: Duration) -> Option<f64> {
    let count = u32::try_from(count).map_or(f64::INFINITY, f64::from);
    (!wall.is_zero()).then(|| count / wall.as_secs_f64())
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentile_is_the_nearest_rank() {
        // The textbook example.
        let five = ms(&[15, 20, 35, 40, 50]);
        for (percent, expected) in [(5, 15), (30, 20), (40, 20), (50, 35), (95, 50), (100, 50)] {
            let expected = Some(Duration::from_millis(expected));
            assert_eq!(percentile(&five, percent), expected, "P{percent}");
        }
    }

    #[test]
    fn percentile_of_a_hundred_values_is_the_value_of_that_number() {
        let hundred = ms(&(1..=100).collect::<Vec<_>>());
        for percent in [1, 50, 95, 99, 100] {
            let expected = u64::try_from(percent).map(Duration::from_millis).ok();
            assert_eq!(percentile(&hundred, percent), expected, "P{percent}");
        }
    }

    #[test]
    fn percentile_of_one_value_is_that_value_and_of_none_is_none() {
        assert_eq!(percentile(&ms(&[7]), 50), Some(Duration::from_millis(7)));
        assert_eq!(percentile(&ms(&[7]), 99), Some(Duration::from_millis(7)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn success_is_rounded_down() {
        assert_eq!(per_mille(200, 200), 1000);
        assert_eq!(per_mille(9_999, 10_000), 999);
        assert_eq!(per_mille(0, 0), 0);
    }

    #[test]
    fn rate_is_requests_over_seconds() {
        assert_eq!(rate(50, Duration::from_millis(500)), Some(100.0));
        assert_eq!(rate(50, Duration::ZERO), None);
    }
}
