//! Effects: what commands have begun and what is done outside of their transactions.
//!
//! An effect is a row, written with what caused it. The `runner` of any worker claims it by a lease
//! and performs it; there is one file for each kind. What comes of it is an internal command, which
//! answers the job that waits.

mod backoff;
pub(crate) mod clock;
mod ground;
mod runner;
mod slots;

pub(crate) use ground::Ground;
pub(crate) use runner::Runner;
pub(crate) use slots::{Begun, Slots};
