//! The token bucket of a client: its size, and what is left of it. `lua/admit.lua` does the arithmetic
//! inside Redis; a property test compares it with a model in Rust.

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
