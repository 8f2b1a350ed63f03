//! The due lane, against a real Postgres: what is due is marked once, and nothing is waited for.

mod among_commands;
mod crowd;
mod entries;
mod failing;
mod lag;
mod passes;
pub(crate) mod sample;
mod subscriptions;
