//! Problem documents (RFC 9457). Every error is written as one, by the api and in stored answers.

mod case;
mod example;
mod kind;
mod kinds;
mod page;

pub use kind::Advice;
pub use kinds::ProblemKind;
pub use page::ProblemPage;

use kind::Row;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A problem document.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// The URI of its kind: `/problems/` and the code with dashes.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The title, which is the same for every problem of its kind.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The explanation of this case. It never contains internals.
    pub detail: String,
    /// The stable code, for programs.
    pub code: &'static str,
    /// The job that it is about, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Every invalid field, for invalid input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The advice to the client.
    pub retry: Advice,
    /// The members that only problems of its kind have.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The error of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The name of the field.
    pub field: String,
    /// The error, worded to be read after the name.
    pub message: String,
}

impl Problem {
    /// A problem of that kind; `detail` says what happened in this case.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let Row { status, code, title, advice, .. } = kind.row();
        Self {
            type_uri: kind.type_uri(),
            title,
            status,
            detail: detail.into(),
            code,
            instance: None,
            errors: Vec::new(),
            retry: advice,
            extra: Map::new(),
        }
    }

    /// Adds a member that only problems of its kind have.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// Names the job that the problem is about.
    #[must_use]
    pub fn about_job(mut self, job: domain::JobId) -> Self {
        self.instance = Some(format!("/jobs/{job}"));
        self
    }

    /// Adds the invalid fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The document as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
