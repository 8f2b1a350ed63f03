//! The problems that have members of their own and are not refusals, each made in one place.

use super::{Advice, FieldError, Problem, ProblemKind};
use domain::JobId;

/// The most errors that are listed. It bounds the size of an answer, whatever a request has.
const ERRORS_MAX: usize = 20;

impl Problem {
    /// The problem that names the invalid fields of a request, or the first of them if there are
    /// very many. It then says how many more there are.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        let detail = match errors.as_slice() {
            [error] => format!("{} {}.", error.field, error.message),
            few if few.len() <= ERRORS_MAX => format!("{count} fields are not valid: see errors."),
            _ => format!("{count} fields are not valid: errors has the first {ERRORS_MAX}."),
        };
        errors.truncate(ERRORS_MAX);
        let more = count - errors.len();
        let problem = Self::new(ProblemKind::InvalidRequest, detail).with_errors(errors);
        if more == 0 { problem } else { problem.with("more_errors", more) }
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

    /// The problem that a command came while the clock of its client is being advanced, and was not
    /// admitted. The command that advances it is refused with the same code and another status.
    #[must_use]
    pub fn clock_busy() -> Self {
        let detail =
            "Nothing was accepted. Try again with the same key when the advance has ended.";
        let refused = Self::new(ProblemKind::ClockAdvancing, detail);
        Self { status: 503, retry: Advice::SameKey, ..refused }
    }

    /// The problem that too many requests of an address had no valid API key; the next one may come
    /// in so many seconds.
    #[must_use]
    pub fn too_many_failed_authentications(seconds: u64) -> Self {
        let detail = format!("Use a valid API key, or wait {seconds} s.");
        Self::new(ProblemKind::TooManyFailedAuthentications, detail).with("retry_after", seconds)
    }

    /// The problem that a job was given up. The cause must be one that clients may see.
    #[must_use]
    pub fn given_up(public_cause: &str) -> Self {
        let detail = format!("The command was given up: {public_cause}. Nothing of it was done.");
        Self::new(ProblemKind::ProcessingFailed, detail)
    }
}
