//! The worker: takes commands from the queue and commits them to Postgres, many in one transaction.
//!
//! One command's way, from top to bottom:
//! [`monitor`] runs an apalis worker, whose [`handler`] puts each task on the desk of the
//! [`batcher`], which has all that waits [`apply`]'d in one transaction and then [`tell`]s.
//!
//! Beside it run the [`schedule`] of the sweeps, the [`upkeep`] of the queue, and a [`page`] with
//! health and metrics.

pub mod apply;
pub mod batcher;
pub mod config;
pub mod desk;
pub mod fault;
pub mod handler;
pub mod jobs;
pub mod monitor;
pub mod page;
pub mod patience;
pub mod roster;
pub mod run;
pub mod schedule;
pub mod tell;
pub mod upkeep;
