//! What both processes need around their work: settings, logs and metrics, the start, the stop, and
//! health.
//!
//! It knows the store and the queue, to connect to them and to ask how they are. It must not know
//! what a command is.

pub mod bootstrap;
pub mod clock;
pub mod health;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
