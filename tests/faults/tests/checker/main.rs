//! The checker is only as good as its own tests: hand-made histories, one good, and one for each
//! kind of violation.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a sample that cannot be made fails its test, as it should; bodies are literals"
)]

mod accepted;
mod answers;
mod books;
mod clocks;
mod command_log;
mod internal;
mod limbo;
mod money;
mod recovery;
mod replay;
mod rows;
mod untrue;
