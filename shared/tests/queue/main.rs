//! The queue against a real Redis, and against the pinned apalis-redis.
//!
//! Each test has a Redis of its own.

mod admission;
mod contract;
mod outcomes;
mod rate_limit;
mod redis_server;
mod sample;
mod settle;
mod upkeep;
mod wire;
