//! What a batch of commands comes to: each sees what those before it did, and none is done twice.

#![expect(
    clippy::unwrap_used,
    reason = "a sample that cannot be made fails its test, as it should"
)]

mod in_turn;
mod once;
mod sample;
mod splitting;
