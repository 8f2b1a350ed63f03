//! What the tests of several crates start and use.
//!
//! A [`Database`] and a [`RedisServer`] belong to one test and end with it. This crate knows the
//! store, because the store migrates a test's database; it must not know the queue, the api or the
//! worker, whose tests use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what a test needs and does not get fails it"
)]

pub mod commands;
mod database;
mod folder;
mod poll;
mod ports;
mod postgres;
mod process;
mod redis_data;
mod redis_server;
pub mod rows;
mod settings;
mod shared_redis;

pub use database::Database;
pub use folder::fresh_folder;
pub use poll::{eventually, eventually_true};
pub use ports::free_address;
pub use process::{Process, Signal, log_tail, log_text};
pub use redis_data::{keys, run};
pub use redis_server::RedisServer;
pub use settings::Settings;
pub use shared_redis::{SharedRedis, fresh_queue_name};
