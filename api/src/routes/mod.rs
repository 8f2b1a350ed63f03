//! The routes, a folder a noun and a file a verb. A file of a command says how its body is read; the
//! way that all commands take is in [`crate::submit`].

pub(crate) mod gifts;
pub(crate) mod jobs;
pub(crate) mod subscriptions;
pub(crate) mod users;

use crate::api_error::ApiError;
use axum::http::Uri;
use contract::ProblemKind;

/// Nothing is served at this path.
pub(crate) async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError::new(ProblemKind::RouteNotFound, format!("Nothing is served at {path}."))
}

/// The path is served, but not this method.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ProblemKind::MethodNotAllowed, "See the Allow header for the methods it knows.")
}
