//! The store: all use of Postgres, and the only SQL.
//!
//! This crate finds and loads the rows that decisions need, and writes what the domain decided. It
//! must not decide anything itself, and it does not use the queue.
//!
//! Locks are always taken in one order: the clocks of test clients (`lock_test_clocks`, in
//! `migrations/`), then users, then gifts, then subscriptions, ids ascending (`load_rows`), then
//! plans, codes ascending (`load_plans`). Payments, methods, refunds and grants need no locks: who
//! touches them locks their user (`find_money`, `load_money`). A batch of what is due never waits
//! for a lock, so its order does not matter (`load_unlocked`), and who only looks takes none
//! (`peek_rows`).

pub mod accepted;
pub mod api_keys;
pub mod asked_money;
mod audit;
mod batch;
mod beside;
pub mod books;
mod changes;
pub mod check;
pub mod clients;
pub mod closings;
pub mod command_log;
mod connections;
pub mod customers;
mod database;
pub mod due;
pub mod effects;
mod error;
mod facts;
pub mod job_keys;
mod load;
pub mod locked;
mod migrate;
mod moved_clocks;
mod moved_money;
mod needs;
pub mod plans;
mod pooler;
pub mod provider_inbox;
pub mod reads;
pub mod scan;
mod session;
pub mod simulated;
mod statements;
mod tables;
mod url;
mod watch;

pub use batch::Batch;
pub use beside::{Beside, LateAnswer, Progress};
pub use database::{CONNECTIONS_BESIDE, Database};
pub use error::StoreError;
pub use facts::{PostgresFacts, Program};
pub use load::BatchContext;
pub use migrate::{Finish, Migrated};
pub use pooler::Fitted;
