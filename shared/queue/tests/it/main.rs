//! The queue against a real Redis, and against the pinned apalis-redis.
//!
//! Each test has a Redis of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test needs and does not get fails it"
)]

mod admission;
mod connect;
mod contract;
mod crowds;
mod outcomes;
mod rate_limit;
mod redis_server;
mod sample;
mod settle;
mod upkeep;
mod wire;
