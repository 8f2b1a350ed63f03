//! The error of a request: a problem document and the headers that go with it.

use crate::respond;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use contract::{FieldError, Problem, ProblemKind};
use domain::JobId;
use queue::QueueError;
use runtime::coalesce::CoalesceError;
use store::StoreError;

/// A problem document and the headers that go with it.
#[derive(Debug)]
pub(crate) struct ApiError {
    // Boxed, so that the results of requests that succeed stay small.
    problem: Box<Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The wait that is advised during an outage. It is short, because many outages are.
const RETRY_AFTER_OUTAGE_SECONDS: u64 = 1;

impl ApiError {
    /// A problem of that kind; `detail` says what happened in this case.
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(kind, detail))
    }

    /// The problem that names the invalid fields of a request.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self::from(Problem::invalid(errors))
    }

    /// The problem that the idempotency key of `job` was used for another request.
    pub(crate) fn key_reused(job: JobId) -> Self {
        Self::from(Problem::key_reused(job))
    }

    fn queue_unavailable() -> Self {
        Self::new(
            ProblemKind::QueueUnavailable,
            "Trying again is safe, and so is a submission with the same Idempotency-Key.",
        )
        .retry_after(RETRY_AFTER_OUTAGE_SECONDS)
    }

    /// The problem of a submission of which nobody knows whether it was admitted.
    pub(crate) fn of_unknown_admission(mut self) -> Self {
        "Redis has not confirmed the command: it may still be done; the same key finds out."
            .clone_into(&mut self.problem.detail);
        self
    }

    pub(crate) fn storage_unavailable() -> Self {
        Self::new(ProblemKind::StorageUnavailable, "Try again in a moment.")
            .retry_after(RETRY_AFTER_OUTAGE_SECONDS)
    }

    pub(crate) fn internal() -> Self {
        Self::new(ProblemKind::Internal, "The request was fine; the fault is ours.")
    }

    /// The problem for the error of a coalesced call; `overdue` makes it when calls take too long.
    fn of_coalesced<E>(error: CoalesceError<E>, overdue: fn() -> Self) -> Self
    where
        Self: for<'e> From<&'e E>,
    {
        match error {
            CoalesceError::Failed(error) => Self::from(&*error),
            CoalesceError::Overdue => overdue(),
            CoalesceError::Lost => Self::internal(),
        }
    }

    /// Adds `Retry-After`.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a link to the description of the problem, as the draft of the Idempotency-Key header
    /// suggests.
    pub(crate) fn described_by_its_type(self) -> Self {
        let link = format!("<{}>; rel=\"describedby\"", self.problem.type_uri);
        match HeaderValue::try_from(link) {
            Ok(link) => self.header(header::LINK, link),
            Err(_) => self,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), headers: Vec::new() }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        Self::from(&error)
    }
}

impl From<&QueueError> for ApiError {
    fn from(error: &QueueError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(cause, "the queue could not be used");
        Self::queue_unavailable()
    }
}

impl From<CoalesceError<QueueError>> for ApiError {
    fn from(error: CoalesceError<QueueError>) -> Self {
        Self::of_coalesced(error, Self::queue_unavailable)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(%error, cause, "the database could not be used");
        if error.is_transient() { Self::storage_unavailable() } else { Self::internal() }
    }
}

impl From<CoalesceError<StoreError>> for ApiError {
    fn from(error: CoalesceError<StoreError>) -> Self {
        Self::of_coalesced(error, Self::storage_unavailable)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = respond::problem(&self.problem);
        response.headers_mut().extend(self.headers);
        response
    }
}
