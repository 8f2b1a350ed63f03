//! When an effect is tried again that has failed.

use std::time::Duration;

/// The pauses before an effect is tried again: from the first to the second, each twice as long as
/// the one before.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The pause after so many attempts, the last of which has failed. Up to a quarter is left out, so
/// that what failed together is not tried again together.
pub(crate) fn pause(attempts: u32) -> Duration {
    whole(attempts).mul_f64(1.0 - rand::random_range(0.0..0.25))
}

fn whole(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(12);
    (PAUSE_MIN * (1 << doublings)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_second_to_an_hour_with_jitter() {
        let whole: Vec<u64> = (1..16).map(|attempts| whole(attempts).as_secs()).collect();
        let doubled: Vec<u64> = (0..12).map(|n| 1 << n).chain([3600; 3]).collect();
        assert_eq!(whole, doubled);
        for attempts in [0, 1, 5, 13, u32::MAX] {
            let (pause, whole) = (pause(attempts), super::whole(attempts));
            assert!(pause <= whole && whole.mul_f64(0.75) <= pause, "{attempts}: {pause:?}");
        }
    }
}
