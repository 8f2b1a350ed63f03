//! The queue against a real Redis, and against the pinned apalis-redis.
//!
//! Each test has a Redis of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs and does not get fails it"
)]

mod admission;
mod bucket;
mod bucket_model;
mod connect;
mod connection;
mod contract;
mod crowds;
mod dead;
mod delivery;
mod job;
mod let_go;
mod outcomes;
mod presence;
mod rate_limit;
mod sample;
mod scarcity;
mod signed_payload;
mod steps;
mod upkeep;
