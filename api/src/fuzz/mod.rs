//! Whatever a client sends is answered and never a panic. `make fuzz` runs these a million times;
//! the usual number of cases is small.

mod headers;
mod submissions;
