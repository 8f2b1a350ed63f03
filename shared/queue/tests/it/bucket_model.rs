//! The token bucket in Rust, as a model of what `admit.lua` does inside Redis.

use domain::RateLimit;
use queue::Quota;

/// The rules of the buckets of one limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketModel {
    pub(crate) limit: RateLimit,
}

/// A bucket. The level is counted in units of which a token has `window_us` and each microsecond
/// brings `requests`: integers only, so nothing is lost to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    level: u64,
    at_us: u64,
}

impl BucketModel {
    /// So many tokens in so many seconds.
    pub(crate) fn new(requests: u64, window_seconds: u64) -> Self {
        Self { limit: RateLimit::new(requests, window_seconds).unwrap() }
    }

    const fn numbers(self) -> (u64, u64) {
        (self.limit.requests(), self.limit.window_us())
    }

    const fn capacity(self) -> u64 {
        self.limit.requests() * self.limit.window_us()
    }

    /// A full bucket at `now_us`.
    pub(crate) const fn full(self, now_us: u64) -> Bucket {
        Bucket { level: self.capacity(), at_us: now_us }
    }

    /// The bucket at `now_us`. A clock that went back fills nothing, and is counted from anew.
    pub(crate) fn refilled(self, bucket: Bucket, now_us: u64) -> Bucket {
        let (requests, window_us) = self.numbers();
        let elapsed = now_us.saturating_sub(bucket.at_us).min(window_us);
        let level = (bucket.level + elapsed * requests).min(self.capacity());
        Bucket { level, at_us: now_us }
    }

    /// The bucket at `now_us`, when the limit before was another one: its tokens stay, as many as
    /// there is room for, and the time since counts by this limit.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "Lua counts in these numbers"
    )]
    pub(crate) fn refilled_after(self, before: Self, bucket: Bucket, now_us: u64) -> Bucket {
        let (from, to) = (before.limit.window_us(), self.limit.window_us());
        let converted = (bucket.level as f64 / from as f64 * to as f64).floor() as u64;
        let level = if from == to { bucket.level } else { converted };
        self.refilled(Bucket { level, ..bucket }, now_us)
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(self, bucket: Bucket) -> Option<Bucket> {
        let level = bucket.level.checked_sub(self.limit.window_us())?;
        Some(Bucket { level, ..bucket })
    }

    /// What the bucket says.
    pub(crate) const fn quota(self, bucket: Bucket) -> Quota {
        let (requests, window_us) = self.numbers();
        let remaining = bucket.level / window_us;
        if remaining >= requests {
            return Quota { remaining, reset_seconds: 0 };
        }
        let missing = (remaining + 1) * window_us - bucket.level;
        Quota { remaining, reset_seconds: missing.div_ceil(requests).div_ceil(1_000_000) }
    }
}
