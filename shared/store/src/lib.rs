//! The store: all use of Postgres, and the only SQL.
//!
//! This crate loads the rows that decisions need and writes what the domain decided. It must not
//! decide anything itself, and it does not use the queue.
//!
//! Locks are always taken in one order: users, then gifts, then subscriptions, ids ascending
//! (`load_batch`, in `migrations/`). The sweeps lock subscriptions or gifts only, and skip rows
//! that are locked.

pub mod api_keys;
mod batch;
mod changes;
mod columns;
pub mod command_log;
mod connection_cache;
mod connection_health;
mod database;
mod error;
mod load;
pub mod reads;
mod rows;
pub mod sweep;

pub use batch::Batch;
pub use database::Database;
pub use error::StoreError;
pub use load::BatchContext;
