//! What clients see: problems and refusals, answers, and views of what they own.
//!
//! Pure, like `domain`, which it writes down for clients. It must not know HTTP beyond the status of
//! an answer, nor where answers are stored.

mod answer;
mod problem;
pub mod refusal;
pub mod view;

pub use answer::{answer, answer_with};
pub use problem::{Advice, FieldError, Problem, ProblemKind};
