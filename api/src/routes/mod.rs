//! The routes: one folder for each noun and one file for each verb. The file of a command names
//! its type and describes it; [`crate::submit`] does the work for all commands.

pub(crate) mod gifts;
pub(crate) mod jobs;
pub(crate) mod ledger;
pub(crate) mod payment_methods;
pub(crate) mod payments;
pub(crate) mod plans;
pub(crate) mod preview;
pub(crate) mod problems;
pub(crate) mod provider_webhooks;
pub(crate) mod simulated_provider;
pub(crate) mod subscriptions;
pub(crate) mod test_clock;
pub(crate) mod users;

use crate::api_error::ApiError;
use axum::http::Uri;
use contract::ProblemKind;

/// The error for a path that is not served.
pub(crate) async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(100).collect();
    ApiError::new(ProblemKind::RouteNotFound, format!("Nothing is served at {path}."))
}

/// The error for a path that is served, but not with this method.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ProblemKind::MethodNotAllowed, "See the Allow header for the methods it knows.")
}
