//! Requests without a valid API key: how they are answered, counted and logged.

use crate::api_error::ApiError;
use crate::extract::{ApiKey, bucket, client_address};
use crate::failed_authentications::Verdict;
use crate::state::ApiState;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use contract::{Problem, ProblemKind};

/// Why a request is not let in. A client is told one text for all; the log has the reason.
#[derive(Debug)]
pub(crate) enum AuthenticationFailure {
    /// There is no `Authorization`.
    NoKey,
    /// What is presented cannot be an API key.
    NotAKey,
    /// No key of this id is valid: it is unknown, expired or revoked.
    NotValid(ApiKey),
    /// There is a valid key of this id, and it has another secret.
    WrongSecret(ApiKey),
}

impl AuthenticationFailure {
    /// Counts and logs the failure, and returns the answer to it. A peer that fails too often may
    /// go on with a valid key: it may share its address with one that has none.
    pub(super) async fn into_error(self, state: &ApiState, parts: &Parts) -> ApiError {
        let peer = client_address(parts, &state.trusted_proxies);
        let verdict = state.failed_authentications.count(bucket(peer)).await;
        match verdict {
            Verdict::Allowed => {
                let (cause, key) = (self.cause(), self.key().map(ApiKey::id));
                tracing::warn!(%peer, key, cause, "authentication failed");
                unauthenticated()
            }
            Verdict::Limited { first, seconds } => {
                if first {
                    tracing::warn!(%peer, "authentication failed too often: more is not logged");
                }
                ApiError::from(Problem::too_many_failed_authentications(seconds))
                    .retry_after(seconds)
            }
        }
    }

    const fn cause(&self) -> &'static str {
        match self {
            Self::NoKey => "no key",
            Self::NotAKey => "not a key",
            Self::NotValid(_) => "unknown, expired or revoked",
            Self::WrongSecret(_) => "wrong secret",
        }
    }

    const fn key(&self) -> Option<&ApiKey> {
        match self {
            Self::NoKey | Self::NotAKey => None,
            Self::NotValid(key) | Self::WrongSecret(key) => Some(key),
        }
    }
}

/// One text for a key that is missing, unknown, expired or revoked.
fn unauthenticated() -> ApiError {
    let detail = "Send Authorization: Bearer and a valid API key.";
    ApiError::new(ProblemKind::Unauthenticated, detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
