//! The problems that have members of their own and are not refusals, each made in one place.

use super::{FieldError, Problem, ProblemKind};
use domain::JobId;

impl Problem {
    /// The problem that names the invalid fields of a request.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [error] => format!("{} {}.", error.field, error.message),
            many => format!("{} fields are not valid: see errors.", many.len()),
        };
        Self::new(ProblemKind::InvalidRequest, detail).with_errors(errors)
    }

    /// The problem that the API key lacks the scope of that name.
    #[must_use]
    pub fn insufficient_scope(required: &str) -> Self {
        let detail = format!("This needs an API key of scope {required}.");
        Self::new(ProblemKind::InsufficientScope, detail).with("required_scope", required)
    }

    /// The problem that the idempotency key of `job` was used for another request.
    #[must_use]
    pub fn key_reused(job: JobId) -> Self {
        let detail = "This Idempotency-Key was used for a request with another method, path or \
                      body. Nothing happened. A new intent needs a new key.";
        Self::new(ProblemKind::IdempotencyKeyReused, detail).with("job", format!("/jobs/{job}"))
    }

    /// The problem that the client has no token left; it gets one in so many seconds.
    #[must_use]
    pub fn rate_limited(seconds: u64) -> Self {
        let detail = format!("Nothing was accepted. Wait {seconds} s and try again.");
        Self::new(ProblemKind::RateLimited, detail)
            .with("retry_after", seconds)
            .with("violated-policies", vec!["default"])
    }

    /// The problem that a job was given up. The cause must be one that clients may see.
    #[must_use]
    pub fn given_up(public_cause: &str) -> Self {
        let detail = format!("The command was given up: {public_cause}. Nothing of it was done.");
        Self::new(ProblemKind::ProcessingFailed, detail)
    }
}
