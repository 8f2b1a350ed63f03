//! The `Idempotency-Key` header.

use crate::api_error::ApiError;
use axum::http::HeaderMap;
use contract::ProblemKind;
use domain::IdempotencyKey;

/// The key of a request: exactly one header of 1 to 255 visible characters. Two headers that a
/// proxy has merged contain a space, so they are refused.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let missing = "Send a header Idempotency-Key with a new random value for each new intent.";
    let value = values.next().ok_or_else(|| {
        ApiError::new(ProblemKind::IdempotencyKeyMissing, missing).described_by_its_type()
    })?;
    let invalid = |detail: &str| {
        ApiError::new(ProblemKind::IdempotencyKeyInvalid, detail).described_by_its_type()
    };
    if values.next().is_some() {
        return Err(invalid("Send one Idempotency-Key, not several."));
    }
    IdempotencyKey::parse(value.as_bytes()).map_err(|error| invalid(&format!("{error}.")))
}
