//! Rows that the tests of several crates begin with: light, without any server.

pub use domain::samples::*;
