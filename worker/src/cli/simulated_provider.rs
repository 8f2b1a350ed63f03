//! `worker simulated-provider`: the simulated provider of payments as a process of its own.

pub use crate::provider::simulated::process::run;
