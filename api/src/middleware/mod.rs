//! The middleware of every request: an id, a log line, metrics, and an answer even when a handler
//! panics. No body, key or secret is ever logged.

mod request_id;
mod request_log;

use crate::api_error::ApiError;
use axum::Router;
use axum::middleware::{from_fn, map_request};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

/// Adds the middleware to `routes`.
pub(crate) fn layered(routes: Router) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(PropagateRequestIdLayer::new(request_id::HEADER))
        .layer(from_fn(request_log::log_request))
        .layer(SetRequestIdLayer::new(request_id::HEADER, MakeRequestUuid))
        .layer(map_request(request_id::drop_unusable))
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::internal().into_response()
}
