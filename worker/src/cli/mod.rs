//! The commands of the program for operators.

pub mod books;
pub mod check;
pub mod jobs;
pub mod migrate;
pub mod secrets;
pub mod simulated_provider;
