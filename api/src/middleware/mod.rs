//! The middleware of every request: an id, a log line, metrics, an answer even when a handler
//! panics, and refusals that no route can make. No body, key or secret is ever logged.

mod edge;
mod loopback_name;
mod request_id;
mod request_log;

use crate::api_error::ApiError;
use crate::settings::AuthMode;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_response};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

/// Adds the middleware to `routes`, the outermost first. It is one layer of many parts, because a
/// router puts each layer into a box of its own.
pub(crate) fn layered(routes: Router, auth: AuthMode) -> Router {
    routes.layer((
        map_request(request_id::drop_unusable),
        SetRequestIdLayer::new(request_id::HEADER, MakeRequestUuid),
        map_response(edge::forbid_storing),
        from_fn(request_log::log_request),
        PropagateRequestIdLayer::new(request_id::HEADER),
        CatchPanicLayer::custom(panicked),
        from_fn_with_state(auth, edge::guard),
    ))
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::internal().into_response()
}
