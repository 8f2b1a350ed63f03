//! The token bucket in Rust, as a model of what `admit.lua` does inside Redis.

use queue::{Limit, Quota};

/// The rules of the buckets of one limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketModel {
    pub(crate) limit: Limit,
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
        Self { limit: Limit::new(requests, window_seconds).unwrap() }
    }

    /// A full bucket at `now_us`.
    pub(crate) const fn full(self, now_us: u64) -> Bucket {
        Bucket { level: self.limit.requests * self.limit.window_us, at_us: now_us }
    }

    /// The bucket at `now_us`. A clock that went back fills nothing, and is counted from anew.
    pub(crate) fn refilled(self, bucket: Bucket, now_us: u64) -> Bucket {
        let Limit { requests, window_us } = self.limit;
        let elapsed = now_us.saturating_sub(bucket.at_us).min(window_us);
        let level = (bucket.level + elapsed * requests).min(requests * window_us);
        Bucket { level, at_us: now_us }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(self, bucket: Bucket) -> Option<Bucket> {
        let level = bucket.level.checked_sub(self.limit.window_us)?;
        Some(Bucket { level, ..bucket })
    }

    /// What the bucket says.
    pub(crate) const fn quota(self, bucket: Bucket) -> Quota {
        let Limit { requests, window_us } = self.limit;
        let remaining = bucket.level / window_us;
        if remaining >= requests {
            return Quota { remaining, reset_seconds: 0 };
        }
        let missing = (remaining + 1) * window_us - bucket.level;
        Quota { remaining, reset_seconds: missing.div_ceil(requests).div_ceil(1_000_000) }
    }
}
