//! Fuzz tests: no input from a client causes a panic. `make fuzz` runs each a million times; a
//! plain test run uses few cases.

mod headers;
mod submissions;
