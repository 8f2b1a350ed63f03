//! The token bucket, as a pure model. `queue/lua/admit.lua` does the same arithmetic inside Redis;
//! a property test holds the two together.

/// A bucket's size and how fast it fills: `requests` tokens, refilled over `window_us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Tokens in a full bucket. 0 turns the limit off.
    pub requests: u64,
    /// Microseconds in which an empty bucket fills.
    pub window_us: u64,
}

/// What a bucket says after it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Whole tokens left.
    pub remaining: u64,
    /// Whole seconds, rounded up, until there is one more; 0 when full.
    pub reset_seconds: u64,
}

/// A bucket. The level is counted in units of which a token has `window_us` and each microsecond
/// brings `requests`: integers only, so nothing is lost to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    level: u64,
    at_us: u64,
}

/// The largest integer that Lua's numbers hold exactly.
const EXACT_MAX: u64 = 1 << 53;

impl Limit {
    /// The limit of those settings, if Redis can count it exactly.
    #[must_use]
    pub fn new(requests: u64, window_seconds: u64) -> Option<Self> {
        let window_us = window_seconds.checked_mul(1_000_000)?;
        let full = requests.checked_mul(window_us)?;
        (window_us > 0 && full < EXACT_MAX).then_some(Self { requests, window_us })
    }

    /// A full bucket at `now_us`.
    #[must_use]
    pub const fn full(self, now_us: u64) -> Bucket {
        Bucket { level: self.requests * self.window_us, at_us: now_us }
    }

    /// The bucket at `now_us`. A clock that went back fills nothing, and is counted from anew.
    #[must_use]
    pub fn refilled(self, bucket: Bucket, now_us: u64) -> Bucket {
        let elapsed = now_us.saturating_sub(bucket.at_us).min(self.window_us);
        let level = (bucket.level + elapsed * self.requests).min(self.requests * self.window_us);
        Bucket { level, at_us: now_us }
    }

    /// Takes a token, if there is one.
    #[must_use]
    pub fn take(self, bucket: Bucket) -> Option<Bucket> {
        let level = bucket.level.checked_sub(self.window_us)?;
        Some(Bucket { level, ..bucket })
    }

    /// What the bucket says.
    #[must_use]
    pub const fn quota(self, bucket: Bucket) -> Quota {
        let remaining = bucket.level / self.window_us;
        if remaining >= self.requests {
            return Quota { remaining, reset_seconds: 0 };
        }
        let missing = (remaining + 1) * self.window_us - bucket.level;
        Quota { remaining, reset_seconds: missing.div_ceil(self.requests).div_ceil(1_000_000) }
    }
}
