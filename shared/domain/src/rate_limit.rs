//! How many commands a client may submit.

use std::fmt;

/// The longest window: a day.
const WINDOW_SECONDS_MAX: u64 = 86_400;

/// The largest integer that the numbers of Lua hold exactly. Redis counts buckets in them.
const EXACT_MAX: u64 = 1 << 53;

/// The size of a token bucket and how fast it fills: so many requests in so many seconds, written
/// `600/60`. With 0 requests there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    requests: u64,
    window_seconds: u64,
}

/// A text that is no rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be requests/seconds, such as 600/60: 0 requests for no limit, 1 to 86400 seconds, and \
     their product below 9 000 000 000"
)]
pub struct InvalidRateLimit;

impl RateLimit {
    /// No limit.
    pub const OFF: Self = Self { requests: 0, window_seconds: 1 };

    /// The limit of those numbers, if Redis can count it exactly.
    #[must_use]
    pub fn new(requests: u64, window_seconds: u64) -> Option<Self> {
        if !(1..=WINDOW_SECONDS_MAX).contains(&window_seconds) {
            return None;
        }
        let limit = Self { requests, window_seconds };
        let full = requests.checked_mul(limit.window_us())?;
        (full < EXACT_MAX).then_some(limit)
    }

    /// The limit that a text such as `600/60` means.
    pub fn parse(text: &str) -> Result<Self, InvalidRateLimit> {
        let digits = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        let (requests, seconds) = text.split_once('/').ok_or(InvalidRateLimit)?;
        let numbers = digits(requests).zip(digits(seconds));
        numbers.and_then(|(requests, seconds)| Self::new(requests, seconds)).ok_or(InvalidRateLimit)
    }

    /// The tokens of a full bucket.
    #[must_use]
    pub const fn requests(self) -> u64 {
        self.requests
    }

    /// The time in which an empty bucket fills, in seconds.
    #[must_use]
    pub const fn window_seconds(self) -> u64 {
        self.window_seconds
    }

    /// The same in microseconds.
    #[must_use]
    pub const fn window_us(self) -> u64 {
        self.window_seconds * 1_000_000
    }

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_off(self) -> bool {
        self.requests == 0
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.requests, self.window_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_one_that_redis_can_count_exactly() {
        assert_eq!(RateLimit::new(10, 0), None);
        assert_eq!(RateLimit::new(10, 86_401), None);
        assert_eq!(RateLimit::new(u64::MAX, 60), None);
        assert_eq!(RateLimit::new(10, u64::MAX), None);
        // 2^53 units is the first number too large.
        assert_eq!(RateLimit::new((1 << 53) / 60_000_000 + 1, 60), None);
        assert!(RateLimit::new((1 << 53) / 60_000_000, 60).is_some());
    }

    #[test]
    fn a_limit_is_read_as_it_is_written() {
        for (requests, seconds) in [(600, 60), (0, 1), (1, 86_400), (150_000_000, 60)] {
            let limit = RateLimit::new(requests, seconds).unwrap();
            assert_eq!(RateLimit::parse(&limit.to_string()), Ok(limit));
        }
        assert_eq!(RateLimit::parse("600/60").unwrap().window_us(), 60_000_000);
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        let too_many = "18446744073709551616/60";
        for text in
            ["", "/", "600", "600/", "/60", "600/0", "600/86401", "-1/60", "+1/60", too_many]
        {
            assert_eq!(RateLimit::parse(text), Err(InvalidRateLimit), "{text}");
        }
        for text in ["600/60/1", " 600/60", "600 /60", "6e2/60", "600/60s", "9007199255/1", "٣/60"]
        {
            assert_eq!(RateLimit::parse(text), Err(InvalidRateLimit), "{text}");
        }
    }
}
