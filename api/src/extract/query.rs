//! The query of a request.

use crate::api_error::ApiError;
use axum::extract::Query;
use axum::http::Uri;
use contract::{FieldError, ProblemKind};
use serde::de::DeserializeOwned;

/// The query of a request. What it does not know is ignored.
pub(crate) fn query<Q: DeserializeOwned>(uri: &Uri) -> Result<Q, ApiError> {
    let Query(query) = Query::try_from_uri(uri).map_err(|_| {
        ApiError::new(ProblemKind::InvalidRequest, "The query string is not valid.")
    })?;
    Ok(query)
}

/// One parameter of a query that is not as it should be.
pub(crate) fn invalid_parameter(name: &str, wanted: &str) -> ApiError {
    ApiError::invalid(vec![FieldError { field: name.to_owned(), message: wanted.to_owned() }])
}
