//! The commands of the program for operators.

pub mod jobs;
