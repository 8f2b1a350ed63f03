//! The parts that both processes need around their work: settings, logs and metrics, connections of
//! HTTP, the start, the stop, and health.
//!
//! This crate uses the store and the queue, to connect to them and to check their health. It must
//! not use commands.

pub mod bootstrap;
pub mod checks;
pub mod clock;
pub mod coalesce;
pub mod health;
pub mod http;
mod job_keyring;
mod log_writer;
mod services;
pub mod settings;
pub mod shutdown;
pub mod telemetry;

pub use job_keyring::{JobKeyring, KnownKeys};
