//! The worker: takes commands from the queue and commits them to Postgres, many in one transaction.
//!
//! One command's way, from top to bottom: `monitor` runs an apalis worker, whose `handler` hands each
//! task in at the `intake`. The `batcher` has all that waits there decided and committed in one
//! transaction (`apply`), and then has the answers delivered (`publish`).
//!
//! Beside it run the sweeps (`schedule`), the `upkeep` of the queue, and `admin_http` with health and
//! metrics.

mod admin_http;
mod apply;
mod batcher;
pub mod cli;
mod fault;
mod handler;
mod intake;
mod monitor;
mod publish;
mod registry;
mod retry;
mod run;
mod schedule;
pub mod settings;
#[cfg(test)]
mod tests;
mod upkeep;

pub use run::run;
