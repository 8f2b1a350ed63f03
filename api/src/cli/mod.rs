//! The subcommands for operators.

pub mod check;
pub mod keys;
