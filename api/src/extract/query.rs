//! The query of a request.

use crate::api_error::ApiError;
use crate::extract::decimal;
use axum::extract::Query;
use axum::http::Uri;
use contract::{FieldError, ProblemKind};
use serde::de::DeserializeOwned;

/// The parsed query of a request. Parameters that `Q` does not have are ignored.
pub(crate) fn query<Q: DeserializeOwned>(uri: &Uri) -> Result<Q, ApiError> {
    let Query(query) = Query::try_from_uri(uri).map_err(|_| {
        ApiError::new(ProblemKind::InvalidRequest, "The query string is not valid.")
    })?;
    Ok(query)
}

/// The most rows of a page, and the default.
const LIMIT_MAX: u32 = 100;

/// The rows of a page that `limit` asks for.
pub(crate) fn page_limit(limit: Option<&str>) -> Result<u32, ApiError> {
    let Some(text) = limit else { return Ok(LIMIT_MAX) };
    decimal(text)
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| invalid_parameter("limit", "must be an integer from 1 to 100"))
}

/// The error of one invalid parameter.
pub(crate) fn invalid_parameter(name: &str, wanted: &str) -> ApiError {
    ApiError::invalid(vec![FieldError { field: name.to_owned(), message: wanted.to_owned() }])
}
