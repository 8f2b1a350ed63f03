//! Group commit against a real Postgres. Each test has a database of its own.

mod batch;
mod command_log;
mod crash;
mod crowd;
mod poison;
mod rules;
pub(crate) mod sample;
mod twins;
