//! Test clocks that are moved, against a real Postgres: one leap comes to the same as many steps,
//! whoever makes it.

mod instants;
mod order;
mod same_rows;
pub(crate) mod sample;
mod taken_over;
