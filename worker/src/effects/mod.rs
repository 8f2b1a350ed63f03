//! Effects: what commands have begun and what is done outside of their transactions.
//!
//! An effect is a row, written with what caused it. The `runner` of any worker claims it by a lease
//! and performs it; there is one file for each kind. What comes of it is an internal command, which
//! answers the job that waits.

pub(crate) mod backoff;
mod charge;
pub(crate) mod clock;
mod detach_method;
mod ground;
mod pay_back;
mod performed;
mod runner;
mod set_up_method;
mod settlement;
mod settler;
mod slots;
mod stop_charge;

pub(crate) use ground::Ground;
pub(crate) use runner::Runner;
pub(crate) use settlement::Settled;
pub(crate) use slots::{Begun, Slots};
#[cfg(test)]
pub(crate) use {
    ground::Task,
    performed::Performed,
    runner::perform,
    settlement::{Course, Settlement, commit},
    settler::Settler,
};
