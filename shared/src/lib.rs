//! What `api` and `worker` have in common.
//!
//! ```text
//! domain  <- store, queue        store and queue do not know each other
//! health, start                  use store and queue
//! clock, config, telemetry,
//! shutdown, seeded_bug           leaves: know nobody
//! ```
//!
//! `domain` is pure; `store` is the only place with SQL; `queue` is the only place with Redis and
//! apalis. Code enters this crate only when both binaries call it. `seeded_bug` is for the fault
//! campaign, and off in every release.

pub mod clock;
pub mod config;
pub mod domain;
pub mod health;
pub mod queue;
pub mod seeded_bug;
pub mod shutdown;
pub mod start;
pub mod store;
pub mod telemetry;
