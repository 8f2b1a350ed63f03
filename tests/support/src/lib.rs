//! The databases, servers and processes that tests of several crates start.
//!
//! A [`Database`] and a [`RedisServer`] belong to one test and end with it. This crate uses the
//! store, which migrates a test's database. It must not use the queue, the api or the worker, whose
//! tests use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails when it does not get what it needs"
)]

pub mod commands;
mod database;
mod folder;
mod pgbouncer;
mod poll;
mod ports;
mod postgres;
mod process;
mod proxy;
mod redis_data;
mod redis_server;
pub mod rows;
mod settings;
mod shared_redis;

pub use database::Database;
pub use folder::fresh_folder;
pub use pgbouncer::PgBouncer;
pub use poll::{eventually, eventually_true};
pub use ports::free_address;
pub use process::{Process, Signal, log_tail, log_text};
pub use proxy::Proxy;
pub use redis_data::{keys, run};
pub use redis_server::RedisServer;
pub use settings::Settings;
pub use shared_redis::{SharedRedis, fresh_queue_name};
