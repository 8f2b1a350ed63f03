//! The query of a request.

use crate::api_error::ApiError;
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

/// The error of one invalid parameter.
pub(crate) fn invalid_parameter(name: &str, wanted: &str) -> ApiError {
    ApiError::invalid(vec![FieldError { field: name.to_owned(), message: wanted.to_owned() }])
}
