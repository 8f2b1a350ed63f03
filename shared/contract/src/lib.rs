//! The documents that clients see: problems, refusals, answers, and views of what they own.
//!
//! This crate is pure, like `domain`, whose types it writes for clients. It must not use HTTP
//! beyond the status of an answer, nor depend on where answers are stored.

mod answer;
mod problem;
pub mod refusal;
pub mod view;

pub use answer::{answer, answer_with, answered};
pub use problem::{Advice, FieldError, Problem, ProblemKind, ProblemPage};
