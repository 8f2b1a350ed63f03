//! How a request is turned down.

use crate::gather::GatherError;
use crate::respond;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::domain::problem::{FieldError, Problem, ProblemKind};
use shared::queue::QueueError;
use shared::store::StoreError;

/// A problem, and the headers that go with it.
#[derive(Debug)]
pub struct Reject {
    // Boxed: most requests are not turned down, and need not carry the room for it.
    problem: Box<Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// After an outage: soon, for it may be over soon.
const RETRY_AFTER_OUTAGE_SECONDS: u64 = 1;

impl Reject {
    /// A problem of that kind; `detail` tells what happened this time.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(kind, detail))
    }

    /// Fields that are not as they should be.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [error] => format!("{} {}.", error.field, error.message),
            many => format!("{} fields are not valid: see errors.", many.len()),
        };
        Self::from(Problem::new(ProblemKind::InvalidRequest, detail).with_errors(errors))
    }

    fn queue_unavailable() -> Self {
        Self::new(
            ProblemKind::QueueUnavailable,
            "Trying again is safe, and so is a submission with the same Idempotency-Key.",
        )
        .retry_after(RETRY_AFTER_OUTAGE_SECONDS)
    }

    fn storage_unavailable() -> Self {
        Self::new(ProblemKind::StorageUnavailable, "Try again in a moment.")
            .retry_after(RETRY_AFTER_OUTAGE_SECONDS)
    }

    fn internal() -> Self {
        Self::new(ProblemKind::Internal, "The request was fine; the fault is ours.")
    }

    /// Of a call that requests shared; `overdue` when it was not worth waiting for.
    fn of_shared<E>(error: GatherError<E>, overdue: fn() -> Self) -> Self
    where
        Self: for<'e> From<&'e E>,
    {
        match error {
            GatherError::Failed(error) => Self::from(&*error),
            GatherError::Overdue => overdue(),
            GatherError::Lost => Self::internal(),
        }
    }

    /// With `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// With a link to its description, as the draft of the Idempotency-Key header suggests.
    #[must_use]
    pub fn described_by_its_type(self) -> Self {
        let link = format!("<{}>; rel=\"describedby\"", self.problem.type_uri);
        match HeaderValue::try_from(link) {
            Ok(link) => self.header(header::LINK, link),
            Err(_) => self,
        }
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Problem> for Reject {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), headers: Vec::new() }
    }
}

impl From<QueueError> for Reject {
    fn from(error: QueueError) -> Self {
        Self::from(&error)
    }
}

impl From<&QueueError> for Reject {
    fn from(error: &QueueError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(cause, "the queue could not be used");
        Self::queue_unavailable()
    }
}

impl From<GatherError<QueueError>> for Reject {
    fn from(error: GatherError<QueueError>) -> Self {
        Self::of_shared(error, Self::queue_unavailable)
    }
}

impl From<StoreError> for Reject {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Reject {
    fn from(error: &StoreError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(%error, cause, "the database could not be used");
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict(_) => Self::storage_unavailable(),
            StoreError::Refused(_) | StoreError::Inconsistent { .. } | StoreError::Migration(_) => {
                Self::internal()
            }
        }
    }
}

impl From<GatherError<StoreError>> for Reject {
    fn from(error: GatherError<StoreError>) -> Self {
        Self::of_shared(error, Self::storage_unavailable)
    }
}

impl IntoResponse for Reject {
    fn into_response(self) -> Response {
        let mut response = respond::problem(&self.problem);
        response.headers_mut().extend(self.headers);
        response
    }
}
