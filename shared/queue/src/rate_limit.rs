//! The token bucket of a client: its size, and what is left of it. `lua/admit.lua` does the
//! arithmetic inside Redis, and a test compares it with a model in Rust.

/// A bucket's size and how fast it fills: `requests` tokens, refilled over `window_us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The number of tokens in a full bucket. With 0 there is no limit.
    pub requests: u64,
    /// The time in which an empty bucket fills, in microseconds.
    pub window_us: u64,
}

/// What is left in a bucket after a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The number of whole tokens left.
    pub remaining: u64,
    /// The time until there is one more, in whole seconds, rounded up; 0 when the bucket is full.
    pub reset_seconds: u64,
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
}
