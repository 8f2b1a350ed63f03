//! The worker: takes commands from the queue and commits them to Postgres, many in one transaction.
//!
//! The way of a command: `monitor` runs an apalis worker, whose `handler` has each task judged
//! (`judge`) and puts it into the `intake`. The `batcher` takes all that waits there, has it
//! decided and committed in one transaction (`apply`), and then publishes the answers (`publish`).
//!
//! Beside it run the sweeps (`schedule`), what is done outside of those transactions (`effects`),
//! the `upkeep` of the queue, and `admin_http` with health and metrics.

mod admin_http;
mod apply;
mod aside;
mod batcher;
pub mod cli;
mod effects;
mod fault;
mod group;
mod handler;
mod in_hand;
mod intake;
mod judge;
mod monitor;
mod policy;
mod promises;
mod provider;
mod publish;
mod registry;
mod retry;
mod run;
mod schedule;
pub mod settings;
#[cfg(test)]
mod tests;
mod upkeep;

pub use run::{run, work};
