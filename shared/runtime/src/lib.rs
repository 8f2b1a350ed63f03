//! The parts that both processes need around their work: settings, logs and metrics, the start, the
//! stop, and health.
//!
//! This crate uses the store and the queue, to connect to them and to check their health. It must
//! not use commands.

pub mod bootstrap;
pub mod clock;
pub mod health;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
