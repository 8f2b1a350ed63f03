//! The page of a kind of problem.

use super::{Advice, Problem, ProblemKind};
use serde::Serialize;
use utoipa::ToSchema;

/// The description of a kind, which is served at its URI.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProblemPage {
    /// The URI of the kind.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The title of every problem of the kind.
    pub title: &'static str,
    /// The HTTP status of every problem of the kind.
    pub status: u16,
    /// The stable code, for programs.
    pub code: &'static str,
    /// The advice to the client.
    pub retry: Advice,
    /// What happened, and why.
    pub meaning: &'static str,
    /// What to do about it.
    pub cure: &'static str,
    /// A problem of the kind.
    pub example: Problem,
}

impl From<ProblemKind> for ProblemPage {
    fn from(kind: ProblemKind) -> Self {
        let example = kind.example();
        Self {
            type_uri: kind.type_uri(),
            title: example.title,
            status: kind.status(),
            code: kind.code(),
            retry: example.retry,
            meaning: kind.meaning(),
            cure: kind.cure(),
            example,
        }
    }
}
