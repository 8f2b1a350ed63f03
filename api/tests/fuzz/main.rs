//! Whatever a client sends is answered and never a panic. `make fuzz` runs these a million times;
//! the usual number of cases is small.

#![expect(clippy::unwrap_used, reason = "what a test needs and does not get fails it")]

mod headers;
mod submissions;
