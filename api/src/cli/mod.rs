//! The subcommands for operators.

pub mod keys;
